"""Null distributions of likelihood ratios by ML, simulated once; what it prints is kept in test_lrt.py.

Run as `python -m tests.ladder.lrt_simulation`; it takes about four minutes.
"""

from __future__ import annotations

import sys
from dataclasses import replace

import numpy as np
import pandas as pd

from mmtriage.data.in_memory import table_from_frame
from mmtriage.engine.linear.model import LinearModel
from mmtriage.engine.optimum.found import Start
from mmtriage.engine.optimum.protocol import template_factors
from mmtriage.engine.optimum.search import find_optimum
from mmtriage.formula import parse_formula
from mmtriage.model.design import Design, build_design
from mmtriage.model.spec import ModelSpec

X = (0.5, 1.0, 2.0, 3.0, 5.0)
GROUPS, ROWS, REPLICATES, SEED = 100, 6, 4000, 1
GROUP = np.repeat(np.arange(GROUPS), ROWS)
SLOPE = np.tile(np.arange(ROWS) - 2.5, GROUPS)


def design(formula: str) -> Design:
    frame = pd.DataFrame({"y": np.arange(len(GROUP)) % 7.0, "x": SLOPE, "g": [f"g{k:03}" for k in GROUP]})
    return build_design(table_from_frame(frame), parse_formula(formula), ModelSpec(reml=False))


def deviance(model: Design | None, y: np.ndarray) -> float:
    """-2 log-likelihood at the optimum; None is the model without random effects."""
    if model is None:
        X = np.column_stack([np.ones(len(y)), SLOPE])
        residual = y - X @ np.linalg.lstsq(X, y, rcond=None)[0]
        return float(len(y) * (1 + np.log(2 * np.pi * (residual @ residual) / len(y))))
    problem = LinearModel.of(replace(model, y=y))
    return find_optimum(problem, [Start("template", template_factors(problem.basis))]).criterion


def main() -> None:
    """Print the share of statistics above each of X: full model, smaller model, true SDs."""
    generator = np.random.default_rng(SEED)
    generator.normal(size=len(GROUP))
    full = design("y ~ x + (1 + x | g)")
    cases = {
        "scalar": (design("y ~ x + (1 | g)"), None, 0.0, 0.0),
        "column": (full, design("y ~ x + (1 | g)"), 1.0, 0.0),
        "correlations": (full, design("y ~ x + (1 | g) + (0 + x | g)"), 1.0, 0.5),
    }
    for name, (larger, smaller, intercept, slope) in cases.items():
        statistics = np.empty(REPLICATES)
        for i in range(REPLICATES):
            y = 1 + SLOPE + intercept * generator.normal(size=GROUPS)[GROUP]
            y = y + slope * generator.normal(size=GROUPS)[GROUP] * SLOPE + generator.normal(size=len(GROUP))
            statistics[i] = max(0.0, deviance(smaller, y) - deviance(larger, y))
        shares = [round(float(np.mean(statistics > x)), 4) for x in X]
        sys.stdout.write(f"{name}: {shares}\n")


if __name__ == "__main__":
    main()
