"""How many bytes of a table are read: as many as the free memory can hold, foreseen from its first rows.

What was measured of tables with numbers and short words: beside its bytes and its text a table takes 20 bytes
a cell where Arrow reads it, and 92 where the csv module makes a Python object of each cell.
"""

from __future__ import annotations

from mmtriage.data.reading import MOST_MAX_BYTES
from mmtriage.errors import DataError
from mmtriage.system.limited import size_in_words
from mmtriage.system.memory import free_memory

COPIES = 2  # the bytes and the text
CELL = 8  # a number
PER_CELL = 20
PER_CELL_ONE_BY_ONE = 92
SEPARATORS = b",\t;| "
FEWER = "Give fewer rows or columns, or another limit: --max-bytes N."


def most_bytes(first: bytes, max_bytes: int | None) -> int:
    """How many bytes of a table may be read that begins like this.

    Args:
        max_bytes: what the user says; None: what the memory says.
    """
    if max_bytes is not None:
        return max_bytes
    cells = first.count(b"\n") + max(first.count(bytes([separator])) for separator in SEPARATORS)
    each = COPIES + PER_CELL * cells / max(1, len(first))
    return int(min(free_memory() / each, MOST_MAX_BYTES))


def refuse_too_large(rows: int, columns: int, max_bytes: int | None, where: str) -> None:
    """Say so where a table of which a file tells the size is larger than the limit.

    Equal values take next to nothing in a file, so that its own size says nothing of the table's.
    """
    cells = rows * columns
    if max_bytes is not None and CELL * cells > max_bytes:
        raise DataError(
            f"the table has {rows:,} rows of {columns} columns: more than {size_in_words(max_bytes)}",
            where=where,
            hint=FEWER,
        )
    if max_bytes is None:
        _refuse_beyond_memory(rows, columns, PER_CELL, where)


def refuse_too_many_cells(rows: int, columns: int, where: str) -> None:
    """Say so where a table is to be read cell by cell, and does not fit into the memory that is free."""
    _refuse_beyond_memory(rows, columns, PER_CELL_ONE_BY_ONE, where)


def _refuse_beyond_memory(rows: int, columns: int, per_cell: int, where: str) -> None:
    needed, free = rows * columns * per_cell, free_memory()
    if needed > free:
        raise DataError(
            f"to read {rows:,} rows of {columns} columns takes {size_in_words(needed)} of memory, and "
            f"{size_in_words(free)} are free",
            where=where,
            hint=FEWER,
        )
