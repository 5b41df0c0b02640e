"""Satterthwaite's degrees of freedom of a linear mixed model's coefficients, as lmerTest has them.

With C = sigma^2 (X'V^-1 X)^-1 the covariance of beta, l picking one coefficient and A the covariance of the
estimates of (theta, sigma), twice the inverse Hessian of the (RE)ML deviance (Kuznetsova, Brockhoff &
Christensen 2017, JSS 82(13), section 2; Giesbrecht & Burns 1985),

    df = 2 (l'C l)^2 / (g'A g),   g the gradient of l'C l in (theta, sigma).

df does not depend on how theta is written where the deviance is stationary, so it is computed in coordinates
in which the Hessian is well conditioned: orthonormal directions of the terms' factors F, and log sigma. With
r the residual sum of squares, d the profiled deviance and w = Z'V^-1 X C l / sigma^2,

    H = [ d'' + nu r'r'^T / r^2    -2 nu r' / r ]      dr/dS_t = - sum over levels j of (Z'Py)_j (Z'Py)_j'
        [                            4 nu       ]      d(l'Cl)/dS_t = sigma^2 sum_j w_j w_j'

and d/dF = 2 (d/dS) F. The first derivatives are exact; d'' is taken from the exact gradient d' by central
differences, which are good to about 1e-8. Of a model with a structured covariance theta moves F along curves,
and the coordinates are those of the face on which nothing is held (`optimum/faces.py`).
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Protocol

import numpy as np
from scipy.linalg import solve_triangular

from mmtriage.arrays import Array
from mmtriage.engine.linear.likelihood import LinearEvaluation, LinearLikelihood
from mmtriage.engine.optimum.certificate import face_scale
from mmtriage.engine.optimum.faces import Face, open_face
from mmtriage.engine.optimum.protocol import cones

STEP = 1e-4  # of the differences, natural units: the error of h^2 and that of rounding are 1e-8 each
# Eigenvalue of the Hessian, relative to the largest, below which a direction of (theta, sigma) counts as
# undetermined and is left out, as lmerTest leaves out those that are not positive.
DETERMINED = 1e-9
CHANGES = (
    1e-5  # of l'C l, relative, along an undetermined direction of natural length: above rounding of `STEP`
)
DIRECTION = 1e-10  # relative length of a direction of theta that the columns of Z do not see


def satterthwaite_df(likelihood: LinearLikelihood, theta: Array, *, leave_out: bool = True) -> Array:
    """Degrees of freedom (p,) of each coefficient at lme4's theta; NaN where nothing determines them.

    Args:
        leave_out: leave directions of (theta, sigma) out that the data do not determine, as lmerTest does.
            False gives NaN to coefficients whose variance changes along one.
    """
    moves = _moves(likelihood, theta)
    at = likelihood.evaluate(moves.factors)
    variances, slopes = _variance_slopes(likelihood, at, moves)
    differences = likelihood.second_slopes.at(theta, lambda: _differences(likelihood, moves))
    inverse, undetermined = _inverse(_hessian(likelihood, at, moves, differences))
    covariance = 2.0 * inverse
    denominator = np.einsum("ap,ab,bp->p", slopes, covariance, slopes)
    with np.errstate(divide="ignore", invalid="ignore"):
        df: Array = 2.0 * variances**2 / denominator
    if not leave_out:
        df[np.max(np.abs(undetermined @ slopes), axis=0, initial=0.0) > CHANGES * variances] = np.nan
    return df


def whitened_coefficients(likelihood: LinearLikelihood, at: LinearEvaluation) -> tuple[Array, Array]:
    """`half` (p, p) with half'half = (X'V^-1 X)^-1, and Z'V^-1 X half'half (q, p), V relative to sigma^2."""
    p = likelihood.p
    R, root = likelihood.basis.fixed.R[:p, :p], at.root_S[:p, :p]
    half = solve_triangular(R.T @ root, np.eye(p), lower=True) if p else np.zeros((0, 0))
    return half, likelihood.whitened(at)[:, :p] @ half


def _moves(likelihood: LinearLikelihood, theta: Array) -> Moves:
    """The ways in which theta can move the factors."""
    factors = likelihood.basis.relative_factor(likelihood.layout.factors(theta))
    if likelihood.layout.is_ordinary:
        # as `certificate.natural_scale`
        floor = np.sqrt(likelihood.blocks.q / likelihood.n)
        return Straight(factors, _directions(likelihood, theta), floor)
    face, x = open_face(factors, cones(likelihood))
    return Curved(face, x, face_scale(likelihood, face, x))


class Moves(Protocol):
    """Ways in which the factors F (k, k) per term can move, m of them."""

    def __len__(self) -> int: ...
    @property
    def factors(self) -> Sequence[Array]: ...

    def along(self, slopes: Sequence[Array]) -> Array:
        """The slope along each way (m,), from those in F (k, k) per term."""

    def shifted(self, way: int, share: float) -> tuple[float, Sequence[Array], Moves]:
        """A step of so many natural units: its length, the factors there, and the ways there."""


@dataclass(frozen=True, slots=True, eq=False)
class Straight:
    """Orthonormal directions of the factors, each a list of (k, k) per term."""

    factors: Sequence[Array]
    directions: Sequence[Sequence[Array]]
    floor: float  # the least natural step

    def __len__(self) -> int:
        return len(self.directions)

    def along(self, slopes: Sequence[Array]) -> Array:
        """Their products with the directions."""
        pairs = (zip(slopes, move, strict=True) for move in self.directions)
        return np.array([sum(float(np.vdot(D, M)) for D, M in pair) for pair in pairs])

    def shifted(self, way: int, share: float) -> tuple[float, Sequence[Array], Moves]:
        """Along a direction, which is the same everywhere."""
        move = self.directions[way]
        size = max(float(np.linalg.norm(F)) for F, M in zip(self.factors, move, strict=True) if np.any(M))
        step = share * max(size, self.floor)
        return step, [F + step * M for F, M in zip(self.factors, move, strict=True)], self


@dataclass(frozen=True, slots=True, eq=False)
class Curved:
    """The coordinates x (m,) of a face."""

    face: Face
    x: Array
    scale: Array  # (m,) natural steps

    def __len__(self) -> int:
        return len(self.x)

    @property
    def factors(self) -> Sequence[Array]:
        """The face's own, which are other roots of S than lme4's."""
        return self.face.factors(self.x)

    def along(self, slopes: Sequence[Array]) -> Array:
        """By the chain rule."""
        return self.face.slopes(self.x, slopes)

    def shifted(self, way: int, share: float) -> tuple[float, Sequence[Array], Moves]:
        """Along a coordinate."""
        step = share * float(self.scale[way])
        x = self.x + step * (np.arange(len(self.x)) == way)
        return step, self.face.factors(x), replace(self, x=x)


def _directions(likelihood: LinearLikelihood, theta: Array) -> list[list[Array]]:
    """Orthonormal directions of the factors that theta can move, each a list of (k, k) per term."""
    widths, found = likelihood.widths, []
    zero = [np.zeros((k, k)) for k in widths]
    units = [likelihood.basis.relative_factor(likelihood.layout.factors(e)) for e in np.eye(len(theta))]
    for t, k in enumerate(widths):
        own = np.array([unit[t].ravel() for unit in units if np.any(unit[t])]).reshape(-1, k * k)
        _, lengths, directions = np.linalg.svd(own / _lengths(own), full_matrices=False)
        seen = lengths > DIRECTION * np.max(lengths, initial=0.0)
        found += [[*zero[:t], v.reshape(k, k), *zero[t + 1 :]] for v in directions[seen]]
    return found


def _lengths(rows: Array) -> Array:
    lengths: Array = np.linalg.norm(rows, axis=1, keepdims=True)
    return lengths


def _hessian(likelihood: LinearLikelihood, at: LinearEvaluation, moves: Moves, differences: Array) -> Array:
    """Of the deviance in (moves, log sigma), (m + 1, m + 1)."""
    m, nu = len(moves), likelihood.nu
    H = np.empty((m + 1, m + 1))
    relative = _residual_slopes(likelihood, at, moves)
    H[:m, :m] = differences + nu * np.outer(relative, relative)
    H[:m, m] = H[m, :m] = -2.0 * nu * relative
    H[m, m] = 4.0 * nu
    return H


def _differences(likelihood: LinearLikelihood, moves: Moves) -> Array:
    """d'' in all moves, (m, m)."""
    m = len(moves)
    found = np.array([_difference(likelihood, moves, way) for way in range(m)]).reshape(m, m)
    symmetric: Array = 0.5 * (found + found.T)
    return symmetric


def _difference(likelihood: LinearLikelihood, moves: Moves, way: int) -> Array:
    """d'' times one move, (m,), by central differences of the exact gradient."""

    def slope(share: float) -> tuple[float, Array]:
        step, factors, there = moves.shifted(way, share)
        return step, there.along(likelihood.gradient(likelihood.evaluate(factors)))

    (ahead, above), (_, below) = slope(STEP), slope(-STEP)
    found: Array = (above - below) / (2.0 * ahead)
    return found


def _residual_slopes(likelihood: LinearLikelihood, at: LinearEvaluation, moves: Moves) -> Array:
    """r' / r along each move, (m,)."""
    h = likelihood.whitened(at)[:, -1:]
    return moves.along([-D for D in _quadratic_slopes(likelihood, at, h)])


