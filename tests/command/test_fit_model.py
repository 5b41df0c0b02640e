"""The command line: exit codes, streams, and every message read whole. The reports are canned."""

import io
import json
import sys
import time
import tomllib
from collections.abc import Callable
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import pytest

from mmtriage import option_values as arguments
from mmtriage.command import main as cli
from mmtriage.command.progress import Ticker
from mmtriage.data.table import Table
from mmtriage.diagnose.severity import FAIL_ON
from mmtriage.errors import FormulaError, MmtriageError, OptionError, Span, UnjudgedError
from mmtriage.model.contrasts import CONTRASTS
from mmtriage.optimizers import OPTIMIZERS
from mmtriage.options import GLMER_OPTIMIZERS, LMER_OPTIMIZER, TriageOptions
from mmtriage.render import ERROR_FORMATS, RENDERERS, render, terminal
from mmtriage.render import render_error as render_error_as
from mmtriage.render.problem import render_error, underlined
from mmtriage.render.terminal import Detail
from mmtriage.report.facts import Report
from mmtriage.report.schema import schema_text
from mmtriage.version import VERSION
from tests.real_reports.records import (
    ALARM_ALONE,
    CONVERGED,
    FALSE_ALARM,
    NOT_CONVERGED,
    REPORTS,
    SINGULAR,
    UNDETERMINED,
)

ROOT = Path(__file__).parents[2]
FORMULA = "Reaction ~ Days + (Days | Subject)"
EXAMPLE = 'mmtriage fit data.csv "y ~ x + (1 | g)"'
Triage = Callable[[Table, str, TriageOptions], Report]


@dataclass
class Result:
    """What one command did."""

    code: int
    out: str
    err: str


@pytest.fixture
def data(tmp_path: Path) -> str:
    path = tmp_path / "d.csv"
    path.write_text("Reaction,Days,Subject\n250,0,a\n260,1,a\n")
    return str(path)


@pytest.fixture
def stub(monkeypatch: pytest.MonkeyPatch) -> Callable[[Report | Triage], None]:
    """Replace the triage by a canned report or a function."""

    def install(answer: Report | Triage) -> None:
        function = (lambda *_: answer) if isinstance(answer, Report) else answer
        monkeypatch.setattr("mmtriage.triage_table.triage_table", function)

    return install


@pytest.fixture
def mmtriage(
    stub: Callable[[Report | Triage], None], capsys: pytest.CaptureFixture[str]
) -> Callable[..., Result]:
    """Run a command in this process, on a canned report unless told otherwise."""

    def run(*argv: str, answer: Report | Triage = CONVERGED) -> Result:
        stub(answer)
        code = cli.run(argv)
        captured = capsys.readouterr()
        return Result(code, captured.out, captured.err)

    return run


Run = Callable[..., Result]


@pytest.mark.parametrize(
    ("report", "codes"),
    [  # --fail-on error, warning, info, never
        (CONVERGED, (0, 0, 0, 0)),
        (ALARM_ALONE, (0, 0, 1, 0)),
        (FALSE_ALARM, (0, 1, 1, 0)),  # its MM106 is a warning
        (SINGULAR, (0, 1, 1, 0)),
        (NOT_CONVERGED, (1, 1, 1, 0)),
        (UNDETERMINED, (3, 3, 3, 3)),
        (replace(CONVERGED, findings=SINGULAR.findings), (0, 1, 1, 0)),  # a finding counts as a verdict does
    ],
    ids=["converged", "alarm_alone", "false_alarm", "singular", "not_converged", "undetermined", "finding"],
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
    assert text.out.startswith("NOT CONVERGED\n")
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
        reading=(
            *("--sep", ",", "--na-values", "-9,n/a", "--na-values", "?"),
            *("--factor", "Days=1,0", "--factor", "Subject"),
        ),
        progress=None,
    )


def test_the_defaults_of_the_command_line_are_those_of_the_options(data: str, mmtriage: Run) -> None:
    seen: list[TriageOptions] = []

    def triage(table: Table, formula: str, options: TriageOptions) -> Report:
        seen.append(options)
        return CONVERGED

    mmtriage("fit", data, FORMULA, answer=triage)
    assert seen == [TriageOptions()]
    assert {LMER_OPTIMIZER, *GLMER_OPTIMIZERS} <= set(OPTIMIZERS)
    assert set(arguments.CONTRASTS) == set(CONTRASTS)


