"""Findings about the end of lme4's fit and the optimum where it should be (MM401 to MM404, MM406, MM407).

lme4's own tests (MM401, MM402) look at derivatives by finite differences where its optimizer ended. Whether
that end is short of the optimum (MM403) is another question, which only the proven optimum can answer; what
the proof met on its way, other optima and directions without curvature, is MM406 and MM407.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

import numpy as np

from mmtriage import figures
from mmtriage.arrays import Array
from mmtriage.diagnose.finding import Finding, Said, finding, not_assessed
from mmtriage.diagnose.fitted import Fitted
from mmtriage.diagnose.judgement import beats_optimum, is_short
from mmtriage.diagnose.naming import term_text
from mmtriage.diagnose.verdict import allowed_gap
from mmtriage.engine.comparison import Comparison
from mmtriage.engine.estimates import LOG_NB_THETA, largest_shift
from mmtriage.engine.lme4.checks import GRADIENT_TOLERANCE, HESSIAN_TOLERANCE
from mmtriage.engine.lme4.outcome import NO_NUMBERS
from mmtriage.engine.optimum.certificate import Certificate
from mmtriage.engine.optimum.found import Optimum

# lme4's convergence codes of the Hessian: an eigenvalue is negative, one is near zero, there are none; one is
# very large, they are very unequal.
HESSIAN_CODES = (-3, -4, -6, 2, 3)
OTHER_THETA = 1.5  # factor from which on theta of a negative binomial is another: its own SE is often 20 %
MOST_PARTS, LEAST_PART = 4, 1e-3  # of a flat direction of length one, in words


def stopped_short(fitted: Fitted) -> list[Finding]:
    """MM403: lme4's fit is materially short of the proven optimum, or there is none."""
    comparison = fitted.comparison
    criterion = comparison.optimum_fit.criterion
    if comparison.lme4_fit is None:
        message = f"lme4's fit stops with an error: {comparison.lme4_error}"
        return [finding("MM403", message, error=comparison.lme4_error, reference=criterion)]
    gap = comparison.gap
    if gap is None or not is_short(comparison) or beats_optimum(comparison):
        return []
    shift = largest_shift(comparison.lme4_fit.beta, comparison.optimum_fit)
    above = f"{figures.gap(gap, criterion, digits=4)} deviance units"
    ended = f"({comparison.lme4_fit.criterion:.6f} instead of {criterion:.6f})"
    message = f"the optimizer stopped {above} short of the optimum {ended}"
    if comparison.prior is not None:
        message = (
            f"the fit lies {above} above the optimum of the likelihood {ended}: "
            f"its prior ({comparison.prior}) can be all of that"
        )
    if comparison.is_lost:
        message += f"; {NO_NUMBERS}"
    thetas = _other_theta(comparison)
    if thetas is not None:
        message += f": theta of its negative binomial is {thetas[0]:.3g}, and {thetas[1]:.3g} at the optimum"
    found = finding(
        "MM403",
        message,
        gap=gap,
        threshold=allowed_gap(criterion),
        max_shift_se=None if comparison.is_lost else shift,
        reference=criterion,
    )
    return [found if thetas is None else replace(found, evidence={**found.evidence, "nb_thetas": thetas})]


def _other_theta(comparison: Comparison) -> tuple[float, float] | None:
    """Theta of a negative binomial in the fit and at the optimum, if they are far apart."""
    fit, optimum = comparison.lme4_fit, comparison.optimum_fit
    if fit is None or fit.nb_theta is None or optimum.nb_theta is None:
        return None
    here, there = fit.nb_theta, optimum.nb_theta
    is_far = not there / OTHER_THETA <= here <= there * OTHER_THETA
    return (here, there) if is_far else None


def gradient_test(fitted: Fitted) -> Sequence[Said]:
    """MM401: lme4's gradient test fails; the finding names the parameter that really is worst."""
    lme4 = fitted.comparison.lme4
    if lme4 is None or lme4.check.singular or fitted.comparison.given:
        return [not_assessed("MM401", _why_untested(fitted.comparison))]
    statistic, worst = lme4.check.statistic, lme4.check.worst
    if statistic is None or worst is None or statistic <= GRADIENT_TOLERANCE:
        return []
    name = fitted.comparison.prepared.parameter_names[worst]
    message = (
        f"lme4's gradient test fails: max|grad| = {figures.gradient(statistic, GRADIENT_TOLERANCE)} "
        f"(tol = {GRADIENT_TOLERANCE:g}), in `{name}`; lme4 always blames component 1"
    )
    return [
        finding(
            "MM401",
            message,
            statistic=statistic,
            threshold=GRADIENT_TOLERANCE,
            parameter=name,
            gap=fitted.comparison.gap,
        )
    ]


