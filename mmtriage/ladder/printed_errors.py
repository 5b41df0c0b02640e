"""The standard errors that R prints for a run of lme4, beside the right ones."""

from __future__ import annotations

import numpy as np

from mmtriage.arrays import Array
from mmtriage.engine.comparison import Comparison
from mmtriage.engine.lme4.outcome import Lme4Run
from mmtriage.engine.lme4.transform import Transform


def printed_covariance(comparison: Comparison, run: Lme4Run, transform: Transform | None = None) -> Array:
    """Covariance (p, p) of beta as R has it, in the columns that were fitted.

    Raises LinAlgError where the criterion has no value at the end of the run.
    """
    by_differences = run.covariance_of_beta
    return by_differences if by_differences is not None else rx_covariance(comparison, run, transform)


def rx_covariance(comparison: Comparison, run: Lme4Run, transform: Transform | None = None) -> Array:
    """The same from RX, as `use.hessian = FALSE` asks for it."""
    prepared = comparison.prepared
    fit = prepared.model.describe(prepared.place_of(run), theta=run.theta)
    return _in_columns(fit.vcov, transform)


def worst_ratio(
    comparison: Comparison, run: Lme4Run, transform: Transform | None = None, *, from_rx: bool = False
) -> float | None:
    """Of the standard errors that R prints, the one furthest from the right one: its ratio to that.

    None where there is no right one, and where the end of the run has no value.
    """
    if comparison.optimum_fit.se_method == "conditional":
        return None
    try:
        made = (rx_covariance if from_rx else printed_covariance)(comparison, run, transform)
    except np.linalg.LinAlgError:
        return None
    right = _in_columns(comparison.optimum_fit.vcov, transform)
    with np.errstate(invalid="ignore"):
        ratios = np.sqrt(np.diag(made) / np.diag(right))
    endless = comparison.endless_effects()
    names = comparison.prepared.design.fixed_names
    known = [float(ratio) for name, ratio in zip(names, ratios, strict=True) if name not in endless]
    return max(known, key=lambda ratio: abs(np.log(ratio)) if ratio > 0 else np.inf, default=1.0)


def _in_columns(vcov: Array, transform: Transform | None) -> Array:
    """A covariance (p, p) of beta in the user's columns, in the columns X A of a transform."""
    if transform is None:
        return vcov
    inverse = np.linalg.inv(transform.of_fixed)
    moved: Array = inverse @ vcov @ inverse.T
    return moved