def test_verbosity(data: str, mmtriage: Run) -> None:
    lengths = [
        len(mmtriage("fit", data, FORMULA, *option, answer=NOT_CONVERGED).out)
        for option in (["-q"], [], ["-v"])
    ]
    assert lengths == sorted(set(lengths))


def test_reports_can_be_written_beside_stdout(data: str, tmp_path: Path, mmtriage: Run) -> None:
    json_path, text_path = tmp_path / "r.json", tmp_path / "r:1.txt"
    result = mmtriage(
        "fit",
        data,
        FORMULA,
        "--output",
        f"json:{json_path}",
        "--output",
        f"text:{text_path}",
        answer=SINGULAR,
    )
    assert result.code == 1
    assert json.loads(json_path.read_text())["verdict"]["status"] == "singular"
    assert text_path.read_text().startswith("SINGULAR\n")


def test_one_run_writes_every_format(data: str, tmp_path: Path, mmtriage: Run) -> None:
    paths = {name: tmp_path / f"report.{name}" for name in RENDERERS}
    options = [word for name, path in paths.items() for word in ("--output", f"{name}:{path}")]
    result = mmtriage("fit", data, FORMULA, "--format", "sarif", *options, answer=SINGULAR)
    assert (result.code, result.err) == (1, "")
    assert paths["sarif"].read_text() == result.out
    for name, path in paths.items():
        assert path.read_text() == render(SINGULAR, name)


@pytest.mark.parametrize("name", sorted({*RENDERERS} - {"text"}))  # text is as wide as the screen
def test_every_format_can_be_printed(name: str, data: str, mmtriage: Run) -> None:
    assert mmtriage("fit", data, FORMULA, "--format", name).out == render(CONVERGED, name)


def test_junit_fails_where_the_exit_code_does(data: str, mmtriage: Run) -> None:
    for level, code, failures in (("warning", 1, 2), ("error", 0, 0)):
        result = mmtriage("fit", data, FORMULA, "--format", "junit", "--fail-on", level, answer=SINGULAR)
        assert result.code == code
        assert f'failures="{failures}"' in result.out


@pytest.mark.parametrize("option", ["-q", "-v"])
def test_a_text_file_is_as_long_as_asked_for(option: str, data: str, tmp_path: Path, mmtriage: Run) -> None:
    path = tmp_path / "r.txt"
    mmtriage("fit", data, FORMULA, option, "--output", f"text:{path}", answer=NOT_CONVERGED)
    detail: Detail = "brief" if option == "-q" else "full"
    assert path.read_text() == terminal.render(NOT_CONVERGED, detail=detail)


def test_two_reports_do_not_share_a_file(data: str, tmp_path: Path, mmtriage: Run) -> None:
    path = tmp_path / "r"
    options = ["--output", f"json:{path}", "--output", f"html:{tmp_path / '.' / 'r'}"]
    result = mmtriage("fit", data, FORMULA, *options)
    assert (result.code, result.out) == (2, "")
    assert result.err.startswith(f"Error in option --output: `{path}` is given twice: one report would")
    assert not path.exists()


@pytest.mark.parametrize("name", ["d.csv", "link.csv"])
def test_a_report_never_overwrites_the_table(name: str, data: str, tmp_path: Path, mmtriage: Run) -> None:
    table = Path(data)
    before = table.read_bytes()
    (tmp_path / "link.csv").symlink_to(table)
    result = mmtriage("fit", data, FORMULA, "--output", f"json:{tmp_path / name}")
    assert (result.code, result.out) == (2, "")
    assert "is the table itself: the report would overwrite it" in result.err
    assert table.read_bytes() == before


def test_the_table_can_come_from_a_pipe(monkeypatch: pytest.MonkeyPatch, mmtriage: Run) -> None:
    monkeypatch.setattr(sys, "stdin", io.TextIOWrapper(io.BytesIO(b"a,b\n1,x\n")))
    assert mmtriage("fit", "-", FORMULA).code == 0


def test_schema_prints_what_is_shipped(mmtriage: Run) -> None:
    assert mmtriage("schema") == Result(0, schema_text("report"), "")
    assert mmtriage("schema", "error") == Result(0, schema_text("error"), "")


def test_version_is_that_of_the_project(mmtriage: Run) -> None:
    assert mmtriage("--version") == Result(0, f"mmtriage {VERSION}\n", "")
    assert tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]["version"] == VERSION


def test_help_names_every_option(mmtriage: Run) -> None:
    result = mmtriage("fit", "--help")
    assert result.code == 0
    assert "Exit codes: 0 nothing at or above --fail-on" in result.out
    assert "fit" in mmtriage("-h").out