def hessian_test(fitted: Fitted) -> Sequence[Said]:
    """MM402: lme4's Hessian tests fail."""
    lme4 = fitted.comparison.lme4
    if lme4 is None or lme4.check.singular or fitted.comparison.given:
        return [not_assessed("MM402", _why_untested(fitted.comparison))]
    fails = any(code in HESSIAN_CODES for code in lme4.check.codes)
    if not fails or lme4.check.eigenvalues is None:
        return []
    certificate = fitted.comparison.optimum.certificate
    return [
        finding(
            "MM402",
            _of_hessian(lme4.check.eigenvalues, certificate),
            finite_difference=tuple(float(v) for v in lme4.check.eigenvalues),
            exact_min=certificate.min_eigenvalue_free,
            exact_max=certificate.max_eigenvalue_free,
            threshold=HESSIAN_TOLERANCE,
            codes=lme4.check.codes,
        )
    ]


def _why_untested(comparison: Comparison) -> str:
    if comparison.given is not None:
        return f"the fit was made elsewhere ({comparison.given.software}): lme4's tests are not repeated"
    if comparison.lme4 is None:
        return "lme4 made no fit to be tested"
    return "lme4 does not test gradient and Hessian of a fit that it calls singular"


def _of_hessian(eigenvalues: Array, exact: Certificate) -> str:
    """lme4's eigenvalues by finite differences (m,), descending, beside the exact ones."""
    message = (
        "lme4's Hessian test fails: eigenvalues from "
        f"{figures.rough(eigenvalues[-1])} to {figures.rough(eigenvalues[0])} "
        "by finite differences"
    )
    if exact.min_eigenvalue_free is not None:
        smallest = figures.curvature(exact.min_eigenvalue_free)
        message += (
            "; on standardised columns the exact ones are all positive"
            if smallest == "positive"
            else f"; on standardised columns the smallest exact one is {smallest}"
        )
    return message


def spent_budget(fitted: Fitted) -> list[Finding]:
    """MM404: lme4's optimizer ran out of evaluations."""
    lme4 = fitted.comparison.lme4
    if lme4 is None or lme4.status != "maxfun":
        return []
    message = f"{lme4.optimizer} ran out of evaluations after {figures.count(lme4.evaluations, 'evaluation')}"
    return [finding("MM404", message, evaluations=lme4.evaluations, optimizer=lme4.optimizer)]


def several_optima(fitted: Fitted) -> list[Finding]:
    """MM406: the search for the optimum found more than one."""
    optimum = fitted.comparison.optimum
    values = optimum.optima
    return [several_optima_at(values, optimum)] if len(values) > 1 else []


def several_optima_at(values: Sequence[float], optimum: Optimum) -> Finding:
    """MM406, of local optima with these criteria, the best first; one of them is the reference."""
    count = len(values)
    message = f"the criterion has at least {count} local optima; the best is at {values[0]:.6f}, "
    if optimum.refuted:
        message += (
            f"but {optimum.refuted[0].method} refutes it: the best that it confirms is at "
            f"{optimum.criterion:.6f}"
        )
    else:
        message += f"the next at {values[1]:.6f}"
    return finding("MM406", message, criteria=tuple(values), optima=count, reference=optimum.criterion)


def flat_direction(fitted: Fitted) -> list[Finding]:
    """MM407: the likelihood has no maximum in some direction, or the same value along it."""
    comparison = fitted.comparison
    if comparison.prepared.null or any(found.code == "MM407" for found in fitted.early):
        return []  # flat by design: MM304, MM308 or MM309 says along what; or without a maximum by design
    if comparison.optimum.runaway:
        message = (
            "the likelihood rises without end as the residual variance goes to zero: the random effects "
            "reproduce the response exactly"
        )
        return [finding("MM407", message, residual_variance_to_zero=True)]
    flat = comparison.optimum.certificate.flat_directions
    if not flat:
        return []
    covariance_names = _covariance_names(comparison)
    covariances, free = np.split(flat[0], [len(covariance_names)])
    beside = comparison.prepared.free_parameters(free)
    values = [*covariances.tolist(), *beside.values()]
    names = [*covariance_names, *beside]
    order = np.argsort(-np.abs(values))
    theta = comparison.optimum_fit.nb_theta
    if names[order[0]] == LOG_NB_THETA and theta is not None:
        message = (
            "theta of the negative binomial grows without end (it is "
            f"{figures.order(theta)} where the search stopped): the counts vary no more than a Poisson "
            "model's"
        )
        return [finding("MM407", message, theta=theta)]
    told = [i for i in order[:MOST_PARTS] if abs(values[i]) > LEAST_PART]
    said = " ".join(f"{values[i]:+.3g} {names[i]}" for i in told)
    what = "relative covariance factors" if not beside else "relative covariance factors and fixed effects"
    message = f"the likelihood does not change along the direction {said} of the {what}"
    return [finding("MM407", message, direction=said)]


def _covariance_names(comparison: Comparison) -> list[str]:
    """A name for each parameter of the optimum's face that belongs to a covariance."""
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
