"""The names of the columns: the first record of a text, or the first row of a sheet that is not blank."""

from __future__ import annotations

from collections.abc import Sequence

from mmtriage.data.convert import number
from mmtriage.errors import DataError


def names_of(cells: Sequence[str], where: str) -> list[str]:
    """The names in these cells; "" for a column without one.

    Raises DataError where they are numbers.
    """
    names = [cell.strip() for cell in cells]
    if all(number(name) is not None for name in names):
        raise DataError(
            f"the first line holds numbers (`{names[0]}`), not column names",
            where=where,
            hint="Add a first line that names the columns.",
        )
    return names


def named_row_numbers(names: Sequence[str]) -> list[str]:
    """The names, with R's `X` for the row numbers that write.csv and to_csv put first without one."""
    return ["X", *names[1:]] if not names[0] and "X" not in names else list(names)


def refuse_duplicates(names: Sequence[str], where: str) -> None:
    """Refuse a name that two columns have."""
    for position, name in enumerate(names):
        first = names.index(name)
        if name and first < position:
            raise DataError(
                f"two columns are called `{name}`: columns {first + 1} and {position + 1}",
                where=where,
                hint="Rename one of them.",
            )


def refuse_no_rows(where: str) -> DataError:
    """What to say where nothing follows the names."""
    return DataError(
        "the file has a line of column names but no rows",
        where=where,
        hint="The first line is read as names; the rows of data must follow it.",
    )


def nameless(position: int, names: Sequence[str], first: Sequence[str], where: str, line: int) -> DataError:
    """What to say of values without a name above them; the names may stand below a title."""
    return titled(names, first, where, line) or DataError(
        f"column {position + 1} has values but no name", where=where, hint="Name it in the first line."
    )


def titled(names: Sequence[str], first: Sequence[str], where: str, line: int) -> DataError | None:
    """What to say where the names of the columns stand below a title or a comment.

    Args:
        first: the row that follows.
        line: of the file, on which the supposed names stand, counted from 1.
    """
    words = [name for name in names if name]
    if len(words) != 1 or not _are_names(first):
        return None
    mark = words[0][0]
    what, hint = "title", f"Leave it out: --skip {line}."
    if not mark.isalnum() and mark not in "._":
        what, hint = "comment", f"Say so: --comment '{mark}'; or leave the line out: --skip {line}."
    return DataError(
        f"the first line is a {what} (`{words[0]}`), and the names of the columns follow it",
        where=where,
        hint=hint,
    )


def _are_names(cells: Sequence[str]) -> bool:
    """Whether cells could name columns: none is empty, a number or there twice."""
    words = [cell.strip() for cell in cells]
    return all(word and number(word) is None for word in words) and len(set(words)) == len(words)
