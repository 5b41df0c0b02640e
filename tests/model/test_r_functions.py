"""The functions of the closed table against R: names and sums of columns; r_functions.R wrote the fixture."""

from __future__ import annotations

import csv
from pathlib import Path

import numpy as np
import pytest

from mmtriage.data.read_table import read_table
from mmtriage.formula import parse_formula
from mmtriage.model.columns import model_columns
from mmtriage.model.evaluate import Evaluator

GOLDEN = Path(__file__).parents[1] / "golden"
ROWS = list(csv.DictReader((GOLDEN / "functions.csv").read_text().splitlines()))
TABLE = read_table(GOLDEN / "csv" / "functions_table.csv")


def numbers(cell: str) -> list[float]:
    return [float(number) for number in cell.split("|")]


def test_there_are_many() -> None:
    assert len(ROWS) > 150


@pytest.mark.parametrize("row", ROWS, ids=lambda row: row["formula"])
def test_columns_and_sums_are_those_of_r(row: dict[str, str]) -> None:
    formula = parse_formula(row["formula"])
    evaluator = Evaluator(TABLE, formula.text)
    values = {node: evaluator.evaluate(node) for node in formula.nodes()}
    rows = np.flatnonzero(~np.any([value.is_missing for value in values.values()], axis=0))
    used = {node: value.take(rows) for node, value in values.items()}
    columns = model_columns(formula.intercept, formula.fixed, used, rows.size, {})
    assert "|".join(columns.names) == row["columns"]
    assert rows.size == int(row["rows"])
    np.testing.assert_allclose(columns.matrix.sum(axis=0), numbers(row["sums"]), rtol=1e-9, atol=1e-9)
    weighted = np.arange(1, rows.size + 1) @ columns.matrix
    np.testing.assert_allclose(weighted, numbers(row["weighted"]), rtol=1e-9, atol=1e-9)
