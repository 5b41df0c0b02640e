"""What a model of a configuration asks: its table, formula and options, and the fit if there is one."""

from __future__ import annotations

from dataclasses import dataclass
from functools import lru_cache
from typing import TYPE_CHECKING

from mmtriage.check.entries import ModelEntry
from mmtriage.data.read_table import read_table
from mmtriage.data.reading import Reading
from mmtriage.data.table import Table
from mmtriage.options import TriageOptions

if TYPE_CHECKING:
    from mmtriage.given.record import GivenFit

KEPT_TABLES = 4  # per process; models that share a table stand together as a rule


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class EntryQuestion:
    """The arguments of a triage."""

    table: Table
    formula: str
    options: TriageOptions
    given: GivenFit | None = None  # made elsewhere, in place of one that is imitated


def question_of_entry(model: ModelEntry) -> EntryQuestion:
    """Read whatever a model names.

    Raises MmtriageError where a file cannot be read, or contradicts the configuration.
    """
    if model.fit is not None:
        return _of_fit(model, model.fit)
    assert model.data is not None  # of a model without the file of a fit both are needed
    assert model.formula is not None
    return EntryQuestion(
        table=_table(model.data, model.reading), formula=model.formula, options=model.options
    )


def _of_fit(model: ModelEntry, path: str) -> EntryQuestion:
    from mmtriage.given.asked import options_of_fit, table_path, with_factors
    from mmtriage.given.read_fit import read_fit

    given = read_fit(path)
    options = options_of_fit(given, model.options, model.said)
    table = with_factors(_table(table_path(given, model.data), model.reading), given)
    return EntryQuestion(table=table, formula=given.formula, options=options, given=given)


@lru_cache(maxsize=KEPT_TABLES)
def _table(source: str, reading: Reading) -> Table:
    """Read a table, which several models may share."""
    return read_table(source, reading)
