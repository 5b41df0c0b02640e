"""What is proven of models whose predictor is in other units and has another origin.

    python -m tests.units.predictors                 prints what tests/README.md quotes: about three minutes
    python -m tests.units.predictors 1e9 1e6         one cell: the unit, and the origin in standard deviations

x -> k (x + a SD) under `(x | g)` or `(1 | g)` is the same model. So the reference is the same (less 2 log k
of REML), its certificate, its rank and the z of the slope.
"""

from __future__ import annotations

import sys
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

import numpy as np

from mmtriage.data.read_table import read_table
from mmtriage.data.table import Column, Table
from mmtriage.engine.comparison import prove_optimum
from mmtriage.engine.prepared import prepare
from mmtriage.formula import parse_formula
from mmtriage.ladder.workbench import Workbench
from mmtriage.options import TriageOptions

HERE = Path(__file__).parent
SAMPLES = HERE.parents[1] / "sample_data"
UNITS = (1e-9, 1e-6, 1e-3, 1.0, 1e3, 1e6, 1e9)
ORIGINS = (0.0, 1.0, 1e2, 1e4, 1e6)  # standard deviations of the predictor
CRITERION = 1e-5  # deviance units
STATISTIC = 1e-4  # relative


@dataclass(frozen=True, slots=True)
class Model:
    """A model with one predictor that may be moved."""

    name: str
    path: Path
    formula: str
    predictor: str
    options: dict[str, Any] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Proof:
    """What was proven of it."""

    criterion: float  # less what the unit adds to REML
    certified: bool
    ranks: tuple[int, ...]
    statistic: float  # of the predictor


SLEEP, GROUPS = SAMPLES / "sleepstudy.csv", HERE / "gamma_groups.csv"
SLOPE = "Reaction ~ Days + (Days | Subject)"
MODELS = (
    Model("REML, slope", SLEEP, SLOPE, "Days"),
    Model("ML, slope", SLEEP, SLOPE, "Days", {"reml": False}),
    Model("REML, intercept", SLEEP, "Reaction ~ Days + (1 | Subject)", "Days"),
    Model("REML, singular", SAMPLES / "bad_scale.csv", "y ~ x_raw + (x_raw | group)", "x_raw"),
    Model("Gamma, log, slope", SLEEP, SLOPE, "Days", {"family": "Gamma", "link": "log"}),
    Model("Gamma, inverse", GROUPS, "y ~ x + (1 | g)", "x", {"family": "Gamma"}),
    Model("inverse Gaussian", GROUPS, "y ~ x + (1 | g)", "x", {"family": "inverse.gaussian"}),
    Model("gaussian, log", GROUPS, "y ~ x + (1 | g)", "x", {"family": "gaussian", "link": "log"}),
    Model("binomial, slope", GROUPS, "I(y > 2) ~ x + (x | g)", "x", {"family": "binomial"}),
    Model("poisson, slope", GROUPS, "round(y) ~ x + (x | g)", "x", {"family": "poisson"}),
    Model("poisson, sqrt", GROUPS, "round(y) ~ x + (1 | g)", "x", {"family": "poisson", "link": "sqrt"}),
)


def proof_of(model: Model, unit: float, origin: float) -> Proof:
    """The optimum in that unit, from that origin."""
    table = _moved(read_table(model.path), model.predictor, unit, origin)
    bench = Workbench(table, TriageOptions(**model.options), None)
    prepared = prepare(bench.build(parse_formula(model.formula)))
    optimum, fit = prove_optimum(prepared, {}, seed=bench.options.seed)
    at = prepared.design.fixed_names.index(model.predictor)
    in_reml = 2.0 * np.log(unit) if prepared.design.spec.reml else 0.0
    return Proof(
        criterion=fit.criterion - in_reml,
        certified=optimum.certificate.certified,
        ranks=optimum.certificate.ranks,
        statistic=float(fit.beta[at] / fit.se[at]),
    )


def differences(model: Model, units: Sequence[float], origins: Sequence[float]) -> Iterator[str]:
    """Every cell of which something else is proven than of the predictor as it is."""
    here = proof_of(model, 1.0, 0.0)
    for unit in units:
        for origin in origins:
            there = proof_of(model, unit, origin)
            is_same = (
                there.certified == here.certified
                and there.ranks == here.ranks
                and abs(there.criterion - here.criterion) <= CRITERION
                and abs(there.statistic / here.statistic - 1.0) <= STATISTIC
            )
            if not is_same:
                yield f"{model.name}, {unit:g} (x + {origin:g} SD): {there}, not {here}"


def _moved(table: Table, name: str, unit: float, origin: float) -> Table:
    x = table.columns[name].values
    moved = Column(name=name, kind="numeric", values=unit * (x + origin * np.std(x)))
    return replace(table, columns={**table.columns, name: moved})


def main(words: Sequence[str]) -> int:
    """Print every difference, and how many cells there are."""
    units, origins = ((float(words[0]),), (float(words[1]),)) if words else (UNITS, ORIGINS)
    found = 0
    for model in MODELS:
        for said in differences(model, units, origins):
            found += 1
            sys.stdout.write(said + "\n")
            sys.stdout.flush()
    cells = len(MODELS) * len(units) * len(origins)
    sys.stdout.write(f"{cells} cells, {found} proven differently\n")
    return int(found > 0)


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
