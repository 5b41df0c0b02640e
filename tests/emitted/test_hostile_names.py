"""R code with names that would break it, or do something else: it parses, and names what it should."""

from __future__ import annotations

import json
import re
import shutil
import subprocess

import pytest

from mmtriage.formula import parse_formula
from mmtriage.formula.text import quote_name
from mmtriage.ladder.emitted import r_columns
from mmtriage.ladder.emitted.commands import Commands
from mmtriage.options import TriageOptions

NAMES = (
    *("a\nb", "a\tb", "a\rb", "a\x1bb", "\x7f1", "u\u2028v", "a\x85b", "x²", "½", "①", "é", "名前"),
    *("q`q", "b\\s", "b\\x1b", 'a"b', "a#b", "%p%", "if", "NA", "_x", ".1", "a b"),
    *("); system('touch pwned')", "`); q(); (`", "\\", "\\n"),
)
IN_R = """
codes <- jsonlite::fromJSON(file("stdin"))
for (code in codes) {
  called <- tryCatch(
    setdiff(all.names(parse(text = code)), all.vars(parse(text = code))),
    error = function(e) c("ERROR", conditionMessage(e))
  )
  cat(jsonlite::toJSON(called), "\\n", sep = "")
}
"""
CALLED = {  # all that the code below may call
    *("<-", "~", "+", "|", "(", "==", "&", ">", "$", "[", "!", "-", "[<-", "::", "/", "^"),
    *("lmer", "glmer", "lm", "blmer", "list", "c", "with", "ave", "factor", "subset", "complete.cases"),
    *("allFit", "getME", "lmerControl", "seq_len", "nrow", "duplicated"),
}


def code_of(name: str) -> str:
    """R code in which a name stands wherever names stand."""
    quoted = quote_name(name)
    options = TriageOptions(
        weights=name, offset=name, subset=f"{quoted} > 0 & f == 'l' # all", contrasts={name: "sum"}
    )
    commands = Commands(source="d.csv", options=options, texts={name: ("a\nb", "x²")})
    formula = parse_formula(f"{quoted} ~ {quoted} + factor({quoted}) + (1 + {quoted} | factor({quoted}))")
    before = [
        *r_columns.row_numbers(quoted),
        *r_columns.complete_rows([name], options.subset),
        *r_columns.centered_within(quoted, quoted, within="w", between="b"),
        r_columns.first_rows([name]),
    ]
    return commands.in_r(formula.to_text(), before=before).lme4 or ""


@pytest.mark.parametrize("name", NAMES, ids=ascii)
def test_a_name_reads_back_as_itself(name: str) -> None:
    formula = parse_formula(f"y ~ {quote_name(name)} + (1 | g)")
    assert [found for found, _ in formula.variables()] == ["y", name, "g"]
    assert parse_formula(formula.to_text()) == formula


def test_nothing_stands_between_backticks_that_r_does_not_know() -> None:
    """R: \\\\uxxxx sequences not supported inside backticks."""
    for name in NAMES:
        assert re.search(r"`[^`]*\\\\u[^`]*`", quote_name(name)) is None


@pytest.mark.skipif(shutil.which("Rscript") is None, reason="needs R")
def test_r_parses_the_code_and_calls_nothing_else() -> None:
    """33 of 286 codes did not parse."""
    codes = [code_of(name) for name in NAMES]
    done = subprocess.run(
        ["Rscript", "--vanilla", "-e", IN_R], input=json.dumps(codes), capture_output=True, text=True
    )
    if "jsonlite" in done.stderr:
        pytest.skip("R lacks jsonlite")
    called = [json.loads(line) for line in done.stdout.splitlines()]
    assert len(called) == len(codes)
    for code, names in zip(codes, called, strict=True):
        assert set(names) <= CALLED, code
