"""A thousand mangled tables: each one is read or refused in words, never with a traceback."""

from pathlib import Path

import numpy as np
import pytest

from mmtriage.data import bulk as bulk_reader
from mmtriage.data.read_table import read_table
from mmtriage.data.table import Table
from mmtriage.errors import DataError
from tests.data.reading import same

SAMPLES = Path(__file__).parents[2] / "sample_data"
PIECES = [
    b'"',
    b",",
    b";",
    b"\t",
    b"\n",
    b"\r",
    b"\r\n",
    b"\x00",
    b"\xff",
    b"\xc3",
    b" ",
    b"NA",
    b"Inf",
    b"1e999",
    b"'",
]


def mangled(content: bytes, random: np.random.Generator) -> bytes:
    """A few cuts, insertions, repetitions and flipped bytes."""
    for _ in range(random.integers(1, 6)):
        at, length = (int(position) for position in random.integers(0, [len(content) + 1, 40]))
        match random.integers(5):
            case 0:
                content = content[:at] + content[at + length :]
            case 1:
                content = content[:at] + bytes(random.choice(np.array(PIECES, dtype=object))) + content[at:]
            case 2:
                content = content[:at] + content[at : at + length] * 2 + content[at + length :]
            case 3:
                content = content[:at] + bytes(random.integers(0, 256, size=3).tolist()) + content[at + 3 :]
            case _:
                content = content[:at] if random.integers(4) == 0 else content
    return content


def outcome(path: Path) -> Table | str:
    """The table, or the message it is refused with."""
    try:
        return read_table(path)
    except DataError as error:
        return error.message


@pytest.mark.parametrize("has_arrow", [True, False])
@pytest.mark.parametrize("name", ["sleepstudy", "Pastes", "Machines", "cbpp"])
def test_a_mangled_table_is_read_or_refused_alike_by_all_readers(
    name: str, has_arrow: bool, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    if not has_arrow:
        monkeypatch.setattr(bulk_reader, "has_arrow", lambda: False)  # then that of pandas
    content = (SAMPLES / f"{name}.csv").read_bytes()
    random = np.random.default_rng(len(name))
    path = tmp_path / "d.csv"
    outcomes = set()
    for _ in range(250):
        path.write_bytes(mangled(content, random))
        with monkeypatch.context() as patch:
            slow = outcome(path)
            patch.setattr(bulk_reader, "BULK_BYTES", 0)
            patch.setattr(bulk_reader, "PANDAS_BYTES", 0)
            bulk = outcome(path)
        outcomes.add(type(slow))
        if isinstance(slow, str):
            assert bulk == slow
        else:
            assert isinstance(bulk, Table)
            assert same(slow, bulk)
            assert all(column.values.shape == (slow.n_rows,) for column in slow.columns.values())
    assert outcomes == {str, Table}
