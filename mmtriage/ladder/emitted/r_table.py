"""How R is to read the table, where a plain `read.csv()` would make other columns of it.

White space around cells never counts here, and an empty cell is missing in text too (`data/convert.py`); R
would keep both, rename columns that are no R names, and know nothing of `--sep` and `--na-values`.
"""

from __future__ import annotations

from mmtriage.data.convert import NA_STRINGS
from mmtriage.data.table import Table
from mmtriage.formula.text import quote, quote_name
from mmtriage.ladder.emitted.commands import r_strings
from mmtriage.option_values import na_values
from mmtriage.options import TriageOptions

STDIN = "-"


def r_reading(table: Table, options: TriageOptions) -> tuple[str, ...]:
    """R code that reads the table into `d`; nothing where `read.csv()`, or the user, does it as well."""
    if table.punctuation is None or table.source == STDIN:
        return ()
    given = _given(options, "--na-values")
    odd_names = any(quote_name(name) != name for name in table.columns)
    gaps = any(column.kind == "factor" and column.is_missing.any() for column in table.columns.values())
    separator, decimal = table.punctuation.separator, table.punctuation.decimal
    if not (given or odd_names or gaps) and separator == ",":
        return ()
    arguments = [quote(table.source, '"')]
    if separator != ",":
        said = '"\\t"' if separator == "\t" else quote(separator, '"')
        arguments.append(f"sep = {said}")
    if decimal != ".":
        arguments.append(f"dec = {quote(decimal, chr(34))}")
    arguments.append(f"na.strings = {r_strings(dict.fromkeys((*NA_STRINGS, *na_values(given))))}")
    if odd_names:
        arguments.append("check.names = FALSE")
    arguments.append("strip.white = TRUE, stringsAsFactors = TRUE")
    return (f"d <- read.csv({', '.join(arguments)})",)


def _given(options: TriageOptions, flag: str) -> list[str]:
    """The values of one of the options that say how the table was read."""
    words = options.reading
    return [value for name, value in zip(words[::2], words[1::2], strict=True) if name == flag]
