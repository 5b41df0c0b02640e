"""A `GivenFit` as FIT.json, with its table beside it: what `read_fit` reads."""

from __future__ import annotations

import csv
import io
import json
import math
from pathlib import Path
from typing import Any

from mmtriage.data.table import Column, Table
from mmtriage.given.from_statsmodels import Handed
from mmtriage.given.record import SCHEMA_VERSION, GivenFit
from mmtriage.system.whole_files import write_whole


def write(handed: Handed, path: Path) -> None:
    """Write both files."""
    table = path.with_suffix(".csv")
    document = {**document_of(handed.fit), "data": table.name, "factors": _factors(handed.table)}
    _write_table(handed.table, table)
    write_whole(path, json.dumps(document, indent=1) + "\n")


def document_of(fit: GivenFit) -> dict[str, Any]:
    """The keys of FIT.json that a linear model needs; Python writes the shortest digits that read back."""
    return {
        "schema_version": SCHEMA_VERSION,
        "software": {"name": fit.software.name, "version": fit.software.version, "call": fit.software.call},
        "formula": fit.formula,
        "reml": fit.reml,
        "n": fit.n,
        "fixed_effects": [
            {"name": e.name, "estimate": e.estimate, **({} if e.se is None else {"se": _number(e.se)})}
            for e in fit.fixed_effects
        ],
        "random_effects": [
            {
                "group": term.group,
                "terms": list(term.terms),
                "sd": list(term.sd),
                "correlation": None if term.correlation is None else [list(row) for row in term.correlation],
            }
            for term in fit.random_effects
        ],
        "sigma": fit.sigma,
        "messages": None if fit.messages is None else list(fit.messages),
        "converged": fit.converged,
        "log_likelihood": fit.log_likelihood,
        "notes": list(fit.notes),
    }


def _number(value: float) -> float | None:
    return value if math.isfinite(value) else None


def _factors(table: Table) -> list[dict[str, Any]]:
    return [
        {"name": name, "levels": list(column.levels)}
        for name, column in table.columns.items()
        if column.kind == "factor"
    ]


def _write_table(table: Table, path: Path) -> None:
    cells = [_cells(column) for column in table.columns.values()]
    text = io.StringIO(newline="")
    writer = csv.writer(text)
    writer.writerow(table.columns)
    writer.writerows(zip(*cells, strict=True))
    write_whole(path, text.getvalue())


def _cells(column: Column) -> list[str]:
    if column.kind == "factor":
        return ["" if code < 0 else column.levels[code] for code in column.values.tolist()]
    if column.kind == "logical":
        return ["" if math.isnan(v) else ("TRUE" if v else "FALSE") for v in column.values.tolist()]
    return ["" if math.isnan(v) else repr(v) for v in column.values.tolist()]
