"""MM2xx: faults of the fixed effects."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np

from tests.planted.draw import LAYOUTS, crossed, labeled, random_part, sample
from tests.planted.record import FINE, Case


def rank_deficient(seed: int = 0) -> Iterator[Case]:
    """MM201: a column of X is a combination of others."""
    for i, layout in enumerate(LAYOUTS):
        s = sample(layout, (201_00 + i, seed))
        y, x, g = layout.y, layout.x, layout.group
        part, bar = ((s.intercepts(), f"(1 | {g})"), (s.both(), f"({x} | {g})"))[i % 2]
        columns = s.columns(s.fixed + part + s.noise())
        a, b = crossed(s.rng, 3, s.n), crossed(s.rng, 2, s.n)
        match i:
            case 0:
                name, extra = "a copy", "copy"
                columns["copy"] = s.x
            case 1:
                name, extra = "other units", "fahrenheit"
                columns["fahrenheit"] = 32 + 1.8 * s.x
            case 2:
                name, extra = "parts and whole", "w1 + w2 + w"
                columns["w1"], columns["w2"] = s.rng.normal(size=s.n), s.rng.normal(size=s.n)
                columns["w"] = columns["w1"] + columns["w2"]
            case 3:
                name, extra = "a constant", "one"
                columns["one"] = np.full(s.n, 7.0)
            case 4:
                name, extra = "a dummy of a factor", "arm + treated"
                columns["arm"] = labeled("arm", a)
                columns["treated"] = (a == 1).astype(float)
            case 5:
                name, extra = "an empty cell", "arm * sex"
                columns["arm"], columns["sex"] = labeled("arm", a), labeled("s", np.where(a == 2, 1, b))
            case 6:
                name, extra = "shares that add up to one", "p1 + p2 + p3"
                p = s.rng.dirichlet([4, 3, 3], size=s.n)
                columns["p1"], columns["p2"], columns["p3"] = p.T
            case _:
                name, extra = "a factor that is the coarser of another", "town + region"
                columns["town"], columns["region"] = labeled("t", 2 * a + b), labeled("r", a)
        yield Case(
            name=f"{name}, {g}",
            fault="MM201",
            columns=columns,
            formula=f"{y} ~ {x} + {extra} + {bar}",
            statuses=FINE,
            severity="warning",
        )


def collinear(seed: int = 0) -> Iterator[Case]:
    """MM202: columns of X that are almost, but for lme4's rank test not quite, combinations of each other."""
    for i, layout in enumerate(LAYOUTS):
        s = sample(layout, (202_00 + i, seed))
        y, x, g = layout.y, layout.x, layout.group
        columns = s.columns(s.fixed + s.intercepts() + s.noise())
        fuzz = s.rng.normal(size=s.n)
        extra = "twin"
        match i:
            case 0 | 1 | 2 | 3:
                ratio = (1e-3, 3e-3, 2e-4, 1e-4)[i]
                columns["twin"] = (5 + 2 * s.z + ratio * fuzz) * (1.0, 100.0, 1.0, 0.01)[i]
            case 4:
                columns["w1"], columns["w2"] = s.rng.normal(size=s.n), s.rng.normal(size=s.n)
                columns["total"] = columns["w1"] - columns["w2"] + 1e-3 * fuzz
                extra = "w1 + w2 + total"
            case 5:
                columns["year"] = 2000.0 + (np.arange(s.n) % 20)
                columns["arm"] = labeled("arm", crossed(s.rng, 2, s.n))
                extra = "year * arm"
            case 6:
                columns["twin"] = np.round(s.x, 3)
            case _:
                columns["mg"], columns["parts"] = s.x + 20, np.log(200 + s.z)
                extra = "parts"
                columns[x] = s.z
        yield Case(
            name=f"{extra}, {g}",
            fault="MM202",
            columns=columns,
            formula=f"{y} ~ {x} + {extra} + (1 | {g})",
            statuses=FINE,
            severity="warning",
        )


