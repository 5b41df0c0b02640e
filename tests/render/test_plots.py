"""Plots are SVG that says what it shows, loads nothing, and can stand beside others."""

from __future__ import annotations

import itertools
import re
from dataclasses import replace
from functools import cache
from xml.etree import ElementTree

import pytest

from mmtriage.deadline import TimeBudgetError
from mmtriage.ladder.records import Attempt
from mmtriage.render import htmldoc, plots
from mmtriage.render.plots import endings, ink, plots_in_time, plots_of
from mmtriage.render.settings import Plot, Settings
from mmtriage.report.printable import printable_text
from tests.real_reports.records import CONVERGED, NOT_CONVERGED
from tests.render.hostile import NAMES
from tests.render.plotted import HOSTILE_PLOTS, PLOTTED
from tests.render.test_html import parse

SVG = "{http://www.w3.org/2000/svg}"
HREF = "{http://www.w3.org/1999/xlink}href"
ELEMENTS = {
    "svg",
    "title",
    "desc",
    "defs",
    "g",
    "path",
    "text",
    "tspan",
    "use",
    "clipPath",
    "rect",
    "pattern",
}


@cache
def drawn(name: str = "plots") -> tuple[Plot, ...]:
    return plots_of(PLOTTED[name])


def root_of(plot: Plot) -> ElementTree.Element:
    return ElementTree.fromstring(plot.svg)


def test_every_kind_is_there_under_a_name_of_its_own() -> None:
    names = [plot.name for plot in drawn()]
    assert len(set(names)) == len(names)
    assert names[:5] == [
        "fitted-lines",
        "fixed-effects",
        "random-effects-01-Intercept-by-Subject",
        "random-effects-02-Days-by-Subject",
        "criterion-01-SD-of-Intercept-by-Subject",
    ]
    assert names[12:] == ["optimizers"]


def test_each_says_what_it_shows() -> None:
    for plot in drawn():
        root = root_of(plot)
        title, desc = root[0], root[1]
        assert (title.tag, desc.tag) == (f"{SVG}title", f"{SVG}desc")
        assert title.text == plot.title
        assert len(desc.text or "") > 60
        assert root.get("role") == "img"
        assert root.get("aria-labelledby") == f"{title.get('id')} {desc.get('id')}"


def test_nothing_runs_and_nothing_is_loaded() -> None:
    for plot in drawn():
        for element in root_of(plot).iter():
            assert element.tag.removeprefix(SVG) in ELEMENTS
            for key, value in element.attrib.items():
                assert not key.startswith("on")
                assert key != HREF or value.startswith("#")
                assert "url(" not in value or "url(#" in value
        links = set(re.findall(r"https?://[^\"\s]+", plot.svg))
        assert links <= {"http://www.w3.org/2000/svg", "http://www.w3.org/1999/xlink"}


def test_ids_are_unique_over_all_plots_and_none_is_missing() -> None:
    seen: set[str] = set()
    for plot in drawn():
        root = root_of(plot)
        own = [element.get("id") for element in root.iter() if element.get("id")]
        assert len(set(own)) == len(own)
        assert not seen & set(own)
        used = {element.get(HREF, "#")[1:] for element in root.iter()} - {""}
        used |= set(re.findall(r"url\(#([^)]+)\)", plot.svg))
        assert used <= set(own)
        seen |= {name for name in own if name}


def test_the_same_report_gives_the_same_bytes() -> None:
    assert plots_of(PLOTTED["plots"]) == drawn()
    assert not re.search(r"20\d\d-\d\d-\d\d", "".join(plot.svg for plot in drawn()))


def test_what_is_drawn_when_the_budget_runs_out_is_shown(monkeypatch: pytest.MonkeyPatch) -> None:
    """Drawing took as long as it took, seconds after the budget."""
    looks = itertools.count(1)

    class Clock:
        def check(self) -> None:
            if next(looks) == 4:  # the first is before matplotlib is imported, the others before each kind
                raise TimeBudgetError("the time budget of 2 s ran out")

    monkeypatch.setattr(plots, "present", Clock)
    found, remarks = plots_in_time(PLOTTED["plots"])
    assert [plot.name for plot in found] == ["fitted-lines", "fixed-effects"]
    assert remarks == ("The time budget of 2 s ran out: 2 plots are drawn.",)
    page = htmldoc.render(PLOTTED["plots"], Settings(plots=(), plot_remarks=remarks))
    assert remarks[0] in page
    assert "<svg" not in page


def test_text_is_dark_and_stays_text() -> None:
    for plot in drawn():
        texts = list(root_of(plot).iter(f"{SVG}text"))
        assert any("".join(element.itertext()) for element in texts)
        for element in texts:
            fill = re.search(r"fill: (#\w+)", element.get("style", ""))
            assert fill is None or fill.group(1) in (ink.INK, ink.GREY)


