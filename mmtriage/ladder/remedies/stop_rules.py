"""`tight-stop`: the same optimizer with tighter stop rules, lme4's own first advice (?convergence).

nloptwrap stops where a step changes theta by less than 1e-4 of it, a rule of nloptr's that nobody asked for:
near enough for the criterion, and not for a gradient that is compared with 0.002. With rules of 1e-12 it goes
on until rounding ends it: within a few hundred evaluations where it arrives. Where it does not, as along a
narrow valley, it may go on for tens of thousands of them, and is left after MANY.
Stop rules are what an optimizer asks of itself; the checks stay as they are.
"""

from __future__ import annotations

from collections.abc import Iterator

from mmtriage.ladder.attempts import attempted, reaches_optimum, reaches_singular_optimum
from mmtriage.ladder.case import Case
from mmtriage.ladder.rank import FIRST
from mmtriage.ladder.records import Proposal
from mmtriage.ladder.remedies.measured import same_model_remedy
from mmtriage.optimizers import DEFAULT, TIGHTENED

LABEL = "stop rules of 1e-12"
MANY = 5_000  # evaluations


def propose(case: Case) -> Iterator[Proposal]:
    """Tighten the rules where lme4's default stops by them, and see whether that cures the verdict."""
    is_default = case.options.stages == (DEFAULT,) and case.options.maxfun is None
    is_short_or_alarmed = case.verdict.status in ("false_alarm", "not_converged")
    comparison = case.comparison
    if not is_default or not is_short_or_alarmed or comparison.lme4 is None or comparison.given is not None:
        return
    attempt, _ = attempted(case, LABEL, optimizers=[TIGHTENED], maxfun=MANY)
    clears = reaches_optimum(case, attempt)
    if not clears and not reaches_singular_optimum(case, attempt):
        return
    formula = case.formula.to_text()
    remedy = same_model_remedy(
        case,
        attempt,
        id="tight-stop",
        clears=clears,
        rung=5,
        title="Tighten the optimizer's stop rules",
        code=case.commands.in_r(formula, kind="tight"),
        changes="nothing: the same model by the same optimizer, which stops later",
        # Before every other repair: it leaves the user's columns and optimizer alone.
        order=FIRST if case.verdict.status == "false_alarm" else None,
    )
    yield Proposal(remedy=remedy, attempt=attempt)
