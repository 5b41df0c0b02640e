"""What the edits of `formula.edit` do to Z: splitting a bar must keep its columns."""

from __future__ import annotations

import numpy as np
import pytest

from mmtriage.formula.edit import compound_symmetry, drop_bar_term, drop_correlations, with_random
from mmtriage.model.design import build_design
from mmtriage.model.spec import ModelSpec
from tests.model.tables import design, r_table


@pytest.mark.parametrize(
    "bar",
    [
        "(x + z | s)", "(f | s)", "(0 + f | s)", "(f * x | s)", "(0 + f:h | s)", "(f + f:h | s)", "(lg | s)",
        "(0 + lg:x | s)", "(x:f | s)", "(I(x > 0) * z | s)", "(factor(k) | s)", "(0 + poly(x, 2) | s)",
    ],
)  # fmt: skip
def test_a_split_bar_has_the_columns_of_the_whole(bar: str) -> None:
    built = design(r_table(), f"y ~ 1 + {bar}")
    (whole,) = built.random
    parts = drop_correlations(whole.bar, whole.factors)
    split = build_design(r_table(), with_random(built.formula, parts), ModelSpec()).random
    np.testing.assert_array_equal(np.hstack([part.Z for part in split]), whole.Z)
    assert all(not part.correlated for part in split if part.Z.shape[1] == 1)


def test_a_bar_without_its_intercept_spans_the_same_when_it_starts_with_a_factor() -> None:
    built = design(r_table(), "y ~ 1 + (f | s)")
    smaller = drop_bar_term(built.random[0].bar, "1")
    assert smaller is not None
    (term,) = build_design(r_table(), with_random(built.formula, [smaller]), ModelSpec()).random
    assert term.columns == ("fa", "fb", "fc")


def test_compound_symmetry_groups_by_the_cells() -> None:
    built = design(r_table(), "y ~ 1 + (f | g)")
    bars = compound_symmetry(built.random[0].bar, "f")
    cells, group = build_design(r_table(), with_random(built.formula, bars), ModelSpec()).random
    assert (cells.group, group.group) == ("g:f", "g")
    assert cells.levels == ("u:a", "u:b", "u:c", "v:a", "v:b", "v:c")
