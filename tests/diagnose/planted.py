"""Small tables with one trouble each, and what the diagnosis says of them."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from functools import cache

import numpy as np

from mmtriage.data.table import Column, Table
from mmtriage.diagnose.finding import Finding, Said
from mmtriage.diagnose.fitted import Fitted
from mmtriage.diagnose.run_checks import findings_in
from mmtriage.engine.comparison import Comparison, compare_fits
from mmtriage.engine.estimates import Fit
from mmtriage.engine.prepared import prepare
from mmtriage.model.design import Design
from tests.engine.designs import golden_design
from tests.model.tables import design, factor, numeric, table

GROUPS, ROWS = 12, 8


def labels(prefix: str, codes: np.ndarray) -> list[str]:
    return [f"{prefix}{code:02d}" for code in codes]


def planted_columns() -> dict[str, Column]:
    """12 groups `g` of 8 rows; `x` varies within them, `two` and `three` (values) do not, `hardly` hardly."""
    rng = np.random.default_rng(3)
    n = GROUPS * ROWS
    row = np.arange(n)
    g = row // ROWS
    x = np.tile(np.arange(ROWS), GROUPS) - 3.5
    y = 2.0 + 0.5 * x + rng.normal(size=GROUPS)[g] + 0.5 * rng.normal(size=GROUPS)[g] * x + rng.normal(size=n)
    columns = [
        numeric("y", y),
        numeric("x", x),
        numeric("z", rng.normal(size=n)),
        numeric("far", 2000.0 + x),
        numeric("micro", 1e6 * x),
        numeric("tiny", 1e-4 * x),
        numeric("small", 1e-4 * rng.normal(size=n)),
        numeric("twice", 2.0 * x + 1.0),
        numeric("nought", np.zeros(n)),
        numeric("two", g % 2),
        numeric("three", g % 3),
        numeric("hardly", 10.0 * (g % 3) + 0.1 * x),
        numeric("five", np.full(n, 5.0)),
        numeric("huge", 1e6 * y),
        numeric("gappy", [None if i in (0, 1, 9) else float(v) for i, v in enumerate(x)]),
        numeric("no_first", [None if i < ROWS else float(v) for i, v in enumerate(x)]),
        factor("g", labels("g", g)),
        factor("again", labels("a", (g * 5) % GROUPS)),
        factor("h", labels("h", row % ROWS)),
        factor("pair", labels("p", g % 2)),
        factor("few", labels("f", g % 4)),
        factor("row", labels("r", row)),
        factor("half", labels("v", row // 2)),
        factor("single", labels("s", np.where(row < 50, row, 50 + row % 10))),
        factor("one", ["only"] * n),
    ]
    return {column.name: column for column in columns}


@cache
def planted_table() -> Table:
    return table(*planted_columns().values())


def planted(formula: str, changes: Mapping[str, Column] | None = None, **options: object) -> Design:
    """A design on the planted table, some columns of it replaced."""
    columns = {**planted_columns(), **(changes or {})}
    return design(table(*columns.values()), formula, **options)


@cache
def comparison_of(formula: str) -> Comparison:
    return compare_fits(prepare(planted(formula)), seed=0)


@cache
def golden_comparison(case_id: str) -> Comparison:
    return compare_fits(prepare(golden_design(case_id).design), seed=0)


def fitted(
    comparison: Comparison,
    early: Sequence[Finding] = (),
    *,
    seed: int = 0,
    optimum: Callable[[Design], Fit] | None = None,
) -> Fitted:
    """A fitted model as checks see it; unless `optimum` is given any other model is as good as this one."""

    def same(_: Design) -> Fit:
        return comparison.optimum_fit

    return Fitted(
        comparison=comparison,
        early=tuple(early),
        seed=seed,
        build=lambda formula: replace(comparison.prepared.design, formula=formula),
        optimum=optimum or same,
    )


def by_code(findings: Sequence[Said]) -> dict[str, Finding]:
    """Findings by code; each code once."""
    assert all(isinstance(f, Finding) for f in findings)
    found = {f.code: f for f in findings_in(findings)}
    assert len(found) == len(findings), [f.code for f in findings]
    return found
