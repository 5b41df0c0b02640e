"""Which rows, values and terms a design holds."""

from __future__ import annotations

import tracemalloc

import numpy as np
import pytest

from mmtriage.data.table import Table
from mmtriage.formula import parse_formula
from mmtriage.model.aliased import DroppedColumn
from mmtriage.model.design import build_design
from mmtriage.model.spec import ModelSpec
from tests.model.tables import design, factor, logical, numeric, r_table, table
from tests.steps import steps

NA = None


def small_table() -> Table:
    """Eight rows with a missing value in each of x, f and the grouping column."""
    return table(
        numeric("y", [1, 2, 3, 4, 5, 6, 7, 8]),
        numeric("x", [1, NA, 3, 4, 0, 6, 7, 9]),
        factor("f", ["a", "a", "b", "b", "a", "c", NA, "b"]),
        numeric("g", [10, 10, 9, 9, 9, NA, 100, 100]),
        numeric("w", [1, 2, 1, 2, 1, 2, 1, 2]),
        logical("ok", [True, True, True, False, True, True, True, NA]),
    )


def test_rows_with_a_missing_value_are_dropped_and_counted() -> None:
    built = design(small_table(), "y ~ x + f + (1 | g)")
    assert built.rows.tolist() == [0, 2, 3, 4, 7]
    assert built.y.tolist() == [1, 3, 4, 5, 8]
    assert built.fixed_names == ("(Intercept)", "x", "fb")
    missing = built.missing
    assert (missing.rows_read, missing.rows_in_subset, missing.rows_used, missing.rows_dropped) == (
        8,
        8,
        5,
        3,
    )
    assert missing.by_column == (("x", 1), ("f", 1), ("g", 1))
    assert missing.by_transform == ()
    assert missing.vanished == (("f", ("c",)),)


def test_a_group_that_vanishes_with_its_rows_is_reported() -> None:
    data = table(numeric("y", [1, 2, 3, NA]), factor("g", ["a", "a", "b", "c"]), numeric("s", [1, 2, 3, 4]))
    missing = design(data, "y ~ 1 + (1 | g) + (1 | g:s)").missing
    assert missing.vanished == (("g", ("c",)), ("g:s", ("c:4",)))


def test_the_subset_is_taken_before_missing_values_are_counted() -> None:
    built = design(small_table(), "y ~ x + (1 | g)", subset="f %in% c('a', 'b') & y > 1")
    assert built.rows.tolist() == [2, 3, 4, 7]
    assert (built.missing.rows_in_subset, built.missing.by_column) == (5, (("x", 1),))


def test_a_row_whose_condition_is_missing_is_not_kept() -> None:
    assert design(small_table(), "y ~ 1 + (1 | w)", subset="ok").rows.tolist() == [0, 1, 2, 4, 5, 6]
    assert design(small_table(), "y ~ 1 + (1 | w)", subset="!ok").rows.tolist() == [3]


def test_transforms_are_computed_on_the_full_table() -> None:
    x = np.array([1, 3, 4, 0, 6, 7, 9])
    built = design(small_table(), "y ~ scale(x) + (1 | w)", subset="y < 5")
    np.testing.assert_allclose(built.X[:, 1], (np.array([1, 3, 4]) - x.mean()) / x.std(ddof=1))


def test_a_value_that_a_transform_cannot_give_costs_the_row_and_is_reported() -> None:
    data = table(numeric("y", [1, 2, 3, 4]), numeric("x", [-1, 2, 3, NA]), numeric("g", [1, 1, 2, 2]))
    built = design(data, "y ~ log(x) + (1 | g)")
    assert built.rows.tolist() == [1, 2]
    assert built.missing.by_column == (("x", 1),)
    assert built.missing.by_transform == (("log(x)", 1),)
    assert built.messages == ("`log(x)` has no value in 1 row, dropped (R: NaNs produced)",)


