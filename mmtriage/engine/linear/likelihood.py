"""The linear mixed model: profiled criterion, exact gradient, estimates.

The criterion is that of Bates et al. (2015), JSS 67(1), section 3.

For relative factors `F_t` of the terms' covariances (`S_t = F_t F_t'`, in the coordinates of
`coordinates.py`), V = I + sum_t Z_t S_t Z_t' and P = V^-1 - V^-1 X (X'V^-1 X)^-1 X'V^-1:

    ML:    log|V| - sum log w + n (1 + log(2 pi r2 / n)),                              r2 = y'Py
    REML:  log|V| + log|X'V^-1 X| - sum log w + (n-p) (1 + log(2 pi r2 / (n-p)))

and with G_t = d criterion / d S_t,

    G_t = sum over levels j of [Z'V^-1 Z - E E' - nu h h']_jj,
    E E' = Z'V^-1 X (X'V^-1 X)^-1 X'V^-1 Z (REML only),  h = Z'Py / sqrt(r2),  nu = n or n - p.

Since Z'V^-1 Z Lambda = A Lambda M^-1, the derivative with respect to the factor, `2 G_t F_t`, needs M^-1
on the pattern of A only, and is exact where F_t is singular.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Self

import numpy as np
from scipy.linalg import solve_triangular
from scipy.sparse import coo_array, csr_array

from mmtriage.arrays import Array, Index
from mmtriage.deadline import NEVER, Deadline
from mmtriage.engine.algebra.blocks import Blocks
from mmtriage.engine.algebra.cholesky import Factor, factor
from mmtriage.engine.algebra.coordinates import Coordinates, coordinates
from mmtriage.engine.algebra.crossproducts import CrossProducts, cross_products
from mmtriage.engine.algebra.relative_factor import RelativeFactor
from mmtriage.engine.algebra.symbolic import Plan, plan
from mmtriage.engine.linear.curvature import average_information
from mmtriage.engine.linear.row_residuals import LazyRows, RowResiduals, row_residuals
from mmtriage.engine.linear.second_slopes import SecondSlopes
from mmtriage.engine.optimum.covariance_slopes import directions
from mmtriage.engine.optimum.faces import NO_FREE, Face, Place
from mmtriage.engine.optimum.protocol import Expansion
from mmtriage.engine.structures.covariance_factor import covariance_gradient
from mmtriage.engine.structures.parameter_layout import Layout, layout_of
from mmtriage.model.design import Design

SMALL_SHARE = (
    1e-5  # what V^-1 leaves of a unit column, below which the rows are asked: 1e-11 of it is rounding
)


@dataclass(frozen=True, slots=True, eq=False)
class LinearEvaluation:
    """The criterion at one point, with what the gradient and the estimates go on from."""

    criterion: float
    Lambda: RelativeFactor
    factor: Factor
    half_solved: Array  # (q, p + 1) L^-1 Lambda' C
    by_rows: RowResiduals | None  # where the cross-products have no digits left
    root_S: Array  # (p + 1, p + 1) lower Cholesky factor of [Q r]'V^-1 [Q r]


@dataclass(frozen=True, slots=True, eq=False)
class LinearLikelihood:
    """A design reduced to what its likelihood needs: beside the design itself, nothing here grows with n."""

    design: Design
    reml: bool
    basis: Coordinates
    products: CrossProducts
    plan: Plan
    A: csr_array  # (q, q) Z'WZ
    C: Array  # (q, p + 1) Z'W[Q, r]
    layout: Layout  # lme4's covariance parameters
    sum_log_weights: float
    deadline: Deadline
    rows: LazyRows
    second_slopes: SecondSlopes

    @property
    def blocks(self) -> Blocks:
        """How the random effects are laid out."""
        return self.products.blocks

    @property
    def widths(self) -> tuple[int, ...]:
        """Columns of each term, in the design's order."""
        return self.layout.widths

    @property
    def n(self) -> int:
        """Observations."""
        return self.products.n

    @property
    def p(self) -> int:
        """Fixed effects."""
        return self.products.p

    @property
    def nu(self) -> int:
        """Divisor of the residual sum of squares: n, or n - p under REML."""
        return self.n - self.p if self.reml else self.n

    @classmethod
    def of(cls, design: Design, deadline: Deadline = NEVER) -> Self:
        """Reduce a design to its cross-products: the only pass over its rows."""
        basis = coordinates(design)
        products = cross_products(design, basis)
        return cls(
            design=design,
            reml=design.spec.reml,
            basis=basis,
            products=products,
            plan=plan(products),
            A=_gram(products),
            C=np.vstack([C.reshape(-1, C.shape[2]) for C in products.fixed]),
            layout=layout_of(design.random),
            sum_log_weights=0.0 if design.weights is None else float(np.sum(np.log(design.weights))),
            deadline=deadline,
            rows=LazyRows(design, basis),
            second_slopes=SecondSlopes(),
        )

    def evaluate(self, factors: Sequence[Array], free: Array = NO_FREE) -> LinearEvaluation:
        """The criterion at `factors` [(k, k)], in deviance units.

        beta and sigma are profiled out, so `free` is empty. Raises LinAlgError where there is no finite
        value, TimeBudgetError after the deadline.
        """
        assert not len(free)
        self.deadline.check()
        with np.errstate(all="ignore"):
            Lambda = RelativeFactor.of(self.blocks, factors)
            L = factor(self.plan, self.products, Lambda)
            half_solved = L.forward(Lambda.transposed(self.C))
            root_S, by_rows = self._root_S(Lambda, L, half_solved)
            diagonal = np.diag(root_S)
            r2 = (self.basis.fixed.residual_length * diagonal[-1]) ** 2
            value = L.logdet - self.sum_log_weights + self.nu * (1.0 + np.log(2.0 * np.pi * r2 / self.nu))
            if self.reml:
                value += 2.0 * np.sum(np.log(diagonal[:-1])) + self.basis.fixed.logdet_X
        if not np.isfinite(value):
            raise np.linalg.LinAlgError("the criterion is not finite")
        self.deadline.tell(float(value))
        return LinearEvaluation(float(value), Lambda, L, half_solved, by_rows, root_S)

    def _root_S(
        self, Lambda: RelativeFactor, M: Factor, half_solved: Array
    ) -> tuple[Array, RowResiduals | None]:
        """Lower Cholesky factor of [Q r]'V^-1 [Q r], by the rows where cross-products have no digits."""
        S = np.eye(self.p + 1) - half_solved.T @ half_solved
        if np.min(np.diag(S)) >= SMALL_SHARE:
            root = np.asarray(np.linalg.cholesky(S), dtype=np.float64)
            if np.min(np.diag(root)) ** 2 >= SMALL_SHARE:
                return root, None
        found = row_residuals(*self.rows(), Lambda, M, M.backward(half_solved))
        return found.root_S, found

    def criterion(self, factors: Sequence[Array], free: Array = NO_FREE) -> float:
        """`evaluate(factors).criterion`."""
        return self.evaluate(factors, free).criterion

    def expand(self, factors: Sequence[Array], free: Array = NO_FREE) -> Expansion:
        """The criterion with its derivatives."""
        at = self.evaluate(factors, free)
        slopes = self.slopes(at)
        return Expansion(at.criterion, slopes, lambda face, x: self.curvature(face, x, at, slopes))

    def slopes(self, at: LinearEvaluation) -> Place:
        """`gradient(at)`; there are no free parameters to have a slope."""
        return Place(tuple(self.gradient(at)), NO_FREE)

    def curvature(self, face: Face, x: Array, at: LinearEvaluation, slopes: Place) -> Array:
        """Approximate Hessian (m, m) in the parameters x (m,) of `face`."""
        whitened = self.whitened(at)  # (q, p + 1): E and h
        h = whitened[:, -1]
        V = directions(face, x, at.Lambda, h)
        form = self._projected_form(at, whitened[:, :-1], V)
        return average_information(face, x, V, h, form, self.nu, at.Lambda.terms, slopes.factors)

    def _projected_form(self, at: LinearEvaluation, E: Array, V: Array) -> Array:
        """`V' Z'PZ V`, (m, m)."""
        AV = self.A @ V
        half = at.factor.forward(at.Lambda.transposed(AV))
        EV = E.T @ V
        form: Array = V.T @ AV - half.T @ half - EV.T @ EV
        return form

    @property
    def free_scale(self) -> Array:
        """Natural steps of the free parameters: there are none."""
        return NO_FREE

    @property
    def is_convex(self) -> bool:
        """Whether the likelihood of the fixed effects alone has one optimum: least squares has."""
        return True

    def gradient(self, at: LinearEvaluation) -> list[Array]:
        """`d criterion / d F_t = 2 G_t F_t`, (k, k) per term, ignoring that F_t may be triangular."""
        traces = at.Lambda.traces(self.products, self.plan, at.factor.inverse_on_pattern())
        D = [
            trace + quadratic @ L
            for trace, quadratic, L in zip(traces, self._quadratic_part(at), at.Lambda.parts, strict=True)
        ]
        return [2.0 * d for d in self.blocks.term_parts(D)]

    def covariance_gradient(self, factors: Sequence[Array], free: Array = NO_FREE) -> list[Array]:
        """`G_t = d criterion / d S_t`, (k, k) symmetric per term, exact on null directions of S_t too."""
        return covariance_gradient(factors, lambda probes: self.gradient(self.evaluate(probes, free)))

    def sigma(self, at: LinearEvaluation) -> float:
        """Residual standard deviation."""
        return float(self.basis.fixed.residual_length * at.root_S[-1, -1] / np.sqrt(self.nu))

    def fixed_effects(self, at: LinearEvaluation) -> tuple[Array, Array]:
        """beta (p,) and its covariance (p, p), in the user's columns."""
        R = self.basis.fixed.R
        p = self.p
        root = at.root_S[:p, :p]
        # Least squares is in R; what generalized least squares adds is the projection of the residual.
        moved = solve_triangular(root, at.root_S[p, :p], trans="T", lower=True)
        right = R[:p, p] + R[p, p] * moved
        beta: Array = solve_triangular(R[:p, :p], right)
        half: Array = solve_triangular(R[:p, :p].T @ root, np.eye(p), lower=True) if p else R[:0, :0]
        return beta, self.sigma(at) ** 2 * half.T @ half

    def random_effects(self, at: LinearEvaluation) -> list[Array]:
        """Conditional modes b_t (levels, k) of each term, in the user's columns."""
        solved = at.factor.backward(at.half_solved) if at.by_rows is None else at.by_rows.solved
        p = self.p
        moved = solve_triangular(at.root_S[:p, :p], at.root_S[p, :p], trans="T", lower=True)
        u = (solved[:, p] - solved[:, :p] @ moved) * self.basis.fixed.R[p, p]
        return at.Lambda.modes(u, self.basis.inverses)

    def whitened(self, at: LinearEvaluation) -> Array:
        """`[E, h]` (q, p + 1) of the module's formulas."""
        if at.by_rows is not None:
            return at.by_rows.whitened
        solved = at.factor.backward(at.half_solved)
        projected = self.C - self.A @ at.Lambda.times(solved)  # Z'V^-1 [Q r]
        whitened: Array = solve_triangular(at.root_S, projected.T, lower=True).T
        return whitened

    def _quadratic_part(self, at: LinearEvaluation) -> list[Array]:
        """`-sum_j (E E' + nu h h')_jj` per block, (K, K)."""
        used = self.whitened(at) * np.append(np.ones(self.p), np.sqrt(self.nu))
        if not self.reml:
            used = used[:, -1:]
        sums = self.blocks.outer_sums(used, used)
        return [-H for H in sums]


