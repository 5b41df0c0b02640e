"""Sixty-eight healthy fits: seventeen kinds of design, four layouts each.

True parameters lie well inside: SDs of half to one sigma, correlations of 0.2, at least 16 groups, effects
standardized to the covariance they are drawn from. No set was chosen by what the tool says of it; whether the
optimum of each is interior was checked with the dense oracle (`python -m tests.planted.interior`).
"""

from __future__ import annotations

from collections.abc import Callable, Iterator

import numpy as np

from tests.planted.draw import LAYOUTS, Sample, crossed, labeled, sample
from tests.planted.record import FINE, Case

Made = tuple[dict[str, np.ndarray], str, dict[str, object]]


def healthy(seed: int = 0) -> Iterator[Case]:
    """All of them."""
    for d, design in enumerate(DESIGNS):
        for j in range(4):
            layout = LAYOUTS[(d + 2 * j + j // 2) % len(LAYOUTS)]
            s = sample(layout, (900_00 + 100 * d + j, seed))
            columns, terms, options = design(s, j)
            yield Case(
                name=f"{design.__name__}, {layout.y}",
                fault="healthy",
                columns=columns,
                formula=f"{layout.y} ~ {terms}",
                statuses=FINE,
                options=options,
            )


def _one(s: Sample) -> np.ndarray:
    return np.ones(s.n)


def intercept(s: Sample, j: int) -> Made:
    return s.columns(s.fixed + s.intercepts() + s.noise()), f"{s.layout.x} + (1 | {s.layout.group})", {}


def intercept_by_ml(s: Sample, j: int) -> Made:
    columns, terms, _ = intercept(s, j)
    return columns, terms, {"ml": True}


def slope(s: Sample, j: int) -> Made:
    bars = f"({s.layout.x} | {s.layout.group})"
    return s.columns(s.fixed + s.both() + s.noise()), f"{s.layout.x} + {bars}", {"ml": j % 2 == 1}


def uncorrelated_slope(s: Sample, j: int) -> Made:
    y = s.fixed + s.both(rho=0.0) + s.noise()
    return s.columns(y), f"{s.layout.x} + ({s.layout.x} || {s.layout.group})", {}


def nested(s: Sample, j: int) -> Made:
    """Groups within areas; the groups are numbered through or anew in every area."""
    areas = 16
    codes = np.repeat(np.arange(areas * 4), 5 + j)
    rng, layout = s.rng, s.layout
    t = Sample(layout, rng, codes, rng.normal(layout.x_mean, layout.x_sd, size=len(codes)))
    area, within = codes // 4, codes % 4
    y = t.fixed + t.effect(codes, _one(t), sd=[0.8]) + t.effect(area, _one(t), sd=[1.0]) + t.noise()
    name = layout.group
    columns = {layout.y: y, layout.x: t.x, "area": labeled("A", area), name: labeled("", within)}
    if j % 2:
        columns[name] = labeled("u", codes)
        return columns, f"{layout.x} + (1 | area) + (1 | {name})", {}
    return columns, f"{layout.x} + (1 | area/{name})", {}


def crossed_factors(s: Sample, j: int) -> Made:
    f = crossed(s.rng, 18 + j, s.n)
    y = s.fixed + s.intercepts() + s.effect(f, _one(s), sd=[0.7]) + s.noise()
    terms = f"{s.layout.x} + (1 | {s.layout.group}) + (1 | rater)"
    return s.columns(y, rater=labeled("" if j % 2 else "r", f)), terms, {}


def crossed_with_slope(s: Sample, j: int) -> Made:
    f = crossed(s.rng, 20, s.n)
    y = s.fixed + s.both() + s.effect(f, _one(s), sd=[0.8]) + s.noise()
    terms = f"{s.layout.x} + ({s.layout.x} | {s.layout.group}) + (1 | rater)"
    return s.columns(y, rater=labeled("r", f)), terms, {}


def weighted(s: Sample, j: int) -> Made:
    w = s.rng.uniform(0.5, 4.0, size=s.n) * (1.0, 100.0, 1.0, 0.1)[j]
    e = s.noise() / np.sqrt(w / np.mean(w))
    part, bars = ((s.intercepts(), "1"), (s.both(), s.layout.x))[j % 2]
    terms = f"{s.layout.x} + ({bars} | {s.layout.group})"
    return s.columns(s.fixed + part + e, w=w), terms, {"weights": "w"}


def with_offset(s: Sample, j: int) -> Made:
    known = 3 * s.layout.sigma * s.rng.normal(size=s.n)
    y = s.fixed + s.intercepts() + known + s.noise()
    terms = f"{s.layout.x} + (1 | {s.layout.group})"
    if j % 2:
        return s.columns(y, known=known), f"{terms} + offset(known)", {}
    return s.columns(y, known=known), terms, {"offset": "known"}


def interaction(s: Sample, j: int) -> Made:
    """A treatment between groups or within them, interacting with the predictor."""
    arm = (np.arange(int(s.codes.max()) + 1) % 2)[s.codes] if j % 2 else crossed(s.rng, 3, s.n)
    y = s.fixed + 0.5 * s.layout.sigma * arm * (1 + s.z) + s.both() + s.noise()
    terms = f"{s.layout.x} * arm + ({s.layout.x} | {s.layout.group})"
    return s.columns(y, arm=labeled("arm", arm)), terms, {}


def factor_slope(s: Sample, j: int) -> Made:
    """A factor varying within groups as a slope: two levels, in either coding."""
    f = np.concatenate([np.arange(k) for k in np.bincount(s.codes)]) % 2
    y = s.fixed + 0.3 * s.layout.sigma * f + s.effect(s.codes, 1.0 - f, 1.0 * f, sd=[0.9, 0.9]) + s.noise()
    bars = ("(cond | {g})", "(0 + cond | {g})")[j % 2].format(g=s.layout.group)
    return s.columns(y, cond=labeled("c", f)), f"{s.layout.x} + cond + {bars}", {}


def other_units(s: Sample, j: int) -> Made:
    """A response in large or small, but not extreme, units, far from zero or not."""
    y = (s.fixed + s.both() + s.noise()) / s.layout.sigma * (1e-3, 3e3, 0.02, 500.0)[j]
    y = y + (0.0, 1e5, 7.0, -1e4)[j]
    return s.columns(y), f"{s.layout.x} + ({s.layout.x} | {s.layout.group})", {}


def uncentered(s: Sample, j: int) -> Made:
    """A predictor three to six SDs from zero, which lme4 can live with."""
    columns = s.columns(s.fixed + s.both() + s.noise())
    columns[s.layout.x] = (s.z + (3, -4, 5, 6)[j]) * (1.0, 0.5, 3.0, 2.0)[j]
    return columns, f"{s.layout.x} + ({s.layout.x} | {s.layout.group})", {}


def two_slopes(s: Sample, j: int) -> Made:
    t = sample(
        s.layout, (990_00 + j, s.seed), levels=max(40, s.layout.levels), rows=max(10, s.layout.rows[0])
    )
    w = t.rng.normal(size=t.n)
    y = t.fixed + t.effect(t.codes, _one(t), t.z, w, sd=[0.8, 0.7, 0.7]) + t.noise()
    return t.columns(y, w=w), f"{t.layout.x} + w + ({t.layout.x} + w | {t.layout.group})", {}


def curved(s: Sample, j: int) -> Made:
    """Fixed effects from functions, and scales of X that differ without harm."""
    dose = np.exp(0.5 * s.z)
    y = s.fixed + 0.3 * s.layout.sigma * s.z**2 + s.intercepts() + s.noise()
    x, g = s.layout.x, s.layout.group
    fixed = ("log(conc)", f"poly({x}, 2)", "sqrt(conc)", f"{x} + I({x}^2)")[j]
    return s.columns(y, conc=dose), f"{fixed} + (1 | {g})", {}


def whole_numbers(s: Sample, j: int) -> Made:
    """Ratings from 0 to 10, whole milliseconds, marks: whole numbers that count nothing."""
    y = (s.fixed - s.layout.center + s.both() + s.noise()) / s.layout.sigma
    scale, center, top = ((1.6, 5.0, 10.0), (80.0, 600.0, np.inf), (9.0, 60.0, 100.0), (1.6, 5.0, 10.0))[j]
    y = np.clip(np.rint(center + scale * y), 0.0, top)
    return s.columns(y), f"{s.layout.x} + ({s.layout.x} | {s.layout.group})", {}


def related(s: Sample, j: int) -> Made:
    """A predictor that goes with another (a variance inflation of 25), and its square far from zero."""
    w = 10.0 * s.z + 2.0 * s.rng.normal(size=s.n) + 300.0
    y = s.fixed + 0.2 * s.layout.sigma * (w - 300.0) / 10.0 + s.intercepts() + s.noise()
    fixed = (f"{s.layout.x} + w", "w + I(w^2)", f"{s.layout.x} + w", "poly(w, 3)")[j]
    return s.columns(y, w=w), f"{fixed} + (1 | {s.layout.group})", {}


DESIGNS: tuple[Callable[[Sample, int], Made], ...] = (
    intercept,
    intercept_by_ml,
    slope,
    uncorrelated_slope,
    nested,
    crossed_factors,
    crossed_with_slope,
    weighted,
    with_offset,
    interaction,
    factor_slope,
    other_units,
    uncentered,
    two_slopes,
    curved,
    whole_numbers,
    related,
)
