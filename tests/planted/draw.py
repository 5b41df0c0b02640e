"""Eight layouts, each with its own names, sizes and units, and how responses are drawn from a mixed model.

A fault is planted in all eight, so that no rule can live on one set of names or numbers. In every layout the
predictor is harmless: its SD is between 0.1 and 10, its mean within five SDs of zero.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np


@dataclass(frozen=True, slots=True, kw_only=True)
class Layout:
    """Names, sizes and units of one study."""

    y: str
    x: str
    group: str
    levels: int
    rows: tuple[int, int]  # per group, both ends included
    center: float  # of the response
    sigma: float  # residual SD
    x_mean: float
    x_sd: float
    prefix: str  # of the labels; empty: the groups are numbered


LAYOUTS = (
    Layout(
        y="reaction",
        x="days",
        group="subject",
        levels=24,
        rows=(8, 8),
        center=250.0,
        sigma=25.0,
        x_mean=4.5,
        x_sd=3.0,
        prefix="S",
    ),
    Layout(
        y="score",
        x="hours",
        group="school",
        levels=40,
        rows=(5, 12),
        center=50.0,
        sigma=8.0,
        x_mean=0.0,
        x_sd=1.0,
        prefix="school ",
    ),
    Layout(
        y="yield.kg",
        x="rain",
        group="plot",
        levels=30,
        rows=(10, 10),
        center=4.2,
        sigma=0.6,
        x_mean=2.0,
        x_sd=0.8,
        prefix="",
    ),
    Layout(
        y="logRT",
        x="freq",
        group="item",
        levels=60,
        rows=(6, 6),
        center=6.4,
        sigma=0.2,
        x_mean=-1.0,
        x_sd=1.7,
        prefix="w",
    ),
    Layout(
        y="bp",
        x="dose",
        group="patient_id",
        levels=50,
        rows=(4, 9),
        center=120.0,
        sigma=11.0,
        x_mean=5.0,
        x_sd=2.5,
        prefix="P-",
    ),
    Layout(
        y="mass",
        x="age",
        group="nest",
        levels=36,
        rows=(7, 7),
        center=13.0,
        sigma=1.4,
        x_mean=6.0,
        x_sd=4.0,
        prefix="n",
    ),
    Layout(
        y="biomass",
        x="depth",
        group="lake",
        levels=20,
        rows=(12, 20),
        center=900.0,
        sigma=140.0,
        x_mean=0.5,
        x_sd=0.3,
        prefix="",
    ),
    Layout(
        y="Y",
        x="X1",
        group="g",
        levels=28,
        rows=(9, 9),
        center=0.0,
        sigma=1.0,
        x_mean=0.0,
        x_sd=5.0,
        prefix="a",
    ),
)


@dataclass(frozen=True, slots=True, eq=False)
class Sample:
    """One draw of a layout: groups and predictor, and a generator for the rest."""

    layout: Layout
    rng: np.random.Generator
    codes: np.ndarray  # (n,) group of each row
    x: np.ndarray  # (n,)
    seed: int = 0  # which repetition it is

    @property
    def n(self) -> int:
        return len(self.codes)

    @property
    def z(self) -> np.ndarray:
        """The predictor with mean 0 and SD 1, (n,)."""
        return (self.x - self.layout.x_mean) / self.layout.x_sd

    @property
    def labels(self) -> np.ndarray:
        """The grouping column."""
        return labeled(self.layout.prefix, self.codes)

    @property
    def fixed(self) -> np.ndarray:
        """Intercept and a moderate effect of the predictor, (n,)."""
        return self.layout.center + 0.4 * self.layout.sigma * self.z

    def noise(self) -> np.ndarray:
        """Residuals, (n,)."""
        return self.layout.sigma * self.rng.normal(size=self.n)

    def clean_noise(self, *Z: np.ndarray) -> np.ndarray:
        """Residuals orthogonal to the columns (n,) in every group: group-wise estimates are exact."""
        e, columns = self.noise(), np.column_stack(Z)
        for level in range(self.layout.levels):
            rows = self.codes == level
            fitted, *_ = np.linalg.lstsq(columns[rows], e[rows], rcond=None)
            e[rows] -= columns[rows] @ fitted
        return e

    def effect(self, codes: np.ndarray, *Z: np.ndarray, sd: Sequence[float], rho: float = 0.2) -> np.ndarray:
        """Random effects of the columns, (n,); `sd` in units of sigma, all correlations `rho`."""
        return self.layout.sigma * random_part(self.rng, codes, np.column_stack(Z), sd, rho)

    def intercepts(self, sd: float = 0.8) -> np.ndarray:
        """Random intercepts of the groups, (n,)."""
        return self.effect(self.codes, np.ones(self.n), sd=[sd])

    def both(self, sd: Sequence[float] = (0.8, 0.6), rho: float = 0.2) -> np.ndarray:
        """Correlated random intercepts and slopes of the predictor, (n,)."""
        return self.effect(self.codes, np.ones(self.n), self.z, sd=sd, rho=rho)

    def columns(self, y: np.ndarray, **more: np.ndarray) -> dict[str, np.ndarray]:
        """The table: response, predictor, groups, and what else there is."""
        return {self.layout.y: y, self.layout.x: self.x, self.layout.group: self.labels, **more}


def sample(
    layout: Layout, seed: tuple[int, int], *, levels: int | None = None, rows: int | None = None
) -> Sample:
    """Draw groups and predictor; of `seed` the second number tells repetitions apart."""
    rng = np.random.default_rng(seed)
    count = layout.levels if levels is None else levels
    sizes = (
        rng.integers(layout.rows[0], layout.rows[1] + 1, size=count) if rows is None else np.full(count, rows)
    )
    codes = np.repeat(np.arange(count), sizes)
    x = rng.normal(layout.x_mean, layout.x_sd, size=len(codes))
    return Sample(layout, rng, codes, x, seed[1])


def random_part(
    rng: np.random.Generator, codes: np.ndarray, Z: np.ndarray, sd: Sequence[float], rho: float
) -> np.ndarray:
    """Z b per row, (n,), b standardized to the covariance asked for, so that a small draw is a fair one."""
    k = Z.shape[1]
    correlation = np.full((k, k), rho) + (1 - rho) * np.eye(k)
    b = standardized(rng.normal(size=(int(codes.max()) + 1, k))) @ np.linalg.cholesky(correlation).T
    return np.asarray(np.sum(Z * (b * np.asarray(sd))[codes], axis=1))


def standardized(b: np.ndarray) -> np.ndarray:
    """Columns (levels, k) with mean 0, SD 1 and no correlation."""
    centered: np.ndarray = b - b.mean(axis=0)
    if len(b) <= b.shape[1]:
        return centered
    L = np.linalg.cholesky(np.cov(centered.T, bias=True).reshape(b.shape[1], b.shape[1]))
    return np.asarray(np.linalg.solve(L, centered.T).T)


def labeled(prefix: str, codes: np.ndarray) -> np.ndarray:
    """Labels of codes (n,): text, or numbers from 1 where there is no prefix."""
    return codes + 1 if not prefix else np.array([f"{prefix}{code + 1}" for code in codes])


def crossed(rng: np.random.Generator, levels: int, n: int) -> np.ndarray:
    """Index (n,) of a second factor, all levels about equally often, in no relation to the first."""
    return np.asarray(rng.permutation(np.arange(n) % levels))
