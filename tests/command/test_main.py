"""From words to an exit code, whatever goes wrong on the way."""

from __future__ import annotations

import json
import re
import tomllib

import pytest

from mmtriage.errors import MmtriageError, UnjudgedError
from mmtriage.options import OPTIONS
from mmtriage.render import ERROR_FORMATS, RENDERERS
from mmtriage.render import render_error as render_error_as
from mmtriage.version import VERSION
from tests.command.running import FORMULA, ROOT, UNKNOWN, Result, Run, raising


def test_version_is_that_of_the_project(mmtriage: Run) -> None:
    assert mmtriage("--version") == Result(0, f"mmtriage {VERSION}\n", "")
    assert tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]["version"] == VERSION


def test_help_names_every_option(mmtriage: Run) -> None:
    result = mmtriage("fit", "--help")
    assert result.code == 0
    assert "Exit codes: 0 nothing at or above --fail-on" in result.out
    assert {declared.flag for declared in OPTIONS} <= set(re.findall(r"--[a-z0-9-]+", result.out))
    assert "fit" in mmtriage("-h").out


@pytest.mark.parametrize(
    ("error", "code", "message"),
    [
        (
            UNKNOWN,
            2,
            "Error in the formula: `Dayz` is not a column\n  y ~ Dayz\n      ^^^^\n  Did you mean `Days`?\n",
        ),
        (UnjudgedError("the Cholesky factorisation failed"), 3, "Error: the Cholesky factorisation failed\n"),
        (MemoryError(), 3, "Error: there is not enough memory for this table and model\n"),
        (KeyboardInterrupt(), 130, "\nInterrupted.\n"),
    ],
    ids=["formula", "unjudged", "memory", "interrupt"],
)
def test_what_goes_wrong_later_is_told_the_same_way(
    error: BaseException, code: int, message: str, data: str, mmtriage: Run
) -> None:
    assert mmtriage("fit", data, FORMULA, answer=raising(error)) == Result(code, "", message)


def test_a_bug_keeps_its_traceback_and_is_not_a_finding(data: str, mmtriage: Run) -> None:
    result = mmtriage("fit", data, FORMULA, answer=raising(AssertionError("impossible")))
    assert result.code == 3
    assert result.err.startswith("Traceback")
    assert result.err.endswith("Error: this is a bug in mmtriage; please report it with the lines above\n")


@pytest.mark.parametrize("spelling", [["--format", "json"], ["--format=json"]])
def test_with_json_an_error_is_an_object_on_stdout_too(spelling: list[str], data: str, mmtriage: Run) -> None:
    result = mmtriage("fit", data, FORMULA, *spelling, answer=raising(UNKNOWN))
    assert result.code == 2
    assert result.err != ""
    assert json.loads(result.out) == {
        "schema_version": "1.1",
        "error": {
            "kind": "formula",
            "message": "`Dayz` is not a column",
            "where": "the formula",
            "hint": "Did you mean `Days`?",
            "text": "y ~ Dayz",
            "span": [4, 8],
        },
    }
    for argv in (["fit", data, FORMULA, *spelling, "--zzz"], ["fit", *spelling], ["fit", data, *spelling]):
        assert json.loads(mmtriage(*argv).out)["error"]["kind"] == "option"


@pytest.mark.parametrize("name", RENDERERS)
def test_formats_for_programs_say_the_error_on_stdout_too(name: str, data: str, mmtriage: Run) -> None:
    for spelling in (["--format", name], [f"--format={name}"]):
        result = mmtriage("fit", data, FORMULA, *spelling, answer=raising(UNKNOWN))
        assert result.err.startswith("Error in the formula: `Dayz` is not a column")
        assert result.out == (render_error_as(UNKNOWN, name) if name in ERROR_FORMATS else "")


def test_every_error_of_the_family_has_its_exit_code() -> None:
    assert (MmtriageError("x").exit_code, UnjudgedError("x").exit_code) == (2, 3)
