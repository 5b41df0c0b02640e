"""Cases of generalized models whose refits are canned: the designs are real, the fits are made up."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import replace
from typing import Any

import numpy as np
import pandas as pd

from mmtriage.data.in_memory import table_from_frame
from mmtriage.data.table import Column, Table
from mmtriage.diagnose.verdict import VerdictStatus
from mmtriage.engine.comparison import Comparison
from mmtriage.formula import Formula, parse_formula
from mmtriage.ladder.case import Case
from mmtriage.ladder.emitted.commands import Commands
from mmtriage.model.design import Design, build_design
from mmtriage.model.spec import ModelSpec
from mmtriage.options import TriageOptions
from tests.ladder import stubs

COUNTS = "k ~ wide + (1 | g)"


def table() -> Table:
    """Counts k, times w, wide (SD about 170), far (SD about 2, mean 2003), f of 3 levels, groups g (8)."""
    generator = np.random.default_rng(1)
    number = np.arange(48)
    frame = pd.DataFrame(
        {
            "k": generator.poisson(3.0, size=48),
            "w": generator.gamma(2.0, size=48) + 0.1,
            "yes": number % 3 % 2,
            "wide": 100.0 * (number % 6),
            "far": 2000.0 + number * 5 % 7,
            "t": number % 2,
            "f": np.array(["a", "b", "c"])[number % 3],
            "visit": [f"v{k % 6}" for k in number],
            "g": [f"g{k // 6}" for k in number],
        }
    )
    return table_from_frame(frame)


TABLE = table()


def with_row_numbers() -> Table:
    numbers = Column(name="obs", kind="numeric", values=np.arange(1.0, 49.0))
    return replace(TABLE, columns={**TABLE.columns, "obs": numbers})


def glmm_case(
    formula: str,
    *,
    family: str,
    status: VerdictStatus = "not_converged",
    data: Table = TABLE,
    fit: Callable[[Design], Comparison] = stubs.comparison,
    present: Mapping[str, Any] | None = None,
    codes: tuple[str, ...] = (),
    run: Callable[..., Any] | None = None,
    **options: Any,
) -> Case:
    """A case of another family; `present` says what its own comparison is like."""
    chosen = TriageOptions(family=family, **options)
    spec = ModelSpec(family=family, link=chosen.link_name, reml=False, nagq=chosen.nagq)

    def build(of: Formula, columns: Mapping[str, Any] | None = None, **changes: Any) -> Design:
        added = {n: Column(name=n, kind="numeric", values=v) for n, v in (columns or {}).items()}
        return build_design(replace(data, columns={**data.columns, **added}), of, replace(spec, **changes))

    own = stubs.comparison(build(parse_formula(formula)), **{"gap": 5.0, **(present or {})})
    linear = stubs.case(own, status=status, codes=codes, fit=fit, run=run)
    return stubs.on_bench(
        linear,
        options=chosen,
        commands=Commands(source="d.csv", options=chosen),
        table=data,
        build=build,
    )
