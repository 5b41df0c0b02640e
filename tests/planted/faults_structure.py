"""MM301 to MM309: grouping factors and random terms that the design itself does not support."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np

from tests.planted.draw import LAYOUTS, Sample, crossed, labeled, random_part, sample
from tests.planted.record import FINE, Case


def too_few_levels(seed: int = 0) -> Iterator[Case]:
    """MM301: two levels are a warning, three or four a remark."""
    for i, layout in enumerate(LAYOUTS):
        s = sample(layout, (301_00 + i, seed))
        y, x, g = layout.y, layout.x, layout.group
        levels = (2, 3, 2, 4, 2, 3, 2, 4)[i]
        codes = crossed(s.rng, levels, s.n)
        effect = layout.sigma * np.linspace(-1.5, 1.5, levels)[codes]  # far apart: the variance is not zero
        name = ("machine", "site", "sex", "rater", "year", "arm", "lab", "block")[i]
        columns = s.columns(s.fixed + s.intercepts() + effect + s.noise())
        columns[name] = labeled(name[0], codes)
        alone = i in (2, 5)
        if alone:
            columns[y] = s.fixed + effect + s.noise()
        bars = f"(1 | {name})" if alone else f"(1 | {g}) + (1 | {name})"
        yield Case(
            name=f"{levels} levels of {name}",
            fault="MM301",
            columns=columns,
            formula=f"{y} ~ {x} + {bars}",
            statuses=FINE,
            severity="warning" if levels == 2 else "info",
        )


def one_level(seed: int = 0) -> Iterator[Case]:
    """MM302: one level, in the table, in a subset or in what is left after missing values."""
    for i, layout in enumerate(LAYOUTS):
        s = sample(layout, (302_00 + i, seed))
        y, x, g = layout.y, layout.x, layout.group
        columns = s.columns(s.fixed + s.intercepts() + s.noise(), unit=np.full(s.n, "only"))
        bars, options = f"(1 | {g}) + (1 | unit)", {}
        also: tuple[str, ...] = ()
        match i % 4:
            case 0:
                bars = "(1 | unit)"
            case 1:
                pass
            case 2:
                columns["wave"] = labeled("wave", crossed(s.rng, 3, s.n))
                bars, options = f"(1 | {g}) + (1 | wave)", {"subset": "wave == 'wave2'"}
            case _:
                f = crossed(s.rng, 2, s.n)
                columns["unit"] = labeled("u", f)
                columns[x] = np.where(f == 1, np.nan, s.x)
                also = ("MM104",)
        yield Case(
            name=f"{bars}, {y}",
            fault="MM302",
            columns=columns,
            formula=f"{y} ~ {x} + {bars}",
            statuses=("unidentifiable",),
            options=options,
            also=also,
        )


def observation_level(seed: int = 0) -> Iterator[Case]:
    """MM303: as many levels as rows."""
    for i, layout in enumerate(LAYOUTS):
        s = sample(layout, (303_00 + i, seed))
        y, x, g = layout.y, layout.x, layout.group
        columns = s.columns(s.fixed + s.intercepts() + s.noise(), row=np.arange(s.n) + 1)
        match i % 4:
            case 0:
                bars = f"(1 | {g}) + (1 | row)"
            case 1:
                columns["trial"] = occurrence(s.codes)
                bars = f"(1 | {g}/trial)"  # one row per trial of a group
            case 2:
                bars = "(1 | row)"
            case _:
                columns["id"] = labeled("obs", s.rng.permutation(s.n))
                bars = f"({x} | {g}) + (1 | id)"
        yield Case(
            name=f"{bars}, {y}",
            fault="MM303",
            columns=columns,
            formula=f"{y} ~ {x} + {bars}",
            statuses=("unidentifiable",),
        )


def occurrence(codes: np.ndarray) -> np.ndarray:
    """1, 2, 3 ... within each group, (n,)."""
    seen: dict[int, int] = {}
    numbers = []
    for code in codes.tolist():
        seen[code] = seen.get(code, 0) + 1
        numbers.append(seen[code])
    return np.array(numbers)


def constant_slope_unidentifiable(seed: int = 0) -> Iterator[Case]:
    """MM304, error: a slope constant within groups, with fewer distinct values than its parameters need."""
    for i, layout in enumerate(LAYOUTS):
        s = sample(layout, (304_00 + i, seed))
        y, x, g = layout.y, layout.x, layout.group
        half = (np.arange(layout.levels) % 2)[s.codes]
        third = (np.arange(layout.levels) % 3)[s.codes]
        columns = s.columns(s.fixed + s.intercepts() + s.noise())
        match i:
            case 0 | 4:
                columns["arm"] = labeled("arm", half)  # a factor: one dummy
                bars, name = f"(1 + arm | {g})", "arm"
            case 1:
                columns["cond"] = half - 0.5
                bars, name = f"(1 + cond | {g})", "cond"
            case 2:
                columns["side"] = 2.0 * half - 1  # the square is constant, so `||` does not help
                bars, name = f"(side || {g})", "side"
            case 3:
                columns["arm"] = labeled("arm", third)  # 3 variances for 6 parameters
                bars, name = f"(arm | {g})", "arm"
            case 5:
                columns["arm"] = labeled("arm", half)
                bars, name = f"(0 + arm | {g})", "arm"  # no group has both: no covariance
            case 6:
                columns["old"] = half * 17.0
                bars, name = f"({x} + old | {g})", "old"
                columns[y] = s.fixed + s.both() + s.noise()
            case _:
                columns["male"] = half == 1
                bars, name = f"(male | {g})", "male"
        yield Case(
            name=f"{bars}, {y}",
            fault="MM304",
            columns=columns,
            formula=f"{y} ~ {x} + {name} + {bars}",
            statuses=("unidentifiable",),
        )


def constant_slope_identifiable(seed: int = 0) -> Iterator[Case]:
    """MM304, warning: a slope constant within groups, of many values: the group variance changes with it."""
    for i, layout in enumerate(LAYOUTS):
        s = sample(layout, (1304_00 + i, seed), levels=160, rows=5)
        y, x, g = layout.y, layout.x, layout.group
        size = (np.arange(int(s.codes.max()) + 1) % 16)[s.codes] / 4.6 - 1.63  # 16 values, mean 0, SD 1
        part = s.effect(s.codes, np.ones(s.n), size, sd=[0.9, 0.9], rho=0.0)
        if i == 3:
            part = s.effect(s.codes, size, sd=[0.9])
        columns = s.columns(s.fixed + part + s.noise(), size=size)
        if i in (2, 6):  # hardly varies
            columns["size"] = size + 0.05 * s.rng.normal(size=s.n)
        bars = f"(0 + size | {g})" if i == 3 else f"(size | {g})" if i % 2 else f"(size || {g})"
        yield Case(
            name=f"{bars} of many values, {y}",
            fault="MM304",
            columns=columns,
            formula=f"{y} ~ {x} + size + {bars}",
            statuses=FINE,
            severity="warning",
        )


def too_many_effects(seed: int = 0) -> Iterator[Case]:
    """MM305: a term with at least as many random effects as there are rows."""
    for i, layout in enumerate(LAYOUTS):
        rows = (2, 2, 3, 2, 3, 4, 2, 2)[i]
        s = sample(layout, (305_00 + i, seed), rows=rows)
        y, x, g = layout.y, layout.x, layout.group
        columns = s.columns(s.fixed + s.intercepts() + s.noise())
        within = np.tile(np.arange(rows), layout.levels)
        fixed, bars = x, f"({x} | {g})"
        match i:
            case 2:
                columns["when"] = labeled("t", within)  # one row per group and level
                fixed, bars = "when", f"(when | {g})"
            case 4:
                columns["w"] = s.rng.normal(size=s.n)
                fixed, bars = f"{x} + w", f"({x} + w | {g})"
            case 5:
                columns["a"], columns["b"] = labeled("a", within % 2), labeled("b", within // 2)
                fixed, bars = "a * b", f"(a * b | {g})"
            case 6:
                columns["cond"] = labeled("c", within)
                fixed, bars = "cond", f"(0 + cond | {g})"
            case 7:
                columns["cond"] = 1.0 * within
                fixed, bars = "cond", f"(cond | {g})"
            case _:
                pass
        yield Case(
            name=f"{bars}, {rows} rows per {g}",
            fault="MM305",
            columns=columns,
            formula=f"{y} ~ {fixed} + {bars}",
            statuses=("unidentifiable",),
        )


def singletons(seed: int = 0) -> Iterator[Case]:
    """MM306: most groups have one row; the others are enough to tell the variance."""
    for i, layout in enumerate(LAYOUTS):
        s = sample(layout, (306_00 + i, seed))
        y, x, g = layout.y, layout.x, layout.group
        keep = np.ones(s.n, dtype=bool)
        lone = np.arange(layout.levels) < np.ceil((0.55 + 0.03 * (i % 4)) * layout.levels)
        keep[lone[s.codes]] = False
        first = np.unique(s.codes, return_index=True)[1]
        keep[first] = True
        part = s.intercepts(1.2)
        values = s.columns(s.fixed + part + s.noise())
        extra = ""
        if i % 3 == 1:
            codes = crossed(s.rng, 10, s.n)
            values["rater"] = labeled("r", codes)
            values[y] = values[y] + s.effect(codes, np.ones(s.n), sd=[0.9])
            extra = " + (1 | rater)"
        yield Case(
            name=f"{np.sum(lone)} of {layout.levels} {g} with one row",
            fault="MM306",
            columns={name: column[keep] for name, column in values.items()},
            formula=f"{y} ~ {x} + (1 | {g}){extra}",
            statuses=FINE,
            severity="info",
        )


def nesting(seed: int = 0) -> Iterator[Case]:
    """MM307: pupils are numbered anew in every class, and `(1 | pupil)` takes pupil 1 to be the same child.

    By chance the crossed variance is estimated as zero or a little above it: both verdicts are right.
    """
    pairs = (("class", "pupil"), ("litter", "pup"), ("field", "plot"), ("ward", "bed"))
    for i, layout in enumerate(LAYOUTS):
        outer, inner = pairs[i % 4]
        levels, labels, rows = (
            (12, 10, 14, 8, 16, 9, 11, 20)[i],
            (6, 8, 5, 10, 4, 7, 9, 5)[i],
            (4, 3, 5, 3)[i % 4],
        )
        rng = np.random.default_rng((307_00 + i, seed))
        a = np.repeat(np.arange(levels), labels * rows)
        b = np.tile(np.repeat(np.arange(labels), rows), levels)
        x = rng.normal(size=len(a))
        one = np.ones((len(a), 1))
        part = random_part(rng, a, one, [0.8], 0.0) + random_part(rng, a * labels + b, one, [1.0], 0.0)
        y = layout.center + layout.sigma * (0.4 * x + part + rng.normal(size=len(a)))
        yield Case(
            name=f"{labels} {inner}s in each of {levels} {outer}s",
            fault="MM307",
            columns={
                layout.y: y,
                "x": x,
                outer: labeled(outer, a),
                inner: labeled("" if i % 2 else "k", b),
            },
            formula=f"{layout.y} ~ x + (1 | {outer}) + (1 | {inner})",
            statuses=(*FINE, "singular"),
            severity="warning",
        )


def confounded(seed: int = 0) -> Iterator[Case]:
    """MM308: components that no response could tell apart."""
    for i, layout in enumerate(LAYOUTS):
        s = sample(layout, (308_00 + i, seed))
        y, x, g = layout.y, layout.x, layout.group
        columns = s.columns(s.fixed + s.both() + s.noise())
        columns["code"] = labeled(
            "id", s.rng.permutation(layout.levels)[s.codes]
        )  # the same groups, other names
        match i:
            case 0:
                bars = f"(1 | {g}) + (1 | {g})"
            case 1:
                bars = f"(1 | {g}) + (1 | code)"
            case 2:
                bars = f"({x} || {g}) + ({x} | {g})"
            case 3:
                bars = f"({x} | {g}) + (0 + {x} | {g})"
            case 4:
                columns["area"] = labeled("area", (np.arange(layout.levels) // 5)[s.codes])
                bars = f"(1 | {g}) + (1 | area:{g})"  # a group lies in one area: area:group is the group
            case 5:
                columns["cond"] = labeled("c", crossed(s.rng, 2, s.n))
                bars = f"(1 | {g}) + (0 + cond | {g})"  # the intercept is the sum of the dummies
            case 6:
                bars = f"(1 + {x} | {g}) + (1 | {g})"
            case _:
                columns, bars = pairs_with_opposite_signs(s), "(z || pair)"
        fixed = "z" if i == 7 else x
        yield Case(
            name=f"{bars}, {y}",
            fault="MM308",
            columns=columns,
            formula=f"{y} ~ {fixed} + {bars}",
            statuses=("unidentifiable",),
            also=("MM313",) if i == 5 else (),  # cond has no fixed effect, indeed
        )


def pairs_with_opposite_signs(s: Sample) -> dict[str, np.ndarray]:
    """Two rows per group at z = -1 and 1: J + zz' = 2 I, so both components together are a residual."""
    n = 2 * (s.n // 2)
    codes, z = np.arange(n) // 2, np.tile([-1.0, 1.0], n // 2)
    part = random_part(s.rng, codes, np.column_stack([np.ones(n), z]), [0.8, 0.5], 0.0)
    return {s.layout.y: 0.4 * z + part + s.rng.normal(size=n), "z": z, "pair": labeled("p", codes)}


def also_fixed(seed: int = 0) -> Iterator[Case]:
    """MM309: the levels of a grouping factor are estimated freely as fixed effects."""
    for i, layout in enumerate(LAYOUTS):
        s = sample(layout, (309_00 + i, seed))
        y, x, g = layout.y, layout.x, layout.group
        columns = s.columns(s.fixed + s.intercepts() + s.noise())
        columns[g] = labeled(layout.prefix or "k", s.codes)
        rater, arm = crossed(s.rng, 9, s.n), crossed(s.rng, 3, s.n)
        columns["rater"], columns["arm"] = labeled("r", rater), labeled("arm", arm)
        columns[y] = columns[y] + s.effect(rater, np.ones(s.n), sd=[0.8])
        options: dict[str, object] = {}
        match i % 4:
            case 0:
                formula = f"{y} ~ {x} + {g} + (1 | {g})"
            case 1:
                formula = f"{y} ~ {x} + rater + (1 | rater) + (1 | {g})"
            case 2:
                columns["number"] = s.codes + 1
                formula = f"{y} ~ {x} + factor(number) + (1 | number)"
            case _:
                formula = f"{y} ~ {x} + arm * rater + (1 | rater) + (1 | {g})"
                options = {"ml": True} if i == 7 else {}
        yield Case(
            name=formula,
            fault="MM309",
            columns=columns,
            formula=formula,
            statuses=("unidentifiable",),
            options=options,
        )


def thin_slope(seed: int = 0) -> Iterator[Case]:
    """MM304, warning: all but a few groups have one value of the slope's predictor."""
    for i, layout in enumerate(LAYOUTS):
        s = sample(layout, (2304_00 + i, seed), levels=40, rows=12)
        y, x, g = layout.y, layout.x, layout.group
        carriers = (5, 6, 4, 7, 8, 5, 6, 3)[i]
        varies = np.isin(s.codes, s.rng.permutation(40)[:carriers])
        means = s.rng.normal(size=40)[s.codes]
        z = np.where(varies, s.z, means)
        part = s.effect(s.codes, np.ones(s.n), z, sd=[0.8, 0.8])
        columns = s.columns(s.fixed + part + s.noise())
        columns[x] = layout.x_mean + layout.x_sd * z
        yield Case(
            name=f"{x} varies in {carriers} of 40",
            fault="MM304",
            kind="in all but a few",
            columns=columns,
            formula=f"{y} ~ {x} + ({x} | {g})",
            statuses=(*FINE, "singular"),
            severity="warning",
            heads=("MM304", "MM310", "MM311"),
        )
