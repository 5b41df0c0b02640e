"""`fixed-prior`: a weak prior where a fixed effect has no finite estimate (MM203), or an implausible one.

No optimizer and no smaller random-effects structure helps. A weak prior does: it stands for the knowledge
that no effect is infinite (Gelman et al. 2008, Annals of Applied Statistics 2(4)). It is another estimate,
which depends on the prior, so it is advice and not measured against the likelihood.
"""

from __future__ import annotations

from collections.abc import Iterator

from mmtriage.ladder.against_present import NO_MAXIMUM as NO_MODE
from mmtriage.ladder.against_present import not_compared
from mmtriage.ladder.case import SEPARATION, Case
from mmtriage.ladder.records import Proposal
from mmtriage.ladder.remedies.measured import compared

EXTREME = "MM205"  # extreme-coefficient


def propose(case: Case) -> Iterator[Proposal]:
    """Propose a normal prior where fixed effects are separated, or nearly so (MM205)."""
    is_extreme = bool(case.found(EXTREME)) and not (case.is_separated or case.is_misweighted)
    by_groups = bool(case.found(SEPARATION)) and not case.is_separated  # the variance is what has no end
    if by_groups or not (case.is_separated or is_extreme):
        return
    formula = case.formula.to_text()
    remedy = compared(
        not_compared(NO_MODE),
        id="fixed-prior",
        rung=2,
        title="Put a weak normal prior on the fixed effects",
        scope="advice",
        formula=formula,
        code=case.commands.in_r(formula, kind="fixed prior"),
        changes=(
            "effects stay within what is plausible; how large the extreme ones are, the prior decides"
            if is_extreme
            else "every fixed effect becomes finite; how large the separated ones are, the prior decides"
        ),
        caveats=(
            "say that a prior was used, and of which scale; predictors must be on scales that suit it",
            "lme4's checks, made for likelihoods, may object to the gradient or call the fit singular",
            "to test a separated effect use a likelihood ratio: it is finite, a Wald test is meaningless",
        ),
    )
    yield Proposal(remedy=remedy, attempt=None)
