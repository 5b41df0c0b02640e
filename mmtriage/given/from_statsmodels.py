"""A fitted statsmodels `MixedLM`, as a table, a formula of lme4's and a `GivenFit`.

Columns are matched by value, not by name: patsy's text says little of what a column holds, and a model may be
made of arrays. A constant column is the intercept, one that equals a column of the data frame is that column,
indicators of all levels but one are a factor, and a product of such columns is an interaction. Whatever is
none of these becomes a column of the table under statsmodels' own name. The formula is right if our X spans
what statsmodels' does; then X_sm = X T, and beta = T beta_sm, exactly. If it is not, every column is taken as
it stands.

`cov_re` and `vcomp` are already times `scale`; `params` and `cov_re_unscaled` are not. `bse_re` is off by the
root of `scale` and not judged. With a constant group everything is in `vcomp`; without `re_formula` beside a
`vc_formula` there is no random intercept (`k_re` is 0). A fit with `free=` that leaves covariances at zero is
lme4's `||`.

statsmodels is not imported: it is there already, for it made the result.
"""

from __future__ import annotations

import math
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from mmtriage.arrays import Array
from mmtriage.data.reading import STATSMODELS_RESULT
from mmtriage.data.table import Table
from mmtriage.errors import DataError
from mmtriage.given.fixed_by_value import SPAN, fixed_part, translated
from mmtriage.given.making import Making, bare
from mmtriage.given.random_by_value import random_part
from mmtriage.given.record import GivenEffect, GivenFit, Software
from mmtriage.given.values_met import Frame
from mmtriage.model.design import Design
from mmtriage.model.tall import least_squares

ON_BOUNDARY = 0.01  # statsmodels' own limit of a variance, whatever its unit


@dataclass(frozen=True, slots=True)
class Handed:
    """What was handed over: the table, and the fit of it."""

    table: Table
    fit: GivenFit
    T: Array  # (p, p): statsmodels' columns of X are ours times T


def is_mixed_lm(data: object) -> bool:
    """Whether this is a fitted `MixedLM`."""
    of = type(data)
    return of.__module__.startswith("statsmodels.") and hasattr(data, "cov_re") and hasattr(data, "fe_params")


def handed_over(result: Any, messages: Sequence[str] | None = None) -> Handed:
    """The table and the fit of a result of `MixedLM.fit`.

    Args:
        messages: its warnings, as recorded; None: those that statsmodels' own rules give at its parameters.

    Raises:
        DataError: the model has a part that lme4's models do not have.
    """
    if not is_mixed_lm(result):
        kind = type(getattr(result, "model", result)).__name__
        if kind == "MixedLM":
            raise DataError(
                "this MixedLM has not been fitted",
                where="triage(result)",
                hint="Give what its fit() returned.",
            )
        raise DataError(
            f"a result of statsmodels' {kind} is not a mixed model's",
            where="triage(result)",
            hint="Give what MixedLM.fit() returned.",
        )
    model = result.model
    making = Making(Frame.of(_rows_used(model), len(model.endog)))
    bars, terms = random_part(making, result)
    response = translated(making, _text(model.endog_names), np.asarray(model.endog, dtype=np.float64))
    X, names = np.asarray(model.exog, dtype=np.float64), [str(name) for name in model.exog_names]
    fixed, design = fixed_part(making, response, X, names, bars, reml=bool(result.reml))
    T = least_squares(design.X, X)  # X_sm = X T
    formula = f"{response} ~ {fixed} + {' + '.join(bars)}"
    fit = GivenFit(
        path=STATSMODELS_RESULT,
        software=Software(name="statsmodels", version=_version(), call=_call(result)),
        formula=formula,
        reml=bool(result.reml),
        n=len(model.endog),
        fixed_effects=_effects(result, T, design.fixed_names),
        random_effects=tuple(terms),
        sigma=math.sqrt(float(result.scale)),
        messages=tuple(said(result) if messages is None else map(str, messages)),
        converged=bool(result.converged),
        log_likelihood=float(result.llf) if math.isfinite(float(result.llf)) else None,
        notes=(*_both_spellings(names, design, T), *making.notes),
    )
    return Handed(making.table(), fit, T)


