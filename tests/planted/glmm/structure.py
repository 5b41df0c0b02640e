"""MM101, MM106, MM304, MM308, MM309, MM310, MM311, MM404 and MM407 in generalized models."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np
from scipy.special import expit

from tests.planted.draw import Sample, crossed, labeled
from tests.planted.glmm.draw import (
    Response,
    drawn,
    effects,
    even,
    layouts,
    numbers,
    of_factor,
    proportions,
    responses,
)
from tests.planted.record import FINE, Case

# family and link of each layout's response, where the fault does not ask for one
FAMILIES = (
    ("poisson", "log"),
    ("binomial", "logit"),
    ("Gamma", "log"),
    ("binomial", "probit"),
    ("poisson", "log"),
    ("Gamma", "log"),
    ("binomial", "cloglog"),
    ("bernoulli", "logit"),
)


def _case(
    s: Sample,
    i: int,
    fault: str,
    eta: np.ndarray,
    right: str,
    more: dict[str, np.ndarray],
    **expected: object,
) -> Case:
    family, link = FAMILIES[i]
    shift = 1.2 if family not in ("binomial", "bernoulli") else 0.0
    response = responses(s, shift + eta, family, link, i // 2)
    return of_response(s, fault, response, right, more, **expected)


def of_response(
    s: Sample, fault: str, response: Response, right: str, more: dict[str, np.ndarray], **expected: object
) -> Case:
    """A case from its response; `expected` are fields of `Case`, options added to the response's."""
    options = {**response.options, **expected.pop("options", {})}  # type: ignore[dict-item]
    return Case(
        name=f"{response.left} ~ {right}, {options['family']} {options['link']}",
        fault=fault,
        columns={s.layout.x: s.x, s.layout.group: s.labels, **more, **response.columns},
        formula=f"{response.left} ~ {right}",
        options=options,
        **expected,  # type: ignore[arg-type]
    )


def fixed_scale(seed: int = 0) -> Iterator[Case]:
    """MM101: a predictor in extreme units: glmer's PIRLS fails, or its differences at the optimum do.

    These make its tests fail, and its standard errors wrong.
    """
    units = (1e7, 1e-6, 1e6, 1e-7, 1e8, 1e-5, 1e9, 1e-8)
    for i, layout in layouts():
        s = drawn(101, i, seed)
        eta = 0.4 * s.z + effects(s, sd=[0.7])
        more = {layout.x: (s.x - s.x.mean()) * units[i]}
        yield _case(
            s,
            i,
            "MM101",
            eta,
            f"{layout.x} + (1 | {layout.group})",
            more,
            kind="of X",
            statuses=("false_alarm", "wrong_se", "not_converged"),
            severity=("info", "warning"),
            blamed=True,
        )


def slope_scale(seed: int = 0) -> Iterator[Case]:
    """MM101: a random slope in extreme units, whose variance glmer's optimizers do not find."""
    units = (1e5, 1e-5, 1e6, 1e-6, 1e4, 1e-4, 1e5, 1e-5)
    for i, layout in layouts():
        s = drawn(1101, i, seed, rows=max(12, layout.rows[0]))
        x, g = layout.x, layout.group
        eta = 0.3 * s.z + effects(s, np.ones(s.n), s.z, sd=[0.6, 0.5])
        bar = (f"({x} | {g})", f"({x} || {g})")[i % 2]
        more = {x: (s.x - s.x.mean()) * units[i]}
        yield _case(
            s,
            i,
            "MM101",
            eta,
            f"{x} + {bar}",
            more,
            kind="of Z",
            statuses=("not_converged", "wrong_se", "false_alarm"),
            severity=("info", "warning"),
            blamed=True,
            also=("MM408",),
        )


def far_origin(seed: int = 0) -> Iterator[Case]:
    """MM106: a random slope of a year, a time stamp, a temperature in kelvin."""
    origins = (2000.0, 300.0, -4000.0, 700.0, 1e4, 500.0, 2000.0, -1000.0)  # in SDs
    for i, layout in layouts():
        of_rows = 40 if FAMILIES[i][0] == "bernoulli" else 12  # a 0 or 1 says little of a slope
        s = drawn(106, i, seed, rows=max(of_rows, layout.rows[0]))
        x, g = layout.x, layout.group
        eta = 0.3 * s.z + effects(s, np.ones(s.n), s.z, sd=[0.6, 0.5])
        more = {x: s.z + origins[i]}
        yield _case(
            s,
            i,
            "MM106",
            eta,
            f"{x} + ({x} | {g})",
            more,
            statuses=("not_converged", "wrong_se", "false_alarm"),
            severity=("info", "warning"),
            blamed=True,
            also=("MM408",),
        )


