"""Reading with a limit: of /dev/zero, of a pipe without an end, of what comes out of a small archive."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Protocol

BLOCK = 1 << 20  # bytes read at a time

MEGABYTE = 1_000_000


Limit = Callable[[bytes], int]  # so many bytes may be of what begins like this


class Stream(Protocol):
    """Whatever bytes are read from."""

    def read(self, size: int, /) -> bytes:
        """The next bytes, so many at the most; none at the end."""


class OverLimitError(Exception):
    """There is more to read than may be.

    Args:
        most: so many bytes may be.
    """

    def __init__(self, most: int) -> None:
        super().__init__(f"there are more than {size_in_words(most)}")
        self.most = most


def read_limited(stream: Stream, limit: int | Limit) -> bytes:
    """All bytes of a stream, which is left as soon as they are more than may be.

    Args:
        limit: so many bytes may be; or says it when it sees the first block.

    Raises:
        OverLimitError: there are more.
    """
    blocks = [stream.read(BLOCK)]
    size = len(blocks[0])
    most = limit if isinstance(limit, int) else limit(blocks[0])
    while size <= most and (block := stream.read(BLOCK)):
        blocks.append(block)
        size += len(block)
    if size > most:
        raise OverLimitError(most)
    return b"".join(blocks)


def read_file_limited(path: Path, limit: int | Limit) -> bytes:
    """All bytes of a file; see `read_limited`.

    Raises:
        OSError, ValueError: it cannot be read; a ValueError says what is wrong with its name.
    """
    with path.open("rb") as opened:
        return read_limited(opened, limit)


def size_in_words(size: float) -> str:
    """So many bytes, in two digits and the unit that people use."""
    for unit in ("bytes", "kB", "MB", "GB", "TB"):
        if size < 1000 or unit == "TB":
            break
        size /= 1000
    return f"{size:.2g} {unit}" if size < 99.5 else f"{size:.0f} {unit}"
