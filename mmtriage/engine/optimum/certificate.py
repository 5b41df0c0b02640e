"""The proof that a point is an optimum, in the covariances and not in theta.

At theta = 0 the gradient in theta vanishes by symmetry, so a small gradient in theta proves nothing
there. On the cone of covariances, with G_t = d criterion / d S_t, a point is a local optimum iff
(Karush-Kuhn-Tucker)

* G_t F_t = 0: stationary on its face. Measured by the Newton decrement g'H^+ g / 2, the deviance still to be
  gained, which does not depend on units;
* the Hessian on the face is positive semidefinite;
* N' G_t N is positive semidefinite on the null space N of S_t: its eigenvalues are the multipliers. A
  negative one is a direction in which a variance wants to leave zero: a saddle of the criterion in theta.

Of a structured covariance the multipliers are the slopes in its own parameters that are held, SDs at zero
and a correlation at its bound, inwards (`structures/scaled_cone.py`). One that is zero to rounding proves
nothing.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass

import numpy as np

from mmtriage.arrays import Array
from mmtriage.engine.optimum.faces import Face
from mmtriage.engine.optimum.newton import (
    Point,
    SmoothObjective,
    central_hessian,
    differenced_hessian,
    in_units,
    natural_units,
    newton_step,
)
from mmtriage.engine.optimum.protocol import Likelihood
from mmtriage.engine.structures.covariance_factor import CovarianceFactor
from mmtriage.engine.structures.interfaces import Inward, Stratum

DECREMENT_TOLERANCE = 1e-6  # deviance units that may be left to gain at a point that counts as stationary
CURVATURE_TOLERANCE = 1e-7  # relative: central differences of exact gradients are good to about 1e-8
FLAT_CURVATURE = 1e-6  # relative eigenvalue on the face below which the criterion does not change
FLAT_STEP = 0.5  # natural units that a flat direction is followed
DOUBTFUL_CURVATURE = 1e-4  # relative eigenvalue below which forward differences cannot tell the sign
NEGLIGIBLE_CHANGE = 1e-3  # share of a flat direction below which a parameter takes no part in it
POLISHING_STEPS = 3
RESCALINGS = 4  # rounds in which the units of a point are found


@dataclass(frozen=True, slots=True, eq=False)
class Multiplier:
    """The slope of the criterion in the variance along one null direction of a term."""

    term: int
    value: float  # `Inward.value`
    along: Inward


@dataclass(frozen=True, slots=True, eq=False)
class Certificate:
    """What was proven at a point."""

    certified: bool
    reason: str  # one sentence: what was proven, or what is missing
    newton_decrement: float
    min_eigenvalue_free: float | None  # of the Hessian on the face, natural units; None: no free parameter
    max_eigenvalue_free: float | None
    negative_direction: Array | None  # parameter vector of negative curvature, if there is any
    flat_directions: tuple[Array, ...]  # parameter vectors along which the criterion does not change
    hessian: Array | None  # (m, m) of the criterion in the parameters of the face, free ones last
    multipliers: tuple[Multiplier, ...]
    strata: tuple[Stratum, ...]  # what each term's covariance holds
    ranks: tuple[int, ...]


def natural_scale(likelihood: Likelihood, factors: Sequence[Array]) -> list[float]:
    """Size of a natural step in each term's factor.

    It is the factor's own size, but no less than 1 / sqrt(rows per level): smaller standard deviations a
    level's rows cannot tell from zero.
    """
    scale = [1.0] * len(factors)
    for block in likelihood.products.blocks:
        floor = np.sqrt(block.n_levels / likelihood.n)
        for term in block.terms:
            F = factors[term]
            scale[term] = float(max(CovarianceFactor(F, len(F)).size, floor)) if F.size else 1.0
    return scale


def face_scale(likelihood: Likelihood, face: Face, x: Array) -> Array:
    """`natural_scale` spread over the parameters of a face, (m,), and that of the free parameters."""
    natural = natural_scale(likelihood, face.factors(x))
    of_terms = (
        term.scales(part, size) for term, part, size in zip(face.terms, face.parts(x), natural, strict=True)
    )
    return np.concatenate([*of_terms, likelihood.free_scale])


def face_objective(
    likelihood: Likelihood, face: Face, scale: Array, *, is_exact: bool = False
) -> Callable[[Array], Point]:
    """The criterion in a face's parameters, in units of `scale` (m,).

    Args:
        is_exact: its curvature is by differences of the gradient, m evaluations each. Average information
            leads slowly where rows tell next to nothing, as far out in a generalized model.
    """

    def evaluate(z: Array) -> Point:
        x = z * scale
        at = likelihood.expand(*face.place(x))
        gradient = face.slopes(x, *at.slopes) * scale

        def curvature() -> Array:
            """The likelihood's own approximate Hessian, else differences of its gradient."""
            H = None if is_exact else at.curvature(face, x)
            if H is not None:
                return H * np.outer(scale, scale)
            return differenced_hessian(lambda v: evaluate(v).gradient, z, gradient)

        return Point(at.criterion, gradient, curvature)

    return evaluate