def constant_slope(seed: int = 0) -> Iterator[Case]:
    """MM304: a slope constant within groups, with fewer distinct values than its parameters need."""
    for i, layout in layouts():
        s = drawn(304, i, seed)
        x, g = layout.x, layout.group
        half = (np.arange(layout.levels) % 2)[s.codes]
        third = (np.arange(layout.levels) % 3)[s.codes]
        columns, bar, name = (
            ({"arm": labeled("arm", half)}, f"(1 + arm | {g})", "arm"),
            ({"cond": half - 0.5}, f"(1 + cond | {g})", "cond"),
            ({"side": 2.0 * half - 1}, f"(side || {g})", "side"),
            ({"arm": labeled("arm", third)}, f"(arm | {g})", "arm"),
            ({"arm": labeled("arm", half)}, f"(0 + arm | {g})", "arm"),
            ({"male": half == 1}, f"(male | {g})", "male"),
            ({"old": half * 17.0}, f"({x} + old | {g})", "old"),
            ({"arm": labeled("", half)}, f"(factor(arm) | {g})", "factor(arm)"),
        )[i]
        eta = 0.4 * s.z + effects(s, np.ones(s.n), s.z, sd=[0.7, 0.5 * (i == 6)])
        right = f"{x} + {name} + {bar}"
        yield _case(s, i, "MM304", eta, right, columns, statuses=("unidentifiable",))