@pytest.mark.parametrize("kind", ["end of details", "controls", "letters"])
def test_no_name_becomes_markup(kind: str) -> None:
    for plot in plots_of(HOSTILE_PLOTS[f"plots, {kind}"]):
        tags = {element.tag.removeprefix(SVG) for element in root_of(plot).iter()}
        assert tags <= ELEMENTS
        assert re.fullmatch(r"[A-Za-z0-9-]+", plot.name)


def test_a_dollar_is_no_formula() -> None:
    report = HOSTILE_PLOTS["plots, emphasis"]
    first = next(plot for plot in plots_of(report) if plot.name.startswith("random-effects-02"))
    assert printable_text(NAMES["emphasis"]).split()[0] in "".join(root_of(first).itertext())


def test_they_stand_on_the_page() -> None:
    page = parse(htmldoc.render(PLOTTED["plots"]))
    figures = list(page.iter("figure"))
    assert [figure.get("aria-label") for figure in figures] == [plot.title for plot in drawn()]
    headings = ["".join(head.itertext()) for head in page.iter("h3")]
    for plot in drawn():
        assert headings.count(plot.heading) == 1 or plot.heading.startswith("The criterion")
    text = "".join(page.find("body").itertext())
    assert "The criterion along Days cannot be followed away from the optimum." in text
    assert "Model: 1. Drop Days." in text


def test_a_page_without_matplotlib_says_how_to_get_plots(monkeypatch: pytest.MonkeyPatch) -> None:
    for module in (plots, htmldoc):
        monkeypatch.setattr(module, "can_draw", lambda: False)
    page = parse(htmldoc.render(replace(CONVERGED, plot_data=None)))
    assert "For plots: pip install matplotlib" in "".join(page.find("body").itertext())
    assert not list(page.iter("figure"))


def test_a_report_without_plot_data_has_no_plots() -> None:
    assert plots_of(CONVERGED) == ()
    assert "<h2>Plots</h2>" not in htmldoc.render(CONVERGED)


def attempt(label: str, gap: float | None) -> Attempt:
    return Attempt(label=label, formula="", optimizer=label, criterion=gap, gap=gap, max_abs_gradient=None)


def test_clusters_are_a_hundredth_of_a_unit_apart() -> None:
    ends = {"a": -2e-12, "b": 0.0099, "c": 5.0, "d": 5.009, "e": 5.018, "f": 42.0, "g": None, "h": 0.011}
    found = endings.clusters([attempt(label, gap) for label, gap in ends.items()])
    assert [[a.label for a in group] for group in found] == [["a", "b"], ["h"], ["c", "d", "e"], ["f"]]


def test_none_may_have_reached_the_optimum() -> None:
    found = endings.clusters([attempt("a", 3.0)])
    assert [[a.label for a in group] for group in found] == [[], ["a"]]


def test_the_optimizers_of_a_report_are_told_apart() -> None:
    (plot,) = (plot for plot in drawn() if plot.name == "optimizers")
    labels = {"".join(element.itertext()) for element in root_of(plot).iter(f"{SVG}text")}
    attempts = next(result.attempts for result in NOT_CONVERGED.ladder if result.id == "allfit")
    assert {a.label for a in attempts if len(a.label) < 25} <= labels
    assert "0" in labels


def test_long_lines_are_broken_and_long_words_too() -> None:
    lines = ink.wrapped("a few words " * 20 + "W" * 300, 3.0, 8.5)
    assert len(lines) > 5
    assert all(ink._inches(line, 8.5) <= 3.0 for line in lines)
    assert "".join(lines).replace(" ", "") == ("a few words " * 20 + "W" * 300).replace(" ", "")


def test_what_is_too_long_loses_its_middle() -> None:
    assert ink.short("a name", 10) == "a name"
    assert ink.short("0123456789abcdef", 7) == "0123\u2026ef"


def test_an_optimum_without_proof_is_not_called_proven() -> None:
    report = PLOTTED["plots"]
    assert report.reference is not None
    assert report.reference.certificate is not None
    certificate = replace(report.reference.certificate, certified=False)
    unproven = replace(report, reference=replace(report.reference, certificate=certificate))
    first = next(plot for plot in plots_of(unproven) if plot.name.startswith("criterion")).description
    assert "The best point found, not certified: 1." in first
    assert "proven" not in first


def test_a_separated_effect_is_not_drawn() -> None:
    report = PLOTTED["plots"]
    assert report.reference is not None
    infinite = tuple(
        replace(effect, name=name, estimate=float("inf"))
        for effect, name in zip(report.reference.fixed_effects, ("Days", "other"), strict=True)
    )
    separated = replace(report, reference=replace(report.reference, fixed_effects=infinite))
    (plot,) = (plot for plot in plots_of(separated) if plot.name == "fixed-effects")
    texts = ["".join(element.itertext()) for element in root_of(plot).iter(f"{SVG}text")]
    assert any(text.startswith("(Intercept)") for text in texts)
    assert not any(text.startswith("Days") for text in texts)
    assert "without a finite estimate, and not shown: 2 effects" in texts
