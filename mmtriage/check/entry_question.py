"""What a model of a configuration asks: its table, formula and options, and the fit if there is one."""

from __future__ import annotations

from dataclasses import dataclass
from functools import lru_cache
from typing import TYPE_CHECKING

from mmtriage.check.entries import ModelEntry
from mmtriage.data.read_table import read_table
from mmtriage.data.reading import Reading
from mmtriage.data.source import checksum_of
from mmtriage.data.table import Table
from mmtriage.options import TriageOptions
from mmtriage.report.request import request_of

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


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class _Said:
    """What the keys of a model say, and the file of its fit; the table is only named."""

    source: str
    formula: str
    options: TriageOptions
    given: GivenFit | None = None


def question_of_entry(model: ModelEntry) -> EntryQuestion:
    """Read whatever a model names.

    Raises MmtriageError where a file cannot be read, or contradicts the configuration.
    """
    said = _said(model)
    table = _table(said.source, model.reading)
    if said.given is not None:
        from mmtriage.given.asked import with_factors

        table = with_factors(table, said.given)
    return EntryQuestion(table=table, formula=said.formula, options=said.options, given=said.given)


def request_of_entry(model: ModelEntry) -> str:
    """The checksum of what a model asks (`report/request.py`): its table is read for it, and not parsed.

    Raises as `question_of_entry`.
    """
    said = _said(model)
    checksum = _checksum(said.source, model.reading)
    return request_of(checksum, model.reading, said.formula, said.options, said.given)


def _said(model: ModelEntry) -> _Said:
    if model.fit is None:
        assert model.data is not None  # of a model without the file of a fit both are needed
        assert model.formula is not None
        return _Said(source=model.data, formula=model.formula, options=model.options)
    from mmtriage.given.asked import options_of_fit, table_path
    from mmtriage.given.read_fit import read_fit

    given = read_fit(model.fit)
    return _Said(
        source=table_path(given, model.data),
        formula=given.formula,
        options=options_of_fit(given, model.options, model.said),
        given=given,
    )


@lru_cache(maxsize=KEPT_TABLES)
def _checksum(source: str, reading: Reading) -> str:
    return checksum_of(source, has_encoding=reading.encoding is not None, max_bytes=reading.max_bytes)


@lru_cache(maxsize=KEPT_TABLES)
def _table(source: str, reading: Reading) -> Table:
    """Read a table, which several models may share."""
    return read_table(source, reading)