def _variance_slopes(likelihood: LinearLikelihood, at: LinearEvaluation, moves: Moves) -> tuple[Array, Array]:
    """l'C l / sigma^2 of each coefficient (p,), and its slopes in (moves, log sigma), (m + 1, p)."""
    half, W = whitened_coefficients(likelihood, at)
    variances = np.einsum("ip,ip->p", half, half)
    slopes = np.empty((len(moves) + 1, likelihood.p))
    for j in range(likelihood.p):
        slopes[:-1, j] = moves.along(_quadratic_slopes(likelihood, at, W[:, j : j + 1]))
    slopes[-1] = 2.0 * variances
    return variances, slopes


def _quadratic_slopes(likelihood: LinearLikelihood, at: LinearEvaluation, w: Array) -> list[Array]:
    """`2 sum_j w_j w_j' F_t`, (k, k) per term, for w (q, 1)."""
    sums = likelihood.blocks.outer_sums(w, w)
    return [2.0 * S @ F for S, F in zip(likelihood.blocks.term_parts(sums), at.Lambda.terms, strict=True)]


def _inverse(H: Array) -> tuple[Array, Array]:
    """The inverse on the directions that are determined, zero in the others; and those others, as rows."""
    root = np.sqrt(np.maximum(np.abs(np.diag(H)), np.finfo(float).tiny))
    values, vectors = np.linalg.eigh(H / np.outer(root, root))
    used = values > DETERMINED * values[-1]
    part = vectors[:, used] / root[:, None]
    others = (vectors[:, ~used] / root[:, None]).T
    return (part / values[used]) @ part.T, others / np.maximum(_lengths(others), np.finfo(float).tiny)
