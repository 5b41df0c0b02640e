"""From what the user named to a table."""

from __future__ import annotations

from pathlib import Path

from mmtriage.data.factors import apply_factors
from mmtriage.data.file_kinds import MEANS, SPEAKS_OF_TEXT, FileKind
from mmtriage.data.reading import PLAINLY, Reading
from mmtriage.data.source import Source, open_source
from mmtriage.data.table import Found, Table
from mmtriage.deadline import said_while
from mmtriage.errors import DataError, OptionError
from mmtriage.option_values import options_of


def read_table(source: str | Path, reading: Reading = PLAINLY) -> Table:
    """Read a table from a path, or from standard input for `-`, whatever kind of file it is."""
    with said_while(f"`{source}` was read"):
        opened = open_source(source, has_encoding=reading.encoding is not None, max_bytes=reading.max_bytes)
        _refuse_idle_options(opened.kind, reading)
        found = _read(opened, reading)
    if not found.columns:
        raise DataError("no column of the table can be used in a model", where=opened.name)
    return Table(
        columns=apply_factors(found.columns, reading.factors),
        n_rows=next(iter(found.columns.values())).values.size,
        source=opened.name,
        sha256=opened.sha256,
        reading=reading,
        layout=found.layout,
        header_line=found.header_line,
        notes=found.notes,
        unusable=found.unusable,
        member=opened.member,
        dated=found.dated or opened.dated,
    )


def _read(source: Source, reading: Reading) -> Found:
    """Hand a source to its reader; each is imported where it is needed."""
    match source.kind.reader:
        case "text":
            from mmtriage.data import delimited

            return delimited.read(source, reading)
        case "workbook":
            from mmtriage.data import workbook

            return workbook.read(source, reading)
        case "labelled":
            from mmtriage.data import labelled

            return labelled.read(source, reading)
        case "arrow":
            from mmtriage.data import arrow_file

            return arrow_file.read(source, reading)


def _refuse_idle_options(kind: FileKind, reading: Reading) -> None:
    """Refuse options of reading that nothing would come of."""
    known = {name for names in MEANS.values() for name in names}
    for item in options_of(Reading):
        is_given = getattr(reading, item.name) != item.default
        if is_given and item.name in known and item.name not in MEANS[kind.reader]:
            of_text = item.name in SPEAKS_OF_TEXT
            raise OptionError(
                f"it means nothing for {kind.what}",
                where=f"option {item.flag}",
                hint=f"Leave it out: it speaks of {'texts' if of_text else 'workbooks'}.",
            )
