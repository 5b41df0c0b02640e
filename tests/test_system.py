"""What the system gives: reading with a limit, the free memory. Files written whole: `tests/report/drift`."""

from __future__ import annotations

import itertools
import math
import os
import subprocess
import sys
from pathlib import Path

import pytest

from mmtriage.command.main import ONE_THREAD
from mmtriage.errors import UnjudgedError
from mmtriage.system import limited, memory
from mmtriage.system.limited import BLOCK, OverLimitError, read_file_limited, read_limited, size_in_words

ROOT = Path(__file__).parent.parent


class Endless:
    """A stream that never ends, and counts what is asked of it."""

    def __init__(self) -> None:
        self.blocks = itertools.count()

    def read(self, size: int, /) -> bytes:
        next(self.blocks)
        return b"x" * size


def test_a_stream_without_an_end_is_left_at_the_first_block_too_many() -> None:
    stream = Endless()
    with pytest.raises(OverLimitError, match="there are more than 3 MB"):
        read_limited(stream, 3_000_000)
    assert next(stream.blocks) == 3


def test_the_limit_may_depend_on_the_first_block() -> None:
    seen: list[bytes] = []

    def limit(first: bytes) -> int:
        seen.append(first)
        return 10

    with pytest.raises(OverLimitError):
        read_limited(Endless(), limit)
    assert [len(first) for first in seen] == [BLOCK]


@pytest.mark.parametrize("size", [0, 1, limited.BLOCK, limited.BLOCK + 1])
def test_what_is_no_larger_than_the_limit_is_read_whole(size: int, tmp_path: Path) -> None:
    path = tmp_path / "file"
    path.write_bytes(b"a" * size)
    assert read_file_limited(path, size) == b"a" * size
    if size:
        with pytest.raises(OverLimitError):
            read_file_limited(path, size - 1)


def test_sizes_in_words() -> None:
    sizes = [0, 999, 1_000, 3_140, 1_000_000, 99_400_000, 123_456_789, 5.8e9, 2e12, 3e15]
    assert [size_in_words(size) for size in sizes] == [
        *("0 bytes", "999 bytes", "1 kB", "3.1 kB", "1 MB", "99 MB", "123 MB", "5.8 GB", "2 TB", "3000 TB")
    ]


def test_the_free_memory_is_the_least_that_anybody_leaves(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    machine, most, used = tmp_path / "meminfo", tmp_path / "max", tmp_path / "current"
    machine.write_text("MemTotal: 9 kB\nMemAvailable:   4000 kB\n")
    monkeypatch.setattr(memory, "MEMINFO", machine)
    monkeypatch.setattr(memory, "CGROUP_LIMITS", ((most, used),))
    monkeypatch.setattr(memory, "_of_process", lambda: ())
    assert memory.free_memory() == 4_096_000
    most.write_text("max\n")
    used.write_text("100\n")
    assert memory.free_memory() == 4_096_000
    most.write_text("1100\n")
    assert memory.free_memory() == 1000
    used.write_text("2000\n")
    assert memory.free_memory() == 0
    machine.unlink()
    most.unlink()
    assert memory.free_memory() == math.inf


def test_too_little_address_space_is_a_sentence(monkeypatch: pytest.MonkeyPatch) -> None:
    """OpenBLAS ended the process with exit code 1, or waited for ever."""
    monkeypatch.setattr(memory, "_of_process", lambda: (memory.LEAST_ADDRESSES,))
    memory.load_libraries()
    monkeypatch.setattr(memory, "_of_process", lambda: (80e6,))
    with pytest.raises(UnjudgedError) as caught:
        memory.load_libraries()
    assert caught.value.message == (
        "the limit of address space leaves 80 MB, and the numerical libraries alone take 550 MB"
    )


SCRIPT = """
import os, sys
from mmtriage.system.own_lines import silence_libraries
silence_libraries()
os.write(2, b"init_geqrf failed init\\n")
print("ours: \u00fc", file=sys.stderr)
sys.exit("and the last")
"""


def test_no_line_of_a_library_reaches_stderr() -> None:
    """NumPy prints its own where LAPACK is refused memory, OpenBLAS where it gives up."""
    environment = {**os.environ, "PYTHONPATH": str(ROOT), "PYTHONIOENCODING": "utf-8"}
    done = subprocess.run([sys.executable, "-c", SCRIPT], env=environment, capture_output=True)
    assert done.stderr.decode() == "ours: \u00fc\nand the last\n"


@pytest.mark.skipif(sys.platform != "linux", reason="needs ulimit -v")
def test_libraries_that_are_loaded_say_what_they_are_refused() -> None:
    """OpenBLAS waited for ever, or ended the process, where its first product was refused its memory."""
    script = """
import resource
from mmtriage.system import memory
resource.setrlimit(resource.RLIMIT_AS, (int(memory.LEAST_ADDRESSES + 100e6), -1))
memory.load_libraries()
import numpy as np
(free,) = memory._of_process()
tall = np.ones((int(0.6 * free / 80), 10))
try:
    np.linalg.qr(tall)
except MemoryError:
    print("refused")
"""
    environment = {**os.environ, "PYTHONPATH": str(ROOT), **dict.fromkeys(ONE_THREAD, "1")}
    done = subprocess.run([sys.executable, "-c", script], env=environment, capture_output=True)
    assert (done.stdout, done.returncode) == (b"refused\n", 0)
