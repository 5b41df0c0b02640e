"""What rung 5 tries where a fit is at its optimum and its standard errors are wrong (MM410).

    rx-errors     summary(m, use.hessian = FALSE): from the factor RX of the fixed effects, without a refit
    tight-pirls   glmerControl(tolPwrss = 1e-9): a refit whose inner iteration is exact enough for differences
    by-lme4       the same model by lme4, where another program has fitted it

All keep the model. The first takes the covariances of the random effects as known, and the second may stop
with an error: each is offered only where every standard error that R then prints was seen to be right.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

import numpy as np

from mmtriage import figures
from mmtriage.arrays import Array
from mmtriage.diagnose.judgement import is_close, wrong_standard_errors
from mmtriage.diagnose.standard_errors import factor_of, in_order
from mmtriage.diagnose.verdict import SE_FACTOR
from mmtriage.engine.lme4.outcome import Lme4Failure, Lme4Run
from mmtriage.ladder.attempts import attempted, is_alarm, reaches_optimum, same_model_attempt
from mmtriage.ladder.case import Case
from mmtriage.ladder.printed_errors import printed_covariance, rx_covariance, worst_ratio
from mmtriage.ladder.records import Attempt, Remedy, RungStatus
from mmtriage.ladder.remedies.measured import same_model_remedy

TIGHT = 1e-9  # tolPwrss, a hundredth of lme4's: noise of the differences falls by as much (lme4 issue 998)
FROM_RX = "standard errors from RX"
BY_LME4 = "fit by lme4"
REFIT = f"refit with tolPwrss = {figures.tidy(TIGHT)}"
RIGHT = {  # label of an attempt -> what it has shown
    FROM_RX: "the standard errors from RX are right",
    REFIT: f"those of a {REFIT} are right",
    BY_LME4: "the standard errors of a fit by lme4 are right",
}
DO_NOT = (
    'R then warns that these differ from those of the finite-difference Hessian and says "consider '
    "'use.hessian=TRUE'\": do not, these are the right ones"
)

# What a rung comes to: its attempts and remedies, its status and the reason.
Outcome = tuple[tuple[Attempt, ...], tuple[Remedy, ...], RungStatus, str]


def right_errors(case: Case) -> Outcome:
    """Make the two attempts, and a remedy of each that has the right standard errors."""
    run = case.comparison.lme4
    assert run is not None  # its standard errors are what is wrong
    if _is_glmers(case):
        tried = [(*_from_rx(case, run), _rx_remedy), (*_refitted(case, REFIT, TIGHT), _tight_remedy)]
    else:
        tried = [(*_refitted(case, BY_LME4), _lme4_remedy)]
    attempts = tuple(attempt for attempt, _, _ in tried)
    remedies = tuple(
        make(case, attempt, end) for attempt, end, make in tried if end is not None and _is_right(attempt)
    )
    status, reason = _status(case, attempts)
    return attempts, remedies, status, reason


def _from_rx(case: Case, run: Lme4Run) -> tuple[Attempt, Lme4Run]:
    """lme4's fit as it is, with its other standard errors."""
    attempt = same_model_attempt(case, FROM_RX, replace(run, criterion=case.before), 0.0)
    ratio = worst_ratio(case.comparison, run, from_rx=True)
    return replace(attempt, evaluations=0, se_ratio=ratio, note=_worst(ratio)), run


def _is_glmers(case: Case) -> bool:
    """Whether the fit is one of glmer's that has standard errors by differences."""
    given = case.comparison.given
    return case.design.spec.optimizes_beta and (given is None or given.software == "lme4")


def _refitted(case: Case, label: str, tolerance: float | None = None) -> tuple[Attempt, Lme4Run | None]:
    """The same model by lme4, perhaps with an inner iteration that goes on for longer."""
    attempt, run = attempted(case, label, tolerance=tolerance)
    if isinstance(run, Lme4Failure):
        return attempt, None
    return replace(attempt, note=_worst(attempt.se_ratio)), run