@pytest.mark.parametrize(
    ("bars", "stops"), [("(1 | factor(s))", True), ("s + (1 | factor(s))", False), ("(1 | s)", False)]
)
def test_a_grouping_factor_that_lme4_does_not_find_is_said(bars: str, stops: bool) -> None:
    """lme4 looks for `s` in a model frame that has `factor(s)`; the model was judged and nothing said."""
    said = [m for m in design(r_table(), f"y ~ x + {bars}").messages if "within model frame" in m]
    assert len(said) == stops


def test_values_in_no_interval_are_no_nans() -> None:
    built = design(r_table(), "y ~ cut(x, c(-5, 0, 1)) + (1 | s)")
    assert built.messages[0].endswith(" rows, dropped")


def test_levels_declared_but_never_seen_are_reported() -> None:
    data = table(
        numeric("y", [1, 2, 3]), factor("f", ["a", "b", "a"], ["a", "b", "c"]), numeric("g", [1, 1, 2])
    )
    built = design(data, "y ~ f + (1 | g)")
    assert built.fixed_names == ("(Intercept)", "fb")
    assert built.messages == ('`f` never has the level "c", dropped',)


def test_weights_and_offsets_join() -> None:
    built = design(small_table(), "y ~ offset(x) + offset(w) + (1 | g)", weights="w", offset="2 * w")
    assert built.rows.tolist() == [0, 2, 3, 4, 6, 7]
    assert built.weights is not None
    assert built.offset is not None
    assert built.weights.tolist() == [1, 1, 2, 1, 1, 2]
    assert built.offset.tolist() == [1 + 3, 3 + 3, 4 + 6, 0 + 3, 7 + 3, 9 + 6]
    assert built.X.shape == (6, 1)
    assert set(built.variables) == {"y", "x", "w", "g"}


def test_a_missing_weight_costs_the_row() -> None:
    built = design(small_table(), "y ~ 1 + (1 | w)", weights="x + 1")
    assert built.rows.tolist() == [0, 2, 3, 4, 5, 6, 7]
    assert built.missing.by_column == (("x", 1),)


def test_no_weights_and_no_offset_are_none() -> None:
    built = design(small_table(), "y ~ 1 + (1 | w)")
    assert built.weights is None
    assert built.offset is None


def test_a_logical_response_counts_as_0_and_1() -> None:
    assert design(small_table(), "ok ~ 1 + (1 | w)").y.tolist() == [1, 1, 1, 0, 1, 1, 1]


def test_variables_are_the_columns_used_in_the_rows_used() -> None:
    built = design(small_table(), "log(y) ~ x + f + (1 | g)")
    assert list(built.variables) == ["y", "x", "f", "g"]
    assert built.variables["f"].levels == ("a", "b")
    assert built.variables["f"].values.tolist() == [0, 1, 1, 0, 1]
    assert built.variables["g"].values.tolist() == [10, 9, 9, 9, 100]


def test_numeric_groups_sort_by_number() -> None:
    (term,) = design(small_table(), "y ~ 1 + (1 | g)").random
    assert term.levels == ("9", "10", "100")
    assert term.codes.tolist() == [1, 1, 0, 0, 0, 2, 2]
    assert (term.columns, term.correlated, term.assign) == (("(Intercept)",), True, (0,))


def test_fractional_and_logical_groups_have_r_s_labels() -> None:
    data = table(
        numeric("y", [1, 2, 3]), numeric("g", [0.1 + 0.2, 1e5, 0.3]), logical("l", [True, False, True])
    )
    fractional, truth = design(data, "y ~ 1 + (1 | g) + (1 | l)").random
    assert (fractional.levels, fractional.codes.tolist()) == (("0.3", "1e+05"), [0, 1, 0])
    assert (truth.levels, truth.codes.tolist()) == (("FALSE", "TRUE"), [1, 0, 1])


def test_scalar_pieces_of_a_double_bar_are_uncorrelated_and_factor_blocks_are_not() -> None:
    terms = design(r_table(), "y ~ x + (x + f || s)").random
    assert [(term.columns, term.correlated) for term in terms] == [
        (("(Intercept)",), False),
        (("x",), False),
        (("fa", "fb", "fc"), True),
    ]
    assert terms[2].factors == {"f": ("a", "b", "c")}