def multipliers(likelihood: Likelihood, face: Face, x: Array) -> list[Multiplier]:
    """Multipliers of all that the terms' covariances hold at a point of a face."""
    if face.is_open:
        return []
    place = face.place(x)
    parts = zip(face.terms, face.parts(x), place.factors, strict=True)
    found = []
    for t, ((term, part, F), G) in enumerate(zip(parts, likelihood.covariance_gradient(*place), strict=True)):
        if not term.is_open:
            found += [Multiplier(t, along.value, along) for along in term.inward(part, F, G)]
    return found


def polish_and_certify(
    likelihood: Likelihood, face: Face, x: Array, *, saddle_free: bool
) -> tuple[Array, Certificate]:
    """Polish a point on its face by Newton steps and prove what can be proven there.

    Args:
        saddle_free: negative multipliers have been followed and led to no lower criterion.
    """
    scale = face_scale(likelihood, face, x)
    objective, scale, H = _on_its_own_scale(face_objective(likelihood, face, scale), x, scale)
    z = x / scale
    decrement, lowest, highest, descent = 0.0, None, None, None
    flat: tuple[Array, ...] = ()
    if face.size:
        gradient = objective(z).gradient
        # Where beta is a parameter its standard errors come from this Hessian, and want its digits.
        if face.n_free or np.linalg.eigvalsh(H)[0] < DOUBTFUL_CURVATURE * np.max(np.abs(H)):
            H = central_hessian(lambda v: objective(v).gradient, z)
        z, decrement = _polish(objective, z, gradient, H)
        eigenvalues, Q = np.linalg.eigh(H)
        lowest, highest = float(eigenvalues[0]), float(eigenvalues[-1])
        descent = Q[:, 0] * scale if lowest < 0 else None
        flat = tuple(
            Q[:, i] * scale
            for i in np.flatnonzero(np.abs(eigenvalues) <= FLAT_CURVATURE * max(highest, 1e-300))
            if _is_flat(objective, z, Q[:, i])
        )
    found = multipliers(likelihood, face, z * scale)
    reason = _missing(decrement, lowest, highest, found, saddle_free) or _no_end(face, flat)
    certificate = Certificate(
        certified=reason is None,
        reason=reason or _proven(face),
        newton_decrement=decrement,
        min_eigenvalue_free=lowest,
        max_eigenvalue_free=highest,
        negative_direction=descent,
        flat_directions=flat,
        hessian=H / np.outer(scale, scale),
        multipliers=tuple(found),
        strata=face.strata,
        ranks=face.ranks,
    )
    return z * scale, certificate


