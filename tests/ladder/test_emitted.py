"""What is offered to paste can be pasted: the command parses back to the same question, the R code is R."""

from __future__ import annotations

import ast
import re
import shlex
import shutil
import subprocess
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

import mmtriage
from mmtriage.command import main as cli
from mmtriage.data.reading import Reading
from mmtriage.data.table import Table
from mmtriage.ladder.emitted.commands import Commands
from mmtriage.ladder.emitted.r_call import FUNCTIONS
from mmtriage.options import TriageOptions
from tests.real_reports.records import CONVERGED
from tests.triaged import SAMPLES, triaged, triaged_golden

AWKWARD = TriageOptions(
    reml=False,
    weights="w 1",
    offset="o",
    subset="x > 1 & g %in% c('a', \"b\")",
    contrasts={"f": "sum", "my f": "helmert"},
    optimizer="nloptwrap.NLOPT_LN_NELDERMEAD",
    maxfun=200,
)
READING = Reading(sep=";", na_values=("-9", "?"), factors={"f": ("b", "a")})
FORMULA = "`y 1` ~ x * f + (1 + x || g) + offset(log(e))"


def parsed(command: str, monkeypatch: pytest.MonkeyPatch, table: Path) -> tuple[str, TriageOptions, Reading]:
    """What the CLI's own parser makes of a command: formula, options, and how the table is read."""
    seen: list[tuple[str, TriageOptions, Reading]] = []

    def triage_table(read: Table, formula: str, options: TriageOptions) -> Any:
        seen.append((formula, options, read.reading))
        return CONVERGED

    with monkeypatch.context() as patch:
        patch.setattr("mmtriage.triage_table.triage_table", triage_table)
        words = shlex.split(command)
        assert words[0] == "mmtriage"
        assert cli.run([words[1], str(table), *words[3:]]) == 0
    (question,) = seen
    return question