KNOWN = "text, json, markdown, html, junit, sarif, github"
HELP = "`mmtriage fit --help` says how it is used."


@pytest.mark.parametrize(
    ("argv", "message"),
    [
        ([], f"Error: missing command\n  {HELP}\n"),
        (["fit"], f"Error: DATA is missing\n  For example: {EXAMPLE}\n"),
        (["fit", "DATA"], f"Error: FORMULA is missing\n  For example: {EXAMPLE}\n"),
        (["fti", "DATA"], "Error: `fti` is not a command\n  Did you mean `fit`?\n"),
        (["zzz"], "Error: `zzz` is not a command\n  The commands are: fit, check, explain, schema.\n"),
        (
            ["DATA", "y~x"],
            'Error: `DATA` is not a command\n  To triage a model: mmtriage fit DATA "FORMULA"\n',
        ),
        (
            ["fit", "DATA", "y", "x"],
            f"Error: `x` is one argument too many\n  Put the formula in quotes. For example: {EXAMPLE}\n",
        ),
        (
            ["fit", "DATA", "y", "--optimzer", "x"],
            "Error: there is no option `--optimzer`\n  Did you mean `--optimizer`?\n",
        ),
        (
            ["fit", "DATA", "y", "--zzz"],
            "Error: there is no option `--zzz`\n  `mmtriage fit --help` lists them.\n",
        ),
        (["-x"], "Error: there is no option `-x`\n  `mmtriage --help` lists them.\n"),
        (["--verson"], "Error: there is no option `--verson`\n  Did you mean `--version`?\n"),
        (["explain", "--hlep"], "Error: there is no option `--hlep`\n  Did you mean `--help`?\n"),
        (["check", "--confg", "x"], "Error: there is no option `--confg`\n  Did you mean `--config`?\n"),
        (
            ["explain", "rescal"],
            "Error: there is no page on `rescal`\n"
            "  Did you mean `rescale`? `mmtriage explain` lists all topics.\n",
        ),
        (
            ["fit", "DATA", "y", "--ignore", "zero-varience"],
            "Error in option --ignore: `zero-varience` is no code of a finding\n"
            "  Did you mean `zero-variance`? `mmtriage explain` lists all findings; "
            "MM3 stands for all that begin with it.\n",
        ),
        (
            ["fit", "DATA", "y", "--family", "binomial", "--link", "porbit"],
            "Error in option --link: the family binomial has no link `porbit`\n"
            "  Did you mean `probit`? It has: logit, probit, cloglog, cauchit, log.\n",
        ),
        (["fit", "DATA", "y", "--sep"], f"Error: option '--sep' requires an argument\n  {HELP}\n"),
        (["fit", "DATA", "y", "--ml=3"], f"Error: option '--ml' does not take a value\n  {HELP}\n"),
        (["fit", "DATA.cvs", "y"], "Error: there is no file `DATA.cvs`\n  Did you mean `d.csv`?\n"),
        (
            ["fit", "DATA", "y", "--optimizer", "bobyka"],
            "Error in option --optimizer: `bobyka` is not known\n"
            f"  Did you mean `bobyqa`? Known are: {', '.join(OPTIMIZERS)}.\n",
        ),
        (
            ["fit", "DATA", "y", "--format", "jsn"],
            f"Error in option --format: `jsn` is not known\n  Did you mean `json`? Known are: {KNOWN}.\n",
        ),
        (
            ["fit", "DATA", "y", "--fail-on", "warn"],
            "Error in option --fail-on: `warn` is not known\n"
            "  Did you mean `warning`? Known are: error, warning, info, never.\n",
        ),
        (
            ["fit", "DATA", "y", "--family", "Gausian"],
            "Error in option --family: `Gausian` is not known\n  Did you mean `gaussian`? Known are: "
            "gaussian, binomial, poisson, Gamma, inverse.gaussian, negative.binomial.\n",
        ),
        (
            ["fit", "DATA", "y", "--contrasts", "f"],
            "Error in option --contrasts: `f` does not say which column gets which coding\n"
            "  Write COL=CODING with one of: treatment, sum, helmert, poly.\n",
        ),
        (
            ["fit", "DATA", "y", "--contrasts", "f=summ"],
            "Error in option --contrasts: `summ` is not known\n"
            "  Did you mean `sum`? Known are: treatment, sum, helmert, poly.\n",
        ),
        (
            ["fit", "DATA", "y", "--contrasts", "f=sum", "--contrasts", "f=poly"],
            "Error in option --contrasts: the column `f` is given twice\n  Give it once.\n",
        ),
        (
            ["fit", "DATA", "y", "--factor", "=a"],
            "Error in option --factor: `=a` names no column\n"
            "  Write COL, or COL=lev1,lev2 with the reference level first.\n",
        ),
        (
            ["fit", "DATA", "y", "--factor", "f="],
            "Error in option --factor: `f=` names no levels\n"
            "  Write COL, or COL=lev1,lev2 with the reference level first.\n",
        ),
        (
            ["fit", "DATA", "y", "--factor", "Subjct"],
            "Error in option --factor: there is no column `Subjct`\n  Did you mean `Subject`?\n",
        ),
        (
            ["fit", "DATA", "y", "--output", "report.json"],
            "Error in option --output: `report.json` is not FORMAT:PATH\n"
            "  Write FORMAT:PATH, such as json:report.json. For stdout use --format.\n",
        ),
        (
            ["fit", "DATA", "y", "--output", "jso:x"],
            "Error in option --output: `jso` is not known\n"
            f"  Did you mean `json`? Known are: {KNOWN}, svg.\n",
        ),
        (
            ["fit", "DATA", "y", "--output", "json:/nowhere/x"],
            "Error in option --output: `/nowhere/x` is in a directory that does not exist\n"
            "  Make `/nowhere` first, or name another file.\n",
        ),
        (
            ["fit", "DATA", "y", "--output", "json:/"],
            "Error in option --output: `/` is a directory\n  Give a file to write.\n",
        ),
        (
            ["fit", "DATA", "y", "--maxfun", "0"],
            "Error in option --maxfun: `0` is not a whole number of at least 1\n"
            "  Write it as in: --maxfun 20000\n",
        ),
        (
            ["fit", "DATA", "y", "--bootstrap", "1e3"],
            "Error in option --bootstrap: `1e3` is not a whole number of at least 0\n"
            "  Write it as in: --bootstrap 1000\n",
        ),
        (
            ["fit", "DATA", "y", "--time-budget", "soon"],
            "Error in option --time-budget: `soon` is not a positive number of seconds\n"
            "  Write it as in: --time-budget 60\n",
        ),
        (
            ["fit", "DATA", "y", "--time-budget", "-1"],
            "Error in option --time-budget: `-1` is not a positive number of seconds\n"
            "  Write it as in: --time-budget 60\n",
        ),
        (["fit", "DATA", "y", "-q", "-v"], "Error: -q and -v contradict each other\n  Give one of them.\n"),
        (
            ["schema", "reprot"],
            "Error in the name of a schema: `reprot` is not known\n"
            "  Did you mean `report`? Known are: report, check, error.\n",
        ),
    ],
    ids=lambda value: " ".join(value) if isinstance(value, list) else "",
)
def test_a_mistake_gets_one_clear_message_and_exit_code_2(
    argv: list[str], message: str, data: str, mmtriage: Run
) -> None:
    result = mmtriage(*[word.replace("DATA.cvs", f"{data[:-4]}.cvs").replace("DATA", data) for word in argv])
    shown = result.err.replace(f"{data[:-4]}.cvs", "DATA.cvs").replace(data, "DATA")
    assert (result.code, result.out) == (2, "")
    assert shown == message


