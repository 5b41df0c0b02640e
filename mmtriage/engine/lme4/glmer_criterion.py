"""glmer's criteria as functions of its raw parameters, with the memory that they have in lme4.

    stage 1   theta          u and beta together minimize pdev            ldL2 + |u|^2 + A(mu)
    stage 2   theta, beta    u minimizes pdev, X beta being an offset     the same, or its quadrature

Every evaluation starts from one saved linear predictor: the template theta's in stage 1, that of stage 1's
end in stage 2. So the value hardly depends on the evaluations before it.

Adaptive quadrature (one scalar term; Liu & Pierce 1994, Biometrika 81): with d_g(u) = u^2 + sum of the
deviance residuals of group g, u_g its mode, L_g^2 the curvature there, and nodes z, weights w,

    criterion = sum d_g(u_g) + ldL2 - 2 sum log m_g,
    m_g = sum_z w exp(-(d_g(u_g + z / L_g) - d_g(u_g)) / 2 - log phi(z)) / sqrt(2 pi).

The constants of the saturated model are left out, as in lme4.
"""

from __future__ import annotations

import numpy as np
from scipy.linalg import lapack

from mmtriage.arrays import Array
from mmtriage.deadline import NEVER, Deadline
from mmtriage.engine.algebra.weighted_rows import Rows
from mmtriage.engine.generalized.quadrature import hermite
from mmtriage.engine.lme4.glmer_pirls import TOLERANCE, GlmerPirls, Standing, row_sum
from mmtriage.engine.lme4.outcome import frozen
from mmtriage.engine.structures.parameter_layout import Layout
from mmtriage.model.design import Design
from mmtriage.model.families import Family
from mmtriage.model.family_data import FamilyData


class GlmerCriterion:
    """glmer's criterion for one design: `start`, `stage_1` of theta, `save`, `stage_2` of theta and beta.

    Raises LinAlgError in lme4's words where lme4 stops.
    """

    def __init__(
        self,
        design: Design,
        rows: Rows,
        family: Family,
        *,
        layout: Layout,
        deadline: Deadline = NEVER,
        tolerance: float = TOLERANCE,
    ) -> None:
        n = len(design.y)
        self.layout = layout
        self.deadline = deadline
        self.base_offset = np.zeros(n) if design.offset is None else design.offset
        weights = np.ones(n) if design.weights is None else design.weights
        self.data = FamilyData(family, design.y, weights, design.trials)
        self.pirls = GlmerPirls(rows, self.data, tolerance=tolerance)
        self.spec = design.spec
        self.points = design.spec.nagq
        self.codes = design.random[0].codes
        self._saved: Standing

    @property
    def p(self) -> int:
        """Number of fixed effects."""
        return len(self.pirls.beta)

    @property
    def predictor(self) -> Array:
        """The linear predictor (n,), offset included, where PIRLS stands now; read-only."""
        return frozen(self.pirls.eta)

    def start(self, theta: Array, *, jointly: bool = True) -> None:
        """Run the first PIRLS, from the family's own start, to which lme4 adds the offset."""
        at = self.pirls
        at.offset = self.base_offset
        with np.errstate(all="ignore"):
            at.at = at.standing(at.offset + self.data.family.link.link(self._first_mean()))
        self._minimize(theta, jointly=jointly)
        self.save()

    def _first_mean(self) -> Array:
        """The mu of the first PIRLS, (n,)."""
        data = self.data
        mu = data.family.start(data.y, data.weights, data.trials)
        starts_at_mean = self.spec.version.starts_at_mean and data.family.name == "Gamma"
        return np.full_like(mu, data.y.mean()) if starts_at_mean else mu

    def save(self) -> None:
        """Let evaluations start from the linear predictor as it is now."""
        with np.errstate(all="ignore"):
            self._saved = self.pirls.standing(self.base_offset + self.pirls.predictor())

    def stage_1(self, theta: Array) -> float:
        """The criterion of theta, (m,)."""
        self.pirls.offset = self.base_offset
        self._from_saved()
        self._minimize(theta, jointly=True)
        return self._told(self._laplace())

    def stage_2(self, parameters: Array) -> float:
        """The criterion of (theta, beta), (m + p,)."""
        m = len(parameters) - self.p
        self._from_saved()
        self.pirls.offset = self.base_offset + self.pirls.rows.X @ parameters[m:]
        self._minimize(parameters[:m], jointly=False)
        integrated = self._integrated(*hermite(self.points)) if self.points > 1 else self._laplace()
        return self._told(integrated)

    def fixed_sd(self) -> Array:
        """Square roots of the diagonal of (R'R)^-1, (p,), R the factor of the fixed effects in stage 1."""
        if self.pirls.fixed_root is None:
            return np.zeros(0)
        inverse, _ = lapack.dtrtri(self.pirls.fixed_root, lower=0)
        return np.asarray(np.sqrt(np.sum(np.triu(inverse) ** 2, axis=1)))

    def _from_saved(self) -> None:
        self.deadline.check()
        self.pirls.at = self._saved

    def _told(self, value: float) -> float:
        self.deadline.tell(value)
        return value

    def _minimize(self, theta: Array, *, jointly: bool) -> None:
        with np.errstate(all="ignore"):
            self.pirls.minimize(self.layout.factors(theta), jointly=jointly)

    def _laplace(self) -> float:
        at = self.pirls
        deviance = at.at.deviance
        with np.errstate(all="ignore"):
            value = self.data.criterion(at.mu, deviance)
            in_lme4s_order = row_sum(deviance) - float(deviance.sum())
        return at.logdet + float(at.u @ at.u) + value + in_lme4s_order

    def _integrated(self, nodes: Array, log_weights: Array) -> float:
        """The criterion by quadrature at `nodes`, with log w - log phi - log(2 pi) / 2 as `log_weights`."""
        at = self.pirls
        assert at.factored is not None
        information = at.factored.products.diagonal[0][:, 0, 0]
        spread = 1.0 / np.sqrt(at.Lambda.parts[0][0, 0] ** 2 * information + 1.0)
        total = np.zeros(len(at.u))
        with np.errstate(all="ignore"):
            mode = self._group_deviances(at.u)
            for z, log_weight in zip(nodes, log_weights, strict=True):
                rise = self._group_deviances(at.u + z * spread) - mode
                total += np.exp(log_weight - 0.5 * rise)
            return float(mode.sum() + at.logdet - 2.0 * np.log(total).sum())

    def _group_deviances(self, u: Array) -> Array:
        """u^2 plus the deviance residuals, by group, (q,)."""
        at = self.pirls
        residuals = self.data.deviance(self.data.mean(at.offset + at.predictor(u)))
        return np.asarray(u * u + np.bincount(self.codes, residuals, minlength=len(u)))