def test_the_command_is_the_same_question(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    table = tmp_path / "d.csv"
    table.write_text("y 1;x;f;my f;g;w 1;o;e\n1;1;a;p;u;1;0;1\n2;2;b;q;v;1;0;2\n")
    command = Commands(source="it's d.csv", options=AWKWARD, reading=READING).mmtriage(FORMULA)
    assert shlex.split(command)[2] == "it's d.csv"
    formula, options, reading = parsed(command, monkeypatch, table)
    assert formula == FORMULA
    assert options == AWKWARD
    assert replace(reading, verbatim=()) == READING
    capsys.readouterr()


@pytest.mark.parametrize(
    ("given", "wanted"), [({}, None), ({"optimizer": "bobyqa"}, "bobyqa"), ({"maxfun": 9}, None)]
)
def test_a_command_may_change_optimizer_or_budget(given: dict[str, Any], wanted: str | None) -> None:
    words = shlex.split(Commands(source="d.csv", options=TriageOptions(**given)).mmtriage("y ~ x + (1 | g)"))
    assert words[:4] == ["mmtriage", "fit", "d.csv", "y ~ x + (1 | g)"]
    assert words[4:] == [] if not given else len(words) == 6
    assert wanted is None or words[-1] == wanted


def test_r_code_with_everything() -> None:
    commands = Commands(source="d.csv", options=AWKWARD, reading=READING)
    assert commands.r_code("y ~ x + (1 | g)").splitlines() == [
        'd$f <- factor(d$f, levels = c("b", "a"))',
        "m <- lmer(y ~ x + (1 | g), data = d, REML = FALSE, weights = `w 1`, offset = o, "
        'subset = x > 1 & g %in% c("a", "b"), '
        'contrasts = list(f = "contr.sum", `my f` = "contr.helmert"), control = lmerControl('
        'optimizer = "nloptwrap", optCtrl = list(algorithm = "NLOPT_LN_NELDERMEAD", maxeval = 200)))',
    ]


@pytest.mark.parametrize(
    ("formula", "lines"),
    [
        (
            "y ~ x + (1 | factor(h))",
            ["d$h_group <- with(d, factor(h))", "m <- lmer(y ~ x + (1 | h_group), data = d, REML = TRUE)"],
        ),
        (
            "y ~ n_group + (1 + x | gen:factor(n)) + (1 | factor(n))",
            [
                "d$n_group2 <- with(d, factor(n))",
                "m <- lmer(y ~ n_group + (1 + x | gen:n_group2) + (1 | n_group2), data = d, REML = TRUE)",
            ],
        ),
        (
            "y ~ relevel(h, ref = 'b') + ns(x, 2) + splines::bs(x) + relevel(f, 'b') + "
            "(1 | interaction(`a b`, h))",
            [
                "library(splines)",
                "d$h <- factor(d$h)",
                "d$a_b_h_group <- with(d, interaction(`a b`, h))",
                'm <- lmer(y ~ relevel(h, ref = "b") + ns(x, 2) + splines::bs(x) + relevel(f, "b") + '
                "(1 | a_b_h_group), data = d, REML = TRUE)",
            ],
        ),
        ("y ~ x + (1 | h)", ["m <- lmer(y ~ x + (1 | h), data = d, REML = TRUE)"]),
    ],
)
def test_r_code_makes_first_what_lme4_does_not_find(formula: str, lines: list[str]) -> None:
    """lme4 evaluates a grouping factor in the model frame, and stops at `factor(h)`; it got that code."""
    commands = Commands(source="d.csv", options=TriageOptions(), reading=Reading(factors={"f": None}))
    made = ["d$f <- factor(d$f)"] if "relevel(f" in formula else []  # of what the formula uses
    assert commands.r_code(formula).splitlines() == [*made, *lines]


GENERALIZED = TriageOptions(
    family="binomial", link="probit", nagq=9, weights="n", offset="o", optimizer="nloptwrap", maxfun=50
)
SUCCESSES = "cbind(s, n - s) ~ x + (1 | g)"


@pytest.mark.parametrize(
    ("options", "call"),
    [
        ({"family": "binomial"}, "glmer(F, data = d, family = binomial)"),
        ({"family": "binomial", "link": "logit"}, "glmer(F, data = d, family = binomial)"),
        ({"family": "binomial", "link": "cloglog"}, 'glmer(F, data = d, family = binomial("cloglog"))'),
        (
            {"family": "Gamma", "link": "log", "nagq": 0},
            'glmer(F, data = d, family = Gamma("log"), nAGQ = 0)',
        ),
        ({"link": "log"}, 'glmer(F, data = d, family = gaussian("log"))'),
        ({"family": "inverse.gaussian"}, "glmer(F, data = d, family = inverse.gaussian)"),
        (
            {"family": "poisson", "nagq": 9, "offset": "log t"},
            "glmer(F, data = d, family = poisson, nAGQ = 9, offset = `log t`)",
        ),
        ({"family": "negative.binomial", "weights": "w"}, "glmer.nb(F, data = d, weights = w)"),
        ({"link": "identity"}, "lmer(F, data = d, REML = TRUE)"),
    ],
)
def test_a_family_is_written_as_r_users_write_it(options: dict[str, Any], call: str) -> None:
    assert Commands(source="d.csv", options=TriageOptions(**options)).r_code("F") == f"m <- {call}"


@pytest.mark.parametrize(
    ("options", "plain", "prior"),
    [
        ({}, "lm(F, data = d)", "blme::blmer(F, data = d, REML = TRUE, cov.prior = wishart, CONTROL)"),
        (
            {"family": "poisson", "nagq": 9},
            "glm(F, data = d, family = poisson)",
            "blme::bglmer(F, data = d, family = poisson, nAGQ = 9, cov.prior = wishart, CONTROL)",
        ),
        (
            {"family": "negative.binomial", "offset": "o"},
            "MASS::glm.nb(F, data = d, offset = o)",
            "glmer.nb(F, data = d, offset = o)\nm <- blme::bglmer(F, data = d, family = "
            'MASS::negative.binomial(theta = getME(m, "glmer.nb.theta")), offset = o, '
            "cov.prior = wishart, CONTROL)",
        ),
    ],
    ids=["linear", "generalized", "negative-binomial"],
)
def test_every_kind_of_model_has_its_function(options: dict[str, Any], plain: str, prior: str) -> None:
    commands = Commands(source="d.csv", options=TriageOptions(**options))
    assert commands.r_code("F", kind="plain") == f"m <- {plain}"
    settings = "lmerControl" if commands.options.is_linear else "glmerControl"
    control = f'control = {settings}(optimizer = "Nelder_Mead")'
    needed = '# needs install.packages("blme")\n'
    assert commands.r_code("F", kind="prior") == f"{needed}m <- {prior.replace('CONTROL', control)}"


@pytest.mark.parametrize(("family", "control"), [("gaussian", "lmerControl"), ("poisson", "glmerControl")])
def test_controls_are_those_of_the_function(family: str, control: str) -> None:
    commands = Commands(source="d.csv", options=TriageOptions(family=family))
    code = commands.of(optimizer="bobyqa").r_code("F")
    assert code.endswith(f', control = {control}(optimizer = "bobyqa"))')


def test_the_command_of_a_generalized_model_is_the_same_question(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    table = tmp_path / "d.csv"
    table.write_text("s,n,x,g,o\n1,2,1,u,0\n2,3,2,v,0\n")
    command = Commands(source="d.csv", options=GENERALIZED).mmtriage(SUCCESSES)
    assert parsed(command, monkeypatch, table)[:2] == (SUCCESSES, GENERALIZED)
    capsys.readouterr()


def test_glmers_own_optimizers_are_not_spelt_out() -> None:
    options = TriageOptions(family="negative.binomial", link="log")
    command = Commands(source="d.csv", options=options).mmtriage("F")
    assert command == "mmtriage fit d.csv F --family negative.binomial --link log"


REPORTS = [
    *(
        (case_id, ("--all-rungs",))
        for case_id in ("sleepstudy_year", "dyestuff2", "crossed_maximal", "hsb_raw")
    ),
    ("school_fixed_and_random", ()),
    ("sleepstudy_micro", ()),
    ("cbpp", ("--maxfun", "20")),
]


def remedies() -> list[dict[str, Any]]:
    found = [r for case_id, options in REPORTS for r in triaged_golden(case_id, *options).report["remedies"]]
    budget = triaged(str(SAMPLES / "sleepstudy.csv"), "Reaction ~ Days + (Days | Subject)", "--maxfun", "10")
    return [*found, *budget.report["remedies"]]


@pytest.mark.slow
@pytest.mark.xdist_group("reports with code to paste")  # one worker makes them all
def test_every_command_in_a_report_parses(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    commands = [(r, r["code"]["mmtriage"]) for r in remedies() if r["code"]["mmtriage"]]
    assert len(commands) > 10
    for remedy, command in commands:
        formula, *_ = parsed(command, monkeypatch, Path(shlex.split(command)[2]))
        assert formula == remedy["formula"]
    capsys.readouterr()


@pytest.mark.slow
def test_what_clears_really_clears() -> None:
    """The first remedy's own command, run: nothing graver than information is left."""
    for case_id in ("sleepstudy_year", "sleepstudy_micro", "hsb_raw", "crossed_maximal"):
        first = next(
            r for r in triaged_golden(case_id).report["remedies"] if r["code"]["mmtriage"] and r["clears"]
        )
        words: Sequence[str] = shlex.split(first["code"]["mmtriage"])
        report = triaged(words[2], words[3], *words[4:]).report
        assert report["verdict"]["status"] in ("converged", "false_alarm"), first["title"]


@pytest.mark.slow
@pytest.mark.skipif(
    shutil.which("Rscript") is None, reason="Rscript is not installed: R syntax is not checked"
)
def test_the_code_for_lme4_is_r(tmp_path: Path) -> None:
    code = [r["code"]["lme4"] for r in remedies() if r["code"]["lme4"]]
    code += [
        Commands(source="d.csv", options=options).r_code(FORMULA, kind=kind)
        for options in (AWKWARD, GENERALIZED, TriageOptions(family="negative.binomial"))
        for kind in FUNCTIONS
    ]
    assert len(code) > 10
    script = tmp_path / "code.R"
    script.write_text("\n".join(code))
    subprocess.run(
        ["Rscript", "--vanilla", "-e", "invisible(parse(commandArgs(TRUE)[1]))", str(script)],
        check=True,
        timeout=60,
    )


R = re.compile(r"^\S+ <- |data = d\b|getME\(|d\$")


def test_r_code_is_written_in_one_room() -> None:
    """What a rung or a remedy needs of R it asks of ladder/emitted."""
    package = Path(mmtriage.__file__).parent
    wrong = []
    for path in sorted(package.rglob("*.py")):
        says_how_r_writes_a_table = path.name == "file_kinds.py"  # of the files that R alone reads
        if path.is_relative_to(package / "ladder" / "emitted") or says_how_r_writes_a_table:
            continue
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
            if isinstance(node, ast.Constant) and isinstance(node.value, str) and R.search(node.value):
                wrong.append(f"{path.relative_to(package)}:{node.lineno}")
    assert wrong == []


@pytest.mark.parametrize(("source", "word"), [("-x.csv", "./-x.csv"), ("--help", "./--help"), ("-", "-")])
def test_no_word_of_a_command_is_taken_for_an_option(source: str, word: str) -> None:
    commands = Commands(source=source, options=TriageOptions())
    said = shlex.split(commands.mmtriage("-y ~ x + (1 | g)"))
    assert said == ["mmtriage", "fit", word, " -y ~ x + (1 | g)"]
