"""The family and its derivatives at one linear predictor, row by row."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property

import numpy as np

from mmtriage.arrays import Array
from mmtriage.model.family_data import FamilyData

CANONICAL = 1e-10  # relative difference of observed and expected information that is rounding


@dataclass(frozen=True, eq=False)
class RowTerms:
    """The family at one eta; arrays are (n,). Of a step that is tried only the deviance may be asked."""

    data: FamilyData
    eta: Array
    mu: Array
    deviance: float

    @cached_property
    def slope(self) -> Array:
        """d mu / d eta."""
        return self.data.slope(self.eta, self.mu)

    @cached_property
    def score(self) -> Array:
        """-1/2 d deviance / d eta."""
        return self._away * self.slope / self._variance

    @cached_property
    def W(self) -> Array:
        """Expected information; without NumPy's warnings, since it is asked for outside the loops too."""
        with np.errstate(all="ignore"):
            return self.data.weights * self.slope**2 / self._variance

    @cached_property
    def B(self) -> Array:
        """Observed information."""
        return self.W - self._away * self._change

    @cached_property
    def dW(self) -> Array:
        """dW / d eta."""
        return self.data.weights * self.slope * (self._bend / self._variance + self._change)

    @property
    def is_canonical(self) -> bool:
        """Whether observed and expected information are the same."""
        return float(np.max(np.abs(self.B - self.W), initial=0.0)) <= CANONICAL * float(
            np.max(self.W, initial=0.0)
        )

    @cached_property
    def _variance(self) -> Array:
        return self.data.variance(self.mu)

    @cached_property
    def _bend(self) -> Array:
        return self.data.bend(self.eta)

    @cached_property
    def _away(self) -> Array:
        return self.data.weights * (self.data.y - self.mu)

    @cached_property
    def _change(self) -> Array:
        """d (slope / V) / d eta."""
        V = self._variance
        return self._bend / V - self.slope**2 * self.data.variance_slope(self.mu) / V**2


def row_terms(data: FamilyData, eta: Array) -> RowTerms:
    """The family and its derivatives at eta (n,)."""
    mu = data.mean(eta)
    # Outside the mean's range R's deviance residuals may be finite, even negative.
    deviance = float(data.deviance(mu).sum()) if data.family.has_mean(mu) else np.inf
    return RowTerms(data, eta, mu, deviance)
