"""The family and its derivatives at one linear predictor, row by row."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from mmtriage.arrays import Array
from mmtriage.model.family_data import FamilyData

CANONICAL = 1e-10  # relative difference of observed and expected information that is rounding


@dataclass(frozen=True, slots=True, eq=False)
class RowTerms:
    """The family at one eta; arrays are (n,)."""

    mu: Array
    score: Array  # -1/2 d deviance / d eta
    W: Array  # expected information
    B: Array  # observed information
    dW: Array  # dW / d eta
    slope: Array  # d mu / d eta
    deviance: float

    @property
    def is_canonical(self) -> bool:
        """Whether observed and expected information are the same."""
        return float(np.max(np.abs(self.B - self.W), initial=0.0)) <= CANONICAL * float(
            np.max(self.W, initial=0.0)
        )


def row_terms(data: FamilyData, eta: Array) -> RowTerms:
    """The family and its derivatives at eta (n,)."""
    y, weights = data.y, data.weights
    mu = data.mean(eta)
    slope, bend = data.slope(eta, mu), data.bend(eta)
    V, dV = data.variance(mu), data.variance_slope(mu)
    W = weights * slope**2 / V
    change = bend / V - slope**2 * dV / V**2  # d (slope / V) / d eta
    away = weights * (y - mu)
    return RowTerms(
        mu=mu,
        score=away * slope / V,
        W=W,
        B=W - away * change,
        dW=weights * slope * (bend / V + change),
        slope=slope,
        # Outside the mean's range R's deviance residuals may be finite, even negative.
        deviance=float(np.sum(data.deviance(mu))) if data.family.has_mean(mu) else np.inf,
    )
