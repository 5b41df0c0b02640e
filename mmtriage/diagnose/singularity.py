"""Findings about covariances on the boundary at the proven optimum, or next to it (MM310 to MM312, MM314).

The boundary is that of the certificate: directions of the standardized columns whose variance is exactly
zero at the optimum. It does not depend on units or origins, unlike lme4's test of theta against 1e-4.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from mmtriage.arrays import Array
from mmtriage.diagnose.finding import Finding, finding
from mmtriage.diagnose.fitted import Fitted
from mmtriage.diagnose.naming import listed, term_text
from mmtriage.engine.comparison import Comparison
from mmtriage.engine.estimates import correlation
from mmtriage.engine.structures.covariance_factor import CovarianceFactor, in_users_columns
from mmtriage.engine.structures.interfaces import Held, Stratum
from mmtriage.formula.structured import UNSTRUCTURED
from mmtriage.model.ranef import RandomTerm

ZERO_SHARE = 1e-6  # relative SD of a column, per average row, that counts as zero
PERFECT = 1e-6  # distance of a correlation from +-1 that counts as none
NEARLY_PERFECT = 0.98  # size of a correlation inside the space from which it is next to the boundary


@dataclass(frozen=True, slots=True, eq=False)
class Defect:
    """How one term's covariance lost rank."""

    term: int
    zero: tuple[str, ...]  # columns whose variance is zero
    perfect: tuple[tuple[str, str, int], ...]  # pairs of columns with correlation +-1
    null: tuple[Array, ...]  # combinations (k,) of the random effects, user's columns, that do not vary
    multiplier: float  # smallest multiplier of the null directions
    bound: float | None  # at which the correlation of a structured covariance stands


def singular_terms(fitted: Fitted) -> list[Finding]:
    """MM310, MM311 or MM312 for each term whose covariance is singular at the optimum."""
    comparison = fitted.comparison
    found: list[Finding] = []
    for defect in defects(comparison):
        term = comparison.prepared.design.random[defect.term]
        if defect.zero:
            found.append(_zero_variance(term, defect))
        elif defect.bound is not None:
            found.append(_at_bound(term, defect, comparison.optimum_fit.covariances[defect.term]))
        elif defect.perfect:
            found.append(_perfect_correlation(term, defect, comparison.optimum_fit.covariances[defect.term]))
        else:
            found.append(_lost_rank(term, defect, comparison.optimum.certificate.ranks[defect.term]))
    return found


def defects(comparison: Comparison) -> list[Defect]:
    """The terms whose covariance is singular at the optimum."""
    found = []
    certificate = comparison.optimum.certificate
    bases = comparison.prepared.model.basis.terms
    in_users = in_users_columns(comparison.optimum.factors, bases)
    for t, (rank, basis) in enumerate(zip(certificate.ranks, bases, strict=True)):
        if rank == basis.rank:
            continue
        term = comparison.prepared.design.random[t]
        multipliers = [m.value for m in certificate.multipliers if m.term == t]
        null = CovarianceFactor(comparison.optimum.factors[t], basis.rank).null_space(rank)
        found.append(
            Defect(
                term=t,
                zero=tuple(term.columns[a] for a in _zero_columns(in_users[t], basis.R)),
                perfect=_perfect_pairs(term, comparison.optimum_fit.covariances[t]),
                null=tuple(_combination(basis.R, direction) for direction in null.T),
                multiplier=min(multipliers, default=0.0),
                bound=_bound(certificate.strata[t]),
            )
        )
    return found


def _bound(stratum: Stratum) -> float | None:
    """The bound at which a stratum holds a correlation."""
    return stratum.rho if isinstance(stratum, Held) else None


def nearly_singular(fitted: Fitted) -> list[Finding]:
    """MM314: correlations next to +-1, in the columns as they are and about their means.

    Far from zero every slope is all but perfectly correlated with the intercept; that says nothing of it.
    """
    comparison = fitted.comparison
    if comparison.is_singular or not comparison.is_sound:
        return []
    terms = zip(comparison.prepared.design.random, comparison.optimum_fit.covariances, strict=True)
    return [found for term, S in terms if (found := _nearly_perfect(term, S)) is not None]


def _nearly_perfect(term: RandomTerm, covariance: Array) -> Finding | None:
    (_, rho), (_, about_means) = correlation(covariance), correlation(_about_means(term, covariance))
    least = np.fmin(np.abs(rho), np.abs(about_means))
    pairs = [(b, a) for a in range(len(rho)) for b in range(a) if least[a, b] > NEARLY_PERFECT]
    if not pairs:
        return None
    text = term_text(term)
    # A structured term has one correlation, which is that of its first pair.
    shown = pairs if term.bar.structure == UNSTRUCTURED else pairs[:1]
    said = ", ".join(f"{rho[a, b]:.3f} of `{term.columns[a]}` and `{term.columns[b]}`" for a, b in shown)
    message = (
        f"in `{text}` a correlation is next to its limit, and the fit not singular: {said}. Its interval "
        "will reach 1 or -1, and other samples of this size will often give a singular fit"
    )
    return finding(
        "MM314",
        message,
        columns=tuple(dict.fromkeys(term.columns[a] for pair in pairs for a in pair)),
        terms=(text,),
        correlations=tuple((term.columns[a], term.columns[b], float(rho[a, b])) for a, b in pairs),
        threshold=NEARLY_PERFECT,
    )


