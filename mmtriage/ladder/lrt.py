"""Tests of a smaller random-effects structure, by ML.

A variance under test lies on its boundary, so the likelihood ratio does not follow chi-square(df):

    one scalar term                  1/2 chi2(0) + 1/2 chi2(1)        (Self & Liang 1987)
    one column of k in a term        1/2 chi2(k-1) + 1/2 chi2(k)      (Stram & Lee 1994)
    correlations only                chi2(df), an interior hypothesis
    several columns at once          chi2(df): an upper bound of p
    smaller model singular           no asymptotic law

The parametric bootstrap needs no law: it simulates from the smaller model and refits both.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Literal

import numpy as np

from mmtriage.ladder.records import LikelihoodRatio

TIES = 1e-6  # deviance units, the tolerance of the optimum: statistics that close are equal

RemovalKind = Literal["scalar", "column", "correlations", "several"]


@dataclass(frozen=True, slots=True)
class Removal:
    """What a smaller model leaves out."""

    kind: RemovalKind
    df: int  # parameters removed
    columns: int  # k of the term a column was taken from


def likelihood_ratio_test(
    statistic: float,
    removal: Removal,
    *,
    null_is_singular: bool,
    bootstrap: Callable[[], tuple[np.ndarray, int]] | None = None,
) -> LikelihoodRatio:
    """Test a smaller model; `statistic` is `2 (log L - log L0)` by ML.

    `bootstrap()` simulates null statistics, (B,), and how many replicates failed.
    """
    if bootstrap is not None:
        return _bootstrap_test(statistic, removal, *bootstrap())
    if null_is_singular:
        method = "no asymptotic law: the smaller model is itself singular (use --bootstrap)"
        return LikelihoodRatio(statistic=statistic, df=None, p_value=None, method=method)
    p, method = _mixture(statistic, removal)
    return LikelihoodRatio(statistic=statistic, df=removal.df, p_value=p, method=method)


def _mixture(x: float, removal: Removal) -> tuple[float, str]:
    match removal.kind:
        case "scalar":
            return 0.5 * _upper(0, x) + 0.5 * _upper(1, x), "ML, 1/2 chi2(0) + 1/2 chi2(1)"
        case "column":
            k = removal.columns
            return (
                0.5 * _upper(k - 1, x) + 0.5 * _upper(k, x),
                f"ML, 1/2 chi2({k - 1}) + 1/2 chi2({k})",
            )
        case "correlations":
            return _upper(removal.df, x), f"ML, chi2({removal.df})"
        case "several":
            return _upper(removal.df, x), f"ML, chi2({removal.df}), an upper bound of p"


def _upper(df: int, x: float) -> float:
    """P(chi2(df) >= x); chi2(0) is a point mass at zero."""
    if df == 0:
        return float(x <= 0.0)
    from scipy.special import chdtrc  # slow to import, and most models are not tested

    return float(chdtrc(df, x))


def _bootstrap_test(
    statistic: float, removal: Removal, simulated: np.ndarray, failed: int
) -> LikelihoodRatio:
    count = len(simulated)
    if not count:
        method = f"parametric bootstrap: all {failed} replicates failed"
        return LikelihoodRatio(statistic=statistic, df=removal.df, p_value=None, method=method)
    p = (1 + int(np.sum(simulated >= statistic - TIES))) / (count + 1)
    error = float(np.sqrt(p * (1 - p) / count))
    method = f"ML, parametric bootstrap, {count} replicates, Monte Carlo SE {error:.2g}"
    if failed:
        method += f", {failed} failed"
    return LikelihoodRatio(statistic=statistic, df=removal.df, p_value=p, method=method)
