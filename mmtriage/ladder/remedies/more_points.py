"""`quadrature`: `nAGQ` of 9, or 25, where the Laplace approximation is materially off (MM503)."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace

import numpy as np

from mmtriage.diagnose.laplace_bias import why_not_assessed
from mmtriage.diagnose.verdict import SHIFT_SE
from mmtriage.engine.comparison import Comparison
from mmtriage.engine.estimates import largest_sd_change, largest_shift
from mmtriage.ladder.case import Case
from mmtriage.ladder.rank import FIRST
from mmtriage.ladder.records import Proposal
from mmtriage.ladder.remedies.measured import arriving, changed_model

CAUSE = "MM503"  # laplace-bias
EXTREME = "MM205"  # extreme-coefficient

POINTS = (9, 25)  # more than 25 change nothing that matters (lme4's ?glmer)
SAME_SD = 0.01  # relative change of a standard deviation that is the same for all purposes


def propose(case: Case) -> Iterator[Proposal]:
    """Propose the fewest points after which more change nothing, if their own optimum is proven."""
    # an effect without a finite estimate, or nearly so, is no more finite by quadrature
    has_no_use = case.found(EXTREME) or case.is_separated
    if not case.found(CAUSE) or has_no_use or why_not_assessed(case.design) is not None:
        return
    few, many = (case.refit(case.formula, nagq=n) for n in POINTS)
    chosen = few if _agree(few, many) else many
    if chosen.optimum.certificate.certified:
        proposal = _measured(case, chosen)
        if case.comparison.optimum.refuted:  # it settles which optimum is one
            proposal = replace(proposal, remedy=replace(proposal.remedy, order=FIRST))
        yield proposal


def _agree(few: Comparison, many: Comparison) -> bool:
    one, two = few.optimum_fit, many.optimum_fit
    return largest_shift(one.beta, two) <= SHIFT_SE and largest_sd_change(one, two) <= SAME_SD


def _measured(case: Case, comparison: Comparison) -> Proposal:
    points = comparison.prepared.design.spec.nagq
    (before,), (after,) = (
        np.sqrt(np.diag(fit.covariances[0])) for fit in (case.comparison.optimum_fit, comparison.optimum_fit)
    )
    moves = f"the groups' SD goes from {before:.4g} to {after:.4g}"
    if abs(after - before) <= SAME_SD * max(after, before):
        moves = f"the groups' SD stays at {after:.4g}"
    return changed_model(
        case,
        comparison,
        id="quadrature",
        title=f"Integrate with {points} quadrature points",
        scope="same_model",
        changes=f"how well the likelihood is computed: {moves}",
        caveats=("compare its likelihood only with models fitted with as many points",),
        note=f"nAGQ = {points}",
        code=arriving(case.commands.of(nagq=points), comparison).both(case.formula.to_text()),
    )