def uncertified(face: Face, reason: str) -> Certificate:
    """The certificate of a point about which nothing could be proven."""
    return Certificate(
        certified=False,
        reason=reason,
        newton_decrement=float("nan"),
        min_eigenvalue_free=None,
        max_eigenvalue_free=None,
        negative_direction=None,
        flat_directions=(),
        hessian=None,
        multipliers=(),
        strata=face.strata,
        ranks=face.ranks,
    )


def _forward_hessian(objective: SmoothObjective, z: Array) -> Array:
    return differenced_hessian(lambda v: objective(v).gradient, z, objective(z).gradient)


def _on_its_own_scale(
    objective: SmoothObjective, x: Array, scale: Array
) -> tuple[SmoothObjective, Array, Array]:
    """The objective in units that the curvature at x (m,) itself calls for, these units, and the Hessian in
    them.

    What natural steps are is guessed before anything is known of the point. Where the guess is far off, steps
    of differences are too, and a steep direction beside a steeper one passes for a flat one.
    """
    H = np.zeros((len(x), len(x)))
    for _ in range(RESCALINGS if len(x) else 0):
        H = _forward_hessian(objective, x / scale)
        units = natural_units(H)
        if units is None:
            break
        objective, scale = in_units(objective, units), scale * units
    return objective, scale, H


def _polish(objective: Callable[[Array], Point], z: Array, gradient: Array, H: Array) -> tuple[Array, float]:
    """Take Newton steps while they bring the decrement down.

    Near an optimum the value no longer changes in any digit while the gradient still does, so the gradient
    decides.
    """
    step, decrement = newton_step(H, gradient)
    for _ in range(POLISHING_STEPS):
        if decrement < 1e-20 or np.linalg.norm(step) > 0.1:
            break
        moved = z - step
        new_gradient = objective(moved).gradient
        new_step, new_decrement = newton_step(H, new_gradient)
        if new_decrement >= decrement:
            break
        z, step, decrement = moved, new_step, new_decrement
    return z, decrement


def _is_flat(objective: Callable[[Array], Point], z: Array, direction: Array) -> bool:
    """Whether the criterion stays as it is half a natural step away on both sides."""
    here = objective(z).value
    try:
        moves = [objective(z + side * FLAT_STEP * direction).value - here for side in (1.0, -1.0)]
    except np.linalg.LinAlgError:
        return False
    return max(abs(move) for move in moves) < DECREMENT_TOLERANCE


def _missing(
    decrement: float,
    lowest: float | None,
    highest: float | None,
    found: Sequence[Multiplier],
    saddle_free: bool,
) -> str | None:
    """What keeps the point from being certified; None if nothing does."""
    if not np.isfinite(decrement) or decrement > DECREMENT_TOLERANCE:
        return f"Newton decrement {decrement:.3g} is above {DECREMENT_TOLERANCE:g} deviance units"
    if lowest is not None and highest is not None and lowest < -CURVATURE_TOLERANCE * max(highest, 1.0):
        return f"the Hessian on the free face has a negative eigenvalue ({lowest:.3g})"
    worst = min((m.value for m in found), default=0.0)
    if worst < 0 and not saddle_free:
        return f"a variance at zero wants to grow (multiplier {worst:.3g})"
    if not all(m.along.is_decided for m in found):
        return "whether the criterion falls from the boundary of a structured covariance is not decided"
    return None


def _no_end(face: Face, flat: Sequence[Array]) -> str | None:
    """Why there is no optimum where a free parameter runs away; None where none does.

    The columns of X are of full rank, so a criterion that does not change with beta is one that has come near
    the limit to which it falls.
    """
    for direction in flat:
        largest = NEGLIGIBLE_CHANGE * np.max(np.abs(direction))
        if face.n_free and np.max(np.abs(direction[-face.n_free :])) > largest:
            return "the criterion falls towards a limit that no finite value of a parameter reaches"
    return None


def _proven(face: Face) -> str:
    where = "in the interior" if face.is_open else "on the boundary"
    return f"second-order optimum {where}: stationary, no descent direction within or off its face"
