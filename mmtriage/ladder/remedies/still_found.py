"""Whether the scatter (MM501) or the zeros (MM502) that a remedy is for are still there in its model."""

from __future__ import annotations

from dataclasses import replace

from mmtriage.engine.comparison import Comparison
from mmtriage.ladder.case import Case
from mmtriage.ladder.rank import FIRST, NO_SUPPORT
from mmtriage.ladder.records import Proposal

OF_ZEROS = "a zero-inflated model is made for them (glmmTMB, ziformula = ~1)"


def still_found(case: Case, comparison: Comparison) -> tuple[str, ...]:
    """What a fitted remedy leaves of MM501 and MM502, a sentence each."""
    said = [*(_scatter(case, comparison) if case.found("MM501") else [])]
    return (*said, *(_zeros(case, comparison) if case.found("MM502") else []))


def first_of_causes(case: Case, comparison: Comparison, proposal: Proposal) -> Proposal:
    """The proposal, before what only simplifies where it takes up the scatter and the data ask for it.

    Standard errors and tests of a model that scatters too much are wrong, however few its random effects are.
    """
    from mmtriage.diagnose.dispersion import MATERIAL  # here, and below: linear models start sooner

    gained, after = proposal.remedy.delta_aic, _ratio(comparison)
    is_asked_for = bool(case.found("MM501")) and gained is not None and gained < -NO_SUPPORT
    if not is_asked_for or after is None or after >= MATERIAL:
        return proposal
    return replace(proposal, remedy=replace(proposal.remedy, order=FIRST))


def _scatter(case: Case, comparison: Comparison) -> list[str]:
    from mmtriage.diagnose.dispersion import MATERIAL

    after = _ratio(comparison)
    if after is None:
        return []
    before = case.found("MM501")[0].evidence["ratio"]
    verdict = "is gone" if after < MATERIAL else "stays"
    return [f"MM501 {verdict}: Pearson chi-square / df is {after:.3g}, and was {before:.3g}"]


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
