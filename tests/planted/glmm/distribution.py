"""MM303, MM408 and MM501 to MM503: faults of the family, the link and the method."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np
from scipy.special import expit

from tests.planted.draw import Sample, crossed, labeled, random_part
from tests.planted.faults_structure import occurrence
from tests.planted.glmm.draw import (
    Response,
    bernoulli,
    drawn,
    effects,
    layouts,
    numbers,
    of_factor,
    proportions,
)
from tests.planted.record import FINE, Case


def _columns(s: Sample, response: Response, **more: np.ndarray) -> dict[str, np.ndarray]:
    return {s.layout.x: s.x, s.layout.group: s.labels, **more, **response.columns}


def _name(response: Response, right: str) -> str:
    return f"{response.left} ~ {right}, {response.options['family']} {response.options['link']}"


def observation_level(seed: int = 0) -> Iterator[Case]:
    """MM303: an effect of each row, of single 0/1 answers or beside a free scale; glmer fits it."""
    for i, layout in layouts():
        s = drawn(303, i, seed)
        x, g = layout.x, layout.group
        eta = 0.2 + 0.6 * s.z + effects(s, sd=[0.8])
        link = ("logit", "probit", "logit", "cloglog")[i % 4]
        response = bernoulli(s, s.rng.random(s.n) < expit(eta), i, link=link)
        if i in (3, 6):
            response = numbers(s, s.rng.gamma(5.0, np.exp(eta) / 5.0), "Gamma", "log")
        more = {
            "row": np.arange(s.n) + 1,
            "trial": occurrence(s.codes),
            "id": labeled("o", s.rng.permutation(s.n)),
        }
        bars = (f"(1 | {g}) + (1 | row)", f"(1 | {g}/trial)", "(1 | row)", f"({x} | {g}) + (1 | id)")[i % 4]
        yield Case(
            name=_name(response, bars),
            fault="MM303",
            columns=_columns(s, response, **more),
            formula=f"{response.left} ~ {x} + {bars}",
            statuses=("unidentifiable",),
            options=response.options,
        )


def pirls(seed: int = 0) -> Iterator[Case]:
    """MM408: effects that are additive on the log or logit scale, and a link that leaves the range there."""
    for i, layout in layouts():
        s = drawn(408, i, seed)
        x, g = layout.x, layout.group
        between = effects(s, sd=[0.7])
        steep = np.exp((1.8, -1.8)[i % 2] * s.z + between)
        chance = expit(1.5 + (1.5, -2.0)[i % 2] * s.z + between)
        match i:
            case 0 | 5:
                response = numbers(s, s.rng.gamma(8.0, steep / 8.0), "Gamma", "inverse")
            case 1:
                response = numbers(s, s.rng.gamma(8.0, steep / 8.0), "Gamma", "identity")
            case 2:
                response = bernoulli(s, s.rng.random(s.n) < chance, i, link="log")
            case 3 | 7:
                response = numbers(s, s.rng.poisson(2.0 * steep), "poisson", "identity")
            case 4:
                response = numbers(s, s.rng.wald(steep, 6.0 * steep), "inverse.gaussian", "1/mu^2")
            case _:
                trials = s.rng.integers(4, 12, size=s.n)
                response = proportions(s, s.rng.binomial(trials, chance), trials, link="log")
        yield Case(
            name=_name(response, f"{x} + (1 | {g})"),
            fault="MM408",
            columns=_columns(s, response),
            formula=f"{response.left} ~ {x} + (1 | {g})",
            statuses=("not_converged", "undetermined"),
            # means of the wrong shape leave groups alike, and scatter; integrals end where the means do
            also=("MM310", "MM406", "MM501", "MM503"),
            options=response.options,
        )


def overdispersion(seed: int = 0) -> Iterator[Case]:
    """MM501: counts, and successes among trials, that scatter more than their mean allows."""
    for i, layout in layouts():
        s = drawn(501, i, seed)
        x, g = layout.x, layout.group
        between = effects(s, sd=[0.6])
        extra = (0.7, 0.9, 0.6, 1.0)[i % 4] * s.rng.normal(size=s.n)
        bars, more = f"(1 | {g})", {}
        if i % 3 == 1:
            rater = crossed(s.rng, 12, s.n)
            more["rater"], bars = labeled("r", rater), f"(1 | {g}) + (1 | rater)"
            between = between + of_factor(s, rater, 0.6)
        if i % 2:
            trials = s.rng.integers(12, 30, size=s.n)
            k = s.rng.binomial(trials, expit(0.2 + 0.5 * s.z + between + extra))
            response = proportions(s, k, trials, i // 2, link=("logit", "probit")[i // 4])
        else:
            mean = np.exp(np.log((4.0, 15.0, 60.0, 8.0)[i // 2]) + 0.3 * s.z + between + extra)
            response = numbers(s, s.rng.poisson(mean), "poisson", "log")
        yield Case(
            name=_name(response, bars),
            fault="MM501",
            columns=_columns(s, response, **more),
            formula=f"{response.left} ~ {x} + {bars}",
            statuses=FINE,
            severity="warning",
            also=("MM502",),  # scatter makes zeros, too
            options=response.options,
        )


def zero_inflation(seed: int = 0) -> Iterator[Case]:
    """MM502: rows that were never at risk; they scatter, too, and theta cannot take up all of them."""
    for i, layout in layouts():
        s = drawn(502, i, seed, levels=20 if i in (2, 7) else None)
        x, g = layout.x, layout.group
        mean = np.exp(np.log((5.0, 8.0, 12.0, 20.0)[i % 4]) + 0.3 * s.z + effects(s, sd=[0.5]))
        at_risk = s.rng.random(s.n) > (0.3, 0.4, 0.25, 0.5)[i // 2]
        family = "negative.binomial" if i in (2, 7) else "poisson"
        response = numbers(s, np.where(at_risk, s.rng.poisson(mean), 0), family, "log")
        yield Case(
            name=_name(response, f"(1 | {g})"),
            fault="MM502",
            columns=_columns(s, response),
            formula=f"{response.left} ~ {x} + (1 | {g})",
            statuses=(*FINE, "singular"),
            severity="warning",
            also=("MM501", "MM310"),
            heads=("MM502", "MM310"),
            options=response.options,
        )


def laplace_bias(seed: int = 0) -> Iterator[Case]:
    """MM503: three or four 0/1 answers per group, and groups that differ a lot."""
    for i, layout in layouts():
        s = drawn(503, i, seed, levels=(120, 150, 200, 100)[i % 4], rows=(3, 4, 3, 4)[i // 2])
        x, g = layout.x, layout.group
        eta = 0.5 + 1.0 * s.z + effects(s, sd=[(3.0, 4.0, 3.5, 3.5)[i % 4]])
        response = bernoulli(s, s.rng.random(s.n) < expit(eta), i, link=("logit", "probit")[i // 6])
        options = {**response.options, **({"nagq": 0} if i in (1, 5) else {})}
        yield Case(
            name=f"{_name(response, f'(1 | {g})')}, {s.n} rows",
            fault="MM503",
            columns=_columns(s, response),
            formula=f"{response.left} ~ {x} + (1 | {g})",
            statuses=FINE,
            severity="warning",
            options=options,
        )


def mild_overdispersion(seed: int = 0) -> Iterator[Case]:
    """MM501: scatter that an effect of each row tells from chance, and Pearson's statistic hardly."""
    for i, layout in layouts():
        s = drawn(1501, i, seed, levels=20, rows=4)
        x, g = layout.x, layout.group
        extra = random_part(s.rng, np.arange(s.n), np.ones((s.n, 1)), [(1.0, 0.9)[i % 2]], 0.0)
        eta = 0.4 * s.z + effects(s, sd=[0.6]) + extra
        trials = s.rng.integers(5, 20, size=s.n)
        if i % 4 == 3:
            response = numbers(s, s.rng.poisson(np.exp(0.8 + eta)), "poisson", "log")
        else:
            response = proportions(s, s.rng.binomial(trials, expit(eta)), trials, i)
        yield Case(
            name=f"{_name(response, f'(1 | {g})')}, {s.n} rows",
            fault="MM501",
            kind="of few rows",
            columns=_columns(s, response),
            formula=f"{response.left} ~ {x} + (1 | {g})",
            statuses=FINE,
            severity="warning",
            also=("MM502",),
            options=response.options,
        )