def test_equal_level_counts_stay_in_order_unless_something_moves() -> None:
    def groups(bars: str) -> list[str]:
        return [term.group for term in design(r_table(), f"y ~ 1 + {bars}").random]

    assert groups("(1 | g) + (1 | b)") == ["g", "b"]
    assert groups("(1 | g) + (1 | b) + (1 | f)") == ["f", "b", "g"]


def test_contrasts_reach_the_fixed_part_only() -> None:
    built = design(r_table(), "y ~ f + (f | s)", contrasts={"f": "sum", "h": "contr.poly"})
    assert built.fixed_names == ("(Intercept)", "f1", "f2")
    assert built.random[0].columns == ("(Intercept)", "fb", "fc")
    assert built.messages == ("`h` is not in the fixed part; its contrasts are ignored",)


def test_a_term_is_numbered_by_its_label() -> None:
    built = design(r_table(), "y ~ f * x + (1 | s)")
    assert built.fixed_terms == ("f", "x", "f:x")
    assert built.assign == (0, 1, 1, 2, 3, 3)


def test_an_aliased_column_says_on_what_it_depends() -> None:
    built = design(r_table(), "y ~ x + big + (1 | s)")
    (dropped,) = built.dropped
    assert isinstance(dropped, DroppedColumn)
    assert (dropped.name, [name for name, _ in dropped.depends_on]) == ("big", ["(Intercept)", "x"])
    np.testing.assert_allclose([c for _, c in dropped.depends_on], [1.0, 1.0])


def test_a_model_without_fixed_effects_has_no_columns() -> None:
    built = design(r_table(), "y ~ 0 + (1 | s)")
    assert built.X.shape == (24, 0)
    assert built.fixed_names == ()


def test_a_dot_is_resolved() -> None:
    data = table(numeric("y", [1, 2, 3]), numeric("x", [1, 5, 3]), numeric("g", [1, 1, 2]))
    built = build_design(data, parse_formula("y ~ . - g + (1 | g)"), ModelSpec())
    assert built.formula.to_text() == "y ~ x + (1 | g)"
    assert not built.formula.has_dot


@pytest.mark.parametrize(
    "formula",
    ["y ~ 1 + (1 | one)", "y ~ 1 + (1 | id)", "y ~ 1 + (y | id)", "z ~ 1 + (1 | g)"],
    ids=["one level", "a level per row", "too many effects", "constant response"],
)
def test_what_lme4_refuses_for_the_data_is_left_to_the_diagnosis(formula: str) -> None:
    data = table(
        numeric("y", [1, 2, 3]), numeric("z", [1, 1, 1]), numeric("id", [1, 2, 3]),
        factor("one", ["a"] * 3), numeric("g", [1, 1, 2]),
    )  # fmt: skip
    assert design(data, formula).y.size == 3


def test_arrays_are_read_only() -> None:
    built = design(r_table(), "y ~ x + offset(z) + (x | s)", weights="z")
    arrays = [
        built.y,
        built.X,
        built.weights,
        built.offset,
        built.rows,
        built.random[0].Z,
        built.random[0].codes,
    ]
    assert not any(array.flags.writeable for array in arrays if array is not None)


def test_no_row_is_looked_at_on_its_own() -> None:
    """The calls in Python are as many as the levels need, not the rows; memory is that of a few columns."""
    n = 100_000
    rng = np.random.default_rng(1)
    data = table(
        numeric("y", rng.normal(size=n)), numeric("x", rng.normal(size=n)),
        numeric("g", rng.integers(0, 1_000, n)), numeric("h", np.round(rng.normal(size=n), 3)),
    )  # fmt: skip
    with steps() as counted:
        built = design(data, "y ~ x + (x | g) + (1 | h)")
    levels = sum(len(term.levels) for term in built.random)
    assert counted.taken < 15_000 + 8 * levels < n
    assert built.random[1].Z.shape == (n, 2)
    assert len(built.random[1].levels) == 1_000
    tracemalloc.start()
    design(data, "y ~ x + (x | g) + (1 | h)")
    _, peak = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    assert peak < 200 * n  # bytes: 25 columns of floats
