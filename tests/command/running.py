"""What the tests of commands share: a command's outcome, and triages that do as they are told."""

from __future__ import annotations

import io
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from mmtriage.data.table import Table
from mmtriage.errors import FormulaError, Span
from mmtriage.options import TriageOptions
from mmtriage.report.facts import Report

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


Run = Callable[..., Result]


class Terminal(io.StringIO):
    """A stream that says it is a terminal."""

    def isatty(self) -> bool:
        return True


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
