"""Our BOBYQA against R's minqa, to the bit, on random problems. Run by hand; needs R with minqa and jsonlite:

    python -m tests.optimizers.against_minqa [number of problems] [seed]

Smooth, kinked, stepped, unbounded and partly undefined functions of one to ten parameters, with and without
walls, n + 2 points or more, small and large radii and budgets. Measured with minqa 1.2.5 (R 4.2, x86-64),
seeds 11 and 12 of 600 problems each: 1174 of 1200 are the same to the bit, every point, value, count and
code. The other 26 are the same up to the first call of RESCUE, which n + 2 points did not need. There R's
minqa does not repeat itself from one process to the next. PDFO 2.2.0 (classical), another build of Powell's
Fortran, does, and by it all 1200 are the same to the bit.
"""

from __future__ import annotations

import json
import subprocess
import sys
import tempfile
from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any
from unittest.mock import patch

import numpy as np

from mmtriage.arrays import Array
from mmtriage.optimizers.powell import Minimum, iterations, minimize
from mmtriage.optimizers.powell.rescue import rescue

SCRIPT = Path(__file__).with_suffix(".R")


def chain(terms: Array) -> float:
    """Added in doubles, one after the other."""
    return float(np.add.accumulate(np.concatenate(([0.0], terms)))[-1])


def quadratic(x: Array, p: dict[str, Array]) -> float:
    rows = [chain(row * (x - p["c"])) for row in p["A"]]
    return chain(np.array([r * r for r in rows]))


def rosenbrock(x: Array, p: dict[str, Array]) -> float:
    if len(x) == 1:
        return float((x[0] - 1) * (x[0] - 1))
    a, b = x[1:] - x[:-1] * x[:-1], 1 - x[:-1]
    return chain(100 * (a * a) + b * b)


def quartic(x: Array, p: dict[str, Array]) -> float:
    d = x - p["c"]
    return chain(p["w"] * (d * d * d * d)) + quadratic(x, p) * 0.0078125


def saddle(x: Array, p: dict[str, Array]) -> float:
    d = x - p["c"]
    return chain((p["w"] - 1) * (d * d))


FAMILIES: dict[str, Callable[[Array, dict[str, Array]], float]] = {
    "quadratic": quadratic,
    "rosenbrock": rosenbrock,
    "corners": lambda x, p: chain(p["w"] * np.abs(x - p["c"])),
    "largest": lambda x, p: float(np.max(np.abs(x - p["c"]) * p["w"])),
    "steps": lambda x, p: float(np.floor(quadratic(x, p) * 4096) / 4096),
    "quartic": quartic,
    "saddle": saddle,
    "holes": lambda x, p: 1e10 if x[0] > p["c"][0] + 0.25 else quadratic(x, p),
    "undefined": lambda x, p: np.nan if x[0] > p["c"][0] + 0.25 else quadratic(x, p),
    "huge": lambda x, p: quadratic(x, p) * 1e8 + 1e8,
}


def problem(rng: np.random.Generator, index: int) -> dict[str, Any]:
    n = int(rng.integers(1, 11))
    family = list(FAMILIES)[index % len(FAMILIES)]
    start = np.round(rng.normal(size=n), 2) if rng.random() < 0.7 else np.ones(n)
    lower, upper = bounds(rng, start, family)
    rhobeg = float(rng.choice([0.2, 0.95, 2e-4, 0.01]))
    narrowest = float(np.min(upper - lower))
    rhobeg = 0.2 * narrowest if narrowest < 2 * rhobeg else rhobeg
    least, most = n + 2, (n + 1) * (n + 2) // 2
    npt = least if rng.random() < 0.7 else int(rng.integers(least, most + 1))
    return {
        "family": family,
        "start": start,
        "lower": lower,
        "upper": upper,
        "c": rng.normal(size=n),
        "w": rng.uniform(0.5, 3.0, size=n),
        "A": rng.normal(size=(n, n)) * 10.0 ** rng.uniform(-1, 1, size=n),
        "npt": npt,
        "rhobeg": rhobeg,
        "rhoend": rhobeg * float(rng.choice([1e-6, 1e-3, 1e-8])),
        "maxfun": int(rng.choice([3000, 3000, 3000, 60])),
    }