def _gram(products: CrossProducts) -> csr_array:
    """Z'WZ (q, q), both triangles."""
    q, offsets = products.blocks.q, products.blocks.offsets
    rows, columns, values = [], [], []
    for i, A in enumerate(products.diagonal):
        level = np.arange(len(A))
        r, c = _scalar_pairs(level, level, A.shape[1:], offsets[i], offsets[i])
        rows.append(r)
        columns.append(c)
        values.append(A.ravel())
    for crossing in products.crossings:
        shape = crossing.values.shape[1:]
        r, c = _scalar_pairs(
            crossing.row_level, crossing.col_level, shape, offsets[crossing.row], offsets[crossing.col]
        )
        rows += [r, c]
        columns += [c, r]
        values += [crossing.values.ravel(), crossing.values.ravel()]
    triplets = (np.concatenate(values), (np.concatenate(rows), np.concatenate(columns)))
    return csr_array(coo_array(triplets, shape=(q, q)))


def _scalar_pairs(
    row_level: Index, col_level: Index, shape: tuple[int, ...], row_offset: int, col_offset: int
) -> tuple[Index, Index]:
    rows = row_offset + row_level[:, None, None] * shape[0] + np.arange(shape[0])[None, :, None]
    columns = col_offset + col_level[:, None, None] * shape[1] + np.arange(shape[1])[None, None, :]
    rows, columns = np.broadcast_arrays(rows, columns)
    return rows.ravel(), columns.ravel()
