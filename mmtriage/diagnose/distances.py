"""How far each number that R prints for a fit is from what it should be at the proven optimum.

One `Distance` for each number: of a fixed effect, of its standard error, of the standard deviation and the
correlation of a random effect. `usable` grades them; nothing here knows what is far.
"""

from __future__ import annotations

from collections.abc import Collection, Iterator
from dataclasses import dataclass

import numpy as np

from mmtriage.engine.comparison import Comparison
from mmtriage.engine.estimates import Fit, correlation
from mmtriage.model.ranef import RandomTerm

BOUNDARY = 1e-6  # how near to one an absolute correlation is at its boundary, but for rounding
RESIDUAL = "the residual SD"


@dataclass(frozen=True, slots=True, kw_only=True)
class Distance:
    """One number of a fit beside the right one."""

    name: str  # in the user's words: "x", "the SD of Days by Subject"
    size: float  # SE, or a ratio less one, or a share; NaN where the number is none
    is_nothing: bool = False  # whatever its value, it means nothing
    at_boundary: bool = False  # a correlation of +-1, or of a variance of zero


def shifts(comparison: Comparison) -> list[Distance]:
    """Of fixed effects, in standard errors at the optimum."""
    fit, optimum = _both(comparison)
    moves = (fit.beta - optimum.beta) / optimum.se
    endless = comparison.endless_effects()
    names = comparison.prepared.design.fixed_names
    return [
        Distance(name=name, size=float(move), is_nothing=name in endless)
        for name, move in zip(names, moves, strict=True)
    ]


def error_factors(comparison: Comparison, lost: Collection[int]) -> list[Distance]:
    """Of standard errors: the fit's over the right one, less one; `lost` are undetermined random terms."""
    fit, optimum = _both(comparison)
    names = comparison.prepared.design.fixed_names
    endless = comparison.endless_effects()
    # A structure's null direction leaves the response's covariance as it is, and with it standard errors, but
    # where the fixed effects absorb it; any other undetermined variance decides them.
    null = comparison.prepared.null
    absorbed = any(direction.absorbed for direction in null) or (bool(lost) and not null)
    with np.errstate(invalid="ignore"):
        ratios = fit.se / optimum.se
    return [
        Distance(name=name, size=float(ratio) - 1.0, is_nothing=name in endless or absorbed)
        for name, ratio in zip(names, ratios, strict=True)
    ]


def spread_changes(comparison: Comparison, lost: Collection[int]) -> list[Distance]:
    """Of standard deviations: relative; where the optimum has none, a share of sigma in an average row.

    Of the residuals', too, where the model estimates it and the data determine it.
    """
    fit, optimum = _both(comparison)
    found = []
    for t, term in enumerate(comparison.prepared.design.random):
        mine, theirs = (np.sqrt(np.diag(one.covariances[t])) for one in (fit, optimum))
        size = np.sqrt(np.mean(term.Z**2, axis=0)) / optimum.sigma
        for j in range(len(term.columns)):
            change = (mine[j] - theirs[j]) / theirs[j] if theirs[j] > 0.0 else mine[j] * size[j]
            found.append(Distance(name=spread_name(term, j), size=float(change), is_nothing=t in lost))
    is_told = not any(direction.includes_residual for direction in comparison.prepared.null)
    if comparison.prepared.design.spec.distribution.estimates_scale and is_told and optimum.sigma > 0.0:
        found.append(Distance(name=RESIDUAL, size=fit.sigma / optimum.sigma - 1.0))
    return found


def correlation_changes(comparison: Comparison, lost: Collection[int]) -> list[Distance]:
    """Of correlations: their difference."""
    fit, optimum = _both(comparison)
    found = []
    for t, term in enumerate(comparison.prepared.design.random):
        (_, mine), (_, theirs) = (correlation(one.covariances[t]) for one in (fit, optimum))
        for a, b in _pairs(term):
            ends = np.array([mine[a, b], theirs[a, b]])
            edge = not bool(np.all(np.abs(ends) < 1.0 - BOUNDARY))  # NaN, too: a variance is zero
            change = float(mine[a, b] - theirs[a, b])
            name = f"the correlation of {column_name(term.columns[b])} and {column_name(term.columns[a])}"
            found.append(
                Distance(name=f"{name} by {term.group}", size=change, is_nothing=t in lost, at_boundary=edge)
            )
    return found


def zero_spreads(comparison: Comparison) -> list[str]:
    """The standard deviations that are zero at the optimum."""
    optimum = comparison.optimum_fit
    return [
        spread_name(term, j)
        for t, term in enumerate(comparison.prepared.design.random)
        for j, variance in enumerate(np.diag(optimum.covariances[t]))
        if variance <= 0.0
    ]


def spread_name(term: RandomTerm, j: int) -> str:
    """`the SD of Days by Subject`, `the SD between levels of batch`."""
    if term.columns == ("(Intercept)",):
        return f"the SD between levels of {term.group}"
    return f"the SD of {column_name(term.columns[j])} by {term.group}"


def column_name(column: str) -> str:
    """A column of a random term in a sentence."""
    return "the intercept" if column == "(Intercept)" else f"`{column}`"


def _pairs(term: RandomTerm) -> Iterator[tuple[int, int]]:
    if term.correlated:
        k = len(term.columns)
        yield from ((a, b) for a in range(k) for b in range(a))


def _both(comparison: Comparison) -> tuple[Fit, Fit]:
    assert comparison.lme4_fit is not None
    return comparison.lme4_fit, comparison.optimum_fit