def uncentered_slope(seed: int = 0) -> Iterator[Case]:
    """MM204: a random slope on a predictor that differs between groups as well as within."""
    shares = (0.3, 0.5, 0.7, 0.4, 0.6, 0.35, 0.5, 0.8)  # of the variance between groups
    for i, (layout, share) in enumerate(zip(LAYOUTS, shares, strict=True)):
        s = sample(layout, (204_00 + i, seed))
        y, x, g = layout.y, layout.x, layout.group
        between = s.rng.normal(size=layout.levels)[s.codes]
        z = np.sqrt(1 - share) * s.z + np.sqrt(share) * between
        part = s.effect(s.codes, np.ones(s.n), z, sd=[0.8, 0.8])
        columns = s.columns(s.fixed + part + s.noise())
        columns[x] = layout.x_mean + layout.x_sd * z
        bars = f"({x} | {g})" if i % 4 else f"({x} || {g})"
        yield Case(
            name=f"{share:.0%} of {x} between {g}",
            fault="MM204",
            columns=columns,
            formula=f"{y} ~ {x} + {bars}",
            statuses=FINE,
            severity="info",
        )


def mirrored(seed: int = 0) -> Iterator[Case]:
    """MM202: predictors that mirror each other, at variance inflations of 1,500 to 10,000."""
    for i, layout in enumerate(LAYOUTS):
        s = sample(layout, (1202_00 + i, seed))
        y, x, g = layout.y, layout.x, layout.group
        columns = s.columns(s.fixed + s.intercepts() + s.noise())
        inflation = (4277.0, 1500.0, 9000.0, 2500.0)[i % 4]
        fuzz = s.rng.normal(size=s.n)
        columns["mirror"] = (3.0 - s.z + fuzz / np.sqrt(inflation - 1.0)) * (1.0, 10.0, 0.1)[i % 3]
        yield Case(
            name=f"a mirror at {inflation:g}, {g}",
            fault="MM202",
            kind="mirrored",
            columns=columns,
            formula=f"{y} ~ {x} + mirror + (1 | {g})",
            statuses=FINE,
            severity="warning",
        )


def unsuited_family(seed: int = 0) -> Iterator[Case]:
    """MM206: `lmer` on 0/1 answers, counts and shares."""
    for i, layout in enumerate(LAYOUTS):
        s = sample(layout, (206_00 + i, seed), rows=max(8, layout.rows[0]))
        y, x, g = layout.y, layout.x, layout.group
        eta = 0.4 * s.z + random_part(s.rng, s.codes, np.ones((s.n, 1)), [1.0], 0.0)
        chance = 1.0 / (1.0 + np.exp(-eta))
        match i % 4:
            case 0:
                values = (s.rng.random(s.n) < chance).astype(float)
            case 1:
                values = s.rng.poisson(np.exp(0.5 + eta)).astype(float)
            case 2:
                values = s.rng.binomial(5, chance) / 5.0
            case _:
                values = 1.0 + (s.rng.random(s.n) < chance)
        yield Case(
            name=f"{('0/1', 'counts', 'shares', '1/2')[i % 4]} by {g}",
            fault="MM206",
            columns=s.columns(values),
            formula=f"{y} ~ {x} + (1 | {g})",
            statuses=FINE,
            severity="warning",
        )


def slope_alone(seed: int = 0) -> Iterator[Case]:
    """MM313: a random slope, and its fixed effect left out."""
    for i, layout in enumerate(LAYOUTS):
        s = sample(layout, (313_00 + i, seed), rows=max(10, layout.rows[0]))
        y, x, g = layout.y, layout.x, layout.group
        w, f = s.rng.normal(size=s.n), np.arange(s.n) % 2
        fixed, bar = (
            ("1", f"({x} | {g})"),
            ("w", f"({x} | {g})"),
            ("1", f"({x} || {g})"),
            ("w", f"({x} | {g})"),
            ("w", f"(cond | {g})"),
            ("1", f"(1 | {g}) + (0 + {x} | {g})"),
            (f"{x}:cond + cond - 1", f"(w | {g})"),
            (f"log({x} + 100)", f"(w | {g})"),
        )[i]
        slope = w if "(w |" in bar else f - 0.5 if "cond |" in bar else s.z
        part = s.effect(s.codes, np.ones(s.n), slope, sd=[0.8, 0.8], rho=0.0)
        values = layout.center + 0.3 * layout.sigma * slope + part + s.noise()
        yield Case(
            name=f"{fixed} + {bar}",
            fault="MM313",
            columns=s.columns(values, w=w, cond=labeled("c", f)),
            formula=f"{y} ~ {fixed} + {bar}",
            statuses=FINE,
            severity="warning",
        )
