"""Whose fixed effects stand beside each other, in a real triage."""

from __future__ import annotations

from functools import cache

import pytest

import mmtriage
from mmtriage.plotted.compute import PRESENT
from mmtriage.report.document import report_document
from mmtriage.report.facts import Report
from tests.triaged import SAMPLES


@cache
def report(name: str, formula: str) -> Report:
    return mmtriage.triage(SAMPLES / name, formula, plots=True)


def year() -> Report:
    return report("sleepstudy_year.csv", "Reaction ~ Year + (Year | Subject)")


def dyestuff2() -> Report:
    return report("Dyestuff2.csv", "Yield ~ 1 + (1 | Batch)")


def test_lme4s_fit_and_the_optimum_come_first() -> None:
    plotted = year().plot_data
    assert plotted is not None
    assert [fit.kind for fit in plotted.effects] == ["lme4", "optimum"]
    for fit, facts in zip(plotted.effects, (year().baseline, year().reference), strict=True):
        assert facts is not None
        assert fit.names == tuple(effect.name for effect in facts.fixed_effects)
        assert fit.ses == pytest.approx([effect.se for effect in facts.fixed_effects])


def test_a_remedy_of_the_same_model_leads_to_the_optimum() -> None:
    plotted = year().plot_data
    assert plotted is not None
    assert plotted.effects[1].also == ("1. Centre and scale Year",)
    assert plotted.levels_of == PRESENT


def test_another_model_has_its_own_effects() -> None:
    plotted = dyestuff2().plot_data
    assert plotted is not None
    assert [fit.label[:2] for fit in plotted.effects if fit.kind == "remedy"] == ["1.", "3."]
    prior = plotted.effects[-1]
    assert prior.estimates == pytest.approx([5.6656])
    assert prior.ses[0] > plotted.effects[1].ses[0]


def test_a_recommended_model_without_random_effects_has_none_to_plot() -> None:
    plotted = dyestuff2().plot_data
    assert plotted is not None
    assert plotted.levels == ()
    assert plotted.notes[-1].endswith("so plain lm) has no random effects to plot")


def test_without_plots_nothing_is_computed() -> None:
    found = mmtriage.triage(SAMPLES / "Dyestuff.csv", "Yield ~ 1 + (1 | Batch)")
    assert found.plot_data is None
    assert "plots" not in found.timing


def test_curves_are_not_in_the_json() -> None:
    assert "plot_data" not in report_document(dyestuff2())