def _about_means(term: RandomTerm, covariance: Array) -> Array:
    """The covariance (k, k) of the same effects where each slope's column has its origin at its mean."""
    T = np.eye(len(term.columns))
    if "(Intercept)" in term.columns:
        T[term.columns.index("(Intercept)")] = np.mean(term.Z, axis=0)
    about: Array = T @ covariance @ T.T
    return about


def _combination(R: Array, direction: Array) -> Array:
    """Weights (k,) of the user's random effects in the combination that is `direction` (k,) here."""
    weights = R.T @ direction
    return np.where(np.abs(weights) > ZERO_SHARE * np.linalg.norm(R, axis=0), weights, 0.0)


def _zero_columns(F: Array, R: Array) -> list[int]:
    """Columns whose own variance is zero, from the factor F (k, r) in the user's columns.

    A standard deviation counts by what it does to an average row: times the column's root mean square, which
    is the length of its column of R, and relative to sigma.
    """
    sd = np.linalg.norm(F, axis=1)
    size = np.linalg.norm(R, axis=0)
    return [int(a) for a in np.flatnonzero(sd * size < ZERO_SHARE)]


def _perfect_pairs(term: RandomTerm, covariance: Array) -> tuple[tuple[str, str, int], ...]:
    """Pairs of columns with correlation +1 or -1, and the sign."""
    _, rho = correlation(covariance)
    pairs = []
    for a in range(len(rho)):
        for b in range(a):
            if np.isfinite(rho[a, b]) and 1.0 - abs(rho[a, b]) < PERFECT:
                pairs.append((term.columns[b], term.columns[a], int(np.sign(rho[a, b]))))
    return tuple(pairs)


def _zero_variance(term: RandomTerm, defect: Defect) -> Finding:
    text = term_text(term)
    is_variance = term.bar.structure == UNSTRUCTURED or len(defect.zero) == len(term.columns)
    if defect.multiplier <= 0:
        wants = "the likelihood is level there"
    elif is_variance:
        wants = (
            "the likelihood would rise if it could be negative: rows of one group are no more alike than "
            "rows of different groups"
        )
    else:
        wants = "with the correlation that it shares with the others, the likelihood falls as it leaves zero"
    what = "variance is" if len(defect.zero) == 1 else "variances are"
    message = f"in `{text}` the estimated {what} zero for {listed(defect.zero)}; {wants}"
    return finding(
        "MM310",
        message,
        columns=defect.zero,
        terms=(text,),
        multiplier=defect.multiplier,
        negative_variance_wanted=is_variance and defect.multiplier > 0,
    )


def _perfect_correlation(term: RandomTerm, defect: Defect, covariance: Array) -> Finding:
    text = term_text(term)
    sd, _ = correlation(covariance)
    said = ", ".join(f"`{a}` and `{b}` {sign:+d}" for a, b, sign in defect.perfect)
    sds = ", ".join(f"{name} {value:.4g}" for name, value in zip(term.columns, sd, strict=True))
    message = f"in `{text}` the estimated correlation is perfect: {said} (SDs: {sds})"
    return finding(
        "MM311",
        message,
        columns=tuple(dict.fromkeys(name for a, b, _ in defect.perfect for name in (a, b))),
        terms=(text,),
        correlations=tuple((a, b, sign) for a, b, sign in defect.perfect),
        multiplier=defect.multiplier,
        null_direction=null_text(term, defect.null),
    )


def _at_bound(term: RandomTerm, defect: Defect, covariance: Array) -> Finding:
    """MM311 or MM312 of a structured term: perfect correlations, or the least that all columns can have."""
    text, bound = term_text(term), defect.bound
    assert bound is not None
    sd, _ = correlation(covariance)
    sds = ", ".join(f"{name} {value:.4g}" for name, value in zip(term.columns, sd, strict=True))
    direction = null_text(term, defect.null)
    if defect.perfect:
        code, where = "MM311", f"its bound, {bound:g}"
        what = "all columns vary as one" if bound > 0 else "neighbouring columns vary against each other"
    else:
        code, where = "MM312", f"its lower bound, {bound:.4g}"
        what = f"the combination {direction} of its random effects does not vary between groups"
    return finding(
        code,
        f"the correlation of `{text}` is at {where}: {what} (SDs: {sds})",
        columns=term.columns,
        terms=(text,),
        correlation=bound,
        multiplier=defect.multiplier,
        null_direction=direction,
    )


def _lost_rank(term: RandomTerm, defect: Defect, rank: int) -> Finding:
    text = term_text(term)
    k = len(term.columns)
    direction = null_text(term, defect.null)
    message = (
        f"the covariance of `{text}` has rank {rank}, not {k}: the combination {direction} of its random "
        "effects does not vary between groups"
    )
    return finding(
        "MM312",
        message,
        columns=term.columns,
        terms=(text,),
        rank=rank,
        size=k,
        multiplier=defect.multiplier,
        null_direction=direction,
    )


def null_text(term: RandomTerm, null: Sequence[Array]) -> str:
    """`+1 (Intercept) -0.2 Days`: the first combination that does not vary, largest part +1."""
    direction = null[0]
    lead = direction[np.argmax(np.abs(direction))]
    parts = [
        f"{value / lead:+.3g} {name}"
        for name, value in zip(term.columns, direction, strict=True)
        if value != 0.0
    ]
    return " ".join(parts)
