"""MM103, MM104 and MM105: each on one small table, its message read whole."""

from __future__ import annotations

from collections.abc import Sequence

from mmtriage.diagnose.contents import constant_response, missing_rows, numeric_grouping
from tests.diagnose.planted import by_code, planted
from tests.model.tables import numeric


def test_a_constant_response() -> None:
    found = by_code(constant_response(planted("five ~ x + (1 | g)")))["MM103"]
    assert found.message == "the response has no variation: all 96 values are 5"
    assert (found.severity, dict(found.evidence)) == ("error", {"value": 5.0, "rows": 96})


def test_missing_rows_are_counted() -> None:
    found = by_code(missing_rows(planted("y ~ gappy + (1 | g)")))["MM104"]
    assert found.message == "3 rows dropped for missing values (3 in `gappy`)"
    assert (found.severity, found.columns) == ("info", ("gappy",))


def test_missing_rows_that_take_a_level_with_them_are_a_warning() -> None:
    found = by_code(missing_rows(planted("y ~ no_first + (1 | g)")))["MM104"]
    assert found.message == "8 rows dropped for missing values (8 in `no_first`); with them went `g00` of `g`"
    assert (found.severity, found.evidence["levels_lost"]) == ("warning", 1)


def test_many_lost_levels_are_counted_not_listed() -> None:
    values: Sequence[float | None] = [None if i < 64 else float(i % 8) for i in range(96)]
    found = by_code(missing_rows(planted("y ~ m + (1 | g)", {"m": numeric("m", values)})))["MM104"]
    assert found.message == (
        "64 rows dropped for missing values (64 in `m`); with them went `g00` of `g`, `g01` of `g`, `g02` "
        "of `g`, `g03` of `g`, `g04` of `g` and 3 more"
    )


def test_rows_lost_to_a_transformation_are_named_by_it() -> None:
    found = by_code(missing_rows(planted("y ~ sqrt(gappy) + (1 | g)")))["MM104"]
    assert found.message == "48 rows dropped for missing values (3 in `gappy`, 45 in `sqrt(gappy)`)"


def test_a_continuous_column_makes_no_groups() -> None:
    found = by_code(numeric_grouping(planted("y ~ x + (1 | hardly)")))["MM105"]
    assert found.message == (
        "grouping factor `hardly` is a continuous column (24 distinct values in 96 rows, not all whole "
        "numbers): its values are not groups"
    )
    assert (found.severity, found.columns, found.terms) == ("warning", ("hardly",), ("(1 | hardly)",))


def test_whole_numbers_may_be_groups() -> None:
    assert numeric_grouping(planted("y ~ x + (1 | three)")) == []
    assert numeric_grouping(planted("y ~ x + (1 | cut(hardly, 3))")) == []
