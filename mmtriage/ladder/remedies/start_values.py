"""`start`: the same model from where its optimum is, where PIRLS fails from lme4's own start (MM408).

glmer's first stage (nAGQ0initStep) knows nothing of the optimum, and with a link that can leave the range of
the mean it may stop before the second stage begins. Started at the proven optimum, and without that stage,
the search has nothing to cross.
"""

from __future__ import annotations

import time
from collections.abc import Iterator

from mmtriage.engine.lme4.outcome import Lme4Failure
from mmtriage.ladder.attempts import reaches_optimum, reaches_singular_optimum, same_model_attempt
from mmtriage.ladder.case import Case
from mmtriage.ladder.records import Proposal
from mmtriage.ladder.remedies.measured import same_model_remedy

TITLE = "Start where the optimum is, without glmer's first stage"


def propose(case: Case) -> Iterator[Proposal]:
    """Propose start values where lme4 has no fit and the optimum is proven."""
    comparison, spec = case.comparison, case.design.spec
    has_fit = comparison.lme4 is not None or not spec.optimizes_beta or spec.r_function != "glmer"
    if has_fit or comparison.prepared.null or not comparison.optimum.certificate.certified:
        return
    fit, formula = comparison.optimum_fit, case.formula.to_text()
    began = time.perf_counter()
    run = case.bench.run_from(comparison.prepared, fit)
    if isinstance(run, Lme4Failure):  # R stops from there too
        return
    attempt = same_model_attempt(case, TITLE, run, time.perf_counter() - began)
    clears = reaches_optimum(case, attempt)
    if not clears and not reaches_singular_optimum(case, attempt):
        return
    remedy = same_model_remedy(
        case,
        attempt,
        id="start",
        clears=clears,
        rung=5,
        title=TITLE,
        code=case.commands.in_r(formula, start=fit.theta, beta=fit.beta),
        changes="nothing: the same model, with start values",
        caveats=("from its own start R stops; these values are the optimum's",),
    )
    yield Proposal(remedy=remedy, attempt=attempt)