def few_events(seed: int = 0) -> Iterator[Case]:
    """MM207: rare answers, or common ones, hardly any trials that succeed, hardly anything counted."""
    for i, layout in layouts():
        s = drawn(207, i, seed, levels=40, rows=10)
        x, g = layout.x, layout.group
        arm, w = crossed(s.rng, 2, s.n), s.rng.normal(size=s.n)
        order = s.rng.permutation(s.n)
        y = np.zeros(s.n, dtype=int)
        y[order[: 9 + i % 3]] = 1
        match i % 4:
            case 0:
                response = bernoulli(s, y, i // 4)
            case 1:
                response = bernoulli(s, 1 - y, i // 4)
            case 2:
                trials = np.full(s.n, 12)
                response = proportions(s, y, trials, i)
            case _:
                response = numbers(s, y, "poisson", "log")
        yield Case(
            name=_name(response, f"{x} + arm + w + (1 | {g})"),
            fault="MM207",
            columns=_columns(s, response, arm=labeled("arm", arm), w=w),
            formula=f"{response.left} ~ {x} + arm + w + (1 | {g})",
            statuses=(*FINE, "singular", "not_converged"),
            severity="warning",
            also=("MM205", "MM310", "MM403", "MM406", "MM503"),
            heads=("MM207", "MM310", "MM403", "MM408", "MM503"),
            options=response.options,
        )


def shares_alone(seed: int = 0) -> Iterator[Case]:
    """MM206: shares of trials, and the model is not told how many trials."""
    for i, layout in layouts():
        s = drawn(206, i, seed)
        x, g = layout.x, layout.group
        eta = 0.3 + 0.5 * s.z + effects(s, sd=[1.0])
        trials = s.rng.integers(4, 15, size=s.n)
        response = proportions(s, s.rng.binomial(trials, expit(eta)), trials, 1)
        options = {name: value for name, value in response.options.items() if name != "weights"}
        yield Case(
            name=f"{response.left} without trials, {g}",
            fault="MM206",
            kind="shares alone",
            columns=_columns(s, response),
            formula=f"{response.left} ~ {x} + (1 | {g})",
            statuses=(*FINE, "singular", "not_converged"),
            severity="warning",
            also=("MM310", "MM503"),  # a row of one trial each tells little of groups
            heads=("MM206", "MM310", "MM403"),
            options=options,
        )