def confounded(seed: int = 0) -> Iterator[Case]:
    """MM308: components that no response could tell apart."""
    for i, layout in layouts():
        s = drawn(308, i, seed)
        x, g = layout.x, layout.group
        more = {
            "code": labeled("id", s.rng.permutation(layout.levels)[s.codes]),
            "area": labeled("area", (np.arange(layout.levels) // 5)[s.codes]),
            "cond": labeled("c", crossed(s.rng, 2, s.n)),
        }
        bars = (
            f"(1 | {g}) + (1 | {g})",
            f"(1 | {g}) + (1 | code)",
            f"({x} || {g}) + ({x} | {g})",
            f"({x} | {g}) + (0 + {x} | {g})",
            f"(1 | {g}) + (1 | area:{g})",
            f"(1 | {g}) + (0 + cond | {g})",
            f"(1 + {x} | {g}) + (1 | {g})",
            f"({x} | {g}) + (1 | code)",
        )[i]
        eta = 0.4 * s.z + effects(s, np.ones(s.n), s.z, sd=[0.7, 0.5 * (x in bars)])
        # Of a cond without a fixed effect MM313 is true.
        yield _case(s, i, "MM308", eta, f"{x} + {bars}", more, statuses=("unidentifiable",), also=("MM313",))


def also_fixed(seed: int = 0) -> Iterator[Case]:
    """MM309: the levels of a grouping factor are estimated freely as fixed effects."""
    for i, layout in layouts():
        s = drawn(309, i, seed)
        x, g = layout.x, layout.group
        rater = crossed(s.rng, 9, s.n)
        more = {"rater": labeled("r", rater), "number": rater + 1, g: labeled("k", s.codes)}
        right = (
            f"{x} + rater + (1 | rater) + (1 | {g})",
            f"{x} + factor(number) + (1 | number) + (1 | {g})",
            f"{x} + rater + (1 | {g}) + (1 | rater)",
            f"{x} + {g} + (1 | {g})",
        )[i % 4]
        eta = 0.4 * s.z + effects(s, sd=[0.5]) + of_factor(s, rater, 0.5)
        if i % 4 == 3:
            eta = 0.4 * s.z + 0.5 * effects(s, sd=[0.5])
        # Of 28 levels and 124 events MM207 is true.
        yield _case(s, i, "MM309", eta, right, more, statuses=("unidentifiable",), also=("MM207",))


def zero_variance(seed: int = 0) -> Iterator[Case]:
    """MM310: the sums of all groups are what the predictor says: they differ less than by chance."""
    for i, layout in layouts():
        s = drawn(310, i, seed)
        x, g = layout.x, layout.group
        eta = 0.3 + 0.5 * s.z
        more, bars = {}, f"(1 | {g})"
        if i in (3, 7):
            rater = crossed(s.rng, 12, s.n)
            more["rater"], bars = labeled("r", rater), f"(1 | {g}) + (1 | rater)"
            eta = eta + of_factor(s, rater, 0.8)
        match i % 4:
            case 0:
                response = numbers(s, even(s, np.exp(eta + 1.0)), "poisson", "log")
            case 1:
                response = responses_even(s, expit(eta), "logit")
            case 2:
                noise = 0.1 * s.clean_noise(np.ones(s.n), s.z) / layout.sigma
                response = numbers(s, np.exp(eta + noise), "Gamma", "log")
            case _:
                trials = np.full(s.n, 12)
                response = proportions(s, np.minimum(even(s, 12 * expit(eta)), 12), trials, i)
        yield of_response(
            s,
            "MM310",
            response,
            f"{x} + {bars}",
            more,
            statuses=("singular",),
            severity="warning",
            options={"nagq": 9} if i == 5 else {},
        )


def responses_even(s: Sample, chance: np.ndarray, link: str) -> Response:
    """Single 0/1 answers whose sums are what they should be."""
    options = {"family": "binomial", "link": link}
    return Response(s.layout.y, {s.layout.y: np.minimum(even(s, chance), 1)}, options)


def perfect_correlation(seed: int = 0) -> Iterator[Case]:
    """MM311: slopes that are a multiple of the intercepts, and next to no other scatter."""
    for i, layout in layouts():
        s = drawn(311, i, seed, rows=max(10, layout.rows[0]))
        x, g = layout.x, layout.group
        sign, ratio = (1.0, -1.0)[i % 2], (0.8, 0.5, 0.7, 0.6)[i % 4]
        eta = 0.3 * s.z + effects(s, sd=[0.7]) * (1 + sign * ratio * s.z)
        match i % 3:
            case 0:
                response = numbers(s, np.rint(np.exp(eta + 3.0)), "poisson", "log")
            case 1:
                trials = np.full(s.n, 40)
                response = proportions(s, np.rint(40 * expit(eta)), trials, i)
            case _:
                noise = 0.15 * s.clean_noise(np.ones(s.n), s.z) / layout.sigma
                response = numbers(s, np.exp(eta + noise), "Gamma", "log")
        yield of_response(
            s,
            "MM311",
            response,
            f"{x} + ({x} | {g})",
            {},
            statuses=(
                "singular",
                "not_converged",
            ),  # glmer may stop at another face, 101 units above, in R too
            severity="warning",
            heads=("MM311", "MM106"),
        )


def budget(seed: int = 0) -> Iterator[Case]:
    """MM404: a healthy model, and fewer evaluations than it has parameters to look at."""
    for i, layout in layouts():
        s = drawn(404, i, seed, rows=max(10, layout.rows[0]))
        x, g = layout.x, layout.group
        rater = crossed(s.rng, 15, s.n)
        eta = 0.4 * s.z + effects(s, np.ones(s.n), s.z, sd=[0.8, 0.6])
        bars = f"({x} | {g})"
        if i % 2:
            eta, bars = eta + of_factor(s, rater, 0.6), f"({x} || {g}) + (1 | rater)"
        more = {"rater": labeled("i", rater)}
        yield _case(
            s,
            i,
            "MM404",
            eta,
            f"{x} + {bars}",
            more,
            statuses=("not_converged",),
            severity="warning",
            options={"maxfun": 7 + i % 3},
        )


def endless_theta(seed: int = 0) -> Iterator[Case]:
    """MM407: a negative binomial of counts that scatter no more than a Poisson model's."""
    for i, layout in layouts():
        s = drawn(407, i, seed, levels=16, rows=6)  # few: every fit is a search of its own for theta
        eta = np.log((4.0, 20.0, 2.0, 9.0)[i % 4]) + 0.3 * s.z + effects(s, sd=[0.5])
        y = np.rint(np.exp(eta)) if i % 2 else s.rng.binomial(40, np.minimum(np.exp(eta) / 40, 0.9))
        response = numbers(s, y, "negative.binomial", "log")
        yield of_response(
            s,
            "MM407",
            response,
            f"{layout.x} + (1 | {layout.group})",
            {},
            statuses=("unidentifiable",),
        )


def constant_slope_of_many(seed: int = 0) -> Iterator[Case]:
    """MM304, warning: a slope constant within groups, of many values."""
    for i, layout in layouts():
        s = drawn(1304, i, seed, levels=120, rows=6)
        size = (np.arange(120) % 15)[s.codes] / 4.3 - 1.63
        eta = 0.4 * s.z + effects(s, np.ones(s.n), size, sd=[0.8, 0.8], rho=0.0)
        bars = f"(size || {layout.group})"
        yield _case(
            s,
            i,
            "MM304",
            eta,
            f"{layout.x} + size + {bars}",
            {"size": size},
            kind="of many values",
            statuses=(*FINE, "wrong_se"),  # of glmer's Gamma in R too
            severity="warning",
        )