def _worst(ratio: float | None) -> str | None:
    if ratio is None:
        return None
    if is_close(ratio, SE_FACTOR):
        return f"all standard errors within a factor of {SE_FACTOR} of the right ones"
    return f"a standard error is {factor_of(ratio)}"


def _is_right(attempt: Attempt) -> bool:
    """Whether an attempt is at the optimum with right standard errors, be the optimum singular or not."""
    is_right = attempt.se_ratio is not None and is_close(attempt.se_ratio, SE_FACTOR)
    return bool(attempt.certified) and is_right


def _status(case: Case, attempts: Sequence[Attempt]) -> tuple[RungStatus, str]:
    right = [attempt for attempt in attempts if _is_right(attempt)]
    failed = [f"the {a.label} stops with an error ({a.note})" for a in attempts if a.criterion is None]
    if not right:
        return "no_effect", "; ".join(["no attempt has right standard errors", *failed])
    said = "; ".join([*(RIGHT[attempt.label] for attempt in right), *failed])
    if any(reaches_optimum(case, attempt) for attempt in right):
        return "cleared", said
    return "improved", f"{said}; the optimum is singular"


def _rx_remedy(case: Case, attempt: Attempt, run: Lme4Run) -> Remedy:
    remains = [said.splitlines()[0] for said in run.lme4_messages if is_alarm(said)]
    is_given = case.comparison.given is not None
    caveats = [DO_NOT] if is_given or run.covariance_of_beta is not None else []
    if remains:
        caveats.append(f"nothing is fitted again, so what lme4 has said remains: {'; '.join(remains)}")
    measured = _measured(case, rx_covariance(case.comparison, run), run)
    remedy = same_model_remedy(
        case,
        replace(attempt, lme4_messages=()),
        clears=reaches_optimum(case, attempt),
        id="rx-errors",
        rung=5,
        title="Take the standard errors from the fit's own equations: nothing is fitted again",
        code=case.commands.summarized(),
        changes=f"standard errors, z and p, and nothing else: {measured}",
        caveats=caveats,
    )
    return replace(remedy, messages=tuple(run.lme4_messages))


def _tight_remedy(case: Case, attempt: Attempt, run: Lme4Run) -> Remedy:
    measured = _measured(case, printed_covariance(case.comparison, run, None), run)
    return same_model_remedy(
        case,
        attempt,
        clears=reaches_optimum(case, attempt),
        id="tight-pirls",
        rung=5,
        title="Tighten the inner iteration: the same model, fitted again",
        code=case.commands.in_r(case.formula.to_text(), tolerance=TIGHT),
        changes=f"nothing but standard errors, z and p: {measured}",
    )


def _lme4_remedy(case: Case, attempt: Attempt, run: Lme4Run) -> Remedy:
    measured = _measured(case, printed_covariance(case.comparison, run), run)
    return same_model_remedy(
        case,
        attempt,
        clears=reaches_optimum(case, attempt),
        id="by-lme4",
        rung=5,
        title="Take the standard errors of lme4: the same model, fitted there",
        code=case.commands.both(case.formula.to_text()),
        changes=f"nothing but standard errors and what is made of them: {measured}",
    )


def _measured(case: Case, covariance: Array, run: Lme4Run) -> str:
    """The coefficient whose standard error was worst, before and after."""
    now = case.comparison.lme4_fit
    assert now is not None
    given, letter = case.comparison.given, case.design.spec.statistic
    name = in_order(wrong_standard_errors(case.comparison))[0]
    j = case.design.fixed_names.index(name)
    beta = float(case.comparison.prepared.fit_of(run).beta[j])
    after = _cells(beta, float(np.sqrt(covariance[j, j])), letter)
    before = _cells(float(now.beta[j]), float(now.se[j]), letter)
    who = "lme4" if given is None else given.software
    return f"`{name}` {figures.three(beta)}, {after} ({who} now: {before})"


def _cells(beta: float, se: float, letter: str) -> str:
    """A standard error with the statistic that it makes."""
    return f"SE {figures.three(se)}, {letter} {figures.three(beta / se)}"
