"""Tables that are already in memory: a pandas data frame (the Python API) or a Parquet file.

A frame says what its columns are, so text that looks like numbers stays text here.
"""

from __future__ import annotations

import hashlib
import io
from collections.abc import Mapping
from decimal import Decimal
from numbers import Real
from typing import TYPE_CHECKING, Literal

import numpy as np
import numpy.typing as npt

from mmtriage.arrays import Mask
from mmtriage.data.convert import number_labels
from mmtriage.data.factors import apply_factors
from mmtriage.data.reading import DATA_FRAME, PLAINLY, Reading
from mmtriage.data.source import Source
from mmtriage.data.table import Column, Table
from mmtriage.errors import DataError

if TYPE_CHECKING:
    import pandas as pd


def table_from_frame(frame: pd.DataFrame, reading: Reading = PLAINLY, *, source: str = DATA_FRAME) -> Table:
    """A table from a pandas data frame; the index is ignored.

    Categories keep their order, logicals stay logical, text becomes a factor with levels in code-point order.
    The table's hash is that of names, kinds, levels and values, since a frame has no bytes of its own.
    """
    found, unusable = _frame_columns(frame, source)
    columns = apply_factors(found, reading.factors)
    return Table(
        columns=columns,
        n_rows=len(frame),
        source=source,
        sha256=content_hash(columns),
        reading=reading,
        unusable=unusable,
    )


def parquet_columns(source: Source) -> tuple[dict[str, Column], dict[str, str]]:
    """The columns of a Parquet file, and why others cannot be used; needs the `parquet` extra."""
    try:
        import pyarrow
        import pyarrow.parquet
    except ImportError:
        raise DataError(
            "reading Parquet needs pyarrow, which is not installed",
            where=source.name,
            hint="Install it: pip install 'mmtriage[parquet]'.",
        ) from None
    try:
        frame = pyarrow.parquet.read_table(io.BytesIO(source.content)).to_pandas()
    except (pyarrow.ArrowException, OSError) as error:
        raise DataError("the Parquet file is damaged", where=source.name, hint=str(error)) from None
    return _frame_columns(frame, source.name)


def _frame_columns(frame: pd.DataFrame, source: str) -> tuple[dict[str, Column], dict[str, str]]:
    """The columns, and of those that no model could use, why: nobody minds them who does not use them."""
    import pandas as pd

    if not isinstance(frame, pd.DataFrame):
        raise DataError(f"expected a pandas DataFrame, not {type(frame).__name__}", where=source)
    if isinstance(frame.columns, pd.MultiIndex):
        raise DataError(
            "the columns have several header rows", where=source, hint="Flatten the column names."
        )
    if len(frame) == 0 or frame.shape[1] == 0:
        raise DataError(
            "the table has no rows" if len(frame) == 0 else "the table has no columns", where=source
        )
    columns: dict[str, Column] = {}
    unusable: dict[str, str] = {}
    for position, label in enumerate(frame.columns):
        name = str(label)
        if name in columns or name in unusable:
            raise DataError(f"two columns are called `{name}`", where=source, hint="Rename one of them.")
        try:
            columns[name] = _column(name, frame.iloc[:, position])
        except _UnusableError as error:
            unusable[name] = str(error)
    return columns, unusable


class _UnusableError(Exception):
    """A column holds what no model can use."""


def _column(name: str, series: pd.Series) -> Column:
    import pandas as pd

    types = pd.api.types
    if isinstance(series.dtype, pd.CategoricalDtype):
        return _categorical(name, series)
    if types.is_bool_dtype(series.dtype):
        values = series.to_numpy(dtype=np.float64, na_value=np.nan)
        return Column(name=name, kind="logical", values=values)
    if types.is_complex_dtype(series.dtype):
        raise _UnusableError("complex numbers")
    if types.is_numeric_dtype(series.dtype):
        return Column(name=name, kind="numeric", values=series.to_numpy(dtype=np.float64, na_value=np.nan))
    if types.is_string_dtype(series.dtype) or series.dtype == object:
        return _objects(name, series)
    raise _UnusableError(f"values of type {series.dtype}")


def _categorical(name: str, series: pd.Series) -> Column:
    categories = series.cat.categories
    if categories.dtype.kind in "iuf":
        labels = number_labels(categories.to_numpy(dtype=np.float64))
    else:
        labels = [str(category) for category in categories]
    return Column(
        name=name, kind="factor", values=series.cat.codes.to_numpy(dtype=np.int64), levels=tuple(labels)
    )


def _objects(name: str, series: pd.Series) -> Column:
    """A column of Python objects is what its values are: all logical, all numbers, or all text."""
    is_known = series.notna().to_numpy()
    known = series.to_numpy(dtype=object)[is_known]
    if all(isinstance(value, (bool, np.bool_)) for value in known):
        return _filled(name, "logical", known, is_known)
    if all(_is_real(value) for value in known):
        return _filled(name, "numeric", known, is_known)
    stranger = next(
        (value for value in known if not isinstance(value, (str, bool)) and not _is_real(value)), None
    )
    if stranger is not None:
        raise _UnusableError(f"a value of type {type(stranger).__name__}")
    text = np.array([str(value) for value in known], dtype=object)
    levels = sorted(set(text))
    code_of = {level: code for code, level in enumerate(levels)}
    codes = np.full(len(series), -1, dtype=np.int64)
    codes[is_known] = [code_of[value] for value in text]
    return Column(name=name, kind="factor", values=codes, levels=tuple(levels))


def _is_real(value: object) -> bool:
    return isinstance(value, (Real, Decimal)) and not isinstance(value, bool)


def _filled(
    name: str,
    kind: Literal["numeric", "logical"],
    known: npt.NDArray[np.object_],
    is_known: Mask,
) -> Column:
    values = np.full(is_known.size, np.nan)
    values[is_known] = known.astype(np.float64)
    return Column(name=name, kind=kind, values=values)


def content_hash(columns: Mapping[str, Column]) -> str:
    """The hash of names, kinds, levels and values."""
    digest = hashlib.sha256()
    for column in columns.values():
        digest.update(repr((column.name, column.kind, column.levels)).encode())
        digest.update(column.values.tobytes())
    return digest.hexdigest()
