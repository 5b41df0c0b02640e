"""Data frames of any library, as pandas': by their own `to_pandas`, by Arrow's stream, or by the interchange
protocol. Polars, pyarrow, narwhals and DuckDB have one of the first two."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from mmtriage.data.extra import from_extra
from mmtriage.data.reading import DATA_FRAME
from mmtriage.errors import DataError

if TYPE_CHECKING:
    import pandas as pd

KNOWN = "Data frames are those of pandas, polars, pyarrow, narwhals, or of the interchange protocol."


def as_pandas(data: Any) -> pd.DataFrame:
    """The frame itself if it is pandas', else a copy of it.

    Raises DataError where it is no data frame.
    """
    import pandas as pd

    if isinstance(data, pd.DataFrame):
        return data
    kind = _name_of(data)
    if _is_lazy(data):
        raise DataError(f"{kind} has no rows yet", where=DATA_FRAME, hint="Give `data.collect()`.")
    with from_extra("pyarrow", f"{kind} as data", DATA_FRAME):
        found = _converted(data)
    if not isinstance(found, pd.DataFrame):
        raise DataError(
            f"expected a data frame or the path of a table, not {kind}",
            where=DATA_FRAME,
            hint=KNOWN,
        )
    return found


def _name_of(data: Any) -> str:
    """The class as a user names it: `polars.DataFrame`, `dict`."""
    kind = type(data)
    root = kind.__module__.split(".")[0]
    return kind.__qualname__ if root == "builtins" else f"{root}.{kind.__qualname__}"


def _is_lazy(data: Any) -> bool:
    return hasattr(data, "collect") and not hasattr(data, "to_pandas")


def _converted(data: Any) -> Any:
    """What the first way gives that the object knows; None where it knows none."""
    if isinstance(data, type):
        return None
    if hasattr(data, "to_pandas"):
        return data.to_pandas()
    if hasattr(data, "__arrow_c_stream__"):
        import pyarrow

        try:
            return pyarrow.table(data).to_pandas()
        except pyarrow.ArrowInvalid:  # one column
            return None
    if hasattr(data, "__dataframe__"):
        from pyarrow import interchange

        return interchange.from_dataframe(data).to_pandas()
    return None
