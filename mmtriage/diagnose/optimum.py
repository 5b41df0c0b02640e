"""Findings about the baseline's way to the optimum (MM401 to MM404, MM406, MM407)."""

from __future__ import annotations

import numpy as np

from mmtriage.diagnose.finding import Finding, finding
from mmtriage.diagnose.judge import allowed_gap, is_short, wrong_standard_error
from mmtriage.diagnose.words import plural, term_text
from mmtriage.engine.baseline import Baseline
from mmtriage.engine.fit import largest_shift
from mmtriage.engine.generalized import LOG_NB_THETA
from mmtriage.engine.lme4_checks import GRADIENT_TOLERANCE, HESSIAN_TOLERANCE
from mmtriage.engine.trial import Trial


def optimum_findings(trial: Trial) -> list[Finding]:
    """What the baseline's end and the reference's certificate say."""
    found = [_stopped_short(trial), _several_optima(trial), _flat(trial)]
    if trial.baseline is not None:
        found += [_gradient(trial, trial.baseline), _hessian(trial, trial.baseline), _budget(trial.baseline)]
    return [f for f in found if f is not None]


def _stopped_short(trial: Trial) -> Finding | None:
    criterion = trial.reference_fit.criterion
    if trial.baseline_fit is None:
        message = f"lme4's fit stops with an error: {trial.baseline_error}"
        return finding("MM403", message, error=trial.baseline_error, reference=criterion)
    if not is_short(trial):
        return None
    gap = trial.baseline_fit.criterion - criterion
    shift = largest_shift(trial.baseline_fit.beta, trial.reference_fit)
    message = (
        f"the optimizer stopped {gap:.4g} deviance units short of the optimum "
        f"({trial.baseline_fit.criterion:.6f} instead of {criterion:.6f})"
    )
    return finding(
        "MM403", message, gap=gap, threshold=allowed_gap(criterion), max_shift_se=shift, reference=criterion
    )


def _gradient(trial: Trial, baseline: Baseline) -> Finding | None:
    """lme4's gradient test, with the parameter that really is worst."""
    check = baseline.check
    if check.statistic is None or check.worst is None or check.statistic <= GRADIENT_TOLERANCE:
        return None
    name = trial.prepared.parameter_names[check.worst]
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
        gap=trial.gap,
    )


def _hessian(trial: Trial, baseline: Baseline) -> Finding | None:
    """lme4's Hessian tests, its finite differences beside our exact curvature."""
    check = baseline.check
    wrong = wrong_standard_error(trial)
    fails = any(code in (-3, -4, -6, 2, 3) for code in check.codes)
    if not (fails or wrong) or check.eigenvalues is None:
        return None
    exact = trial.reference.certificate
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


def _budget(baseline: Baseline) -> Finding | None:
    if baseline.status != "maxfun":
        return None
    message = (
        f"{baseline.optimizer} ran out of evaluations after {plural(baseline.evaluations, 'evaluation')}"
    )
    return finding("MM404", message, evaluations=baseline.evaluations, optimizer=baseline.optimizer)


def _several_optima(trial: Trial) -> Finding | None:
    values = trial.reference.optima
    count = len(values)
    if count < 2:
        return None
    message = (
        f"the criterion has at least {count} local optima; the best is at {values[0]:.6f}, the next at "
        f"{values[1]:.6f}"
    )
    return finding("MM406", message, criteria=values, optima=count)


def _flat(trial: Trial) -> Finding | None:
    if trial.prepared.null:
        return None  # flat by design: MM304, MM308 or MM309 says along what
    if trial.reference.runaway:
        message = (
            "the likelihood rises without end as the residual variance goes to zero: the random effects "
            "reproduce the response exactly"
        )
        return finding("MM407", message, residual_variance_to_zero=True)
    flat = trial.reference.certificate.flat_directions
    if not flat:
        return None
    covariance_names = _covariance_names(trial)
    covariances, free = np.split(flat[0], [len(covariance_names)])
    beside = trial.prepared.free_parameters(free)
    values = [*covariances.tolist(), *beside.values()]
    names = [*covariance_names, *beside]
    order = np.argsort(-np.abs(values))
    theta = trial.reference_fit.nb_theta
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


def _covariance_names(trial: Trial) -> list[str]:
    """A name for each parameter of the reference's face that belongs to a covariance."""
    names = []
    for term, rank, basis in zip(
        trial.prepared.design.random,
        trial.reference.certificate.ranks,
        trial.prepared.problem.basis.terms,
        strict=True,
    ):
        count = basis.rank * rank - rank * (rank - 1) // 2
        names += [f"{term_text(term)}[{i + 1}]" for i in range(count)]
    return names
