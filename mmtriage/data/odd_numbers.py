"""Cells that are numbers to a person or to R, and not to both: what a column of them is, and why.

9007199254740993   identifiers, of which a double holds 53 bits: text, where two would be one number
1e400              a number beyond the largest: Inf, as in R
0x10               a number, hexadecimal, as in R
007                a number, as in R: its zeros are lost
1_000, \uff11\uff12            text, as in R
"""

from __future__ import annotations

import re
from collections.abc import Collection, Mapping
from math import inf

from mmtriage.option_values.meanings import shown

MOST_EXACT = 2**53  # up to here every whole number is a double
_WHOLE = re.compile(r"[+-]?[0-9]+")
_ZEROS = re.compile(r"[+-]?0[0-9]+(\.[0-9]*)?")
_HEXADECIMAL = re.compile(r"[+-]?0[xX]")
_NEARLY = re.compile(r"[+-]?\d[\d_]*(\.[\d_]*)?")  # of digits in any script, with marks


def merged(numbers: Mapping[str, float | None]) -> tuple[str, str] | None:
    """Two cells that are different whole numbers, and would be one double."""
    seen: dict[float, str] = {}
    for cell, value in numbers.items():
        if value is not None and abs(value) >= MOST_EXACT and value not in (inf, -inf):
            other = seen.setdefault(value, cell)
            if _WHOLE.fullmatch(cell) and _WHOLE.fullmatch(other) and _digits(other) != _digits(cell):
                return other, cell
    return None


def _digits(cell: str) -> str:
    return cell.lstrip("+-").lstrip("0")


def note_on_identifiers(name: str, cells: tuple[str, str]) -> str:
    """Why a column of whole numbers is text."""
    one, two = cells
    return f"`{name}` is text, for as numbers {one} and {two} would be one: a number has 53 bits"


def note_on_numbers(name: str, numbers: Mapping[str, float | None]) -> str | None:
    """What is to be said of a column of numbers of which some are written oddly."""
    for cell, value in numbers.items():
        if value in (inf, -inf) and any(digit in cell for digit in "0123456789"):
            return f"{shown(cell)} of `{name}` is beyond the largest number, 1.8e308, and is {value}, as in R"
    for cell, value in numbers.items():
        if _HEXADECIMAL.match(cell):
            return f"{shown(cell)} of `{name}` is a hexadecimal number, {value:.15g}, as in R"
        if _ZEROS.fullmatch(cell):
            return f"{shown(cell)} of `{name}` is the number {value:.15g}, as in R: leading zeros are lost"
    return None


def note_on_text(name: str, numbers: Mapping[str, float | None]) -> str | None:
    """Why a column is text of which every cell looks like a number."""
    strangers = [cell for cell, value in numbers.items() if value is None]
    if all(_NEARLY.fullmatch(cell) for cell in strangers):
        return f"`{name}` is text, as in R, for {shown(strangers[0])} is no number there"
    return None


def is_of_identifiers(levels: Collection[str]) -> bool:
    """Whether the levels of a column of text are whole numbers, which is why it is text."""
    return bool(levels) and all(map(_WHOLE.fullmatch, levels))
