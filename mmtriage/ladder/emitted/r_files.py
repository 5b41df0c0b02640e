"""R code that reads what is no text: workbooks by readxl, labelled files by haven, Arrow's by arrow."""

from __future__ import annotations

from typing import assert_never

from mmtriage.data.convert import NA_STRINGS
from mmtriage.data.reading import Reading
from mmtriage.data.table import ArrowFile, Labelled, Punctuation, Sheet, Table
from mmtriage.ladder.emitted.r_values import r_string, r_strings

AS_FACTORS = "d[] <- lapply(d, function(x) if (is.character(x)) factor(x) else x)"
# An empty text is missing in these files.
WITHOUT_LABELS = (
    'd[] <- lapply(d, function(x) if (is.character(x)) factor(x, exclude = c(NA, "")) '
    "else haven::zap_labels(x))"
)
OF_ARROW = {"parquet": "read_parquet", "feather": "read_feather", "stream": "read_ipc_stream"}


def r_path(table: Table) -> str:
    """The file as R names it; a file in an archive is unpacked first."""
    if table.member is None:
        return r_string(table.source)
    return f"unzip({r_string(table.source)}, {r_string(table.member)}, exdir = tempdir())"


def r_na_strings(reading: Reading) -> str:
    """R's `na.strings`: the cells that mean missing, each once."""
    return r_strings(dict.fromkeys((*NA_STRINGS, *reading.na_values)))


def r_other_file(table: Table) -> tuple[str, ...]:
    """R code that reads into `d` what this program reads."""
    match table.layout:
        case Sheet():
            return _of_sheet(table, table.layout)
        case Labelled():
            return _of_labelled(table, table.layout)
        case ArrowFile():
            read = f"arrow::{OF_ARROW[table.layout.kind]}({r_path(table)})"
            return (f"d <- as.data.frame({read})", AS_FACTORS)
        case Punctuation() | None:
            return ()
        case _:
            assert_never(table.layout)


def _of_sheet(table: Table, sheet: Sheet) -> tuple[str, ...]:
    """Its cells as text, of which R then makes what it makes of a CSV file's."""
    skipped = f", skip = {table.header_line - 1}" if table.header_line > 1 else ""
    na_strings = r_na_strings(table.reading)
    return (
        f"d <- readxl::read_excel({r_path(table)}, sheet = {r_string(sheet.name)}{skipped}, "
        'col_types = "text", .name_repair = "minimal")',
        f"d <- type.convert(as.data.frame(d), na.strings = {na_strings}, as.is = FALSE)",
    )


def _of_labelled(table: Table, layout: Labelled) -> tuple[str, ...]:
    encoding = "" if layout.encoding is None else f", encoding = {r_string(layout.encoding)}"
    read = "read_sas" if layout.kind == "sas7bdat" else f"read_{layout.kind}"
    lines = [f"d <- as.data.frame(haven::{read}({r_path(table)}{encoding}))"]
    plain = [name for name in layout.factors if name not in layout.ordered]
    for names, argument in ((plain, ""), (layout.ordered, ", ordered = TRUE")):
        if names:
            chosen = f"d[{r_strings(names)}]"
            lines.append(f"{chosen} <- lapply({chosen}, haven::as_factor{argument})")
    return (*lines, WITHOUT_LABELS)
