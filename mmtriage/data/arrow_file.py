"""Files of Arrow's: Parquet, Feather (both versions), and streams."""

from __future__ import annotations

import io
from typing import Any

from mmtriage.data.extra import from_extra
from mmtriage.data.foreseen import refuse_too_large
from mmtriage.data.in_memory import frame_columns
from mmtriage.data.reading import Reading
from mmtriage.data.source import Source
from mmtriage.data.table import ArrowFile, Found
from mmtriage.errors import DataError

NAMES = {"parquet": "Parquet", "feather": "Feather", "stream": "Arrow"}


def read(source: Source, reading: Reading) -> Found:
    """All columns of a file that says what they are."""
    kind = source.kind.name
    assert kind in ("parquet", "feather", "stream")
    with from_extra("pyarrow", NAMES[kind], source.name):
        import pyarrow
    try:
        frame = _arrow_table(source, reading.max_bytes).to_pandas()
    except (pyarrow.ArrowException, OSError) as error:
        raise DataError(f"the {NAMES[kind]} file is damaged", where=source.name, hint=str(error)) from None
    columns, unusable = frame_columns(frame, source.name)
    return Found(columns=columns, layout=ArrowFile(kind), unusable=unusable)


def _arrow_table(source: Source, max_bytes: int | None) -> Any:
    content = io.BytesIO(source.content)
    if source.kind.name == "parquet":
        from pyarrow import parquet

        said = parquet.read_metadata(content)
        refuse_too_large(said.num_rows, said.num_columns, max_bytes, source.name)
        return parquet.read_table(content)
    if source.kind.name == "stream":
        from pyarrow import ipc

        return ipc.open_stream(content).read_all()
    from pyarrow import feather

    return feather.read_table(content)
