"""`poisson`: what a negative binomial is where its theta grows without end."""

from __future__ import annotations

from collections.abc import Iterator

from mmtriage.ladder.case import Case
from mmtriage.ladder.records import Proposal
from mmtriage.ladder.remedies.measured import changed_model

NO_SURPLUS = 1e4  # theta of a negative binomial from which no data could tell it from infinity


def propose(case: Case) -> Iterator[Proposal]:
    """Leave out the parameter for which the data have no use."""
    if (case.comparison.optimum_fit.nb_theta or 0.0) > NO_SURPLUS:
        yield changed_model(
            case,
            case.refit(case.formula, family="poisson"),
            id="poisson",
            title="Leave out the dispersion: Poisson",
            changes="the limit of the present model: a variance of mu instead of mu + mu^2 / theta",
            caveats=("the scatter of the data is no larger than this model allows",),
            code=case.commands.of(family="poisson").both(case.formula.to_text()),
        )
