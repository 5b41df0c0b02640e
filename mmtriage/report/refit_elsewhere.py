"""A statsmodels fit that stopped short, refitted by statsmodels: from the optimum, and on rescaled columns.

The result that was handed over has its model, so what is advised is tried there and then. What does not
arrive is not offered: once a diagonal element of its Cholesky root turns negative, `MixedLM.score()` has the
wrong sign, and the optimizer walks away.
"""

from __future__ import annotations

import math
import warnings
from dataclasses import replace
from typing import Any

import numpy as np

from mmtriage.diagnose.verdict import allowed_gap
from mmtriage.engine.comparison import prove_optimum
from mmtriage.formula import parse_formula
from mmtriage.given.agreement import agreed_fit
from mmtriage.given.from_statsmodels import Handed, handed_over
from mmtriage.ladder.effect_changes import Tested, changes
from mmtriage.ladder.emitted.python_call import mixedlm_arguments
from mmtriage.ladder.records import Code, EffectChange, Remedy
from mmtriage.ladder.remedies.measured import NOT_TRIED
from mmtriage.model.design import build_design
from mmtriage.model.spec import ModelSpec
from mmtriage.report.facts import FitFacts, Report

TITLE = "Refit in statsmodels from the optimum"
DIGITS = 10  # of a start: the optimizer does the rest


def with_refit(report: Report, handed: Handed, result: Any) -> Report:
    """The report with a refit first, if it was seen to arrive, and with statsmodels code that was tried."""
    if report.verdict.status != "not_converged" or report.reference is None:
        return report
    remedies = [_tried(remedy, result) for remedy in report.remedies]
    again = _refitted(report.reference, handed, result)
    if again is not None and again[0] - report.reference.criterion <= allowed_gap(again[0]):
        remedies.insert(0, _remedy(report, *again))
    return replace(report, remedies=tuple(replace(r, rank=i) for i, r in enumerate(remedies, start=1)))


def _tried(remedy: Remedy, result: Any) -> Remedy:
    """A remedy that keeps the model, without statsmodels code that was seen not to arrive."""
    if not remedy.code.python or remedy.scope != "same_model" or remedy.formula is None:
        return remedy
    caveats = tuple(caveat for caveat in remedy.caveats if caveat != NOT_TRIED)
    gap = _gap_of(remedy.formula, result)
    if gap is None or gap > allowed_gap(remedy.criterion or 0.0):
        code = replace(remedy.code, python=None)
        return replace(remedy, code=code, caveats=(*caveats, "statsmodels itself does not arrive by it"))
    return replace(remedy, caveats=(*caveats, "tried in statsmodels: it arrives"))


def _gap_of(formula: str, result: Any) -> float | None:
    """Deviance units by which statsmodels' fit of a formula to the same data frame misses its optimum."""
    arguments = mixedlm_arguments(parse_formula(formula))
    frame = getattr(result.model.data, "frame", None)
    if arguments is None or frame is None:
        return None
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        try:
            fitted = type(result.model).from_formula(data=frame, **arguments).fit(reml=bool(result.reml))
            handed = handed_over(fitted)
            design = build_design(
                handed.table, parse_formula(handed.fit.formula), ModelSpec(reml=fitted.reml)
            )
            agreed = agreed_fit(handed.fit, design)
        except Exception:  # whatever statsmodels and patsy may raise: then it has not arrived
            return None
    _, best = prove_optimum(agreed.prepared, {}, seed=0)
    return agreed.fit.criterion - best.criterion


def _refitted(reference: FitFacts, handed: Handed, result: Any) -> tuple[float, str] | None:
    """-2 llf of a refit from the optimum, and the code that makes it."""
    model, sigma = result.model, reference.sigma
    if sigma is None or result.freepat is not None:
        return None
    beta = {effect.name: effect.estimate for effect in reference.fixed_effects}
    names = [effect.name for effect in handed.fit.fixed_effects]
    fe_params = np.linalg.solve(handed.T, np.array([beta[name] for name in names]))
    covariances = [
        _covariance(reference, term.group, term.terms) / sigma**2 for term in handed.fit.random_effects
    ]
    cov_re = covariances[0] if model.k_re else np.empty((0, 0))
    vcomp = np.array([S[0, 0] for S in covariances[1 if model.k_re else 0 :]])
    parts = {"fe_params": fe_params, "cov_re": cov_re, "vcomp": vcomp}
    parts = {name: _rounded(part) for name, part in parts.items() if part.size}
    start = type(result.params_object).from_components(**parts)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        try:
            again = model.fit(start_params=start, reml=bool(result.reml))
        except (np.linalg.LinAlgError, ValueError):
            return None
    return -2.0 * float(again.llf), _code(parts, reml=bool(result.reml))


def _covariance(reference: FitFacts, group: str, terms: tuple[str, ...]) -> Any:
    """Psi (k, k) of a term at the optimum, in the order of `terms`."""
    plain = {name: name.replace("`", "") for effect in reference.random_effects for name in effect.terms}
    effect = next(
        e
        for e in reference.random_effects
        if sorted(e.group.replace("`", "").split(":")) == sorted(group.split(":"))
        and {plain[name] for name in e.terms} == set(terms)
    )
    order = [[plain[name] for name in effect.terms].index(name) for name in terms]
    sd = np.array(effect.sd)[order]
    rho = np.nan_to_num(np.array(effect.correlation))[np.ix_(order, order)]
    rho[np.diag_indices(len(sd))] = 1.0
    return rho * np.outer(sd, sd)


def _rounded(values: Any) -> Any:
    return np.array([float(f"{v:.{DIGITS}g}") for v in np.ravel(values)]).reshape(np.shape(values))


def _code(parts: dict[str, Any], *, reml: bool) -> str:
    said = ",\n    ".join(f"{name}=np.array({part.tolist()})" for name, part in parts.items())
    return "\n".join(
        [
            "import numpy as np",
            "from statsmodels.regression.mixed_linear_model import MixedLMParams",
            f"start = MixedLMParams.from_components(\n    {said})",
            f"result = result.model.fit(start_params=start, reml={reml})",
        ]
    )


def _remedy(report: Report, criterion: float, code: str) -> Remedy:
    certificate = report.reference.certificate if report.reference else None
    is_full = certificate is not None and not report.singular_terms
    return Remedy(
        id="restart",
        rung=5,
        title=TITLE,
        scope="same_model",
        clears=is_full,
        formula=report.model.formula,
        criterion=criterion,
        delta_aic=0.0,
        delta_bic=0.0,
        lrt=None,
        max_shift_se=0.0,
        not_comparable=None,
        code=Code(mmtriage=None, lme4=None, python=code),
        changes="nothing: the same model, started where the optimum is",
        caveats=("tried with this result: it arrives",),
        effects=_effects(report),
        step=1,
    )


def _effects(report: Report) -> tuple[EffectChange, ...]:
    """What the optimum makes of the effects that statsmodels prints."""
    if report.baseline is None or report.reference is None:
        return ()
    optimum = _tests_of(report.reference)
    return changes(_tests_of(report.baseline), optimum, unit=optimum)


def _tests_of(fit: FitFacts) -> dict[str, Tested]:
    """The coefficients of a fit with their tests, by name."""
    return {
        e.name: Tested(e.estimate, e.se, e.statistic, math.nan if e.p_value is None else e.p_value)
        for e in fit.fixed_effects
    }
