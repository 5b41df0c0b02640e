"""The data frame `d` of the emitted R code: how R reads the table, and which columns it makes factors.

Code that reads the table is emitted only where a plain `read.csv()` would make other columns of it. White
space around cells never counts here, and an empty cell is missing in text too (`data/convert.py`); R would
keep both, rename columns that are no R names, and know nothing of `--sep` and `--na-values`.
"""

from __future__ import annotations

import re
from collections.abc import Sequence

import numpy as np

from mmtriage.data.convert import number, number_labels
from mmtriage.data.odd_numbers import is_of_identifiers
from mmtriage.data.reading import Reading
from mmtriage.data.table import Punctuation, Table
from mmtriage.formula.text import quote_name
from mmtriage.ladder.emitted.r_files import r_na_strings, r_other_file, r_path
from mmtriage.ladder.emitted.r_values import r_string, r_strings

STDIN = "-"


def r_reading(table: Table) -> tuple[str, ...]:
    """R code that reads the table into `d`; nothing where `read.csv()`, or the user, does it as well."""
    if table.layout is None or table.source == STDIN:
        return ()
    if not isinstance(table.layout, Punctuation):
        return r_other_file(table)
    given = table.reading.na_values
    odd_names = any(quote_name(name) != name for name in table.columns)
    gaps = any(column.kind == "factor" and column.is_missing.any() for column in table.columns.values())
    punctuation, reading, lines_above = table.layout, table.reading, table.header_line - 1
    separator, decimal = punctuation.separator, punctuation.decimal
    levels = {name: column.levels for name, column in table.columns.items() if column.kind == "factor"}
    twins = any(len({level.strip() for level in each}) < len(each) for each in levels.values())
    identifiers = [name for name, each in levels.items() if is_of_identifiers(each)]
    identifiers = [name for name in identifiers if name not in table.reading.factors]
    is_utf8 = punctuation.encoding.upper().replace("-", "") == "UTF8"
    is_plain = is_utf8 and not lines_above and reading.comment is None and decimal == "."
    is_plain = is_plain and table.member is None
    if not (given or odd_names or gaps or identifiers or reading.thousands) and is_plain and separator == ",":
        return ()
    arguments = [r_path(table)]
    if separator != ",":
        said = '"\\t"' if separator == "\t" else r_string(separator)
        arguments.append(f"sep = {said}")
    if decimal != ".":
        arguments.append(f"dec = {r_string(decimal)}")
    arguments.append(f"na.strings = {r_na_strings(reading)}")
    if odd_names:
        arguments.append("check.names = FALSE")
    if lines_above:
        arguments.append(f"skip = {lines_above}")
    if reading.comment is not None:
        arguments.append(f"comment.char = {r_string(reading.comment)}")
    if not is_utf8:
        arguments.append(f"fileEncoding = {r_string(punctuation.encoding)}")
    if identifiers:
        said = ", ".join(f'{quote_name(name)} = "factor"' for name in identifiers)
        arguments.append(f"colClasses = c({said})")
    # Levels that differ by surrounding space must stay apart.
    arguments.append("stringsAsFactors = TRUE" if twins else "strip.white = TRUE, stringsAsFactors = TRUE")
    return (f"d <- read.csv({', '.join(arguments)})", *_ungrouped(table))


def _ungrouped(table: Table) -> list[str]:
    """R code that makes numbers of the columns that have marks between groups of digits."""
    marks = table.reading.thousands
    if marks is None or not isinstance(table.layout, Punctuation):
        return []
    names = [name for name, column in table.columns.items() if column.kind == "numeric"]
    points = table.layout.decimal
    number_of = f'gsub({r_string(marks)}, "", x, fixed = TRUE)'
    if points != ".":
        number_of = f'sub({r_string(points)}, ".", {number_of}, fixed = TRUE)'
    return [
        f"numeric <- {r_strings(names)}",
        f"d[numeric] <- lapply(d[numeric], function(x) if (is.numeric(x)) x else as.numeric({number_of}))",
    ]


def text_columns(table: Table) -> dict[str, tuple[str, ...]]:
    """The columns that a plain `read.csv()` leaves text, with their levels, but for declared factors."""
    return {
        name: column.levels
        for name, column in table.columns.items()
        if column.kind == "factor" and name not in table.reading.factors
    }


def r_factors(reading: Reading, used: str) -> list[str]:
    """R code that makes factors of the columns that were read as factors and stand in the text `used`."""
    lines, plain = [], []
    for column, levels in reading.factors.items():
        if re.search(rf"(?<![\w.]){re.escape(column)}(?![\w.])", used) is None:
            continue
        name = quote_name(column)
        if levels is None:
            plain.append(column)
        else:
            lines.append(f"d${name} <- factor(d${name}{_order(levels)})")
    if len(plain) > 1:
        lines.insert(0, f"d[{r_strings(plain)}] <- lapply(d[{r_strings(plain)}], factor)")
    elif plain:
        lines.insert(0, f"d${quote_name(plain[0])} <- factor(d${quote_name(plain[0])})")
    return lines


def _order(levels: Sequence[str]) -> str:
    """The arguments of factor() for listed levels; R compares labels, so `1.0` is not the number 1."""
    numbers = [number(level) for level in levels]
    known = [value for value in numbers if value is not None]
    labels = list(levels) if len(known) < len(levels) else number_labels(np.array(known))
    wanted = f", levels = {r_strings(labels)}"
    return wanted if labels == list(levels) else f"{wanted}, labels = {r_strings(levels)}"
