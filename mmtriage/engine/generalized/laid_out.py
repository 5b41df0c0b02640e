"""A generalized model laid out for its likelihood: rows in orthonormal columns, units, and natural steps.

Everything is computed in orthonormal columns (`coordinates.py`); `free` holds the parameters beside the
covariances: beta in those columns (not for nAGQ = 0, where it is profiled out with u) and, for a negative
binomial whose theta is estimated, log theta.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Self

import numpy as np

from mmtriage.arrays import Array
from mmtriage.deadline import NEVER, Deadline
from mmtriage.engine.algebra.cholesky import factor
from mmtriage.engine.algebra.coordinates import UnweightedBases, unweighted_bases
from mmtriage.engine.algebra.crossproducts import CrossProducts
from mmtriage.engine.algebra.relative_factor import RelativeFactor
from mmtriage.engine.algebra.symbolic import Plan
from mmtriage.engine.algebra.weighted_rows import Rows, rows_of
from mmtriage.engine.generalized.evaluation import FreeParameters
from mmtriage.engine.generalized.modes import Memory, Modes, Pirls
from mmtriage.engine.generalized.units import Units, units_of
from mmtriage.engine.optimum.protocol import template_factors
from mmtriage.engine.structures.parameter_layout import Layout, layout_of
from mmtriage.model.design import Design
from mmtriage.model.families import Family, family_of
from mmtriage.model.spec import CONDITIONAL

LARGEST_STEP = 5.0  # natural step of a coefficient on a scale without units, for the row that it moves most


@dataclass(frozen=True, slots=True, eq=False)
class LaidOut:
    """A design with its rows in orthonormal columns, its units and its modes."""

    design: Design
    family: Family
    nagq: int
    free: FreeParameters
    basis: UnweightedBases
    pirls: Pirls
    units: Units
    layout: Layout  # lme4's covariance parameters
    free_scale: Array  # natural steps of `free`: conditional standard errors, and 1 for log theta
    deadline: Deadline

    @classmethod
    def of(cls, design: Design, deadline: Deadline = NEVER) -> Self:
        """Lay a design out for its likelihood."""
        basis = unweighted_bases(design)
        family = family_of(design.spec)
        weights = design.row_weights
        units = units_of(family, design.y, weights)
        free = FreeParameters(
            p=design.X.shape[1],
            profiles_beta=design.spec.nagq == CONDITIONAL,
            estimates_nb_theta=design.spec.estimates_nb_theta,
        )
        laid_out = cls(
            design=design,
            family=family,
            nagq=design.spec.nagq,
            free=free,
            basis=basis.in_units(factor=units.factor, predictor=units.predictor),
            pirls=_pirls(design, units, weights, rows_of(design, basis.inverses, X=design.X @ basis.inverse)),
            units=units,
            layout=layout_of(design.random),
            free_scale=np.ones(len(free)),
            deadline=deadline,
        )
        if family.distribution.estimates_scale:  # a predictor of zero may be any number of units away
            laid_out.pirls.memory.beta = laid_out.pirls.constant_mean(family)
        if free.profiles_beta or not free.p:
            return laid_out
        return replace(laid_out, free_scale=laid_out.natural_steps())

    @property
    def widths(self) -> tuple[int, ...]:
        """Columns of each term."""
        return self.layout.widths

    @property
    def rows(self) -> Rows:
        """The rows, in orthonormal columns."""
        return self.pirls.rows

    @property
    def plan(self) -> Plan:
        """How `M` is factored."""
        return self.rows.plan

    @property
    def y(self) -> Array:
        """The response (n,), a proportion for a binomial family."""
        return self.pirls.y

    @property
    def weights(self) -> Array:
        """Prior weights (n,), trials included."""
        return self.pirls.weights

    @property
    def trials(self) -> Array | None:
        """Trials (n,) of a `cbind()` response."""
        return self.pirls.trials

    @property
    def n(self) -> int:
        """Observations."""
        return len(self.y)

    @property
    def p(self) -> int:
        """Fixed effects."""
        return int(self.rows.X.shape[1])

    @property
    def products(self) -> CrossProducts:
        """Pattern of Z'WZ, at unit weights."""
        return self.rows.pattern

    def at(self, free: Array) -> Family:
        """The family with the theta of `free`, if it is a negative binomial that estimates it."""
        return (
            self.family.with_theta(float(np.exp(free[-1]))) if self.free.estimates_nb_theta else self.family
        )

    def spread(self, family: Family, modes: Modes) -> float:
        """The residual scale in the units of the computation; 1 where the family fixes it."""
        if not family.distribution.estimates_scale:
            return 1.0
        mu = modes.terms.mu
        pearson = self.weights * (self.y - mu) ** 2 / family.variance(mu)
        return float(np.sqrt((np.sum(pearson) + modes.u @ modes.u) / self.n))

    def joint_mode(self, factors: Sequence[Array]) -> Modes:
        """Find u and beta together, as nAGQ = 0 does; a negative binomial has its first theta.

        Where the search leaves the range of the mean, u alone is found, at a beta that gives all rows one
        mean. Raises LinAlgError if there are no such modes either.
        """
        with np.errstate(all="ignore"):
            Lambda = RelativeFactor.of(self.rows.blocks, factors)
            try:
                return self._modes_of_start(Lambda, None)
            except np.linalg.LinAlgError:
                return self._modes_of_start(Lambda, self.pirls.constant_mean(self.family))

    def _modes_of_start(self, Lambda: RelativeFactor, beta: Array | None) -> Modes:
        """The modes to start from: of several, those of the smallest penalized deviance."""
        if self.family.is_convex:
            return self.pirls.find(self.family, Lambda, beta)
        found = self.pirls.find_all(self.family, Lambda, beta)
        return min(found, key=lambda modes: modes.penalized)

    def natural_steps(self) -> Array:
        """Natural steps of `free`: standard errors of beta beside random effects of SD 1; 1 for log theta.

        Random effects of that size may take means out of range (where exp(eta) is a probability, say): then
        they are left out.
        """
        factors = template_factors(self.basis)
        try:
            modes = self.joint_mode(factors)
        except np.linalg.LinAlgError:
            factors = [np.zeros_like(F) for F in factors]
            modes = self.joint_mode(factors)
        Lambda = RelativeFactor.of(self.rows.blocks, factors)
        M = factor(self.rows.plan, self.rows.weighted(modes.terms.W), Lambda)
        _, reduced = self.pirls.reduced(M, Lambda, modes.terms.W)
        se = self.spread(self.family, modes) * np.sqrt(np.diag(np.linalg.inv(reduced)))
        if self.family.link.is_unitless:
            # Where the data separate a coefficient has no end, and its standard error is no step to take.
            se = np.minimum(se, LARGEST_STEP / np.max(np.abs(self.rows.X), axis=0))
        return np.concatenate([se, np.ones(int(self.free.estimates_nb_theta))])


def _pirls(design: Design, units: Units, weights: Array, rows: Rows) -> Pirls:
    n, p = design.X.shape
    return Pirls(
        rows=rows,
        y=design.y / units.response,
        weights=weights,
        trials=design.trials,
        offset=units.offset(np.zeros(n) if design.offset is None else design.offset),
        memory=Memory(rows.Z.shape[1], p),
    )
