"""Tables that are already in memory: data frames of the Python API.

A frame says what its columns are, so text that looks like numbers stays text here.
"""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

import numpy as np

from mmtriage.data.convert import number_labels
from mmtriage.data.factors import apply_factors
from mmtriage.data.frames import as_pandas
from mmtriage.data.objects import UnusableError, column_of_objects, gathered
from mmtriage.data.reading import DATA_FRAME, PLAINLY, Reading
from mmtriage.data.table import Column, Table
from mmtriage.errors import DataError

if TYPE_CHECKING:
    import pandas as pd


def table_from_frame(data: Any, reading: Reading = PLAINLY, *, source: str = DATA_FRAME) -> Table:
    """A table from a data frame of any library (`frames`); an index is ignored.

    Categories keep their order, and those that are ordered are an ordered factor; logicals stay logical, text
    becomes a factor with levels in code-point order.
    The table's hash is that of names, kinds, levels and values, since a frame has no bytes of its own.
    """
    frame = as_pandas(data)
    found, unusable = frame_columns(frame, source)
    columns = apply_factors(found, reading.factors)
    return Table(
        columns=columns,
        n_rows=len(frame),
        source=source,
        sha256=content_hash(columns),
        reading=reading,
        unusable=unusable,
    )


def frame_columns(frame: pd.DataFrame, source: str) -> tuple[dict[str, Column], dict[str, str]]:
    """The columns of a pandas data frame, and why others cannot be used."""
    import pandas as pd

    if isinstance(frame.columns, pd.MultiIndex):
        raise DataError(
            "the columns have several header rows", where=source, hint="Flatten the column names."
        )
    if len(frame) == 0 or frame.shape[1] == 0:
        raise DataError(
            "the table has no rows" if len(frame) == 0 else "the table has no columns", where=source
        )
    names = [str(label) for label in frame.columns]
    for position, name in enumerate(names):
        if name in names[:position]:
            raise DataError(f"two columns are called `{name}`", where=source, hint="Rename one of them.")
    return gathered(names, lambda position, name: _column(name, frame.iloc[:, position]))


def _column(name: str, series: pd.Series) -> Column:
    import pandas as pd

    types = pd.api.types
    if isinstance(series.dtype, pd.CategoricalDtype):
        return _categorical(name, series)
    if types.is_bool_dtype(series.dtype):
        values = series.to_numpy(dtype=np.float64, na_value=np.nan)
        return Column(name=name, kind="logical", values=values)
    if types.is_complex_dtype(series.dtype):
        raise UnusableError("complex numbers")
    if types.is_numeric_dtype(series.dtype):
        return Column(name=name, kind="numeric", values=series.to_numpy(dtype=np.float64, na_value=np.nan))
    if types.is_string_dtype(series.dtype) or series.dtype == object:
        return column_of_objects(name, series.to_numpy(dtype=object), series.notna().to_numpy())
    raise UnusableError(f"values of type {series.dtype}")


def _categorical(name: str, series: pd.Series) -> Column:
    categories = series.cat.categories
    if categories.dtype.kind in "iuf":
        labels = number_labels(categories.to_numpy(dtype=np.float64))
    else:
        labels = [str(category) for category in categories]
    codes = series.cat.codes.to_numpy(dtype=np.int64)
    return Column(
        name=name, kind="factor", values=codes, levels=tuple(labels), is_ordered=bool(series.cat.ordered)
    )


def content_hash(columns: Mapping[str, Column]) -> str:
    """The hash of names, kinds, levels and values."""
    digest = hashlib.sha256()
    for column in columns.values():
        ordered = ("ordered",) if column.is_ordered else ()
        digest.update(repr((column.name, column.kind, column.levels, *ordered)).encode())
        digest.update(column.values.tobytes())
    return digest.hexdigest()
