"""Tables made to bring out the remedies, and the oddities of reading, that no other model here does."""

from __future__ import annotations

import numpy as np

from tests.emitted.subjects import Columns, Subject, made

GROUPS, ROWS = 24, 10


def _groups(
    seed: int, groups: int = GROUPS, rows: int = ROWS
) -> tuple[np.random.Generator, np.ndarray, np.ndarray]:
    """A generator, the groups (n,), and a predictor (n,)."""
    rng = np.random.default_rng(seed)
    g = np.repeat(np.arange(groups), rows)
    return rng, g, rng.normal(size=len(g))


def _labels(prefix: str, codes: np.ndarray) -> list[str]:
    return [f"{prefix}{code:03d}" for code in codes]


def scattered(*, labeled: bool) -> Columns:
    """Counts with more scatter than a Poisson has; a label of each row, or none."""
    rng, g, x = _groups(501, 12, 8)
    eta = 1.0 + 0.5 * x + 0.5 * rng.normal(size=12)[g] + 0.8 * rng.normal(size=len(g))
    columns = {"y": rng.poisson(np.exp(eta)), "x": x, "g": _labels("g", g)}
    return {**columns, "visit": _labels("v", np.arange(len(g)))} if labeled else columns


def alike() -> Columns:
    """Clumped counts in groups that do not differ."""
    rng, g, x = _groups(505, 10, 8)
    mean = np.exp(1.2 + 0.4 * x)
    return {"y": rng.negative_binomial(2.0, 2.0 / (2.0 + mean)), "x": x, "g": _labels("g", g)}


def weighted() -> Columns:
    """Clumped counts with weights above one, of which lme4 makes no likelihood."""
    rng, g, x = _groups(520, 12, 6)
    mean = np.exp(0.8 + 0.4 * x + 0.6 * rng.normal(size=12)[g])
    y = rng.negative_binomial(2.0, 2.0 / (2.0 + mean))
    return {"y": y, "x": x, "g": _labels("g", g), "w": rng.integers(1, 5, size=len(g))}


def crowded() -> Columns:
    """Many groups whose means do not differ: nothing random is left, and GEE has groups enough."""
    rng, g, x = _groups(511, 40, 5)
    y = 1.0 + 0.5 * x + rng.normal(size=len(g))
    y -= (np.bincount(g, y - 0.5 * x) / np.bincount(g))[g]
    return {"y": y, "x": x, "g": _labels("g", g)}


def pure() -> Columns:
    """Answers in words that never change within a group."""
    rng, g, x = _groups(512, 20, 4)
    yes = rng.permutation(np.arange(20) % 2)[g]
    return {"y": np.array(["no", "Yes"])[yes], "x": x, "g": _labels("g", g)}


def even() -> Columns:
    """Counts with less scatter than a Poisson has."""
    rng, g, x = _groups(3, 6, 5)
    mean = np.exp(1.5 + 0.3 * x + 0.5 * rng.normal(size=6)[g])
    return {"y": np.round(mean).astype(int), "x": x, "g": _labels("g", g)}


def moderated() -> Columns:
    """Slopes and intercepts that follow one predictor of the groups, and nothing else."""
    rng, g, x = _groups(310)
    w = rng.normal(size=GROUPS)[g]
    e = rng.normal(size=len(g))
    for level in range(GROUPS):
        rows = g == level
        X = np.column_stack([np.ones(ROWS), x[rows]])
        e[rows] -= X @ np.linalg.lstsq(X, e[rows], rcond=None)[0]
    u = rng.normal(size=GROUPS)[g]
    y = 2.0 + 0.3 * w + u + (0.5 + 0.5 * u + 0.1 * w) * x + e
    return {"y": y, "x": x, "w": w, "g": _labels("g", g)}


def steep() -> Columns:
    """A product on a scale of thousands that no variable of the formula stands for; one value missing."""
    rng, g, _ = _groups(101)
    x, z = rng.normal(8.0, 0.5, size=len(g)), rng.integers(0, 2, size=len(g))
    eta = -0.5 + z * (np.exp(x) - 3300.0) / 2000.0 + 0.8 * rng.normal(size=GROUPS)[g]
    x[7] = np.nan
    return {"y": rng.binomial(1, 1 / (1 + np.exp(-eta))), "x": x, "z": z, "g": _labels("g", g)}


def odd_names() -> Columns:
    """Names with spaces, a backslash and letters beyond ASCII; empty and missing cells; groups alike."""
    rng, g, x = _groups(7)
    y = 3.0 + x + rng.normal(size=len(g))
    y -= (np.bincount(g, y) / np.bincount(g))[g]
    cond = np.array(["low", "High", "höher"], dtype=object)[rng.integers(0, 3, size=len(g))]
    cond[3], cond[11] = "", "NA"
    return {"réaction (ms)": y, "dose\\mg": x, "my cond": cond, "school id": _labels("Ä ", g)}


def foreign() -> Columns:
    """Numbers as factors, a code for missing, weights, an offset and rows to leave out."""
    rng, g, x = _groups(8)
    dose = rng.integers(1, 4, size=len(g)).astype(float)
    y = 2.0 + 0.4 * x + 0.3 * dose + rng.normal(size=len(g))
    y -= (np.bincount(g, y) / np.bincount(g))[g]
    x[5] = -99
    weight = rng.integers(1, 4, size=len(g)).astype(float)
    wave = np.array(["a", "b"])[(np.arange(len(g)) % 7 == 0).astype(int)]
    return {"y": y, "x": x, "dose": dose, "w": weight, "o": 0.1 * x, "wave": wave, "g": g + 1}


TABLES: tuple[Subject, ...] = (
    made("labelled counts", lambda: scattered(labeled=True), "y ~ x + (1 | g)", "--family", "poisson"),
    made("unlabelled counts", lambda: scattered(labeled=False), "y ~ x + (1 | g)", "--family", "poisson"),
    made("alike counts", alike, "y ~ x + (1 | g)", "--family", "negative.binomial"),
    made("weighted counts", weighted, "y ~ x + (1 | g)", "--family", "negative.binomial", "--weights", "w"),
    made("crowded groups", crowded, "y ~ x + (1 | g)"),
    made("pure groups", pure, "y ~ x + (1 | g)", "--family", "binomial"),
    made("moderated slopes", moderated, "y ~ x + w + (x | g)"),
    made("steep product", steep, "y ~ z + exp(x):z + (1 | g)", "--family", "binomial"),
    made("odd names", odd_names, r"`réaction (ms)` ~ `dose\\mg` * `my cond` + (`dose\\mg` | `school id`)"),
    made(
        "foreign punctuation",
        foreign,
        "y ~ x + dose + offset(o) + (x | g)",
        *("--na-values", "-99", "--factor", "dose=3.0,1,2", "--factor", "g", "--contrasts", "dose=sum"),
        *("--weights", "w", "--subset", "wave != 'b' & x < 2"),
        sep=";",
        decimal=",",
    ),
)
# Of a negative binomial without scatter to speak of the optimum is at infinity, and takes its time.
EVEN = made("even counts", even, "y ~ x + (1 | g)", "--family", "negative.binomial")
