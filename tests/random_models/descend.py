"""Many starts of a dense criterion: BFGS with a line search that stays where the criterion has a value."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from mmtriage.arrays import Array
from tests.random_models.dense import DenseLinear, NoValueError
from tests.random_models.laplace import DenseLaplace

FEW, MANY = 12, 50  # starts
A_HANDFUL = 6  # levels of a group up to which, and slopes with which, there are many
EVALUATIONS = 100  # of a descent, which is followed once more if it has not arrived
DECREMENT = 1e-8  # deviance units still to be gained at which a descent ends
LEAST_SHARE = 1e-8  # of a step
LONGEST = 3.0  # move of a parameter in one step
RESTARTS = 1
ROUNDING = 1e-4  # squared slope that rounding leaves
SD_SPREAD = 1.3  # of log standard deviations of starts
Criterion = DenseLinear | DenseLaplace


@dataclass(frozen=True, slots=True, eq=False)
class End:
    """Where a descent led."""

    value: float
    at: Array
    arrived: bool  # at a stationary point, and not where iterations or rounding ended it


def starts_of(dense: Criterion) -> int:
    """How many starts a model is asked from."""
    model = dense.model
    return MANY if model.has_slopes or model.fewest_levels <= A_HANDFUL else FEW


def ends_of(dense: Criterion) -> list[End]:
    """Where all starts lead, the best first."""
    numbers = np.random.default_rng((dense.model.seed, dense.model.index, 1))
    found = []
    for number in range(starts_of(dense)):
        end = followed(dense, _start(dense, numbers, is_plain=number % 2 == 0))
        if end is not None:
            found.append(end)
    return sorted(found, key=lambda end: end.value)


def _start(dense: Criterion, numbers: np.random.Generator, *, is_plain: bool) -> Array:
    """Standard deviations over orders of magnitude, correlations of any sign; coefficients near one mean."""
    theta = numbers.normal(size=dense.m)
    theta[dense.diagonal] = np.exp(numbers.normal(-0.5, SD_SPREAD, size=len(dense.diagonal)))
    at = dense.start(theta)
    if not is_plain:
        at[dense.m :] += 0.3 * numbers.normal(size=len(at) - dense.m)
    return at


def followed(dense: Criterion, start: Array) -> End | None:
    """Descend, and go on from where a descent ends before it arrives."""
    end = descend(dense, start)
    for _ in range(RESTARTS):
        if end is None or end.arrived:
            break
        end = descend(dense, end.at)
    return end


def descend(dense: Criterion, start: Array) -> End | None:
    """Minimize from a start; None where the criterion has no value near it."""
    at, here = _first(dense, start)
    if here is None:
        return None
    value, slopes = here
    inverse, is_fresh = _plain(slopes), True
    spent = 0
    while spent < EVALUATIONS:
        step = -inverse @ slopes
        gain = -float(step @ slopes)
        if not gain > 0.0:
            if is_fresh:
                return End(value, at, arrived=gain == 0.0)
            inverse, is_fresh = _plain(slopes), True
            continue
        if 0.5 * gain <= DECREMENT and not is_fresh:
            return End(value, at, arrived=True)
        share = min(1.0, LONGEST / float(np.max(np.abs(step))))
        there = None
        while share > LEAST_SHARE:
            there, spent = _evaluated(dense, at + share * step), spent + 1
            if there is not None and there[0] <= value - 1e-4 * share * gain:
                break
            there, share = None, 0.35 * share
        if there is None:
            if is_fresh:
                return End(value, at, arrived=gain < ROUNDING)
            inverse, is_fresh = _plain(slopes), True
            continue
        moved, change = share * step, there[1] - slopes
        at, (value, slopes) = at + moved, there
        inverse, is_fresh = _updated(inverse, moved, change, is_first=is_fresh), False
    return End(value, at, arrived=False)


def _first(dense: Criterion, start: Array) -> tuple[Array, tuple[float, Array] | None]:
    """The start with its value; with smaller random effects where there is none."""
    for _ in range(6):
        here = _evaluated(dense, start)
        if here is not None:
            return start, here
        start = start.copy()
        start[: dense.m] *= 0.3
    return start, None


def _plain(slopes: Array) -> Array:
    """An inverse Hessian to begin with: the first step is no longer than one."""
    return np.eye(len(slopes)) / max(1.0, float(np.linalg.norm(slopes)))


def _evaluated(dense: Criterion, at: Array) -> tuple[float, Array] | None:
    try:
        return dense.expand(at)
    except (NoValueError, np.linalg.LinAlgError):
        return None


def _updated(inverse: Array, moved: Array, change: Array, *, is_first: bool) -> Array:
    """The inverse Hessian after a step (Nocedal & Wright 2006, section 6.1)."""
    product = float(moved @ change)
    if product <= 1e-10 * float(np.linalg.norm(moved) * np.linalg.norm(change)):
        return inverse
    if is_first:
        inverse = np.eye(len(moved)) * product / float(change @ change)
    left = np.eye(len(moved)) - np.outer(moved, change) / product
    updated: Array = left @ inverse @ left.T + np.outer(moved, moved) / product
    return updated
