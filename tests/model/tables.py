"""Tables built by hand."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

from mmtriage.data.table import Column, Table
from mmtriage.formula import parse_formula
from mmtriage.model.design import Design, build_design
from mmtriage.model.spec import ModelSpec

R_MATRICES: dict[str, Any] = json.loads((Path(__file__).parent / "r_matrices.json").read_text())


def numeric(name: str, values: Sequence[float | None] | npt.NDArray[Any]) -> Column:
    filled = np.array([np.nan if v is None else v for v in values], dtype=float)
    return Column(name=name, kind="numeric", values=filled)


def logical(name: str, values: Sequence[bool | None]) -> Column:
    filled = np.array([np.nan if v is None else v for v in values], dtype=float)
    return Column(name=name, kind="logical", values=filled)


def factor(name: str, labels: Sequence[str | None], levels: Sequence[str] | None = None) -> Column:
    levels = tuple(levels or sorted({label for label in labels if label is not None}))
    codes = np.array([-1 if label is None else levels.index(label) for label in labels], dtype=int)
    return Column(name=name, kind="factor", values=codes, levels=levels)


def table(*columns: Column) -> Table:
    n = columns[0].values.size if columns else 0
    return Table(columns={c.name: c for c in columns}, n_rows=n, source="test", sha256="0" * 64)


def r_table() -> Table:
    """The table of r_matrices.R."""
    return table(*(_from_json(name, values) for name, values in R_MATRICES["data"].items()))


def design(data: Table, formula: str, **options: Any) -> Design:
    return build_design(data, parse_formula(formula), ModelSpec(**options))


def _from_json(name: str, values: Mapping[str, Any] | list[Any]) -> Column:
    if isinstance(values, Mapping):
        levels = values["levels"]
        return factor(name, [levels[code] for code in values["codes"]], levels)
    if any(isinstance(value, bool) for value in values):
        return logical(name, values)
    return numeric(name, values)
