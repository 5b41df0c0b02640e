"""Columns, names and values against R's model.matrix and lme4's lFormula; r_matrices.R wrote the fixture."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

from mmtriage.formula import parse_formula
from mmtriage.model.columns import ModelColumns, model_columns
from mmtriage.model.evaluate import Evaluator
from tests.model.tables import R_MATRICES, design, r_table

LME4_NAMES = {"b:(g:f)": "b:g:f"}  # 1.1-31 keeps the parentheses of a/b/c; lme4 2.x and we do not


def model_matrix(formula: str, contrasts: dict[str, str]) -> ModelColumns:
    data = r_table()
    parsed = parse_formula(f"y ~ {formula}")
    evaluator = Evaluator(data, parsed.text)
    values = {node: evaluator.evaluate(node) for node in parsed.nodes()}
    return model_columns(parsed.intercept, parsed.fixed, values, data.n_rows, contrasts)


@pytest.mark.parametrize("case", R_MATRICES["fixed"], ids=lambda case: case["formula"])
def test_fixed_effect_columns_are_those_of_r(case: dict[str, Any]) -> None:
    contrasts = {name: value.removeprefix("contr.") for name, value in case["contrasts"].items()}
    columns = model_matrix(case["formula"], contrasts)
    assert list(columns.names) == case["columns"]
    assert list(columns.assign) == case["assign"]
    np.testing.assert_allclose(columns.matrix, case["values"], rtol=1e-10, atol=1e-11)


@pytest.mark.parametrize("case", R_MATRICES["random"], ids=lambda case: case["bars"])
def test_random_effects_are_those_of_lme4(case: dict[str, Any]) -> None:
    terms = design(r_table(), f"y ~ x + {case['bars']}").random
    expected = case["terms"]
    assert [term.group for term in terms] == [LME4_NAMES.get(t["group"], t["group"]) for t in expected]
    for term, lme4 in zip(terms, expected, strict=True):
        assert list(term.columns) == lme4["columns"]
        assert list(term.levels) == lme4["levels"]
        assert term.codes.tolist() == lme4["codes"]
        np.testing.assert_allclose(term.Z, lme4["Z"], rtol=1e-10, atol=1e-11)


@pytest.mark.parametrize("case", R_MATRICES["aliased"], ids=lambda case: case["formula"])
def test_aliased_columns_are_dropped_as_by_lme4(case: dict[str, Any]) -> None:
    built = design(r_table(), f"y ~ {case['formula']} + (1 | s)")
    assert list(built.fixed_names) == case["kept"]
    assert [c.name for c in built.dropped] == [c for c in case["columns"] if c not in case["kept"]]


@pytest.mark.parametrize("case", R_MATRICES["aliased"], ids=lambda case: case["formula"])
def test_a_dropped_column_is_the_combination_reported(case: dict[str, Any]) -> None:
    built = design(r_table(), f"y ~ {case['formula']} + (1 | s)")
    full = model_matrix(case["formula"], {})
    for dropped in built.dropped:
        combination = np.zeros(built.y.size)
        for name, coefficient in dropped.depends_on:
            combination += coefficient * built.X[:, built.fixed_names.index(name)]
        column = full.matrix[:, full.names.index(dropped.name)]
        np.testing.assert_allclose(
            combination, column, rtol=1e-6, atol=1e-6 * np.abs(column).max(initial=1e-12)
        )
