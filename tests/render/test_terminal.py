"""The report in the terminal, as snapshots a reviewer can read, and what must hold for any of them."""

import re
from dataclasses import replace

import pytest

from mmtriage.render import RENDERERS, console, render, terminal
from mmtriage.report.facts import FitFacts, RandomEffect, Report
from tests.conftest import Snapshot
from tests.real_reports.records import CONVERGED, LONG, NOT_CONVERGED, REPORTS, SINGULAR


@pytest.mark.parametrize("width", [80, 120])
@pytest.mark.parametrize("name", REPORTS)
def test_report_reads_well(name: str, width: int, snapshot: Snapshot) -> None:
    snapshot(f"{name}_{width}.txt", terminal.render(REPORTS[name], width=width))


@pytest.mark.parametrize("detail", ["brief", "full"])
def test_report_can_be_shorter_or_longer(detail: terminal.Detail, snapshot: Snapshot) -> None:
    report = replace(NOT_CONVERGED, timing={"total": 0.05})
    snapshot(f"not_converged_{detail}.txt", terminal.render(report, width=100, detail=detail))


def code_lines(report: Report) -> list[str]:
    codes = [code for remedy in report.remedies for code in (remedy.code.mmtriage, remedy.code.lme4) if code]
    return [line for code in codes for line in code.splitlines()]


@pytest.mark.parametrize("width", [40, 60, 80, 100, 120, 400])
@pytest.mark.parametrize("name", REPORTS)
def test_only_code_and_lme4s_messages_pass_the_margin(name: str, width: int) -> None:
    report = REPORTS[name]
    verbatim = [*code_lines(report), *(report.baseline_error or "").splitlines()]
    for fit in (report.baseline, report.reference):
        verbatim += (
            [line for message in fit.lme4_messages or () for line in message.splitlines()] if fit else []
        )
    pasted = {line.strip() for line in verbatim}
    for line in terminal.render(report, width=width, detail="full").splitlines():
        assert len(line) <= min(width, console.WIDEST) or line.strip() in pasted


def test_code_to_paste_is_never_broken() -> None:
    lines = [line.strip() for line in terminal.render(NOT_CONVERGED, width=40, detail="full").splitlines()]
    assert all(line.strip() in lines for line in code_lines(NOT_CONVERGED))


def test_long_names_are_folded_not_cut() -> None:
    text = terminal.render(REPORTS["long_names"], width=80)
    letters = re.sub(r"\s+", "", text)
    assert "…" not in text
    assert (
        letters.count(LONG) >= 4
    )  # in the formula and in the path; in tables numbers stand between the pieces


@pytest.mark.parametrize("name", REPORTS)
def test_without_color_there_is_nothing_but_ascii(name: str) -> None:
    text = terminal.render(REPORTS[name], detail="full")
    assert text.isascii()
    assert "\x1b" not in text


@pytest.mark.parametrize("name", REPORTS)
def test_color_changes_nothing_but_color(name: str) -> None:
    colored = terminal.render(REPORTS[name], width=80, color=True)
    plain = "\n".join(line.rstrip() for line in re.sub("\x1b\\[[0-9;]*m", "", colored).splitlines())
    assert "\x1b[1;" in colored
    assert plain + "\n" == terminal.render(REPORTS[name], width=80)


def test_the_environment_does_not_reach_the_renderer(monkeypatch: pytest.MonkeyPatch) -> None:
    expected = terminal.render(CONVERGED, width=80)
    for name, value in {"COLUMNS": "40", "FORCE_COLOR": "1", "TERM": "dumb", "NO_COLOR": "1"}.items():
        monkeypatch.setenv(name, value)
    assert terminal.render(CONVERGED, width=80) == expected
    assert "\x1b" in terminal.render(CONVERGED, width=80, color=True)


@pytest.mark.parametrize("format_name", RENDERERS)
def test_every_format_has_a_renderer(format_name: str) -> None:
    assert render(CONVERGED, format_name).endswith("\n")


def test_a_short_report_says_why_a_converged_fit_fails_the_check() -> None:
    warning = SINGULAR.findings[0]
    assert warning.severity == "warning"
    text = terminal.render(replace(CONVERGED, findings=(warning,)), detail="brief")
    assert warning.code in text
    assert warning.code not in terminal.render(
        replace(CONVERGED, findings=(replace(warning, severity="info"),)), detail="brief"
    )


def test_a_model_without_fixed_effects_has_no_table_of_them() -> None:
    def without(fit: FitFacts | None) -> FitFacts | None:
        return None if fit is None else replace(fit, fixed_effects=())

    report = replace(CONVERGED, baseline=without(CONVERGED.baseline), reference=without(CONVERGED.reference))
    assert "Fixed effects" not in terminal.render(report)


@pytest.mark.parametrize("width", [40, 60, 80])
def test_many_correlations_fit_a_narrow_screen(width: int) -> None:
    k = 6

    def wide(fit: FitFacts | None) -> FitFacts | None:
        if fit is None:
            return None
        effect = RandomEffect(
            group="g",
            terms=tuple(f"poly(x, 6){j}" for j in range(k)),
            sd=(1.0,) * k,
            correlation=((0.5,) * k,) * k,
        )
        return replace(fit, random_effects=(effect,))

    text = terminal.render(
        replace(CONVERGED, baseline=wide(CONVERGED.baseline), reference=wide(CONVERGED.reference)),
        width=width,
    )
    assert "poly(x" in text
