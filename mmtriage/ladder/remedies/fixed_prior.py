"""`fixed-prior`: a weak prior where a fixed effect has no finite maximum likelihood estimate (MM203).

No optimizer and no smaller random-effects structure helps. A weak prior does: it stands for the knowledge
that no effect is infinite (Gelman et al. 2008, Annals of Applied Statistics 2(4)). It is another estimate,
which depends on the prior, so it is advice and not measured against the likelihood.
"""

from __future__ import annotations

from collections.abc import Iterator

from mmtriage.ladder.against_present import NO_MAXIMUM, not_compared
from mmtriage.ladder.case import Case
from mmtriage.ladder.records import Proposal
from mmtriage.ladder.remedies.measured import compared


def propose(case: Case) -> Iterator[Proposal]:
    """Propose a normal prior where fixed effects are separated."""
    if not case.is_separated:
        return
    formula = case.formula.to_text()
    remedy = compared(
        not_compared(NO_MAXIMUM),
        id="fixed-prior",
        rung=2,
        title="Put a weak normal prior on the fixed effects",
        scope="advice",
        formula=formula,
        code=case.commands.in_r(formula, kind="fixed prior"),
        changes="every fixed effect becomes finite; how large the separated ones are, the prior decides",
        caveats=(
            "say that a prior was used, and of which scale; predictors must be on scales that suit it",
            "to test a separated effect use a likelihood ratio: it is finite, a Wald test is meaningless",
        ),
    )
    yield Proposal(remedy=remedy, attempt=None)
