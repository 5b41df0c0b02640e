"""R's column names and term labels for 230 random formulas: golden/coding.csv."""

from __future__ import annotations

import csv
from pathlib import Path

import numpy as np
import pytest

from mmtriage.data.table import Table
from mmtriage.formula import parse_formula
from mmtriage.formula.text import to_text
from mmtriage.model.columns import model_columns
from mmtriage.model.values import from_column
from tests.model.tables import factor, numeric, table

GOLDEN = Path(__file__).parents[1] / "golden" / "coding.csv"
ROWS = list(csv.DictReader(GOLDEN.read_text().splitlines()))


def crossed_table() -> Table:
    """f (a, b, c), g (u, v), h (k, l, m) all crossed, and numeric x and z."""
    cells = [(f, g, h) for f in "abc" for g in "uv" for h in "klm"]
    f, g, h = zip(*cells, strict=True)
    x = np.random.default_rng(1).normal(size=(3, len(cells)))
    return table(
        factor("f", f),
        factor("g", g),
        factor("h", h),
        numeric("x", x[0]),
        numeric("z", x[1]),
        numeric("y", x[2]),
    )


def test_the_golden_file_has_its_230_formulas() -> None:
    assert len(ROWS) == 230


@pytest.mark.parametrize("row", ROWS, ids=lambda row: row["formula"])
def test_terms_and_columns_are_those_of_r(row: dict[str, str]) -> None:
    formula = parse_formula(row["formula"])
    assert "|".join(term.label for term in formula.fixed) == row["term_labels"]
    assert formula.intercept == (row["intercept"] == "1")
    data = crossed_table()
    values = {node: from_column(data.columns[to_text(node)]) for node in formula.nodes()}
    columns = model_columns(formula.intercept, formula.fixed, values, data.n_rows, {})
    assert "|".join(columns.names) == row["columns"]


@pytest.mark.parametrize("row", ROWS, ids=lambda row: row["formula"])
def test_canonical_text_means_the_same(row: dict[str, str]) -> None:
    formula = parse_formula(row["formula"])
    assert parse_formula(formula.to_text()) == formula