def _rows_used(model: Any) -> Any:
    """The data frame in the rows that the model uses; None where it was made of arrays."""
    frame, labels = getattr(model.data, "frame", None), getattr(model.data, "row_labels", None)
    if frame is None or len(frame) == len(model.endog) or labels is None or not frame.index.is_unique:
        return frame
    return frame.loc[labels] if labels.isin(frame.index).all() else None


def _version() -> str | None:
    import sys

    return getattr(sys.modules.get("statsmodels"), "__version__", None)


def _call(result: Any) -> str | None:
    formula = getattr(result.model, "formula", None)
    return None if formula is None else f"mixedlm({formula!r})"


def _text(name: Any) -> str:
    return str(name if not isinstance(name, (list, tuple)) else name[0])


def said(result: Any) -> Iterator[str]:
    """The warnings that `MixedLM.fit` gives at these parameters, by its own rules and in its words."""
    model, params = result.model, result.params_object
    if not result.converged:
        packed = params.get_packed(use_sqrt=model.use_sqrt, has_fe=False)
        size = float(np.sqrt(np.sum(np.square(model.score(packed)))))
        yield f"Gradient optimization failed, |grad| = {size:f}"
    low = [np.abs(np.diag(np.atleast_2d(result.cov_re)))] if model.k_re else []
    low += [np.abs(np.asarray(result.vcomp, dtype=np.float64))] if model.k_vc else []
    if any(np.min(values) < ON_BOUNDARY for values in low):
        yield "The MLE may be on the boundary of the parameter space."
    try:
        hessian, is_singular = model.hessian(params)
    except np.linalg.LinAlgError:
        return
    if is_singular:
        yield "The random effects covariance matrix is singular."
    diagonal = np.diag(hessian)
    if result.freepat is not None:
        diagonal = diagonal[np.flatnonzero(result.freepat.get_packed(use_sqrt=False, has_fe=True))]
    if np.any(diagonal >= 0):
        yield "The Hessian matrix at the estimated parameter values is not positive definite."


def _effects(result: Any, T: Array, names: Sequence[str]) -> tuple[GivenEffect, ...]:
    """The coefficients of our columns, with standard errors from the same covariance matrix."""
    theirs = np.asarray(result.fe_params, dtype=np.float64)
    if _is_permutation(T):  # then one NaN stays one
        order = np.argmax(T, axis=1)
        beta, se = theirs[order], np.asarray(result.bse_fe, dtype=np.float64)[order]
    else:
        p = len(names)
        V = np.asarray(result.cov_params(), dtype=np.float64)[:p, :p]
        with np.errstate(invalid="ignore"):
            beta, se = T @ theirs, np.sqrt(np.diag(T @ V @ T.T))
    return tuple(
        GivenEffect(name=name, estimate=float(b), se=float(s))
        for name, b, s in zip(names, beta, se, strict=True)
    )


def _is_permutation(T: Array) -> bool:
    rounded = np.round(T)
    is_close = bool(np.all(np.abs(T - rounded) <= SPAN))
    return is_close and bool(np.all(rounded.sum(axis=0) == 1) and np.all(np.isin(rounded, (0.0, 1.0))))


def _both_spellings(names: Sequence[str], design: Design, T: Array) -> list[str]:
    """Where our names differ from statsmodels', both."""
    if not _is_permutation(T):
        return ["The fixed effects are coded in R's way; statsmodels' were: " + ", ".join(names)]
    order = np.argmax(np.round(T), axis=1)
    pairs = [(ours, names[j]) for ours, j in zip(design.fixed_names, order, strict=True)]
    told = [
        f"{ours} is statsmodels' {theirs}"
        for ours, theirs in pairs
        if bare(ours) not in (bare(theirs), "(Intercept)")
    ]
    return ["; ".join(told)] if told else []
