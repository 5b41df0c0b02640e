"""What our BOBYQA's own algebra costs beside Py-BOBYQA's, by turns in one run: milliseconds and ratios.

    python -m tests.benchmarks.bobyqa [evaluations]

Ten parameters, n + 2 = 12 points, four walls, lme4's radii of a start near one. Time inside the objective is
taken off. Each pair is run ROUNDS times, one after the other, and the best of each is compared.
"""

from __future__ import annotations

import sys
import time
import warnings
from collections.abc import Callable

import numpy as np
import pybobyqa
from rich.console import Console
from rich.table import Table

from mmtriage.arrays import Array
from mmtriage.optimizers.powell import minimize

N = 10
ROUNDS = 5
RHOBEG, RHOEND = 0.2, 2e-7
NO_BOUND = 1e20  # Py-BOBYQA's infinity
START = np.array([1.0, 0.0, 0.0, 0.0, 1.0, 0.0, 0.0, 1.0, 0.0, 1.0])  # theta of a 4 x 4 covariance matrix
LOWER = np.where(START == 1.0, 0.0, -np.inf)
UPPER = np.full(N, np.inf)


def rosenbrock(x: Array) -> float:
    return float(np.sum(100.0 * (x[1:] - x[:-1] ** 2) ** 2 + (1.0 - x[:-1]) ** 2))


def ellipsoid(x: Array) -> float:
    i = np.arange(N)
    return float(np.sum(10.0 ** (4.0 * i / (N - 1)) * (x - 0.3 * (i + 1)) ** 2))


class Timed:
    """An objective that knows how long it took and how often it was asked."""

    def __init__(self, objective: Callable[[Array], float]) -> None:
        self._objective = objective
        self.seconds, self.calls = 0.0, 0

    def __call__(self, x: Array) -> float:
        begin = time.perf_counter()
        value = self._objective(x)
        self.seconds += time.perf_counter() - begin
        self.calls += 1
        return value


def ours(objective: Timed, maxfun: int) -> None:
    radii = {"rhobeg": RHOBEG, "rhoend": RHOEND}
    minimize(objective, START, LOWER, UPPER, npt=N + 2, maxfun=maxfun, **radii)


def theirs(objective: Timed, maxfun: int) -> None:
    box = np.maximum(LOWER, -NO_BOUND), np.minimum(UPPER, NO_BOUND)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        pybobyqa.solve(
            objective,
            START,
            bounds=box,
            npt=N + 2,
            rhobeg=RHOBEG,
            rhoend=RHOEND,
            maxfun=maxfun,
            do_logging=False,
        )


def milliseconds(run: Callable[[Timed, int], None], f: Callable[[Array], float], maxfun: int) -> float:
    """Per evaluation, without the evaluation."""
    objective = Timed(f)
    begin = time.perf_counter()
    run(objective, maxfun)
    return 1e3 * (time.perf_counter() - begin - objective.seconds) / objective.calls


def main(maxfun: int = 1000) -> None:
    table = Table("BOBYQA's algebra, n = 10", "ours, ms", "Py-BOBYQA's, ms", "ratio", box=None)
    for f in (rosenbrock, ellipsoid):
        pairs = [(milliseconds(ours, f, maxfun), milliseconds(theirs, f, maxfun)) for _ in range(ROUNDS)]
        mine, other = (min(column) for column in zip(*pairs, strict=True))
        table.add_row(f.__name__, f"{mine:.3f}", f"{other:.3f}", f"{mine / other:.3f}")
    Console(width=118).print(table)


if __name__ == "__main__":
    main(*map(int, sys.argv[1:]))
