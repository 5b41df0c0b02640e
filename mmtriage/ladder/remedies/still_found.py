"""Whether the scatter (MM501) or the zeros (MM502) that a remedy is for are still there in its model."""

from __future__ import annotations

from mmtriage.engine.comparison import Comparison
from mmtriage.ladder.case import Case

OF_ZEROS = "a zero-inflated model is made for them (glmmTMB, ziformula = ~1)"


def still_found(case: Case, comparison: Comparison) -> tuple[str, ...]:
    """What a fitted remedy leaves of MM501 and MM502, a sentence each."""
    said = [*(_scatter(case, comparison) if case.found("MM501") else [])]
    return (*said, *(_zeros(case, comparison) if case.found("MM502") else []))


def _scatter(case: Case, comparison: Comparison) -> list[str]:
    from mmtriage.diagnose.dispersion import MATERIAL, pearson  # here, and below: linear models start sooner

    fit = comparison.optimum_fit
    after = None if fit.mu is None else pearson(comparison.prepared.design, fit, fit.mu)
    if after is None:
        return []
    before = case.found("MM501")[0].evidence["ratio"]
    verdict = "is gone" if after.ratio < MATERIAL else "stays"
    return [f"MM501 {verdict}: Pearson chi-square / df is {after.ratio:.3g}, and was {before:.3g}"]


def _zeros(case: Case, comparison: Comparison) -> list[str]:
    from mmtriage.diagnose.zeros import simulated_zeros, zero_inflation

    design = comparison.prepared.design
    observed = int((design.y == 0).sum())
    simulated = simulated_zeros(design, comparison.optimum_fit, seed=case.options.seed)
    expected = float(simulated.mean())
    if zero_inflation(observed, simulated) is None:
        return [f"MM502 is gone: {observed:,} zeros, where it makes {expected:.4g}"]
    return [f"MM502 stays: {observed:,} zeros, where it makes {expected:.4g}; {OF_ZEROS}"]
