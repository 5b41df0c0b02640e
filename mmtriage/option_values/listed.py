"""Values that are lists with commas: cells, columns with their levels, columns with their codings."""

from __future__ import annotations

import csv
import io
from collections.abc import Iterable, Mapping, Sequence

from mmtriage.errors import OptionError
from mmtriage.option_values.meanings import Text, Texts, one_of, shown

Factors = Mapping[str, tuple[str, ...] | None]  # column -> its levels in order, or None for those it has

CONTRASTS = ("treatment", "sum", "helmert", "poly")
CELL = Text()


class Cells:
    """Cells of a table, from lists with commas; a cell that contains a comma stands in double quotes."""

    is_repeatable = True

    def read(self, words: Sequence[str]) -> tuple[str, ...]:
        cells = tuple(cell.strip() for word in words for cell in _split(word))
        self.check(cells)
        return cells

    def check(self, value: object) -> None:
        Texts(CELL).check(value)

    def write(self, value: Sequence[str]) -> list[str]:
        return [_joined(value)] if value else []


class Levels:
    """Columns with their levels, from `COL` or `COL=lev1,lev2`; quotes as in `Cells`."""

    is_repeatable = True

    def read(self, words: Sequence[str]) -> Factors:
        result: dict[str, tuple[str, ...] | None] = {}
        for word in words:
            column, equals, levels = word.partition("=")
            _refuse_twice(column, result)
            if not column or (equals and not levels):
                raise _nameless(word, "levels" if column else "column")
            result[column] = tuple(_split(levels, skipinitialspace=True)) if equals else None
        self.check(result)
        return result

    def check(self, value: object) -> None:
        for column, levels in _mapped(value).items():
            if not column:
                raise _nameless(f"={levels}", "column")
            if levels is not None:
                Texts(CELL).check(levels)
                if not levels:
                    raise _nameless(f"{column}=", "levels")

    def write(self, value: Factors) -> list[str]:
        return [
            f"{column}" if levels is None else f"{column}={_joined(levels)}"
            for column, levels in value.items()
        ]


class Codings:
    """Columns with the coding of their contrasts, from `COL=sum`; R's `contr.sum` does as well."""

    is_repeatable = True

    def read(self, words: Sequence[str]) -> Mapping[str, str]:
        result: dict[str, str] = {}
        for word in words:
            column, _, coding = word.rpartition("=")
            if not column:
                hint = f"Write COL=CODING with one of: {', '.join(CONTRASTS)}."
                raise OptionError(f"{shown(word)} does not say which column gets which coding", hint=hint)
            _refuse_twice(column, result)
            result[column] = one_of(coding.removeprefix("contr."), CONTRASTS)
        self.check(result)
        return result

    def check(self, value: object) -> None:
        for coding in _mapped(value).values():
            one_of(coding, CONTRASTS)

    def write(self, value: Mapping[str, str]) -> list[str]:
        return [f"{column}={coding}" for column, coding in value.items()]


def _mapped(value: object) -> Mapping[str, object]:
    """What each column is given, all columns being text."""
    if not isinstance(value, Mapping):
        raise OptionError(f"{shown(value)} does not map columns", hint='Write a mapping: {"column": ...}.')
    for column in value:
        CELL.check(column)
    return value


def _nameless(word: str, missing: str) -> OptionError:
    hint = "Write COL, or COL=lev1,lev2 with the reference level first."
    return OptionError(f"{shown(word)} names no {missing}", hint=hint)


def _refuse_twice(column: str, result: Mapping[str, object]) -> None:
    if column in result:
        raise OptionError(f"the column {shown(column)} is given twice", hint="Give it once.")


def _split(word: str, *, skipinitialspace: bool = False) -> list[str]:
    """The cells between commas; a quote that opens is closed, and a line ends within quotes only."""
    if not word:
        return []
    try:
        (cells,) = csv.reader(io.StringIO(word, newline=""), strict=True, skipinitialspace=skipinitialspace)
    except (csv.Error, ValueError):  # ValueError: another line
        raise OptionError(
            f"{shown(word)} is not a list with commas",
            hint='A cell that contains a comma, a quote or a line break stands in double quotes: "a,b",c.',
        ) from None
    return cells


def _joined(cells: Iterable[str]) -> str:
    """Cells between commas, those that need it in quotes."""
    line = io.StringIO()
    csv.writer(line, lineterminator="").writerow(cells)
    return line.getvalue()