def bounds(rng: np.random.Generator, start: Array, family: str) -> tuple[Array, Array]:
    """Walls nowhere, under the start, near it or further off."""
    lower, upper = np.full(len(start), -np.inf), np.full(len(start), np.inf)
    for i, x in enumerate(start):
        kind = rng.integers(0, 6)
        if kind in (1, 5):
            lower[i] = x - float(rng.choice([0.0, 1e-4, 0.1, 1.0, 5.0]))
        if kind in (2, 5):
            upper[i] = x + float(rng.choice([0.0, 1e-4, 0.1, 1.0, 5.0]))
        if family == "saddle":
            lower[i], upper[i] = max(lower[i], x - 9.0), min(upper[i], x + 9.0)
        if upper[i] == lower[i]:
            upper[i] += 1.0
    return lower, upper


def as_hex(value: Any) -> Any:
    if isinstance(value, np.ndarray):
        return [as_hex(float(v)) for v in value.ravel()]
    if isinstance(value, float):
        return value.hex() if np.isfinite(value) else str(value).replace("inf", "Inf")
    return value


def ours(p: dict[str, Any]) -> tuple[Minimum, Array]:
    rows: list[list[float]] = []

    def objective(x: Array) -> float:
        value = FAMILIES[p["family"]](x, p)
        rows.append([*x.tolist(), value])
        return value

    box = (p["start"], p["lower"], p["upper"])
    end = minimize(objective, *box, npt=p["npt"], rhobeg=p["rhobeg"], rhoend=p["rhoend"], maxfun=p["maxfun"])
    return end, np.array(rows)


def theirs(problems: list[dict[str, Any]]) -> list[dict[str, Any]]:
    with tempfile.TemporaryDirectory() as folder:
        asked, answered = Path(folder, "problems.json"), Path(folder, "answers.json")
        asked.write_text(json.dumps([{k: as_hex(v) for k, v in p.items()} for p in problems]))
        subprocess.run(["Rscript", str(SCRIPT), str(asked), str(answered)], check=True)
        answers: list[dict[str, Any]] = json.loads(answered.read_text())
        return answers


def compared(p: dict[str, Any], answer: dict[str, Any]) -> tuple[str, int, str]:
    """A word for the tally, the number of evaluations that agree, and what to say of a difference."""
    with counted_rescues() as rescues:
        end, rows = ours(p)
    path = np.array([float.fromhex(v) for v in answer["path"]]).reshape(-1, len(p["start"]) + 1)
    shorter = min(len(path), len(rows))
    is_same = np.array([np.array_equal(a, b, equal_nan=True) for a, b in zip(path, rows, strict=False)])
    length = shorter if is_same.all() else int(np.argmin(is_same))
    par, fval = [float.fromhex(v) for v in answer["par"]], float.fromhex(answer["fval"])
    counts = (end.code, end.evaluations) == (answer["ierr"], answer["feval"])
    if counts and length == len(path) and np.array_equal(par, end.x):
        return "same to the bit", length, ""
    said = (
        f"n={len(p['start'])} npt={p['npt']} {p['family']}: same for {length} evaluations of "
        f"{end.evaluations} / {answer['feval']}, code {end.code} / {answer['ierr']}, "
        f"value {end.value!r} / {fval!r}"
    )
    return ("departs at RESCUE" if rescues and length >= rescues[0] else "differs"), length, said


@contextmanager
def counted_rescues() -> Iterator[list[int]]:
    """The numbers of evaluations before each call of RESCUE."""
    counts: list[int] = []

    def counting(*arguments: Any) -> bool:
        counts.append(arguments[-1].count)
        return rescue(*arguments)

    with patch.object(iterations, "rescue", counting):
        yield counts


def main(count: int = 500, seed: int = 1) -> None:
    rng = np.random.default_rng(seed)
    problems = [problem(rng, i) for i in range(count)]
    tally: Counter[str] = Counter()
    answers, same = theirs(problems), 0
    for index, (p, answer) in enumerate(zip(problems, answers, strict=True)):
        verdict, length, said = compared(p, answer)
        tally[verdict] += 1
        same += length
        if said:
            print(index, verdict, said)  # noqa: T201
    codes = Counter(answer["ierr"] for answer in answers)
    print(dict(tally), "evaluations that are the same:", same, "minqa's codes:", dict(codes))  # noqa: T201


if __name__ == "__main__":
    main(*map(int, sys.argv[1:]))
