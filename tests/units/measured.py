"""What mmtriage says of every family with a scale, link and table, in five units of the response.

    python -m tests.units.measured        prints the table that tests/README.md quotes

The criterion of a Gamma model, less 2 n log k, does not depend on the unit, nor does anything that is said of
it. For the others the reference is the optimum of lme4's criterion in the unit given, which R must not beat.
"""

from __future__ import annotations

import csv
import math
import sys
from collections.abc import Iterator
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np

from mmtriage.data.read_table import read_table
from mmtriage.data.table import Column, Table
from mmtriage.engine.comparison import Comparison, compare_fits
from mmtriage.engine.prepared import prepare
from mmtriage.formula import parse_formula
from mmtriage.ladder.workbench import Workbench
from mmtriage.options import TriageOptions
from mmtriage.report.facts import Report
from mmtriage.triage_table import triage_table

HERE = Path(__file__).parent
TABLES = {
    "sleepstudy": (HERE.parents[1] / "sample_data" / "sleepstudy.csv", "Reaction ~ Days + (1 | Subject)"),
    "gamma_groups": (HERE / "gamma_groups.csv", "y ~ x + (1 | g)"),
    "gamma_few": (HERE / "gamma_few.csv", "y ~ x + (1 | g)"),
}
LINKS = {
    "Gamma": ("inverse", "identity", "log"),
    "inverse.gaussian": ("1/mu^2", "inverse", "identity", "log"),
    "gaussian": ("log", "inverse"),
}
UNITS = (1e-6, 1e-3, 1.0, 1e3, 1e6)
OF_THE_SUITE = (1.0, 1e6)  # all five take minutes: `python -m tests.units.measured` has them


@dataclass(frozen=True)
class Model:
    """One model in one unit."""

    table: str
    family: str
    link: str
    unit: float

    @property
    def key(self) -> tuple[str, str, str, float]:
        return self.table, self.family, self.link, self.unit


def models() -> Iterator[Model]:
    """All of them."""
    for table in TABLES:
        for family, links in LINKS.items():
            for link in links:
                for unit in UNITS:
                    yield Model(table, family, link, unit)


def r_best() -> dict[tuple[str, str, str, float], float]:
    """R's best of four optimizers, as `units.R` found it; NaN where all of them stop."""
    with (HERE / "r_best.csv").open(encoding="utf-8", newline="") as file:
        return {
            (row["table"], row["family"], row["link"], float(row["unit"])): float(row["best"])
            if row["best"] != "NA"
            else math.nan
            for row in csv.DictReader(file)
        }


def report_of(model: Model) -> Report:
    """The triage in that unit."""
    table, formula, options = _asked(model)
    return triage_table(table, formula, options)


def compared(model: Model) -> Comparison:
    """Both fits in that unit alone: no rung may meet the optimum that the search has missed."""
    table, formula, options = _asked(model)
    prepared = prepare(Workbench(table, options, None).build(parse_formula(formula)))
    return compare_fits(prepared, seed=options.seed)


def _asked(model: Model) -> tuple[Table, str, TriageOptions]:
    path, formula = TABLES[model.table]
    table = _in_unit(read_table(path), formula.split()[0], model.unit)
    return table, formula, TriageOptions(family=model.family, link=model.link)


def _in_unit(table: Table, response: str, unit: float) -> Table:
    column = table.columns[response]
    scaled = Column(name=response, kind="numeric", values=column.values * unit)
    return replace(table, columns={**table.columns, response: scaled})


def rows_of(table: str) -> int:
    """How many rows a table has."""
    return read_table(TABLES[table][0]).n_rows


def line(model: Model, report: Report) -> str:
    """What is printed of one model."""
    reference = report.reference
    best = r_best().get(model.key, math.nan)
    if reference is None or reference.certificate is None:
        return f"{model.table:13} {model.family:17} {model.link:9} {model.unit:7.0e}  {report.verdict.status}"
    z = [effect.statistic for effect in reference.fixed_effects]
    return (
        f"{model.table:13} {model.family:17} {model.link:9} {model.unit:7.0e}  {report.verdict.status:14} "
        f"{'certified' if reference.certificate.certified else 'not certified':13} "
        f"ranks {reference.certificate.rank} {reference.criterion:14.4f} "
        f"above R {reference.criterion - best:+.1e}  z {np.round(z, 3).tolist()}"
    )


if __name__ == "__main__":
    for each in models():
        sys.stdout.write(line(each, report_of(each)) + "\n")
