"""The recorded paths of R's minqa (tests/golden/minqa) and the functions they belong to."""

from __future__ import annotations

import json
import math
from collections.abc import Callable
from dataclasses import dataclass
from fractions import Fraction
from functools import cache

import numpy as np

from mmtriage.arrays import Array
from tests.golden_cases import GOLDEN

FOLDER = GOLDEN / "minqa"


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class MinqaPath:
    """One run of minqa."""

    name: str
    start: Array  # (n,)
    lower: Array  # (n,)
    points: Array  # (feval, n)
    values: Array  # (feval,)
    end: Array  # (n,), after lme4 may have moved it to a bound
    value: float
    rhobeg: float = 0.2
    rhoend: float = 2e-7

    @property
    def id(self) -> str:
        return f"{self.name}_{len(self.start)}"


@cache
def function_paths() -> tuple[MinqaPath, ...]:
    """Of the eight plain functions."""
    return tuple(_path(record, np.array(record["lower"], dtype=float)) for record in _records()[:8])


@cache
def glmer_paths() -> dict[str, MinqaPath]:
    """Of glmer's stage 1, by data set; the lower bounds are the model's."""
    records = {
        str(record["csv"]).removeprefix("../csv/").removesuffix(".csv"): record for record in _records()[8:]
    }
    return {name: _path(record, np.zeros(0)) for name, record in records.items()}


@cache
def _records() -> list[dict[str, object]]:
    records: list[dict[str, object]] = json.loads((FOLDER / "paths.json").read_text(encoding="utf-8"))
    return records


def _path(record: dict, lower: Array) -> MinqaPath:  # type: ignore[type-arg]
    rows = np.array(record["path"], dtype=float)[1 : record["feval"] + 1]
    return MinqaPath(
        name=record["name"],
        start=rows[0, :-1],
        lower=lower,
        points=rows[:, :-1],
        values=rows[:, -1],
        end=np.atleast_1d(np.array(record["par"], dtype=float)),
        value=record["fval"],
    )


# R's sum() and prod() have 64 bits and round once, at the end: as good as exact.


def rosenbrock(x: Array) -> float:
    a, b = x[1:] - x[:-1] * x[:-1], 1.0 - x[:-1]
    return math.fsum(100.0 * (a * a) + b * b)


def ellipsoid(x: Array) -> float:
    n = len(x)
    scale = np.array([10.0 ** (4 * i / (n - 1)) for i in range(n)])
    d = x - 0.3 * np.arange(1, n + 1)
    return math.fsum(scale * (d * d))


def boundary(x: Array) -> float:
    product = math.prod(Fraction(factor) for factor in (1.0 + x * x).tolist())
    return math.fsum((x + 0.5) * (x + 0.5)) + 0.1 * float(product)


def logdet(x: Array) -> float:
    L = np.array([[x[0], 0.0], [x[1], x[2]]])
    M = L @ L.T + 0.1 * np.eye(2)
    return math.log(M[0, 0] * M[1, 1] - M[0, 1] * M[1, 0]) + math.fsum((x - 1.0) * (x - 1.0)) / 3.0


FUNCTIONS: dict[str, Callable[[Array], float]] = {
    "rosenbrock": rosenbrock,
    "ellipsoid": ellipsoid,
    "boundary": boundary,
    "logdet": logdet,
}


@dataclass(slots=True, eq=False)
class Recorder:
    """An objective that keeps what it was asked and answered."""

    objective: Callable[[Array], float]
    points: list[Array]
    values: list[float]

    def __call__(self, x: Array) -> float:
        value = self.objective(x)
        self.points.append(x.copy())
        self.values.append(value)
        return value


def recording(objective: Callable[[Array], float]) -> Recorder:
    return Recorder(objective, [], [])


def agreement(points: list[Array], expected: Array, tolerance: float) -> int:
    """How many points from the first on are equal to within `tolerance`."""
    pairs = zip(points, expected, strict=False)
    apart = [float(np.max(np.abs(ours - theirs))) for ours, theirs in pairs]
    return next((i for i, distance in enumerate(apart) if distance > tolerance), len(apart))
