"""MM203 and MM205: effects without a finite estimate, and effects that only look like it."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np
from scipy.special import expit

from tests.planted.draw import Sample, crossed, labeled
from tests.planted.glmm.draw import Response, bernoulli, drawn, effects, layouts, numbers, proportions
from tests.planted.record import Case

BINARY_LINKS = ("logit", "probit", "cloglog", "cauchit")


def _case(
    s: Sample,
    kind: str,
    response: Response,
    right: str,
    columns: dict[str, np.ndarray],
    *,
    also: tuple[str, ...] = (),
) -> Case:
    return Case(
        name=f"{kind}: {response.left} ~ {right}, {response.options['family']} {response.options['link']}",
        fault="MM203",
        kind=kind,
        columns={s.layout.x: s.x, s.layout.group: s.labels, **columns, **response.columns},
        formula=f"{response.left} ~ {right}",
        statuses=("unidentifiable",),
        also=also,
        options=response.options,
    )


def threshold(seed: int = 0) -> Iterator[Case]:
    """Below a value of the predictor there are only failures, above only successes, at it perhaps both."""
    for i, layout in layouts():
        s = drawn(203, i, seed)
        x, g = layout.x, layout.group
        cut = (0.0, 0.5, -0.7, 0.0, 1.0, -0.3, 0.2, 0.0)[i]
        above = s.z > cut
        link = BINARY_LINKS[i % 4]
        columns, right = {"w": s.rng.normal(size=s.n)}, f"{x} + w + (1 | {g})"
        if i in (2, 5):  # a grid of values, and both outcomes at one of them: quasi-complete
            grid = np.round(s.z)
            columns[x] = layout.x_mean + layout.x_sd * grid
            above = np.where(grid == 0, s.rng.random(s.n) < 0.5, grid > 0)
        if i in (3, 7):
            trials = s.rng.integers(3, 9, size=s.n)
            response = proportions(s, np.where(above, trials, 0), trials, i // 4, link=link)
        else:
            response = bernoulli(s, above, i, link=link)
        if i == 6:
            right = f"{x} + w + ({x} | {g})"
        yield _case(s, "threshold", response, right, columns)


def level(seed: int = 0) -> Iterator[Case]:
    """A level, or a cell of two factors, in which nothing or everything succeeds."""
    for i, layout in layouts():
        s = drawn(1203, i, seed)
        x, g = layout.x, layout.group
        arm, sex = crossed(s.rng, 3, s.n), crossed(s.rng, 2, s.n)
        chance = expit(0.3 + 0.6 * s.z + effects(s, sd=[0.8]) + 0.3 * arm)
        pure = (arm == 1) & (sex == 1) if i == 4 else arm == (2, 1, 0)[i % 3]
        right = f"{x} + arm * sex + (1 | {g})" if i == 4 else f"{x} + arm + (1 | {g})"
        columns = {"arm": labeled("arm", arm), "sex": labeled("", sex)}
        if i == 7:
            columns, right = {"treated": pure.astype(int)}, f"{x} + treated + ({x} | {g})"
        if i in (2, 6):
            trials = s.rng.integers(4, 10, size=s.n)
            k = np.where(pure, trials * (i == 6), s.rng.binomial(trials, chance))
            response = proportions(s, k, trials, i // 4)
        else:
            y = np.where(pure, i % 2 == 1, s.rng.random(s.n) < chance)
            response = bernoulli(s, y, i, link=("logit", "probit")[i // 4])
        yield _case(s, "level", response, right, columns)


def combination(seed: int = 0) -> Iterator[Case]:
    """Two or three predictors that separate together, and none of them alone."""
    for i, layout in layouts():
        s = drawn(2203, i, seed)
        x, g = layout.x, layout.group
        w, v = s.rng.normal(size=s.n), s.rng.normal(size=s.n)
        mix = s.z + (1.0, -0.8, 1.3, 0.7)[i % 4] * w
        columns, right = {"w": w, "v": v}, f"{x} + w + v + (1 | {g})"
        if i in (1, 6):
            mix = mix + 0.9 * v
        if i == 3:  # on a grid, both outcomes where the sum is zero
            a, b = crossed(s.rng, 5, s.n), crossed(s.rng, 5, s.n)
            columns, right = {x: a.astype(float), "w": b.astype(float)}, f"{x} + w + (1 | {g})"
            mix = (a - b) + np.where(a == b, s.rng.choice([-0.5, 0.5], size=s.n), 0.0)
        y = mix > 0
        if i == 5:
            trials = s.rng.integers(2, 6, size=s.n)
            response = proportions(s, np.where(y, trials, 0), trials)
        else:
            response = bernoulli(s, y, i, link=BINARY_LINKS[i // 2])
        yield _case(s, "combination", response, right, columns)


def empty_cell(seed: int = 0) -> Iterator[Case]:
    """A level, or a cell of two factors, in which nothing was ever counted."""
    for i, layout in layouts():
        s = drawn(3203, i, seed, levels=16 if i in (2, 6) else None)
        x, g = layout.x, layout.group
        site, season = crossed(s.rng, 4, s.n), crossed(s.rng, 2, s.n)
        mean = np.exp(1.0 + 0.4 * s.z + effects(s, sd=[0.6]) + 0.2 * site)
        empty = (site == 2) & (season == 0) if i % 4 == 3 else site == i % 4
        right = (f"{x} + site", f"site + {x}", f"{x} + season + site", f"{x} + site * season")[i % 4]
        is_clumped = i in (2, 6)
        y = s.rng.poisson(mean * (s.rng.gamma(2.0, 0.5, size=s.n) if is_clumped else 1.0))
        family = "negative.binomial" if is_clumped else "poisson"
        response = numbers(s, np.where(empty, 0, y), family, "log")
        columns = {"site": labeled("site", site), "season": labeled("s", season)}
        yield _case(s, "empty cell", response, f"{right} + (1 | {g})", columns)


def pure_groups(seed: int = 0) -> Iterator[Case]:
    """Every group has only successes or only failures, so that no variance between groups is large enough."""
    for i, layout in layouts():
        s = drawn(4203, i, seed)
        x, g = layout.x, layout.group
        ones = s.rng.permutation(np.arange(layout.levels) < (0.5, 0.3, 0.7, 0.2)[i % 4] * layout.levels)
        y = ones[s.codes]
        columns: dict[str, np.ndarray] = {}
        right = (f"{x} + (1 | {g})", f"1 + (1 | {g})", f"{x} + ({x} | {g})", f"{x} + (1 | {g})")[i % 4]
        if i == 4:
            columns["item"] = labeled("i", crossed(s.rng, 12, s.n))
            right = f"{x} + (1 | {g}) + (1 | item)"
        if i in (3, 5):
            trials = s.rng.integers(2, 7, size=s.n)
            response = proportions(s, np.where(y, trials, 0), trials, i // 4)
        else:
            response = bernoulli(s, y, i, link=BINARY_LINKS[i // 2])
        yield _case(s, "pure groups", response, right, columns)


def extreme(seed: int = 0) -> Iterator[Case]:
    """MM205: a finite estimate of an effect that nobody would believe.

    Events that are all but absent in one arm, or a threshold with a single pair of rows on the wrong side.
    """
    for i, layout in layouts():
        s = drawn(205, i, seed)
        x, g = layout.x, layout.group
        arm = crossed(s.rng, 2, s.n)
        between = effects(s, sd=[0.6])
        columns, right = {"arm": labeled("arm", arm)}, f"{x} + arm + (1 | {g})"
        match i:
            case 0 | 3:
                trials = np.full(s.n, 20_000)
                k = s.rng.binomial(trials, np.where(arm == 1, 5e-6, expit(0.4 + 0.2 * s.z + between)))
                k[np.argmax(arm == 1)] = 1
                response = proportions(s, k, trials, i)
            case 5:
                mean = np.where(arm == 1, 0.2, 50_000 * np.exp(0.2 * s.z + between))
                response = numbers(s, s.rng.poisson(mean), "poisson", "log")
            case 6:
                mean = np.exp(14.0 * arm + 0.3 * s.z + between)
                response = numbers(s, s.rng.gamma(4.0, mean / 4.0), "Gamma", "log")
            case _:
                y = s.z > 0
                low, high = np.argmax(np.where(y, -np.inf, s.z)), np.argmin(np.where(y, s.z, np.inf))
                y[[low, high]] = y[[high, low]]
                response, right = bernoulli(s, y, i, link=("logit", "probit")[i % 2]), f"{x} + (1 | {g})"
        yield Case(
            name=f"{response.left} ~ {right}, {response.options['family']} {response.options['link']}",
            fault="MM205",
            columns={x: s.x, g: s.labels, **columns, **response.columns},
            formula=f"{response.left} ~ {right}",
            statuses=("converged", "false_alarm", "not_converged", "singular", "wrong_se"),
            severity="warning",
            also=("MM406", "MM503"),  # next to separation, both are so
            heads=("MM205", "MM310", "MM403", "MM401", "MM402", "MM408"),
            options=response.options,
        )
