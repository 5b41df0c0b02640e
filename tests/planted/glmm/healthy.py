"""Healthy generalized models: every family and link, and designs that do not support a complaint.

Effects are standardized to the covariance they are drawn from and of moderate size, groups large enough to
tell a variance. No set was chosen by what the tool says of it.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator

import numpy as np

from tests.planted.draw import LAYOUTS, Sample, crossed, labeled, sample
from tests.planted.glmm.draw import Response, effects, of_factor, responses
from tests.planted.record import FINE, Case

Made = tuple[Response, str, dict[str, np.ndarray], dict[str, object]]


def healthy(seed: int = 0) -> Iterator[Case]:
    """All of them."""
    for d, design in enumerate(DESIGNS):
        for j in range(4):
            layout = LAYOUTS[(d + 2 * j + j // 2) % len(LAYOUTS)]
            rows = max(LEAST_ROWS.get(design.__name__, 8), layout.rows[0])
            s = sample(layout, (1_900_000 + 100 * d + j, seed), rows=rows)
            response, right, more, options = design(s, j)
            options = {**response.options, **options}
            yield Case(
                name=f"{design.__name__} {j}, {options['family']} {options['link']}",
                fault="healthy",
                columns={layout.x: s.x, layout.group: s.labels, **more, **response.columns},
                formula=f"{response.left} ~ {right}",
                statuses=FINE,
                also=_true_of_lme4(str(options["family"]), str(options["link"])),
                options=options,
            )


def _true_of_lme4(family: str, link: str) -> tuple[str, ...]:
    """What may be said of any data, since lme4 is what it is.

    The criterion of families that are not divided by their scale hangs on the unit, and may have several
    optima; Laplace's approximation is rough where the tails of a link are heavy.
    """
    if family in ("inverse.gaussian", "gaussian"):
        return ("MM102", "MM406")
    return ("MM503",) if link == "cauchit" else ()


def _fixed(s: Sample, base: float, slope: float = 0.4) -> np.ndarray:
    return base + slope * s.z


def _intercept(s: Sample, family: str, link: str, j: int, *, base: float, size: float = 1.0) -> Made:
    """A random intercept; `size` makes all effects fit the scale of the link."""
    eta = base + size * (0.4 * s.z + effects(s, sd=[0.7]))
    right = f"{s.layout.x} + (1 | {s.layout.group})"
    return responses(s, eta, family, link, j), right, {}, {}


def binary(s: Sample, j: int) -> Made:
    return _intercept(s, "bernoulli", ("logit", "probit", "cloglog", "cauchit")[j], j, base=0.2)


def counted(s: Sample, j: int) -> Made:
    return _intercept(s, "binomial", ("logit", "probit", "cloglog", "cauchit")[j], j, base=-0.3)


def poisson(s: Sample, j: int) -> Made:
    base, link, size = ((0.3, "log", 1.0), (3.0, "log", 1.0), (3.0, "sqrt", 1.0), (30.0, "identity", 3.0))[j]
    return _intercept(s, "poisson", link, j, base=base, size=size)


def gamma(s: Sample, j: int) -> Made:
    base, link, size = ((1.0, "log", 1.0), (5.0, "log", 1.0), (5.0, "inverse", 0.6), (20.0, "identity", 2.0))[
        j
    ]
    return _intercept(s, "Gamma", link, j, base=base, size=size)


def inverse_gaussian(s: Sample, j: int) -> Made:
    base, link, size = ((1.0, "log", 1.0), (3.0, "log", 1.0), (5.0, "1/mu^2", 0.5), (20.0, "identity", 2.0))[
        j
    ]
    return _intercept(s, "inverse.gaussian", link, j, base=base, size=size)


def gaussian(s: Sample, j: int) -> Made:
    base, link, size = ((1.0, "log", 0.3), (3.0, "log", 0.3), (4.0, "inverse", 0.5), (2.0, "log", 0.3))[j]
    return _intercept(s, "gaussian", link, j, base=base, size=size)


def negative_binomial(s: Sample, j: int) -> Made:
    return _intercept(s, "negative.binomial", "log", j, base=(1.0, 2.0, 3.0, 1.5)[j])


def slope(s: Sample, j: int) -> Made:
    family, link = (("binomial", "logit"), ("poisson", "log"), ("Gamma", "log"), ("bernoulli", "logit"))[j]
    x, g = s.layout.x, s.layout.group
    eta = _fixed(s, 0.4) + effects(s, np.ones(s.n), s.z, sd=[0.8, 0.6])
    return responses(s, eta, family, link, j), f"{x} + ({x} | {g})", {}, {}


def uncorrelated_slope(s: Sample, j: int) -> Made:
    family, link = (("poisson", "log"), ("binomial", "probit"), ("bernoulli", "probit"), ("Gamma", "log"))[j]
    x, g = s.layout.x, s.layout.group
    eta = _fixed(s, 0.4) + effects(s, np.ones(s.n), s.z, sd=[0.8, 0.6], rho=0.0)
    return responses(s, eta, family, link, j), f"{x} + ({x} || {g})", {}, {}


def crossed_factors(s: Sample, j: int) -> Made:
    family, link = (("bernoulli", "logit"), ("poisson", "log"), ("binomial", "logit"), ("Gamma", "log"))[j]
    rater = crossed(s.rng, 18 + j, s.n)
    eta = _fixed(s, 0.5) + effects(s, sd=[0.8]) + of_factor(s, rater, 0.7)
    right = f"{s.layout.x} + (1 | {s.layout.group}) + (1 | rater)"
    return responses(s, eta, family, link, j), right, {"rater": labeled("r", rater)}, {}


def nested(s: Sample, j: int) -> Made:
    family, link = (("poisson", "log"), ("binomial", "logit"), ("Gamma", "log"), ("binomial", "probit"))[j]
    codes = np.repeat(np.arange(64), 7 + j)
    t = Sample(s.layout, s.rng, codes, s.rng.normal(s.layout.x_mean, s.layout.x_sd, size=len(codes)))
    area, within = codes // 4, codes % 4
    eta = _fixed(t, 0.5) + effects(t, sd=[0.7]) + of_factor(t, area, 0.9)
    more = {s.layout.x: t.x, "area": labeled("A", area), s.layout.group: labeled("", within)}
    return responses(t, eta, family, link, j), f"{s.layout.x} + (1 | area/{s.layout.group})", more, {}


def quadrature(s: Sample, j: int) -> Made:
    family, link = (
        ("bernoulli", "logit"),
        ("poisson", "log"),
        ("binomial", "logit"),
        ("bernoulli", "probit"),
    )[j]
    response, right, more, _ = _intercept(s, family, link, j, base=0.3)
    return response, right, more, {"nagq": (9, 5, 0, 25)[j]}


def with_offset(s: Sample, j: int) -> Made:
    family, link = (
        ("poisson", "log"),
        ("negative.binomial", "log"),
        ("binomial", "cloglog"),
        ("Gamma", "log"),
    )[j]
    known = s.rng.uniform(-1.0, 1.5, size=s.n)
    eta = _fixed(s, 0.3) + effects(s, sd=[0.7]) + known
    right = f"{s.layout.x} + (1 | {s.layout.group})"
    if j % 2:
        return responses(s, eta, family, link, j), f"{right} + offset(known)", {"known": known}, {}
    return responses(s, eta, family, link, j), right, {"known": known}, {"offset": "known"}


def interaction(s: Sample, j: int) -> Made:
    family, link = (("binomial", "logit"), ("poisson", "log"), ("bernoulli", "logit"), ("Gamma", "log"))[j]
    arm = (np.arange(int(s.codes.max()) + 1) % 2)[s.codes] if j % 2 else crossed(s.rng, 3, s.n)
    eta = _fixed(s, 0.2) + 0.3 * arm * (1 + s.z) + effects(s, sd=[0.7])
    right = f"{s.layout.x} * arm + (1 | {s.layout.group})"
    return responses(s, eta, family, link, j), right, {"arm": labeled("arm", arm)}, {}


def factor_slope(s: Sample, j: int) -> Made:
    family, link = (("binomial", "logit"), ("poisson", "log"), ("Gamma", "log"), ("binomial", "logit"))[j]
    f = (np.arange(s.n) - np.searchsorted(s.codes, s.codes)) % 2
    eta = 0.4 + 0.3 * f + effects(s, 1.0 - f, 1.0 * f, sd=[0.9, 0.9])
    bars = ("(cond | {g})", "(0 + cond | {g})")[j % 2].format(g=s.layout.group)
    return responses(s, eta, family, link, j), f"cond + {bars}", {"cond": labeled("c", f)}, {}


def observation_level(s: Sample, j: int) -> Made:
    """Counts that scatter, and an effect of each row that says so."""
    family, link = (("poisson", "log"), ("binomial", "logit"), ("poisson", "log"), ("binomial", "logit"))[j]
    row = np.arange(s.n)
    eta = _fixed(s, 1.5 * (j % 2 == 0)) + effects(s, sd=[0.8]) + of_factor(s, row, 0.7)
    right = f"{s.layout.x} + (1 | {s.layout.group}) + (1 | row)"
    return responses(s, eta, family, link, j), right, {"row": labeled("", row)}, {}


def rare(s: Sample, j: int) -> Made:
    """Outcomes or counts that are seldom, but not too seldom."""
    family, link = (
        ("bernoulli", "logit"),
        ("poisson", "log"),
        ("binomial", "logit"),
        ("bernoulli", "cloglog"),
    )[j]
    return _intercept(s, family, link, j, base=(-1.8, -1.0, -3.0, -1.8)[j])


LEAST_ROWS = {
    "binary": 20,
    "rare": 30,
    "quadrature": 20,
    "slope": 25,
    "uncorrelated_slope": 25,
    "factor_slope": 16,
    "crossed_factors": 16,
    "interaction": 20,
    "gaussian": 10,
}
DESIGNS: tuple[Callable[[Sample, int], Made], ...] = (
    binary,
    counted,
    poisson,
    gamma,
    inverse_gaussian,
    gaussian,
    negative_binomial,
    slope,
    uncorrelated_slope,
    crossed_factors,
    nested,
    quadrature,
    with_offset,
    interaction,
    factor_slope,
    observation_level,
    rare,
)
