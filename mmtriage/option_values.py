"""What the values of command-line options mean: `COL=a,b`, `COL=sum`, `json:report.json`.

Every function raises OptionError with the option's name, what is wrong, and what to write instead.
"""

from __future__ import annotations

import csv
import math
from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

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
FAIL_ON = ("error", "warning", "info", "never")  # gravest first


@dataclass(frozen=True, slots=True, kw_only=True)
class Output:
    """A report to be written to a file, beside stdout."""

    format_name: str
    path: Path


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


def _make(directory: Path) -> str:
    return f"Make `{directory}` first, or name another file."


def outputs(
    values: Sequence[str],
    formats: Iterable[str],
    inputs: Mapping[str, str],
    *,
    directories: Collection[str] = (),
) -> tuple[Output, ...]:
    """Files from `FORMAT:PATH`; what cannot or must not be written is refused before any work is done.

    Args:
        inputs: what is read, and must not be overwritten: path -> what it is.
        directories: formats that fill a directory, which may exist or not.
    """
    known = list(formats)
    result: list[Output] = []
    for value in values:
        format_name, colon, path = value.partition(":")
        if not colon or not path or path == "-":
            hint = "Write FORMAT:PATH, such as json:report.json. For stdout use --format."
            raise OptionError(f"`{value}` is not FORMAT:PATH", where="option --output", hint=hint)
        output = Output(format_name=one_of(format_name, known, "option --output"), path=Path(path))
        if output.format_name in directories:
            if output.path.exists() and not output.path.is_dir():
                hint = "Give a directory; it is made if it does not exist."
                raise OptionError(f"`{path}` is a file", where="option --output", hint=hint)
        elif output.path.is_dir() or not output.path.parent.is_dir():
            problem = "is a directory" if output.path.is_dir() else "is in a directory that does not exist"
            hint = "Give a file to write." if output.path.is_dir() else _make(output.path.parent)
            raise OptionError(f"`{path}` {problem}", where="option --output", hint=hint)
        if any(output.path.resolve() == other.path.resolve() for other in result):
            raise OptionError(
                f"`{path}` is given twice: one report would overwrite the other",
                where="option --output",
                hint="Give each format a file of its own.",
            )
        _not_an_input(output.path, path, inputs)
        result.append(output)
    return tuple(result)


def _not_an_input(path: Path, written: str, inputs: Mapping[str, str]) -> None:
    if not path.exists():
        return
    for name, what in inputs.items():
        if Path(name).exists() and path.samefile(name):
            raise OptionError(
                f"`{written}` is {what} itself: the report would overwrite it",
                where="option --output",
                hint="Give another file.",
            )


def _once(column: str, result: Mapping[str, object], option: str) -> None:
    if column in result:
        raise OptionError(
            f"the column `{column}` is given twice", where=f"option {option}", hint="Give it once."
        )
