"""`mmtriage fit`: options reach the triage, and the report reaches stdout. The triage itself is replaced."""

from __future__ import annotations

import io
import json
import sys
from dataclasses import replace
from typing import Any

import pytest

from mmtriage import option_values
from mmtriage.data.reading import Reading
from mmtriage.data.table import Table
from mmtriage.diagnose.severity import FAIL_ON
from mmtriage.model.contrasts import CONTRASTS
from mmtriage.optimizers import OPTIMIZERS
from mmtriage.options import GLMER_OPTIMIZERS, LMER_OPTIMIZER, TriageOptions
from mmtriage.render import RENDERERS, render
from mmtriage.report.facts import Report
from tests.command.running import FORMULA, Run, Terminal
from tests.real_reports.records import (
    ALARM_ALONE,
    CONVERGED,
    FALSE_ALARM,
    NOT_CONVERGED,
    REPORTS,
    SINGULAR,
    UNDETERMINED,
    WRONG_SE,
)


@pytest.mark.parametrize(
    ("report", "codes"),
    [  # --fail-on error, warning, info, never
        (CONVERGED, (0, 0, 0, 0)),
        (ALARM_ALONE, (0, 0, 1, 0)),
        (replace(FALSE_ALARM, findings=WRONG_SE.findings[-1:]), (0, 1, 1, 0)),  # with MM501, a warning
        (WRONG_SE, (1, 1, 1, 0)),
        (SINGULAR, (0, 1, 1, 0)),
        (NOT_CONVERGED, (1, 1, 1, 0)),
        (UNDETERMINED, (3, 3, 3, 3)),
        (replace(CONVERGED, findings=SINGULAR.findings), (0, 1, 1, 0)),  # a finding counts as a verdict does
    ],
    ids=[
        "converged",
        "alarm_alone",
        "false_alarm",
        "wrong_se",
        "singular",
        "not_converged",
        "undetermined",
        "finding",
    ],
)
def test_the_exit_code_follows_the_gravest_of_verdict_and_findings(
    report: Report, codes: tuple[int, ...], data: str, mmtriage: Run
) -> None:
    results = [mmtriage("fit", data, FORMULA, "--fail-on", level, answer=report) for level in FAIL_ON]
    assert tuple(result.code for result in results) == codes
    default = mmtriage("fit", data, FORMULA, answer=report)
    assert default.code == codes[1]


def test_stdout_carries_the_report_and_nothing_else(data: str, mmtriage: Run) -> None:
    text = mmtriage("fit", data, FORMULA, answer=NOT_CONVERGED)
    assert text.out.startswith("NOT CONVERGED   ")
    assert text.err == ""
    assert (
        json.loads(mmtriage("fit", data, FORMULA, "--format", "json").out)["verdict"]["status"] == "converged"
    )


def test_every_option_reaches_the_triage(data: str, mmtriage: Run) -> None:
    seen: list[Any] = []

    def triage(table: Table, formula: str, options: TriageOptions) -> Report:
        seen.extend((table, formula, options))
        return CONVERGED

    result = mmtriage(
        *("fit", data, FORMULA, "--sep", ",", "--na-values", "-9,n/a", "--na-values", "?", "--ml"),
        *("--factor", "Days=1,0", "--factor", "Subject", "--contrasts", "Days=sum", "--subset", "Days < 5"),
        *(
            "--weights",
            "w",
            "--offset",
            "o",
            "--family",
            "gaussian",
            "--optimizer",
            "bobyqa",
            "--maxfun",
            "20",
        ),
        *("--all-rungs", "--keep", "(1 | a)", "--keep", "(1 | b)", "--bootstrap", "99", "--seed", "7"),
        *("-j", "2", "--time-budget", "1.5"),
        answer=triage,
    )
    assert result.code == 0
    table, formula, options = seen
    assert formula == FORMULA
    assert table.columns["Days"].levels == ("1", "0")
    assert table.columns["Subject"].levels == ("a",)
    assert options == TriageOptions(
        reml=False,
        weights="w",
        offset="o",
        subset="Days < 5",
        contrasts={"Days": "sum"},
        optimizer="bobyqa",
        maxfun=20,
        all_rungs=True,
        keep=("(1 | a)", "(1 | b)"),
        bootstrap=99,
        seed=7,
        jobs=2,
        time_budget=1.5,
        progress=None,
    )
    assert table.reading == Reading(
        sep=",",
        na_values=("-9", "n/a", "?"),
        factors={"Days": ("1", "0"), "Subject": None},
        verbatim=(
            *("--sep", ",", "--na-values", "-9,n/a", "--na-values", "?"),
            *("--factor", "Days=1,0", "--factor", "Subject"),
        ),
    )
    assert table.reading.words == table.reading.verbatim


def test_the_defaults_of_the_command_line_are_those_of_the_options(data: str, mmtriage: Run) -> None:
    seen: list[TriageOptions] = []

    def triage(table: Table, formula: str, options: TriageOptions) -> Report:
        seen.append(options)
        return CONVERGED

    mmtriage("fit", data, FORMULA, answer=triage)
    assert seen == [TriageOptions()]
    assert {LMER_OPTIMIZER, *GLMER_OPTIMIZERS} <= set(OPTIMIZERS)
    assert set(option_values.CONTRASTS) == set(CONTRASTS)


def test_verbosity(data: str, mmtriage: Run) -> None:
    lengths = [
        len(mmtriage("fit", data, FORMULA, *option, answer=NOT_CONVERGED).out)
        for option in (["-q"], [], ["-v"])
    ]
    assert lengths == sorted(set(lengths))


@pytest.mark.parametrize("name", sorted({*RENDERERS} - {"text"}))  # text is as wide as the screen
def test_every_format_can_be_printed(name: str, data: str, mmtriage: Run) -> None:
    assert mmtriage("fit", data, FORMULA, "--format", name).out == render(CONVERGED, name)


def test_junit_fails_where_the_exit_code_does(data: str, mmtriage: Run) -> None:
    for level, code, failures in (("warning", 1, 2), ("error", 0, 0)):
        result = mmtriage("fit", data, FORMULA, "--format", "junit", "--fail-on", level, answer=SINGULAR)
        assert result.code == code
        assert f'failures="{failures}"' in result.out


def test_the_table_can_come_from_a_pipe(monkeypatch: pytest.MonkeyPatch, mmtriage: Run) -> None:
    monkeypatch.setattr(sys, "stdin", io.TextIOWrapper(io.BytesIO(b"a,b\n1,x\n")))
    assert mmtriage("fit", "-", FORMULA).code == 0


def test_nothing_on_a_terminals_stdin_is_said_not_waited_for(
    monkeypatch: pytest.MonkeyPatch, mmtriage: Run
) -> None:
    monkeypatch.setattr(sys, "stdin", Terminal())
    assert mmtriage("fit", "-", FORMULA).err == (
        "Error: there is nothing on standard input\n  Pipe a table into the command, or name a file.\n"
    )


@pytest.mark.parametrize("name", REPORTS)
def test_every_canned_report_can_be_printed_in_both_formats(name: str, data: str, mmtriage: Run) -> None:
    for options in ([], ["--format", "json"], ["-v"], ["-q"]):
        assert mmtriage("fit", data, FORMULA, *options, answer=REPORTS[name]).out