def raising(error: BaseException) -> Triage:
    def triage(table: Table, formula: str, options: TriageOptions) -> Report:
        raise error

    return triage


UNKNOWN = FormulaError(
    "`Dayz` is not a column",
    where="the formula",
    hint="Did you mean `Days`?",
    text="y ~ Dayz",
    span=Span(4, 8),
)


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
        "schema_version": "1.0",
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


def test_an_output_that_cannot_be_written_is_an_input_error(
    data: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, mmtriage: Run
) -> None:
    def refuse(*_: object, **__: object) -> int:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(Path, "write_text", refuse)
    result = mmtriage("fit", data, FORMULA, "--output", f"json:{tmp_path / 'r.json'}")
    assert (result.code, result.out) == (2, "")
    assert result.err == (
        f"Error in option --output: `{tmp_path / 'r.json'}` cannot be written: No space left on device\n"
    )


def test_nothing_on_a_terminals_stdin_is_said_not_waited_for(
    monkeypatch: pytest.MonkeyPatch, mmtriage: Run
) -> None:
    monkeypatch.setattr(sys, "stdin", Terminal())
    assert mmtriage("fit", "-", FORMULA).err == (
        "Error: there is nothing on standard input\n  Pipe a table into the command, or name a file.\n"
    )


def test_levels_and_missing_values_may_be_quoted() -> None:
    assert arguments.factors(['f="a,b", c']) == {"f": ("a,b", "c")}
    assert arguments.na_values(['"a,b", c', "-9"]) == ("a,b", "c", "-9")
    assert arguments.contrasts(["f=contr.sum"]) == {"f": "sum"}
    with pytest.raises(OptionError, match="the column `f` is given twice"):
        arguments.factors(["f", "f=a"])


