"""`negative-binomial`: a variance for counts that scatter more than a Poisson lets them (MM501).

The variance is mu + mu^2 / theta. An effect of each observation (`observation_level`) is the other way to
take up the scatter; information criteria choose between the two.
"""

from __future__ import annotations

from collections.abc import Iterator

from mmtriage.ladder.case import Case
from mmtriage.ladder.records import Proposal
from mmtriage.ladder.remedies.measured import changed_model
from mmtriage.ladder.remedies.still_found import first_if_asked_for, still_found
from mmtriage.model.distributions import NEGATIVE_BINOMIAL

CAUSES = ("MM501", "MM502")  # overdispersion, zero-inflation


def propose(case: Case) -> Iterator[Proposal]:
    """Propose the same formula for `glmer.nb`, which knows the log link only."""
    is_poisson = case.options.family == "poisson" and case.options.link_name == "log"
    if not any(map(case.found, CAUSES)) or not is_poisson:
        return
    comparison = case.refit(case.formula, family=NEGATIVE_BINOMIAL)
    theta = comparison.optimum_fit.nb_theta
    left = still_found(case, comparison)
    proposal = changed_model(
        case,
        comparison,
        id="negative-binomial",
        title="Let the variance of the counts grow with their mean: negative binomial",
        changes=f"a count of mean mu has variance mu + mu^2 / {theta:.3g} instead of mu",
        caveats=(
            "effects keep their meaning; their standard errors grow to what the scatter allows",
            *left.said,
        ),
        note=f"theta {theta:.4g}",
        code=case.commands.of(family=NEGATIVE_BINOMIAL, link=None).both(case.formula.to_text()),
    )
    yield first_if_asked_for(proposal, left)
