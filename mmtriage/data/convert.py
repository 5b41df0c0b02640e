"""From text cells to a typed column, by the rules of R's `type.convert` and `factor`.

A text column arrives as its distinct cells and one code per row, so that the rules below look at each
distinct cell once. Two departures from R, both kinder: white space around a cell never counts, and an empty
cell is missing in text columns too (R's `na.strings = c("NA", "")`).
"""

from __future__ import annotations

import re
from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass
from math import nan

import numpy as np

from mmtriage.arrays import Array, Index
from mmtriage.data.odd_numbers import merged, note_on_identifiers, note_on_numbers, note_on_text
from mmtriage.data.table import Column

NA_STRINGS = ("NA", "")
FEW_CELLS = 0.05  # share of the cells that are no numbers, up to which a column is one of numbers
LOGICALS = {"TRUE": 1.0, "T": 1.0, "FALSE": 0.0, "F": 0.0}  # "true" and "True" are text, as in read.csv


@dataclass(frozen=True, slots=True, kw_only=True)
class Numerals:
    """How a text writes numbers."""

    decimal: str = "."
    thousands: str | None = None  # between groups of three digits


PLAIN_NUMERALS = Numerals()


def na_strings_of(na_values: Iterable[str]) -> frozenset[str]:
    """The cells that mean missing, with those that the user names."""
    return frozenset((*NA_STRINGS, *na_values))


def column_from_text(
    name: str,
    cells: Sequence[str],
    codes: Index,
    na_strings: Collection[str],
    numerals: Numerals = PLAIN_NUMERALS,
) -> Column:
    """A typed column from distinct cells and each row's index into them, (n_rows,); -1 is missing."""
    stripped = [cell.strip() for cell in cells]
    known = [cell for cell in stripped if cell not in na_strings]
    if all(cell in LOGICALS for cell in known):
        return Column(name=name, kind="logical", values=_lookup(stripped, LOGICALS, codes))
    numbers = {cell: number(cell, numerals) for cell in known}
    of_identifiers = merged(numbers)
    if of_identifiers is None and all(value is not None for value in numbers.values()):
        values = _lookup(stripped, numbers, codes)
        return Column(name=name, kind="numeric", values=values, note=note_on_numbers(name, numbers))
    twins = _twins(cells, na_strings)
    words = list(cells) if twins else stripped
    levels = sorted({word for word, cell in zip(words, stripped, strict=True) if cell not in na_strings})
    code_of = {level: code for code, level in enumerate(levels)}  # code-point order, as R in the C locale
    table = np.array([code_of.get(word, -1) for word in words] + [-1], dtype=np.int64)
    if twins:
        note: str | None = _of_twins(name, twins)
    elif of_identifiers is not None and all(value is not None for value in numbers.values()):
        note = note_on_identifiers(name, of_identifiers)
    else:
        note = note_on_text(name, numbers)
    return Column(name=name, kind="factor", values=table[codes], levels=tuple(levels), note=note)


def _twins(cells: Sequence[str], na_strings: Collection[str]) -> tuple[str, str] | None:
    """Two distinct cells that are the same but for the space around them."""
    seen: dict[str, str] = {}
    for cell in cells:
        other = seen.setdefault(cell.strip(), cell)
        if other != cell and cell.strip() not in na_strings:
            return (other, cell) if len(other) < len(cell) else (cell, other)
    return None


def _of_twins(name: str, twins: tuple[str, str]) -> str:
    return (
        f'levels of `{name}` differ by surrounding space only ("{twins[0]}" and "{twins[1]}"): they stay '
        "apart, as in R"
    )


def _lookup(cells: Sequence[str], value_of: Mapping[str, float | None], codes: Index) -> Array:
    # The extra last entry serves code -1.
    table = np.array([value_of.get(cell, nan) for cell in cells] + [nan], dtype=np.float64)
    values: Array = table[codes]
    return values


def number(cell: str, numerals: Numerals = PLAIN_NUMERALS) -> float | None:
    """The cell as a number if R would read it as one (hexadecimal, `Inf` and `NaN` included), else None."""
    if numerals.thousands is not None:
        cell = _ungrouped(cell, numerals.thousands)
    if numerals.decimal != ".":
        cell = cell.replace(".", "_").replace(numerals.decimal, ".")  # "1.234,5" is text, not 1.2345
    if not cell.isascii() or "_" in cell:  # Python's float() reads "1_000" and Arabic digits; R does not
        return None
    try:
        return float.fromhex(cell) if "0x" in cell[:3].lower() else float(cell)
    except (ValueError, OverflowError):
        return None


def _ungrouped(cell: str, mark: str) -> str:
    """A number without the marks between its groups of three digits; any other cell as it is."""
    grouped = rf"\s*[+-]?\d{{1,3}}(?:{re.escape(mark)}\d{{3}})+(?!\d)(?!{re.escape(mark)})"
    return cell.replace(mark, "") if re.match(grouped, cell) else cell


def strange_levels(column: Column) -> list[int]:
    """The codes of a factor's levels that are no numbers."""
    return [code for code, level in enumerate(column.levels) if number(level) is None]


def rows_with(column: Column, codes: Sequence[int]) -> Index:
    """The rows (k,), counted from 0, in which a factor has one of these levels."""
    return np.flatnonzero(np.isin(column.values, codes))


def first_non_number(column: Column) -> tuple[str, int] | None:
    """The first value that keeps a text column from being numeric, with its row (counted from 0).

    None when half of the levels or more are no numbers: then the column is text because it is text.
    """
    strangers = strange_levels(column)
    if not strangers or 2 * len(strangers) >= len(column.levels):
        return None
    row = int(rows_with(column, strangers)[0])
    return column.levels[int(column.values[row])], row


def as_factor(column: Column) -> Column:
    """The column as R's `factor(x)`: numbers in numeric order, labeled as `as.character` does."""
    if column.kind == "factor":
        return column
    distinct = np.unique(column.values[~column.is_missing])
    labels = ["FALSE", "TRUE"] if column.kind == "logical" else number_labels(distinct)
    if column.kind == "logical":
        labels = [labels[int(value)] for value in distinct]
    levels = tuple(dict.fromkeys(labels))  # 0.3 and 0.1 + 0.2 are one level: R matches the labels
    code_of = {level: code for code, level in enumerate(levels)}
    table = np.array([code_of[label] for label in labels] + [-1], dtype=np.int64)
    positions = np.where(column.is_missing, -1, np.searchsorted(distinct, column.values))
    return Column(name=column.name, kind="factor", values=table[positions], levels=levels)


def number_labels(values: Array) -> list[str]:
    """Labels of numbers as R's `as.character`: integers whole ("100000"), others as doubles ("1e+05")."""
    is_integer = bool(np.all(np.abs(values) < 2**31) and np.all(values == np.round(values)))
    return [str(int(value)) if is_integer else double_label(float(value)) for value in values]


def double_label(value: float) -> str:
    """A double with up to 15 significant digits, fixed unless scientific is shorter: 0.1, 1e+05."""
    if not np.isfinite(value):
        return "NaN" if value != value else ("Inf" if value > 0 else "-Inf")
    mantissa, exponent = f"{value:.14e}".split("e")
    significant = max(1, len(mantissa.lstrip("-").replace(".", "").rstrip("0")))
    scientific = f"{value:.{significant - 1}e}"
    fixed = f"{value:.{max(0, significant - 1 - int(exponent))}f}"
    return fixed if len(fixed) <= len(scientific) else scientific
