"""How many bytes come out of a file of Arrow's (Feather, a stream), by what its batches say of themselves.

A file is a run of messages, after eight bytes where it is Feather: each a mark, the size of its metadata, the
metadata, and a body. The metadata of a batch say where in the body its buffers lie, and a compressed buffer
begins with the bytes that it unpacks to. Those are believed: Arrow refuses a buffer that unpacks to others.

The metadata are flatbuffers: a table is found by an offset, and its fields by those in its own table of them.

    Message      1 kind of header, 2 header, 3 bytes of the body
    RecordBatch  2 buffers as (offset, length), 3 compression
    Dictionary   1 the RecordBatch that holds its values

Apache Arrow columnar format 1.5, "Encapsulated message format", `Message.fbs`.
"""

from __future__ import annotations

import struct
from collections.abc import Iterator
from dataclasses import dataclass

FEATHER, MARK = b"ARROW1\0\0", b"\xff\xff\xff\xff"
DICTIONARY, RECORD_BATCH = 2, 3  # kinds of headers
AS_IT_IS = -1  # said to be the size of a buffer that is not compressed


def unpacked_bytes(content: bytes) -> int:
    """Bytes of all buffers, unpacked; of a file that is damaged, of those before the damage."""
    size = 0
    try:
        for batch, body in _batches(content.removeprefix(FEATHER)):
            size += sum(_buffer_sizes(batch, body))
    except (struct.error, IndexError, ValueError):  # its reader says what is wrong
        pass
    return size


@dataclass(frozen=True, slots=True)
class _Table:
    """A table of a flatbuffer, by its place in it."""

    data: memoryview
    place: int

    def field(self, number: int) -> int | None:
        """The place of a field; None where it is not there."""
        fields = self.place - _int(self.data, self.place)
        slot = 4 + 2 * number
        if slot >= _number("<H", self.data, fields):
            return None
        offset = _number("<H", self.data, fields + slot)
        return self.place + offset if offset else None

    def table(self, number: int) -> _Table | None:
        """A field that is a table."""
        place = self.field(number)
        return None if place is None else _Table(self.data, place + _int(self.data, place))


def _batches(content: bytes) -> Iterator[tuple[_Table, memoryview]]:
    """The batches of rows and of dictionaries, with their bodies."""
    left = memoryview(content)
    while left[:4] == MARK and (size := _int(left, 4)) > 0:
        metadata = left[8 : 8 + size]
        message = _Table(metadata, _int(metadata, 0))
        kind, header, length = message.field(1), message.table(2), message.field(3)
        body = left[8 + size :][: 0 if length is None else _number("<q", metadata, length)]
        if kind is not None and metadata[kind] == DICTIONARY and header is not None:
            header = header.table(1)
        if kind is not None and metadata[kind] in (DICTIONARY, RECORD_BATCH) and header is not None:
            yield header, body
        left = left[8 + size + len(body) :]


def _buffer_sizes(batch: _Table, body: memoryview) -> Iterator[int]:
    """The bytes of each buffer of a batch, unpacked."""
    place, is_packed = batch.field(2), batch.field(3) is not None
    if place is None:
        return
    first = place + _int(batch.data, place)
    for number in range(_int(batch.data, first)):
        start, length = struct.unpack_from("<qq", batch.data, first + 4 + 16 * number)
        said = _number("<q", body, start) if is_packed and length else AS_IT_IS
        yield max(length, said)


def _int(data: memoryview, place: int) -> int:
    return _number("<i", data, place)


def _number(kind: str, data: memoryview, place: int) -> int:
    if place < 0:
        raise ValueError(place)
    found: int = struct.unpack_from(kind, data, place)[0]
    return found
