"""What the values of command-line options mean: `COL=a,b`, `COL=sum`.

Every function raises OptionError with the option's name, what is wrong, and what to write instead.
"""

from __future__ import annotations

import csv
import math
from collections.abc import Iterable, Mapping, Sequence

from mmtriage.errors import OptionError, did_you_mean

CONTRASTS = ("treatment", "sum", "helmert", "poly")
_EXAMPLES = {
    "--nagq": "9",
    "--maxfun": "20000",
    "--bootstrap": "1000",
    "--seed": "1",
    "--jobs": "2",
    "--time-budget": "60",
}


def one_of(value: str, known: Iterable[str], where: str) -> str:
    """The value, if it is one of the known ones."""
    names = list(known)
    if value not in names:
        choices = ", ".join(names)
        hint = " ".join(part for part in (did_you_mean(value, names), f"Known are: {choices}.") if part)
        raise OptionError(f"`{value}` is not known", where=where, hint=hint)
    return value


def whole_number(value: str | None, option: str, *, least: int) -> int | None:
    """A whole number not below `least`; None if the option was not given."""
    if value is None:
        return None
    if not value.strip().lstrip("+-").isdecimal() or int(value) < least:
        raise OptionError(
            f"`{value}` is not a whole number of at least {least}",
            where=f"option {option}",
            hint=f"Write it as in: {option} {_EXAMPLES[option]}",
        )
    return int(value)


def seconds(value: str | None, option: str) -> float | None:
    """A positive number of seconds; None if the option was not given."""
    if value is None:
        return None
    try:
        result = float(value)
    except ValueError:
        result = math.nan
    if not 0 < result < math.inf:
        raise OptionError(
            f"`{value}` is not a positive number of seconds",
            where=f"option {option}",
            hint=f"Write it as in: {option} {_EXAMPLES[option]}",
        )
    return result


def factors(values: Sequence[str]) -> dict[str, tuple[str, ...] | None]:
    """Columns from `COL` or `COL=lev1,lev2`; a level that contains a comma goes in double quotes."""
    result: dict[str, tuple[str, ...] | None] = {}
    for value in values:
        column, equals, listed = value.partition("=")
        _once(column, result, "--factor")
        if not column or (equals and not listed):
            missing = "column" if not column else "levels"
            raise OptionError(
                f"`{value}` names no {missing}",
                where="option --factor",
                hint="Write COL, or COL=lev1,lev2 with the reference level first.",
            )
        result[column] = tuple(next(csv.reader([listed], skipinitialspace=True))) if equals else None
    return result


def contrasts(values: Sequence[str]) -> dict[str, str]:
    """Codings from `COL=sum`."""
    result: dict[str, str] = {}
    for value in values:
        column, _, coding = value.rpartition("=")
        if not column:
            raise OptionError(
                f"`{value}` does not say which column gets which coding",
                where="option --contrasts",
                hint=f"Write COL=CODING with one of: {', '.join(CONTRASTS)}.",
            )
        _once(column, result, "--contrasts")
        result[column] = one_of(coding.removeprefix("contr."), CONTRASTS, "option --contrasts")
    return result


def na_values(values: Sequence[str]) -> tuple[str, ...]:
    """Cells that mean missing, from one or more comma-separated lists."""
    return tuple(cell.strip() for value in values for cell in next(csv.reader([value]), []))


def _once(column: str, result: Mapping[str, object], option: str) -> None:
    if column in result:
        raise OptionError(
            f"the column `{column}` is given twice", where=f"option {option}", hint="Give it once."
        )
