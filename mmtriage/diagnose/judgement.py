"""The verdict on a model: lme4's fit measured against the proven optimum.

The first of these that holds is the status:

    unidentifiable   a finding says that the data cannot determine the model, whatever the optimizer
    undetermined     the optimum could not be proven, or lme4's fit lies below what was proven
    not_converged    lme4's fit is materially short of the optimum, or there is none
    wrong_se         the fit is at its optimum, but lme4's finite differences give wrong standard errors
    singular         the fit is at its optimum, which lies on the boundary of a covariance
    false_alarm      the fit is at its optimum, and lme4 warns all the same
    converged        the fit is at its optimum

What counts as material is in `verdict`.
"""

from __future__ import annotations

from collections.abc import Sequence

from mmtriage import figures
from mmtriage.diagnose.declared import STRUCTURAL
from mmtriage.diagnose.finding import Finding
from mmtriage.diagnose.verdict import (
    GAP,
    RELATIVE_GAP,
    SD_CHANGE,
    SD_GAP,
    SE_FACTOR,
    SEVERITY_OF,
    SHIFT_SE,
    Verdict,
    VerdictStatus,
    allowed_gap,
)
from mmtriage.engine.comparison import Comparison
from mmtriage.engine.estimates import largest_sd_change, largest_shift, residual_change
from mmtriage.engine.lme4.checks import SINGULAR_MESSAGE
from mmtriage.engine.lme4.outcome import NO_NUMBERS
from mmtriage.engine.optimum.certificate import DECREMENT_TOLERANCE
from mmtriage.engine.optimum.settling import SNAP

THRESHOLDS: dict[str, float] = {
    "gap": GAP,
    "relative_gap": RELATIVE_GAP,
    "max_shift_se": SHIFT_SE,
    "sd_change": SD_CHANGE,
    "sd_change_gap": SD_GAP,
    "newton_decrement": DECREMENT_TOLERANCE,
    "se_change": round(SE_FACTOR - 1.0, 9),
    "se_factor": SE_FACTOR,
    "singular_sd": SNAP,
}


def beats_optimum(comparison: Comparison) -> bool:
    """Whether lme4's fit is materially better than what was proven: then something was proven amiss."""
    return comparison.gap is not None and comparison.gap < -allowed_gap(comparison.optimum_fit.criterion)


def is_short(comparison: Comparison) -> bool:
    """Whether lme4's fit is materially short of the optimum, or there is none.

    A gap alone is not enough to tell: a long flat ridge may hide a large move of the estimates behind a small
    gap. On the other hand standard deviations near zero move by much for nothing, so theirs need some gap.
    """
    if comparison.lme4_fit is None or comparison.is_lost:
        return True
    if comparison.gap is None:  # it went for an optimum that is refuted
        return True
    optimum = comparison.optimum_fit
    return (
        comparison.gap > allowed_gap(optimum.criterion)
        or largest_shift(comparison.lme4_fit.beta, optimum) > SHIFT_SE
        or (comparison.gap > SD_GAP and largest_sd_change(comparison.lme4_fit, optimum) > SD_CHANGE)
    )


def wrong_standard_errors(comparison: Comparison) -> dict[str, float]:
    """The fixed effects whose standard errors lme4 gets wrong at the optimum: lme4's over the right one.

    Of a generalized model lme4 takes them from a finite-difference Hessian, which scale and the tolerance of
    PIRLS can spoil (lme4 issue 998). Effects without an end have none that could be right, and beside a
    reference without a Hessian of its own there is nothing to compare with.
    """
    fit, optimum = comparison.lme4_fit, comparison.optimum_fit
    if fit is None or not _can_be_wrong(comparison) or is_short(comparison):
        return {}
    endless = comparison.endless_effects()
    names = comparison.prepared.design.fixed_names
    ratios = {n: float(a / b) for n, a, b in zip(names, fit.se, optimum.se, strict=True) if n not in endless}
    return {name: ratio for name, ratio in ratios.items() if not is_close(ratio, SE_FACTOR)}


def is_close(ratio: float, factor: float) -> bool:
    """Whether two positive numbers of this ratio differ by no more than a factor; NaN is close to nothing."""
    return 1.0 / factor <= ratio <= factor


def gives_wrong_errors(comparison: Comparison) -> bool:
    """Whether standard errors are wrong that are no matter of design: lme4 took differences for them."""
    is_by_design = comparison.given is None and (comparison.lme4 is None or comparison.lme4.hessian is None)
    return not is_by_design and bool(wrong_standard_errors(comparison))


def _can_be_wrong(comparison: Comparison) -> bool:
    """Whether the fit has standard errors, and they need not be right at the optimum: lmer's are exact."""
    if comparison.given is not None:
        return comparison.given.has_se and comparison.optimum_fit.se_method != "conditional"
    return comparison.optimum_fit.se_method == "hessian"


def is_alarmed(comparison: Comparison) -> bool:
    """Whether lme4, or whoever made the fit, warns of it, though that is where it should be."""
    lme4, given = comparison.lme4, comparison.given
    if given is not None:
        return given.converged is False or bool(
            given.alarms or (given.boundary and not comparison.is_singular)
        )
    if lme4 is None:
        return False
    is_falsely_singular = SINGULAR_MESSAGE in lme4.lme4_messages and not comparison.is_singular
    return bool(lme4.check.codes) or lme4.code != 0 or is_falsely_singular


