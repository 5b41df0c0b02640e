"""Fixed effects of lme4's fit, at the optimum and after each remedy."""

from __future__ import annotations

from collections.abc import Sequence

from mmtriage.engine.comparison import Comparison
from mmtriage.engine.estimates import Fit
from mmtriage.ladder.case import Refit
from mmtriage.ladder.records import Remedy
from mmtriage.model.design import Design
from mmtriage.plotted.plot_data import EffectKind, EffectSet

PROVEN, UNPROVEN = "The proven optimum", "The best point found, not certified"
MOST_REMEDIES = 6  # the best ranked


def effect_sets(
    comparison: Comparison, remedies: Sequence[tuple[Remedy, Refit | None]]
) -> tuple[EffectSet, ...]:
    """lme4's fit if there is one, the optimum, and remedied models with an effect in common.

    A remedy that leaves the model as it is leads to the optimum. One with another link has its effects on
    another scale.
    """
    design = comparison.prepared.design
    if not design.fixed_names:
        return ()
    same = tuple(_label(remedy) for remedy, _ in remedies if remedy.scope == "same_model")
    label = PROVEN if comparison.optimum.certificate.certified else UNPROVEN
    sets = [_effect_set("optimum", label, design, comparison.optimum_fit, same)]
    if comparison.lme4_fit is not None and not comparison.is_lost:
        sets.insert(0, _effect_set("lme4", "lme4's fit", design, comparison.lme4_fit))
    sets += [
        _effect_set("remedy", _label(remedy), refit.prepared.design, refit.fit)
        for remedy, refit in remedies
        if remedy.scope != "same_model" and refit is not None and _is_comparable(design, refit)
    ][:MOST_REMEDIES]
    return tuple(sets)


def _label(remedy: Remedy) -> str:
    return f"{remedy.rank}. {remedy.title}"


def _is_comparable(design: Design, refit: Refit) -> bool:
    other = refit.prepared.design
    return other.spec.link == design.spec.link and bool(set(other.fixed_names) & set(design.fixed_names))


def _effect_set(
    kind: EffectKind, label: str, design: Design, fit: Fit, also: tuple[str, ...] = ()
) -> EffectSet:
    return EffectSet(
        kind=kind,
        label=label,
        also=also,
        names=design.fixed_names,
        estimates=tuple(float(b) for b in fit.beta),
        ses=tuple(float(se) for se in fit.se),
    )
