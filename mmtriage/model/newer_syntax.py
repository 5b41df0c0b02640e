"""Random-effects terms that lme4 1.1 does not have, and the 2.x that people run today has.

us(x | g), cs(...), ...    structures, of 2.0: 1.1-31 takes them for functions of the fixed part, of which
base R
                           has but `diag()`
(1 | a * b), (1 | a + b)   since 1.1-36; 1.1-31 stops: "Invalid grouping factor specification, a * b"
"""

from __future__ import annotations

import re

from mmtriage.errors import FormulaError
from mmtriage.formula import Formula
from mmtriage.formula.bars import Bar
from mmtriage.model.lme4_versions import LME4_1_1, Lme4Version

INSTEAD = {"us": "`(x | g)`", "diag": "`(x || g)`"}  # what says the same without the tag
TAGGED = re.compile(r"\s*(us|diag|cs|ar1)\s*\(")


def refuse_newer_syntax(formula: Formula, version: Lme4Version) -> None:
    """Refuse what the lme4 that is meant would not read."""
    if version != LME4_1_1:
        return
    for bar in formula.random:
        written = formula.text[bar.span.start : bar.span.end]
        tag, grouping = TAGGED.match(written), _grouping(written)
        if tag is not None:
            message = f"lme4 1.1 has no `{tag[1]}()`: covariance structures came with 2.0"
            if tag[1] != "diag":
                message += f' (R stops: could not find function "{tag[1]}")'
            raise _refused(message, formula, bar, INSTEAD.get(tag[1]))
        if _at_top(grouping, "*+"):
            message = f"lme4 1.1 stops here: Invalid grouping factor specification, {grouping}"
            raise _refused(message, formula, bar, "one term for each grouping factor")


def _refused(message: str, formula: Formula, bar: Bar, instead: str | None) -> FormulaError:
    hint = "Leave `--lme4 1.1` out: lme4 2.x reads it."
    if instead is not None:
        hint = f"Write {instead}, or leave `--lme4 1.1` out: lme4 2.x reads it."
    return FormulaError(message, text=formula.text, span=bar.span, hint=hint)


def _grouping(written: str) -> str:
    """What stands behind the bar of a term as it was written."""
    behind = written.rpartition("|")[2].strip()
    while behind.endswith(")") and behind.count(")") > behind.count("("):
        behind = behind[:-1].rstrip()
    return behind


def _at_top(text: str, signs: str) -> bool:
    """Whether one of the signs stands outside all parentheses and backticks."""
    depth, quoted = 0, False
    for sign in text:
        quoted ^= sign == "`"
        depth += (sign == "(") - (sign == ")")
        if sign in signs and depth == 0 and not quoted:
            return True
    return False
