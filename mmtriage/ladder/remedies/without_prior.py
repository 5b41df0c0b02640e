"""`without-prior`: a fit that is under a prior (blme), made again by lme4 without it.

The prior holds its estimates away from the optimum of the likelihood, by design and maybe for good reason.
No optimizer is to blame then: whoever wants that optimum leaves the prior out, and changes nothing else.
"""

from __future__ import annotations

from collections.abc import Iterator

from mmtriage.ladder.attempts import attempted, reaches_optimum, reaches_singular_optimum
from mmtriage.ladder.case import Case
from mmtriage.ladder.rank import FIRST
from mmtriage.ladder.records import Proposal
from mmtriage.ladder.remedies.measured import same_model_remedy


def propose(case: Case) -> Iterator[Proposal]:
    """Fit the model by lme4's default, and offer it where that reaches the optimum."""
    prior = case.comparison.prior
    if prior is None or case.verdict.status != "not_converged":
        return
    attempt, _ = attempted(case, f"without the prior ({prior})")
    clears = reaches_optimum(case, attempt)
    if not clears and not reaches_singular_optimum(case, attempt):
        return
    remedy = same_model_remedy(
        case,
        attempt,
        id="without-prior",
        clears=clears,
        rung=5,
        title=f"Leave the prior ({prior}) out, and fit by lme4",
        code=case.commands.both(case.formula.to_text()),
        changes="the prior, and nothing else: these are the estimates that maximise the likelihood alone",
        caveats=["the prior may be meant: then keep it, and report it as part of the method"],
        order=FIRST,
    )
    yield Proposal(remedy=remedy, attempt=attempt)
