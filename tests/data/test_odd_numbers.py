"""Numbers that a person, R or a double sees otherwise: each is text or number for a reason that is said."""

from __future__ import annotations

from pathlib import Path

import pytest

from mmtriage.data import delimited
from mmtriage.data.read_table import read_table
from mmtriage.data.table import Column
from mmtriage.ladder.emitted.r_table import r_reading

BIG = ("9007199254740992", "9007199254740993")  # the second is no double
CASES = [
    (BIG, "factor", f"`id` is text, for as numbers {BIG[0]} and {BIG[1]} would be one: a number has 53 bits"),
    (("9007199254740992", "9007199254740994"), "numeric", None),
    (("1e400", "2"), "numeric", "`1e400` of `id` is beyond the largest number, 1.8e308, and is inf, as in R"),
    (("Inf", "2"), "numeric", None),
    (("0x10", "2"), "numeric", "`0x10` of `id` is a hexadecimal number, 16, as in R"),
    (("007", "7"), "numeric", "`007` of `id` is the number 7, as in R: leading zeros are lost"),
    (("0.5", "0"), "numeric", None),
    (("1_000", "2"), "factor", "`id` is text, as in R, for `1_000` is no number there"),
    (("\uff11\uff12", "2"), "factor", "`id` is text, as in R, for `\uff11\uff12` is no number there"),
    (("a", "2"), "factor", None),
    (("9" * 5000, "2"), "numeric", f"`{'9' * 57}...` of `id` is beyond the largest number"),
]


def column(cells: tuple[str, ...], path: Path) -> Column:
    path.write_text("y,id\n" + "".join(f"{row},{cells[row % len(cells)]}\n" for row in range(6)))
    return read_table(path).columns["id"]


@pytest.mark.parametrize(("cells", "kind", "note"), CASES, ids=lambda value: str(value)[:30])
@pytest.mark.parametrize("is_large", [False, True])
def test_a_column_says_why_it_is_what_it_is(
    cells: tuple[str, ...],
    kind: str,
    note: str | None,
    is_large: bool,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """Zeros and sizes that a faster reader has read as plain numbers are not seen again."""
    if is_large:
        monkeypatch.setattr(delimited, "is_large", lambda size: True)
    found = column(cells, tmp_path / "t.csv")
    assert found.kind == kind
    if not (is_large and cells[0] == "007"):
        assert (found.note or "")[:80] == (note or "")[:80]
    if cells == BIG:
        assert found.levels == BIG


def test_r_reads_identifiers_as_text_too(tmp_path: Path) -> None:
    path = tmp_path / "t.csv"
    column(BIG, path)
    (line,) = r_reading(read_table(path))
    assert 'colClasses = c(id = "factor")' in line
    column(("1", "2"), path)
    assert r_reading(read_table(path)) == ()
