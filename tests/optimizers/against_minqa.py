"""Our BOBYQA against R's minqa, to the bit, on random problems. Run by hand; needs R with minqa and jsonlite:

    python -m tests.optimizers.against_minqa [number of problems] [seed]
"""

from __future__ import annotations

import json
import subprocess
import sys
import tempfile
from collections import Counter
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np

from mmtriage.optimizers.powell.minimize import minimize

Array = np.ndarray
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


def ours(p: dict[str, Any]) -> tuple[Any, Array]:
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
        return json.loads(answered.read_text())


def agreement(p: dict[str, Any], answer: dict[str, Any]) -> str:
    end, rows = ours(p)
    n = len(p["start"])
    path = np.array([float.fromhex(v) if v[0] not in "NI" and v[1] != "I" else float(v) for v in answer["path"]])
    path = path.reshape(-1, n + 1)
    k = min(len(path), len(rows))
    same = (path[:k] == rows[:k]).all(axis=1)
    length = k if same.all() else int(np.argmin(same))
    if (end.code, end.evaluations) == (answer["ierr"], answer["feval"]) and same.all():
        par = np.array([float.fromhex(v) for v in answer["par"]])
        return "same" if np.array_equal(par, end.x) else f"path same, end differs {par} {end.x}"
    fval = float.fromhex(answer["fval"])
    return (
        f"n={n} npt={p['npt']} {p['family']} departs after {length}: evaluations {end.evaluations} / "
        f"{answer['feval']}, code {end.code} / {answer['ierr']}, value {end.value!r} / {fval!r}"
    )


def main() -> None:
    count, seed = (int(v) for v in [*sys.argv[1:], "270", "1"][:2]) if len(sys.argv) < 3 else map(int, sys.argv[1:3])
    rng = np.random.default_rng(seed)
    problems = [problem(rng, i) for i in range(count)]
    tally: Counter[str] = Counter()
    codes: Counter[int] = Counter()
    for index, (p, answer) in enumerate(zip(problems, theirs(problems), strict=True)):
        verdict = agreement(p, answer)
        tally["same" if verdict == "same" else "different"] += 1
        codes[answer["ierr"]] += 1
        if verdict != "same":
            print(index, verdict)
    print(dict(tally), "minqa's codes:", dict(codes))


if __name__ == "__main__":
    main()
