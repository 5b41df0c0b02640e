"""Whether the scatter (MM501) or the zeros (MM502) that a remedy is for are still there in its model."""

from __future__ import annotations

from dataclasses import dataclass, replace

from mmtriage.engine.comparison import Comparison
from mmtriage.ladder.case import Case
from mmtriage.ladder.rank import FIRST, NO_SUPPORT
from mmtriage.ladder.records import Proposal

OF_ZEROS = "a zero-inflated model is made for them (glmmTMB, ziformula = ~1)"


@dataclass(frozen=True, slots=True)
class StillFound:
    """What a fitted remedy leaves of MM501 and MM502."""

    said: tuple[str, ...]  # a sentence each
    is_scatter_gone: bool  # MM501, that was there


def still_found(case: Case, comparison: Comparison) -> StillFound:
    """Look for both again, where they were found."""
    after = _ratio(comparison) if case.found("MM501") else None
    zeros = _zeros(case, comparison) if case.found("MM502") else []
    if after is None:
        return StillFound(tuple(zeros), is_scatter_gone=False)
    from mmtriage.diagnose.dispersion import MATERIAL  # here, and below: linear models start sooner

    before, is_gone = case.found("MM501")[0].evidence["ratio"], after < MATERIAL
    verdict = "is gone" if is_gone else "stays"
    scatter = f"MM501 {verdict}: Pearson chi-square / df is {after:.3g}, and was {before:.3g}"
    return StillFound((scatter, *zeros), is_scatter_gone=is_gone)


def first_if_asked_for(proposal: Proposal, left: StillFound) -> Proposal:
    """The proposal, before what only simplifies where it takes up the scatter and the data ask for it.

    Standard errors and tests of a model that scatters too much are wrong, however few its random effects are.
    """
    gained = proposal.remedy.delta_aic
    if not left.is_scatter_gone or gained is None or gained >= -NO_SUPPORT:
        return proposal
    return replace(proposal, remedy=replace(proposal.remedy, order=FIRST))


def _ratio(comparison: Comparison) -> float | None:
    """How many times as much the data scatter as a fitted model allows; None where that cannot be said."""
    from mmtriage.diagnose.dispersion import pearson

    fit = comparison.optimum_fit
    scatter = None if fit.mu is None else pearson(comparison.prepared.design, fit, fit.mu)
    return None if scatter is None else scatter.ratio


def _zeros(case: Case, comparison: Comparison) -> list[str]:
    from mmtriage.diagnose.zeros import simulated_zeros, zero_inflation

    design = comparison.prepared.design
    observed = int((design.y == 0).sum())
    simulated = simulated_zeros(design, comparison.optimum_fit, seed=case.options.seed)
    expected = float(simulated.mean())
    if zero_inflation(observed, simulated) is None:
        return [f"MM502 is gone: {observed:,} zeros, where it makes {expected:.4g}"]
    return [f"MM502 stays: {observed:,} zeros, where it makes {expected:.4g}; {OF_ZEROS}"]
