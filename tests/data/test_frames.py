"""Data frames of other libraries than pandas."""

from typing import Any

import narwhals
import numpy as np
import pandas as pd
import polars
import pyarrow
import pytest

from mmtriage.data.frames import KNOWN, as_pandas
from mmtriage.data.in_memory import table_from_frame
from mmtriage.errors import DataError
from mmtriage.formula import parse_formula
from mmtriage.model.design import build_design
from mmtriage.model.spec import ModelSpec
from tests.data.reading import same

SIZES = pd.CategoricalDtype(["S", "M", "L"], ordered=True)
FRAME = pd.DataFrame(
    {
        "y": np.arange(12.0),
        "size": pd.Series(["S", "M", "L"] * 4, dtype=SIZES),
        "g": ["a", "b", "c", "d"] * 3,
    }
)


class Streaming:
    """What has Arrow's stream alone."""

    def __arrow_c_stream__(self, requested_schema: Any = None) -> Any:
        return pyarrow.Table.from_pandas(FRAME).__arrow_c_stream__(requested_schema)


class Interchanging:
    """What has the interchange protocol alone."""

    def __dataframe__(self, *args: Any, **more: Any) -> Any:
        return pyarrow.Table.from_pandas(FRAME).__dataframe__(*args, **more)


class Lazy:
    """What must be collected first."""

    def collect(self) -> None: ...


@pytest.mark.parametrize(
    "data",
    [pyarrow.Table.from_pandas(FRAME), narwhals.from_native(FRAME), Streaming(), Interchanging()],
    ids=["pyarrow", "narwhals", "stream", "interchange"],
)
def test_any_data_frame_is_the_same_table(data: Any) -> None:
    assert same(table_from_frame(data), table_from_frame(FRAME))


def test_a_frame_of_polars_is_the_same_table() -> None:
    frame = polars.DataFrame({name: list(FRAME[name]) for name in FRAME})
    sized = frame.with_columns(polars.col("size").cast(polars.Enum(["S", "M", "L"])))
    assert same(table_from_frame(sized), table_from_frame(FRAME))
    with pytest.raises(DataError, match=r"polars\.LazyFrame has no rows yet"):
        as_pandas(frame.lazy())


@pytest.mark.parametrize(
    ("data", "said", "hint"),
    [
        ({"a": [1]}, "expected a data frame or the path of a table, not dict", KNOWN),
        (None, "expected a data frame or the path of a table, not NoneType", KNOWN),
        ([[1, 2]], "expected a data frame or the path of a table, not list", KNOWN),
        (np.eye(2), "expected a data frame or the path of a table, not numpy.ndarray", KNOWN),
        (FRAME["y"], "expected a data frame or the path of a table, not pandas.Series", KNOWN),
        (pd.DataFrame, "expected a data frame or the path of a table, not type", KNOWN),
        (Lazy(), "tests.Lazy has no rows yet", "Give `data.collect()`."),
    ],
    ids=["dict", "None", "list", "array", "series", "class", "lazy"],
)
def test_what_is_no_data_frame_is_named(data: Any, said: str, hint: str) -> None:
    with pytest.raises(DataError) as caught:
        as_pandas(data)
    assert [caught.value.message, caught.value.hint] == [said, hint]


def test_ordered_categories_have_polynomial_contrasts() -> None:
    design = build_design(table_from_frame(FRAME), parse_formula("y ~ size + (1 | g)"), ModelSpec())
    assert design.fixed_names == ("(Intercept)", "size.L", "size.Q")
    np.testing.assert_allclose(design.X[:3, 1], [-np.sqrt(0.5), 0, np.sqrt(0.5)], atol=1e-15)


def test_ordered_categories_and_others_have_another_hash() -> None:
    plain = FRAME.assign(size=FRAME["size"].cat.as_unordered())
    assert table_from_frame(plain).sha256 != table_from_frame(FRAME).sha256
