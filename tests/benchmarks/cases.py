"""The models that are timed: a table, a formula, and what lme4 needs to know to fit the same."""

from __future__ import annotations

import gzip
import shutil
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pandas as pd

GOLDEN = Path(__file__).parent.parent / "golden" / "csv"


@dataclass(frozen=True)
class Case:
    """One timed model; `write` puts its table at a path."""

    name: str
    formula: str
    factors: tuple[str, ...]
    write: Callable[[Path], None]
    size: str = "small"  # "large" cases are left out by --quick
    family: str = "gaussian"


def _golden(name: str) -> Callable[[Path], None]:
    def write(path: Path) -> None:
        plain, packed = GOLDEN / name, GOLDEN / f"{name}.gz"
        if plain.exists():
            shutil.copy(plain, path)
        else:
            path.write_bytes(gzip.decompress(packed.read_bytes()))

    return write


def _nested(rows: int, levels: tuple[int, ...]) -> Callable[[Path], None]:
    """Levels nested in each other, the finest first, effects of unequal size."""

    def write(path: Path) -> None:
        generator = np.random.default_rng(97)
        inner = generator.integers(0, levels[0], rows)
        table = {"g0": inner}
        y = generator.normal(size=rows)
        x = generator.normal(size=rows)
        codes = inner
        for depth, count in enumerate(levels[1:], start=1):
            codes = codes * count // levels[depth - 1]
            table[f"g{depth}"] = codes
        for depth, count in enumerate(levels):
            y += generator.normal(scale=0.6 / (depth + 1), size=count)[table[f"g{depth}"]]
        pd.DataFrame({"y": y + 0.3 * x, "x": x, **table}).to_csv(path, index=False)

    return write


def _slopes(rows: int, groups: int, slopes: int = 1) -> Callable[[Path], None]:
    """Correlated intercept and slopes by one grouping factor."""

    def write(path: Path) -> None:
        generator = np.random.default_rng(64)
        codes = generator.integers(0, groups, rows)
        X = generator.normal(size=(rows, slopes))
        k = slopes + 1
        L = np.tril(generator.normal(scale=0.3, size=(k, k)), -1) + np.diag(np.linspace(1.0, 0.5, k))
        b = generator.normal(size=(groups, k)) @ L.T
        y = b[codes, 0] + np.einsum("ij,ij->i", X, 0.5 + b[codes, 1:]) + generator.normal(size=rows)
        columns = {f"x{j}": X[:, j] for j in range(slopes)}
        pd.DataFrame({"y": y, **columns, "g": codes}).to_csv(path, index=False)

    return write


def _crossed(rows: int, first: int, second: int) -> Callable[[Path], None]:
    def write(path: Path) -> None:
        generator = np.random.default_rng(11)
        a, b = generator.integers(0, first, rows), generator.integers(0, second, rows)
        y = generator.normal(size=first)[a] + generator.normal(scale=0.5, size=second)[b]
        y += generator.normal(size=rows)
        pd.DataFrame({"y": y, "a": a, "b": b}).to_csv(path, index=False)

    return write


def _answers(rows: int, groups: int, family: str) -> Callable[[Path], None]:
    """Intercept and slope by one grouping factor; 0/1 answers or counts."""

    def write(path: Path) -> None:
        generator = np.random.default_rng(29)
        codes = generator.integers(0, groups, rows)
        x = generator.normal(size=rows)
        b = generator.normal(scale=(0.8, 0.4), size=(groups, 2))
        eta = 0.2 + b[codes, 0] + (0.5 + b[codes, 1]) * x
        if family == "binomial":
            y = generator.uniform(size=rows) < 1.0 / (1.0 + np.exp(-eta))
        else:
            y = generator.poisson(np.exp(eta))
        pd.DataFrame({"y": y.astype(int), "x": x, "g": codes}).to_csv(path, index=False)

    return write


