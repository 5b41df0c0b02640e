"""MM310 to MM312, MM404, MM406, MM407: faults of the optimum and of the way to it."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np

from tests.planted.draw import LAYOUTS, Sample, crossed, labeled, random_part, sample, standardized
from tests.planted.record import FINE, Case


def zero_variance(seed: int = 0) -> Iterator[Case]:
    """MM310: rows of a group are less alike than rows of different groups.

    The noise is orthogonal to the columns in every group, so that groups without a random effect do not
    differ at all: the likelihood wants a negative variance, in every draw.
    """
    for i, layout in enumerate(LAYOUTS):
        s = sample(layout, (310_00 + i, seed))
        y, x, g = layout.y, layout.x, layout.group
        one = np.ones(s.n)
        e = s.clean_noise(one, s.z)
        extra: dict[str, np.ndarray]
        match i % 4:
            case 0:
                values, bars, extra = s.fixed + e, f"(1 | {g})", {}
            case 1:
                values, bars, extra = s.fixed + s.intercepts() + e, f"({x} || {g})", {}
            case 2:
                values, bars, extra = s.fixed + s.intercepts() + e, f"(1 | {g}) + (0 + {x} | {g})", {}
            case _:
                f = crossed(s.rng, 11, s.n)
                values = s.fixed + s.effect(f, one, sd=[0.9]) + e
                bars, extra = f"(1 | {g}) + (1 | rater)", {"rater": labeled("r", f)}
        yield Case(
            name=f"{bars}, {y}",
            fault="MM310",
            columns=s.columns(values, **extra),
            formula=f"{y} ~ {x} + {bars}",
            statuses=("singular",),
            severity="warning",
            options={"ml": i >= 4},
        )


def perfect_correlation(seed: int = 0) -> Iterator[Case]:
    """MM311: the slopes of the groups are a multiple of their intercepts, to the last digit.

    What is planted is the optimum, not lme4's way to it: in the first layout lme4 1.1-31 gets stuck where
    the variance of the intercepts is zero, at a REML criterion of 1809.51 (seen in R), 1.98 too high.
    """
    for i, layout in enumerate(LAYOUTS):
        s = sample(layout, (311_00 + i, seed))
        y, x, g = layout.y, layout.x, layout.group
        sign, ratio = (1.0, -1.0)[i % 2], (0.8, 0.5, 1.2, 0.6, 0.9, 0.7, 1.0, 0.5)[i]
        b = s.intercepts(0.9)
        values = s.fixed + b * (1 + sign * ratio * s.z) + s.clean_noise(np.ones(s.n), s.z)
        extra, columns = "", s.columns(values)
        if i in (3, 6):
            columns["w"] = s.rng.normal(size=s.n)
            extra = " + w"
        yield Case(
            name=f"correlation {sign:+.0f}, {y}",
            fault="MM311",
            columns=columns,
            formula=f"{y} ~ {x}{extra} + ({x} | {g})",
            statuses=("singular", "not_converged"),  # where lme4 ends on the edge hangs on the draw
            severity="warning",
            options={"ml": i % 3 == 2},
        )


def lost_rank(seed: int = 0) -> Iterator[Case]:
    """MM312: three random effects that move in two dimensions, no two of them together."""
    for i, layout in enumerate(LAYOUTS):
        s = sample(layout, (312_00 + i, seed), rows=max(8, layout.rows[0]))
        y, x, g = layout.y, layout.x, layout.group
        w = s.rng.normal(size=s.n)
        one = np.ones(s.n)
        a = s.effect(s.codes, one, sd=[0.9])
        b = s.effect(s.codes, one, sd=[0.9])
        mix = (0.7, -0.6, 0.5, 1.0)[i % 4]
        values = s.fixed + a + b * s.z + (mix * a + b) * w + s.clean_noise(one, s.z, w)
        fixed, bars, columns = f"{x} + w", f"({x} + w | {g})", s.columns(values, w=w)
        if i in (3, 7):  # a factor of three levels, coded in full
            f = np.concatenate([np.arange(k) for k in np.bincount(s.codes)]) % 3
            D = [(f == level).astype(float) for level in range(3)]
            values = s.fixed + a * D[0] + b * D[1] + (mix * a + b) * D[2] + s.clean_noise(*D, s.z)
            columns = s.columns(values, cond=labeled("c", f))
            fixed, bars = f"{x} + cond", f"(0 + cond | {g})"
        yield Case(
            name=f"{bars}, {y}",
            fault="MM312",
            columns=columns,
            formula=f"{y} ~ {fixed} + {bars}",
            statuses=("singular",),
            severity="warning",
        )


def budget(seed: int = 0) -> Iterator[Case]:
    """MM404: a healthy model, and fewer evaluations than it has parameters to look at."""
    for i, layout in enumerate(LAYOUTS):
        s = sample(layout, (404_00 + i, seed))
        y, x, g = layout.y, layout.x, layout.group
        f = crossed(s.rng, 15, s.n)
        one = np.ones(s.n)
        values = s.fixed + s.both() + s.effect(f, one, sd=[0.7]) + s.noise()
        columns = s.columns(values, rater=labeled("i", f))
        bars = (
            f"({x} | {g}) + (1 | rater)",
            f"({x} | {g})",
            f"({x} || {g}) + (1 | rater)",
            f"(1 | {g}) + (1 | rater)",
        )
        if i % 4 == 1:
            columns[y] = s.fixed + s.both() + s.noise()
        yield Case(
            name=f"maxfun {5 + i % 3}, {bars[i % 4]}, {y}",
            fault="MM404",
            columns=columns,
            formula=f"{y} ~ {x} + {bars[i % 4]}",
            statuses=("not_converged",),
            severity="warning",
            options={"maxfun": 5 + i % 3, "ml": i == 6},
        )


def flat(seed: int = 0) -> Iterator[Case]:
    """MM407: the response was computed from the effects, nothing is left for the residual."""
    for i, layout in enumerate(LAYOUTS):
        s = sample(layout, (407_00 + i, seed))
        y, x, g = layout.y, layout.x, layout.group
        one = np.ones(s.n)
        columns = s.columns(s.fixed + s.intercepts())
        bars = f"(1 | {g})"
        match i:
            case 1 | 4:
                columns[y], bars = s.fixed + s.both(), f"({x} | {g})"
            case 2:
                f = crossed(s.rng, 8, s.n)
                columns["rater"] = labeled("r", f)
                columns[y], bars = (
                    s.fixed + s.intercepts() + s.effect(f, one, sd=[0.7]),
                    f"(1 | {g}) + (1 | rater)",
                )
            case 3:
                columns[y] = s.fixed  # by the fixed effects alone
            case 5:
                columns[y] = np.bincount(s.codes, s.noise())[s.codes]  # a group mean, repeated
            case 6:
                inner = s.codes * 3 + np.arange(s.n) % 3
                columns["part"] = labeled("p", np.arange(s.n) % 3)
                part = random_part(s.rng, inner, one[:, None], [layout.sigma], 0.0)
                columns[y], bars = s.fixed + s.intercepts() + part, f"(1 | {g}/part)"
            case _:
                pass
        yield Case(
            name=f"{bars} without a residual, {y}",
            fault="MM407",
            columns=columns,
            formula=f"{y} ~ {x} + {bars}",
            statuses=("unidentifiable",),
        )


def several_optima(seed: int = 0) -> Iterator[Case]:
    """MM406: many large groups that do not differ, and a few single rows far away.

    The large groups want a variance of zero, the lone rows a large one, and the likelihood has a peak for
    each (Henn & Hodges 2014, Int. Stat. Rev. 82(3)). A grid over the variance, in closed form, shows that
    there are two, and which is the higher: in every draw, since sums of squares are what was planned. Fits at
    the higher one are converged, and warned of the other.
    """
    # large groups, their rows, lone rows, how far (in sigma), REML; is the higher peak the one at zero?
    designs = (
        (20, 56, 2, 9.0, True, False),
        (24, 20, 5, 4.5, True, True),
        (16, 60, 4, 4.5, True, True),
        (29, 18, 7, 5.0, True, False),  # lme4 starts, and stays, beside the higher
        (24, 44, 6, 6.0, True, False),  # here too
        (24, 44, 5, 4.6, False, True),
        (30, 25, 6, 4.5, True, True),
        (18, 40, 4, 4.7, False, True),
    )
    for layout, (large, rows, lone, far, reml, at_zero) in zip(LAYOUTS, designs, strict=True):
        rng = np.random.default_rng((large + rows + lone, seed))
        sizes = np.concatenate([np.full(large, rows), np.ones(lone, dtype=int)])
        codes = np.repeat(np.arange(large + lone), sizes)
        e = rng.normal(size=len(codes))
        e -= (np.bincount(codes, e) / sizes)[codes]
        e *= np.sqrt((len(e) - len(sizes)) / np.sum(e**2))
        sides = np.where(np.arange(lone) % 2, 1, -1) * (1 + 0.1 * np.arange(lone) / lone)
        means = np.concatenate([0.02 * standardized(rng.normal(size=(large, 1)))[:, 0], far * sides])
        yield Case(
            name=f"{lone} lone rows {far:g} SDs away, {layout.y}",
            fault="MM406",
            columns={
                layout.y: layout.center + layout.sigma * (e + means[codes]),
                layout.group: labeled(layout.prefix, codes),
            },
            formula=f"{layout.y} ~ 1 + (1 | {layout.group})",
            statuses=("singular", "not_converged") if at_zero else ("converged", "not_converged"),
            severity="warning",
            heads=("MM406", "MM310") if at_zero else ("MM406",),
            options={"ml": not reml},
        )


def nearly_perfect(seed: int = 0) -> Iterator[Case]:
    """MM314: a correlation of 0.99 at the optimum itself.

    Every group has the same predictor, and its estimates are exactly the effects that were drawn. Their
    covariance is that of the random effects plus that of least squares, which the likelihood takes off again.
    """
    for i, layout in enumerate(LAYOUTS):
        rows = (10, 12, 15, 20)[i % 4]
        s = sample(layout, (314_00 + i, seed), rows=rows)
        y, x, g = layout.y, layout.x, layout.group
        grid = standardized(s.rng.normal(size=(rows, 1)))[:, 0]
        z, sign = np.tile(grid, layout.levels), (1.0, -1.0)[i % 2]
        S = np.array([[1.0, 0.99 * sign * 0.7], [0.99 * sign * 0.7, 0.49]])
        b = standardized(s.rng.normal(size=(layout.levels, 2)))
        b = layout.sigma * b @ np.linalg.cholesky(S + np.eye(2) / rows).T
        t = Sample(layout, s.rng, s.codes, layout.x_sd * z)  # at its mean, where the correlation is meant
        e = t.clean_noise(np.ones(t.n), z)
        e *= layout.sigma / np.sqrt(np.sum(e**2) / (t.n - 2 * layout.levels))
        yield Case(
            name=f"correlation of {0.99 * sign:g}, {y}",
            fault="MM314",
            columns=t.columns(layout.center + 0.4 * layout.sigma * z + b[t.codes, 0] + b[t.codes, 1] * z + e),
            formula=f"{y} ~ {x} + ({x} | {g})",
            statuses=FINE,
            severity="info",
            options={"ml": True},
        )