def is_structural(found: Finding) -> bool:
    """Whether a finding says that the data cannot determine the model.

    A slope that hardly varies within groups is a warning, and becomes an error where it leaves a parameter
    without information: only then it is a matter of structure.
    """
    return found.code in STRUCTURAL and found.severity == "error"


def status_of(comparison: Comparison, findings: Sequence[Finding]) -> VerdictStatus:
    """The status of a fitted model; `findings` are those of its structure."""
    if any(map(is_structural, findings)):
        return "unidentifiable"
    if not comparison.optimum.certificate.certified or beats_optimum(comparison):
        return "undetermined"
    if is_short(comparison):
        return "not_converged"
    if gives_wrong_errors(comparison):
        return "wrong_se"
    if comparison.is_singular:
        return "singular"
    return "false_alarm" if is_alarmed(comparison) else "converged"


def judge(comparison: Comparison, findings: Sequence[Finding]) -> Verdict:
    """The verdict on a fitted model; its codes are filled in once causes are known."""
    status = status_of(comparison, findings)
    shift = (
        None
        if comparison.lme4_fit is None or comparison.is_lost
        else largest_shift(comparison.lme4_fit.beta, comparison.optimum_fit)
    )
    return Verdict(
        status=status,
        severity=SEVERITY_OF[status],
        codes=(),
        message=_message(status, comparison, shift),
        gap=None if beats_optimum(comparison) else comparison.gap,
        max_shift_se=shift,
        thresholds=THRESHOLDS,
    )


def refused(findings: Sequence[Finding]) -> Verdict:
    """The verdict on a model that lme4 would not fit, or whose likelihood could not be evaluated."""
    is_structural_reason = findings[0].code in STRUCTURAL
    status: VerdictStatus = "unidentifiable" if is_structural_reason else "undetermined"
    lead = {
        "undetermined": "No optimum was found, and nothing can be said with confidence",
        "unidentifiable": "The data cannot determine this model, whatever the optimizer",
    }[status]
    return Verdict(
        status=status,
        severity=SEVERITY_OF[status],
        codes=tuple(f.code for f in findings),
        message=f"{lead}: {findings[0].message}.",
        gap=None,
        max_shift_se=None,
        thresholds=THRESHOLDS,
    )


def _message(status: VerdictStatus, comparison: Comparison, shift: float | None) -> str:
    gap = comparison.gap
    match status:
        case "undetermined":
            reason = comparison.optimum.certificate.reason
            if beats_optimum(comparison):
                reason = f"{comparison.whose_fit} has a lower criterion than the point that was proven"
            return f"The optimum could not be certified ({reason}); nothing can be said with confidence."
        case "unidentifiable":
            return "The data cannot determine some parameter of this model, whatever the optimizer."
        case "not_converged" if comparison.lme4_fit is not None and gap is None:
            return (
                "The fit went for an optimum that only the Laplace approximation has: "
                f"{comparison.optimum.refuted[0].method} refutes it."
            )
        case "not_converged" if gap is None:
            error = comparison.lme4_error
            return f"lme4's fit stops with an error ({error}), though the model has a proven optimum."
        case "not_converged":
            short = figures.gap(gap, comparison.optimum_fit.criterion, digits=4)
            how_far = _distance(comparison, shift)
            if comparison.prior is not None:
                return f"The fit lies {short} deviance units above the optimum without its prior: {how_far}."
            return f"The fit stopped {short} deviance units short of the proven optimum: {how_far}."
        case "wrong_se":
            return (
                f"{_at_optimum(comparison)}, but standard errors that {_maker(comparison)} prints there are "
                "wrong, and with them tests."
            )
        case "singular":
            return (
                "The fit is at its optimum, and the optimum is singular: a random-effects covariance lies on "
                "its boundary. The optimizer is not to blame."
            )
        case "false_alarm":
            whose = figures.possessive(_maker(comparison))
            return f"{_at_optimum(comparison)}; {whose} warning is a false alarm."
        case "converged":
            return f"{_at_optimum(comparison)}."


def _maker(comparison: Comparison) -> str:
    """Who made the fit."""
    return "lme4" if comparison.given is None else comparison.given.software


def _at_optimum(comparison: Comparison) -> str:
    gap = figures.gap(comparison.gap, comparison.optimum_fit.criterion, digits=2)
    return f"The fit is at its proven optimum (gap {gap} deviance units)"


def _distance(comparison: Comparison, shift: float | None) -> str:
    """How far the estimates are from the optimum's: the most telling of coefficients, their SEs and SDs."""
    fit, optimum = comparison.lme4_fit, comparison.optimum_fit
    if fit is None or shift is None:
        return NO_NUMBERS if comparison.is_lost else "there are no estimates to compare"
    if shift > SHIFT_SE:
        return f"a fixed effect lies {shift:.2g} SE away"
    ratio = fit.se / optimum.se
    worst = float(max(ratio.max(initial=1.0), (1.0 / ratio).max(initial=1.0)))
    if worst > 1.0 + SHIFT_SE:
        return f"the coefficients hardly move, but a standard error is wrong by a factor of {worst:.2g}"
    change = largest_sd_change(fit, optimum)
    if change > SHIFT_SE:
        which = "the residual" if residual_change(fit, optimum) == change else "a random-effect"
        return f"the coefficients hardly move, but {which} SD is wrong by {change:.0%}"
    return f"the estimates hardly move (fixed effects by at most {figures.shift(shift)} SE)"
