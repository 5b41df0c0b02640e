"""Findings about the baseline's way to the optimum (MM401 to MM404, MM406, MM407)."""

from __future__ import annotations

import numpy as np

from mmtriage.diagnose.finding import Finding, finding
from mmtriage.diagnose.judgement import is_short, wrong_standard_error
from mmtriage.diagnose.naming import plural, term_text
from mmtriage.diagnose.verdict import allowed_gap
from mmtriage.engine.comparison import Comparison
from mmtriage.engine.estimates import largest_shift
from mmtriage.engine.generalized.model import LOG_NB_THETA
from mmtriage.engine.lme4.checks import GRADIENT_TOLERANCE, HESSIAN_TOLERANCE
from mmtriage.engine.lme4.outcome import Lme4Run


def optimum_findings(comparison: Comparison) -> list[Finding]:
    """What the baseline's end and the reference's certificate say."""
    found = [_stopped_short(comparison), _several_optima(comparison), _flat(comparison)]
    if comparison.lme4 is not None:
        found += [
            _gradient(comparison, comparison.lme4),
            _hessian(comparison, comparison.lme4),
            _budget(comparison.lme4),
        ]
    return [f for f in found if f is not None]


def _stopped_short(comparison: Comparison) -> Finding | None:
    criterion = comparison.optimum_fit.criterion
    if comparison.lme4_fit is None:
        message = f"lme4's fit stops with an error: {comparison.lme4_error}"
        return finding("MM403", message, error=comparison.lme4_error, reference=criterion)
    if not is_short(comparison):
        return None
    gap = comparison.lme4_fit.criterion - criterion
    shift = largest_shift(comparison.lme4_fit.beta, comparison.optimum_fit)
    message = (
        f"the optimizer stopped {gap:.4g} deviance units short of the optimum "
        f"({comparison.lme4_fit.criterion:.6f} instead of {criterion:.6f})"
    )
    return finding(
        "MM403", message, gap=gap, threshold=allowed_gap(criterion), max_shift_se=shift, reference=criterion
    )


def _gradient(comparison: Comparison, baseline: Lme4Run) -> Finding | None:
    """lme4's gradient test, with the parameter that really is worst."""
    check = baseline.check
    if check.statistic is None or check.worst is None or check.statistic <= GRADIENT_TOLERANCE:
        return None
    name = comparison.prepared.parameter_names[check.worst]
    message = (
        f"lme4's gradient test fails: max|grad| = {check.statistic:.3g} (tol = {GRADIENT_TOLERANCE:g}), in "
        f"`{name}`; lme4 always blames component 1"
    )
    return finding(
        "MM401",
        message,
        severity="warning",
        statistic=check.statistic,
        threshold=GRADIENT_TOLERANCE,
        parameter=name,
        gap=comparison.gap,
    )


def _hessian(comparison: Comparison, baseline: Lme4Run) -> Finding | None:
    """lme4's Hessian tests, its finite differences beside our exact curvature."""
    check = baseline.check
    wrong = wrong_standard_error(comparison)
    fails = any(code in (-3, -4, -6, 2, 3) for code in check.codes)
    if not (fails or wrong) or check.eigenvalues is None:
        return None
    exact = comparison.optimum.certificate
    message = (
        f"lme4's Hessian {'test fails' if fails else 'is wrong'}: eigenvalues from "
        f"{check.eigenvalues[-1]:.3g} to {check.eigenvalues[0]:.3g} by finite differences"
    )
    if exact.min_eigenvalue_free is not None and exact.max_eigenvalue_free is not None:
        message += (
            f"; on standardised columns the exact ones run from {exact.min_eigenvalue_free:.3g} to "
            f"{exact.max_eigenvalue_free:.3g}"
        )
    name, ratio = wrong or (None, None)
    if name is not None:
        message += (
            f"; lme4 takes its standard errors from it, and that of `{name}` is {ratio:.2g} times the "
            "right one: use those at the optimum"
        )
    return finding(
        "MM402",
        message,
        columns=() if name is None else (name,),
        se_ratio=ratio,
        finite_difference=tuple(float(v) for v in check.eigenvalues),
        exact_min=exact.min_eigenvalue_free,
        exact_max=exact.max_eigenvalue_free,
        threshold=HESSIAN_TOLERANCE,
        codes=check.codes,
    )


def _budget(baseline: Lme4Run) -> Finding | None:
    if baseline.status != "maxfun":
        return None
    message = (
        f"{baseline.optimizer} ran out of evaluations after {plural(baseline.evaluations, 'evaluation')}"
    )
    return finding("MM404", message, evaluations=baseline.evaluations, optimizer=baseline.optimizer)


def _several_optima(comparison: Comparison) -> Finding | None:
    values = comparison.optimum.optima
    count = len(values)
    if count < 2:
        return None
    message = (
        f"the criterion has at least {count} local optima; the best is at {values[0]:.6f}, the next at "
        f"{values[1]:.6f}"
    )
    return finding("MM406", message, criteria=values, optima=count)


def _flat(comparison: Comparison) -> Finding | None:
    if comparison.prepared.null:
        return None  # flat by design: MM304, MM308 or MM309 says along what
    if comparison.optimum.runaway:
        message = (
            "the likelihood rises without end as the residual variance goes to zero: the random effects "
            "reproduce the response exactly"
        )
        return finding("MM407", message, residual_variance_to_zero=True)
    flat = comparison.optimum.certificate.flat_directions
    if not flat:
        return None
    covariance_names = _covariance_names(comparison)
    covariances, free = np.split(flat[0], [len(covariance_names)])
    beside = comparison.prepared.free_parameters(free)
    values = [*covariances.tolist(), *beside.values()]
    names = [*covariance_names, *beside]
    order = np.argsort(-np.abs(values))
    theta = comparison.optimum_fit.nb_theta
    if names[order[0]] == LOG_NB_THETA and theta is not None:
        message = (
            f"theta of the negative binomial grows without end (it is {theta:.3g} where the search stopped): "
            "the counts vary no more than a Poisson model's"
        )
        return finding("MM407", message, theta=theta)
    said = " ".join(f"{values[i]:+.3g} {names[i]}" for i in order[:4] if abs(values[i]) > 1e-3)
    what = "relative covariance factors" if not beside else "relative covariance factors and fixed effects"
    message = f"the likelihood does not change along the direction {said} of the {what}"
    return finding("MM407", message, direction=said)


def _covariance_names(comparison: Comparison) -> list[str]:
    """A name for each parameter of the reference's face that belongs to a covariance."""
    names = []
    for term, rank, basis in zip(
        comparison.prepared.design.random,
        comparison.optimum.certificate.ranks,
        comparison.prepared.model.basis.terms,
        strict=True,
    ):
        count = basis.rank * rank - rank * (rank - 1) // 2
        names += [f"{term_text(term)}[{i + 1}]" for i in range(count)]
    return names