def test_a_long_formula_is_shown_around_the_mistake() -> None:
    text = "y ~ " + " + ".join(f"x{number}" for number in range(100)) + " + (1\n| g)"
    start = text.index("x50")
    line, marks = underlined(text, Span(start, start + 3), 80)
    assert line[marks.index("^") : marks.index("^") + 3] == "x50"
    assert marks.strip() == "^^^"
    assert len(line) <= 80
    assert "\n" not in line


def test_a_mistake_at_the_end_has_its_mark_after_the_text() -> None:
    error = FormulaError("the formula ends too early", text="y ~", span=Span(3, 3))
    assert render_error(error, width=80) == "Error: the formula ends too early\n  y ~\n     ^\n"


class Terminal(io.StringIO):
    """A stream that says it is a terminal."""

    def isatty(self) -> bool:
        return True


def test_color_needs_a_terminal_and_no_objection(
    data: str, stub: Callable[[Report | Triage], None], monkeypatch: pytest.MonkeyPatch
) -> None:
    stub(NOT_CONVERGED)

    def has_color(*options: str, pipe: bool = False, **environment: str) -> bool:
        screen = io.StringIO() if pipe else Terminal()
        with monkeypatch.context() as patch:
            patch.setattr(sys, "stdout", screen)
            for name in ("NO_COLOR", "FORCE_COLOR", "TERM"):
                patch.delenv(name, raising=False)
            for name, value in environment.items():
                patch.setenv(name, value)
            cli.run(["fit", data, FORMULA, *options])
        return "\x1b" in screen.getvalue()

    assert has_color()
    assert not has_color("--no-color")
    assert not has_color(NO_COLOR="1")
    assert not has_color(TERM="dumb")
    assert has_color(NO_COLOR="")
    assert not has_color(pipe=True)
    assert has_color(pipe=True, FORCE_COLOR="1")
    assert has_color(FORCE_COLOR="1", TERM="dumb")
    assert not has_color(pipe=True, FORCE_COLOR="0")
    assert not has_color(FORCE_COLOR="1", NO_COLOR="1")
    assert not has_color("--no-color", FORCE_COLOR="1")


def test_progress_is_for_a_terminal_only(
    data: str, monkeypatch: pytest.MonkeyPatch, stub: Callable[[Report | Triage], None]
) -> None:
    seen: list[bool] = []

    def triage(table: Table, formula: str, options: TriageOptions) -> Report:
        seen.append(options.progress is not None)
        return CONVERGED

    stub(triage)
    monkeypatch.setattr(sys, "stderr", Terminal())
    cli.run(["fit", data, FORMULA])
    cli.run(["fit", data, FORMULA, "-q"])
    file = io.StringIO()
    monkeypatch.setattr(sys, "stderr", file)
    cli.run(["fit", data, FORMULA])
    assert seen == [True, False, False]
    assert file.getvalue() == ""


def test_progress_is_silent_at_first_and_leaves_the_line_clean() -> None:
    screen = io.StringIO()
    quick = Ticker(screen, width=20)
    quick.say("reading")
    quick.clear()
    assert screen.getvalue() == ""
    slow = Ticker(screen, width=20, patience=0.0)
    while not screen.getvalue():
        time.sleep(0.001)
    slow.say("fitting with a name that is far too long")
    slow.clear()
    frames = screen.getvalue().split("\r")
    assert "fitting with a name " in frames
    assert frames[-2:] == [" " * 20, ""]
    assert max(len(frame) for frame in frames) == 20


@pytest.mark.parametrize("name", REPORTS)
def test_every_canned_report_can_be_printed_in_both_formats(name: str, data: str, mmtriage: Run) -> None:
    for options in ([], ["--format", "json"], ["-v"], ["-q"]):
        assert mmtriage("fit", data, FORMULA, *options, answer=REPORTS[name]).out


def test_every_error_of_the_family_has_its_exit_code() -> None:
    assert (MmtriageError("x").exit_code, UnjudgedError("x").exit_code) == (2, 3)