def _slope_formula(slopes: int) -> str:
    names = " + ".join(f"x{j}" for j in range(slopes))
    return f"y ~ {names} + (1 + {names} | g)"


CASES = (
    Case(
        "InstEval",
        "y ~ service + (1|s) + (1|d) + (1|dept)",
        ("s", "d", "dept", "service"),
        _golden("InstEval.csv"),
    ),
    Case(
        "Chem97-sized, nested 2410 in 131",
        "y ~ x + (1|g0) + (1|g1)",
        ("g0", "g1"),
        _nested(31_022, (2410, 131)),
    ),
    Case("1e6 rows, 1e4 groups, slope", _slope_formula(1), ("g",), _slopes(1_000_000, 10_000), "large"),
    Case("rows: 1e4 (200 groups, slope)", _slope_formula(1), ("g",), _slopes(10_000, 200)),
    Case("rows: 1e5 (200 groups, slope)", _slope_formula(1), ("g",), _slopes(100_000, 200)),
    Case("rows: 1e6 (200 groups, slope)", _slope_formula(1), ("g",), _slopes(1_000_000, 200), "large"),
    Case("levels: 1e3 nested in 1e2", "y ~ x + (1|g0) + (1|g1)", ("g0", "g1"), _nested(50_000, (1_000, 100))),
    Case(
        "levels: 1e4 nested in 1e3", "y ~ x + (1|g0) + (1|g1)", ("g0", "g1"), _nested(50_000, (10_000, 1_000))
    ),
    Case(
        "levels: 5e4 in 5e3 in 5e2",
        "y ~ x + (1|g0) + (1|g1) + (1|g2)",
        ("g0", "g1", "g2"),
        _nested(200_000, (50_000, 5_000, 500)),
        "large",
    ),
    Case("crossed: 500 x 200", "y ~ 1 + (1|a) + (1|b)", ("a", "b"), _crossed(20_000, 500, 200)),
    Case("crossed: 4000 x 1000", "y ~ 1 + (1|a) + (1|b)", ("a", "b"), _crossed(60_000, 4_000, 1_000)),
    Case("theta: 3", _slope_formula(1), ("g",), _slopes(5_000, 250, 1)),
    Case("theta: 10", _slope_formula(3), ("g",), _slopes(5_000, 250, 3)),
    Case("theta: 21", _slope_formula(5), ("g",), _slopes(5_000, 250, 5)),
    Case("theta: 36", _slope_formula(7), ("g",), _slopes(5_000, 250, 7)),
)
GENERALIZED_CASES = (
    Case(
        "VerbAgg, crossed 316 x 24",
        "r2 ~ Anger + Gender + btype + situ + (1|id) + (1|item)",
        ("id", "item"),
        _golden("VerbAgg.csv"),
        family="binomial",
    ),
    Case(
        "grouseticks, one effect per row",
        "TICKS ~ YEAR + cHEIGHT + (1|BROOD) + (1|INDEX) + (1|LOCATION)",
        ("BROOD", "INDEX", "LOCATION", "YEAR"),
        _golden("grouseticks.csv"),
        family="poisson",
    ),
    Case(
        "Contraception, slope",
        "use ~ age + I(age^2) + urban + livch + (urban|district)",
        ("district",),
        _golden("Contraception.csv"),
        family="binomial",
    ),
    Case(
        "answers: 1e4 (200 groups, slope)",
        "y ~ x + (x|g)",
        ("g",),
        _answers(10_000, 200, "binomial"),
        family="binomial",
    ),
    Case(
        "answers: 1e5 (2e3 groups, slope)",
        "y ~ x + (x|g)",
        ("g",),
        _answers(100_000, 2_000, "binomial"),
        "large",
        "binomial",
    ),
    Case(
        "counts: 1e4 (200 groups, slope)",
        "y ~ x + (x|g)",
        ("g",),
        _answers(10_000, 200, "poisson"),
        family="poisson",
    ),
)
