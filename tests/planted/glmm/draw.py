"""Responses of generalized models in the eight layouts: linear predictors, families, forms of the response.

The layouts are those of the linear models (`tests.planted.draw`); their names and predictors are used, their
units of the response are not. `seed` tells repetitions apart: 0 is the set the rules were developed with.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass

import numpy as np
from scipy.special import expit, ndtr

from tests.planted.draw import LAYOUTS, Layout, Sample, random_part, sample

INVERSES: Mapping[str, Callable[[np.ndarray], np.ndarray]] = {
    "logit": expit,
    "probit": ndtr,
    "cloglog": lambda eta: -np.expm1(-np.exp(eta)),
    "cauchit": lambda eta: 0.5 + np.arctan(eta) / np.pi,
    "log": np.exp,
    "identity": lambda eta: eta,
    "inverse": lambda eta: 1.0 / eta,
    "sqrt": np.square,
    "1/mu^2": lambda eta: 1.0 / np.sqrt(eta),
}


@dataclass(frozen=True, slots=True, eq=False)
class Response:
    """Left side of a formula, its columns, and the options it needs."""

    left: str
    columns: Mapping[str, np.ndarray]  # name -> (n,)
    options: Mapping[str, object]


def layouts() -> Sequence[tuple[int, Layout]]:
    return tuple(enumerate(LAYOUTS))


def drawn(code: int, i: int, seed: int, *, levels: int | None = None, rows: int | None = None) -> Sample:
    """Groups and predictor of layout `i`, for the fault with this code."""
    return sample(LAYOUTS[i], (1_000_000 + 100 * code + i, seed), levels=levels, rows=rows)


def effects(s: Sample, *Z: np.ndarray, sd: Sequence[float], rho: float = 0.2) -> np.ndarray:
    """Random effects (n,) of the groups on the link scale; of the intercept where no columns are given."""
    return random_part(s.rng, s.codes, np.column_stack(Z or (np.ones(s.n),)), sd, rho)


def of_factor(s: Sample, codes: np.ndarray, sd: float) -> np.ndarray:
    """Random intercepts (n,) of another factor."""
    return random_part(s.rng, codes, np.ones((s.n, 1)), [sd], 0.0)


def bernoulli(s: Sample, y: np.ndarray, form: int = 0, *, link: str = "logit") -> Response:
    """Outcomes 0 and 1 (n,) as numbers, logicals, or words."""
    values = (y.astype(int), y.astype(bool), np.where(y > 0, "yes", "no"))[form % 3]
    return Response(s.layout.y, {s.layout.y: values}, {"family": "binomial", "link": link})


def proportions(
    s: Sample, successes: np.ndarray, trials: np.ndarray, form: int = 0, *, link: str = "logit"
) -> Response:
    """Successes among trials (n,), as `cbind` or as proportions with weights."""
    options = {"family": "binomial", "link": link}
    if form % 2:
        columns = {s.layout.y: successes / trials, "trials": trials}
        return Response(s.layout.y, columns, {**options, "weights": "trials"})
    columns = {"hits": successes, "misses": trials - successes}
    return Response("cbind(hits, misses)", columns, options)


def numbers(s: Sample, values: np.ndarray, family: str, link: str) -> Response:
    """Counts or measurements (n,)."""
    return Response(s.layout.y, {s.layout.y: values}, {"family": family, "link": link})


def responses(s: Sample, eta: np.ndarray, family: str, link: str, form: int = 0) -> Response:
    """A healthy response at the linear predictor eta (n,); `trials` by form for the binomial."""
    mu = INVERSES[link](eta)
    match family:
        case "bernoulli":
            return bernoulli(s, s.rng.random(s.n) < mu, form, link=link)
        case "binomial":
            trials = s.rng.integers(8, 20, size=s.n)
            return proportions(s, s.rng.binomial(trials, mu), trials, form, link=link)
        case "poisson":
            return numbers(s, s.rng.poisson(mu), family, link)
        case "negative.binomial":
            return numbers(s, s.rng.poisson(mu * s.rng.gamma(2.0, 0.5, size=s.n)), family, link)
        case "Gamma":
            return numbers(s, s.rng.gamma(6.0, mu / 6.0), family, link)
        case "inverse.gaussian":
            return numbers(s, s.rng.wald(mu, 8.0 * mu.mean()), family, link)
        case _:
            return numbers(s, mu + 0.1 * mu.mean() * s.rng.normal(size=s.n), "gaussian", link)


def even(s: Sample, mu: np.ndarray) -> np.ndarray:
    """Whole numbers (n,) near mu, whose sum in a group is off by less than 1: less than chance scatters."""
    values = np.zeros(s.n, dtype=int)
    for level in range(int(s.codes.max()) + 1):
        rows = np.flatnonzero(s.codes == level)
        rows = rows[np.argsort(mu[rows] + 0.01 * s.rng.normal(size=len(rows)))]
        values[rows] = np.diff(np.floor(np.concatenate([[0.0], np.cumsum(mu[rows])]) + s.rng.random()))
    return values
