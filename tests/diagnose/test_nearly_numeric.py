"""MM107: text among the numbers of a column."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from mmtriage.data.reading import Reading
from mmtriage.diagnose.nearly_numeric import strange_cells
from mmtriage.model.design import Design
from tests.diagnose.planted import by_code
from tests.model.tables import design, factor, numeric, table


def made(strange: dict[int, str], formula: str = "y ~ dose + (1 | g)", *, declared: bool = False) -> Design:
    rng = np.random.default_rng(2)
    cells = [strange.get(i, str(i % 5)) for i in range(60)]
    columns = [
        numeric("y", rng.normal(size=60)),
        numeric("x", rng.normal(size=60)),
        factor("dose", cells),
        factor("g", [f"g{i // 6}" for i in range(60)]),
    ]
    data = table(*columns)
    return design(replace(data, reading=Reading(factors={"dose": None})) if declared else data, formula)


def test_the_cells_are_named_with_their_rows() -> None:
    found = by_code(strange_cells(made({5: "#N/A", 41: "high"})))["MM107"]
    assert found.message == (
        '`dose` is a column of numbers but for 2 of its 60 cells: "#N/A" in row 6, "high" in row 42. R '
        "silently makes it a factor of 7 levels, and so does this fit; what means missing can be said to be "
        "so: `--na-values '#N/A,high'`"
    )
    assert found.evidence["cells"] == (("#N/A", 6), ("high", 42))


def test_rows_are_those_of_a_spreadsheet() -> None:
    below = replace(made({5: "#N/A", 41: "high"}), first_row=4)  # a title, an empty line, names
    assert by_code(strange_cells(below))["MM107"].evidence["cells"] == (("#N/A", 9), ("high", 45))


@pytest.mark.parametrize(
    "made_of",
    [
        made({}),
        made(dict.fromkeys(range(4), "high")),
        made({5: "#N/A"}, "y ~ x + (1 | dose)"),
        made({5: "#N/A"}, declared=True),
    ],
    ids=["numbers as text", "more than one in twenty", "a grouping", "declared"],
)
def test_what_is_text_by_intention_is_left_in_peace(made_of: Design) -> None:
    assert strange_cells(made_of) == []


def test_random_slopes_are_asked_too() -> None:
    assert [f.columns for f in strange_cells(made({5: "?"}, "y ~ x + (0 + dose | g)"))] == [("dose",)]
