"""Random small models of all families: their tables, and their matrices as the generator itself knows them.

No reader, formula layer or design of the package has a part in the matrices, so that the dense likelihood
(`dense.py`) owes nothing to what it judges.
"""

from __future__ import annotations

import random
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

import numpy as np
import pandas as pd

from mmtriage.arrays import Array, Index
from tests.glmm_oracle import INVERSE

LINKS = {
    "binomial": ("logit", "logit", "logit", "probit", "cloglog", "cauchit"),
    "poisson": ("log", "log", "log", "sqrt", "identity"),
    "Gamma": ("log", "log", "inverse", "identity"),
    "inverse.gaussian": ("log", "1/mu^2", "inverse", "identity"),
    "gaussian": ("log", "inverse"),
    "negative.binomial": ("log",),
}
# A gaussian with a link and a negative binomial take ten times as long as any other.
FAMILIES: tuple[str, ...] = ("linear",) * 10 + ("binomial",) * 6 + ("poisson",) * 5 + ("Gamma",) * 3
FAMILIES += ("inverse.gaussian",) * 2 + ("gaussian", "negative.binomial")
LEVELS = (2, 3, 4, 5, 6, 6, 8, 10, 12, 15)
ROWS = (12, 18, 24, 30, 40, 50, 60)
FREE_LINKS = ("log", "logit", "probit", "cloglog", "cauchit")  # whose predictor may have any sign
TRIALS = 8

STRUCTURES: Mapping[str, Sequence[tuple[str, tuple[str, ...]]]] = {
    "(1 | g)": [("g", ("1",))],
    "(x | g)": [("g", ("1", "x"))],
    "(x || g)": [("g", ("1",)), ("g", ("x",))],
    "(0 + x | g)": [("g", ("x",))],
    "(1 | g) + (1 | h)": [("g", ("1",)), ("h", ("1",))],
    "(1 | g) + (1 | g:h)": [("g", ("1",)), ("g:h", ("1",))],
    "(x | g) + (1 | h)": [("g", ("1", "x")), ("h", ("1",))],
    "(1 | g) + (0 + z | h)": [("g", ("1",)), ("h", ("z",))],
}
CHOICES = tuple(STRUCTURES)[:1] * 5 + tuple(STRUCTURES)[1:2] * 3 + tuple(STRUCTURES)[2:4]
CHOICES += tuple(STRUCTURES)[4:5] * 3 + tuple(STRUCTURES)[5:6] * 2 + tuple(STRUCTURES)[6:]


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Term:
    """A random term: which group, which columns."""

    group: str
    columns: tuple[str, ...]
    codes: Index  # (n,) level of each row
    Z: Array  # (n, k)


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class RandomModel:
    """A model, as a user asks for it and as matrices."""

    seed: int
    index: int
    frame: pd.DataFrame
    formula: str
    options: Mapping[str, Any]
    family: str  # "linear" for lmer's
    link: str
    y: Array  # (n,) a proportion if binomial
    X: Array  # (n, p)
    terms: tuple[Term, ...]
    weights: Array | None = field(default=None)  # (n,) trials of a binomial
    offset: Array | None = field(default=None)
    trials: Array | None = field(default=None)  # (n,) of a cbind() response

    @property
    def name(self) -> str:
        """What is printed of it."""
        return f"{self.seed}/{self.index} {self.family} {self.link} {self.formula} {dict(self.options)}"

    @property
    def fewest_levels(self) -> int:
        """Of the groups."""
        return min(int(term.codes.max()) + 1 for term in self.terms)

    @property
    def has_slopes(self) -> bool:
        """Whether any random term is more than an intercept."""
        return any(term.columns != ("1",) for term in self.terms)


def draw(seed: int, index: int) -> RandomModel:
    """The model of that number."""
    rng, numbers = random.Random(f"{seed} {index}"), np.random.default_rng((seed, index))
    family = rng.choice(FAMILIES)
    link = "identity" if family == "linear" else rng.choice(LINKS[family])
    n = rng.choice(ROWS)
    columns = _columns(numbers, rng, n)
    structure = rng.choice(CHOICES)
    terms = tuple(_term(columns, group, names) for group, names in STRUCTURES[structure])
    fixed, X = _fixed(rng, columns)
    options: dict[str, Any] = {"reml": rng.random() < 0.5} if family == "linear" else {"family": family}
    if family != "linear":
        options["link"] = link
    eta, offset = _predictor(numbers, rng, X, terms, link), None
    is_asked = link in (*FREE_LINKS, "identity") and family in ("linear", "binomial", "poisson")
    if is_asked and rng.random() < 0.15 and (link != "identity" or family == "linear"):
        offset = columns["o"] = numbers.normal(0.0, 0.5, size=n)
        eta, options["offset"] = eta + offset, "o"
    is_weighted, response = rng.random() < 0.15, "y"
    weights = _weights(numbers, family, n) if is_weighted else None
    trials = None
    y = _response(numbers, rng, family, link, eta, weights)
    if family == "binomial" and weights is None and rng.random() < 0.3:
        trials = weights = np.full(n, float(TRIALS))
        successes = numbers.binomial(TRIALS, INVERSE[link](eta)).astype(float)
        y, response = successes / TRIALS, "cbind(s, t)"
        columns["s"], columns["t"] = successes, TRIALS - successes
    elif weights is not None:
        columns["w"], options["weights"] = weights, "w"
    columns["y"] = y
    return RandomModel(
        seed=seed,
        index=index,
        frame=pd.DataFrame({name: _as_table(name, values) for name, values in columns.items()}),
        formula=f"{response} ~ {fixed} + {structure}",
        options=options,
        family=family,
        link=link,
        y=y,
        X=X,
        terms=terms,
        weights=weights,
        offset=offset,
        trials=trials,
    )


def _columns(numbers: np.random.Generator, rng: random.Random, n: int) -> dict[str, Any]:
    origin = rng.choice((0.0, 0.0, 0.0, 2.0))
    g, h = (min(rng.choice(LEVELS), n // 2) for _ in range(2))
    balanced = np.arange(n) * g // n
    return {
        "x": numbers.normal(size=n).round(3) + origin,
        "z": numbers.normal(size=n).round(3),
        "f": numbers.integers(rng.choice((2, 3)), size=n),
        "g": _numbered(balanced if rng.random() < 0.6 else numbers.integers(g, size=n)),
        "h": _numbered(numbers.integers(h, size=n)),
    }


def _as_table(name: str, values: Array) -> list[Any]:
    """A column as a frame has it: groups by labels that sort as their numbers do."""
    return [f"{name}{int(v):02}" for v in values] if name in "fgh" else values.tolist()


def _numbered(codes: Index) -> Index:
    """Codes without gaps."""
    return np.asarray(np.unique(codes, return_inverse=True)[1])


def _term(columns: Mapping[str, Any], group: str, names: tuple[str, ...]) -> Term:
    n = len(columns["x"])
    codes = columns[group] if group in columns else _numbered(100 * columns["g"] + columns["h"])
    Z = np.column_stack([np.ones(n) if name == "1" else columns[name] for name in names])
    return Term(group=group, columns=names, codes=codes, Z=Z)


def _fixed(rng: random.Random, columns: Mapping[str, Any]) -> tuple[str, Array]:
    """The formula's fixed part, and its columns with R's treatment contrasts."""
    text = rng.choice(("1", "x", "x", "x", "x + z", "x + f", "f"))
    X = [np.ones(len(columns["x"]))]
    for name in text.split(" + "):
        if name in ("x", "z"):
            X.append(columns[name])
        elif name == "f":
            X += [(columns["f"] == level).astype(float) for level in np.unique(columns["f"])[1:]]
    return text, np.column_stack(X)


def _predictor(
    numbers: np.random.Generator, rng: random.Random, X: Array, terms: Sequence[Term], link: str
) -> Array:
    """X beta + Z b, of a size at which the link has a mean."""
    size = 1.0 if link in FREE_LINKS or link == "identity" else 0.3
    eta = X[:, 1:] @ (size * rng.choice((0.0, 0.5, 1.0)) * numbers.normal(size=X.shape[1] - 1))
    for term in terms:
        sd = size * rng.choice((0.0, 0.3, 0.7, 1.5))
        k = term.Z.shape[1]
        b = (
            sd
            * numbers.normal(size=(int(term.codes.max()) + 1, k))
            @ np.linalg.cholesky(_correlation(rng, k)).T
        )
        eta = eta + np.sum(term.Z * b[term.codes], axis=1)
    return np.asarray(eta + (rng.choice((-1.0, 0.0, 0.0, 1.0)) if link in FREE_LINKS else 0.0))


def _correlation(rng: random.Random, k: int) -> Array:
    return np.eye(k) + rng.choice((-0.8, 0.0, 0.6)) * (1.0 - np.eye(k))


def _weights(numbers: np.random.Generator, family: str, n: int) -> Array:
    if family in ("binomial", "poisson", "negative.binomial"):
        return numbers.integers(1, TRIALS, size=n).astype(float)
    return numbers.gamma(4.0, 0.25, size=n).round(3) + 0.05


def _response(
    numbers: np.random.Generator,
    rng: random.Random,
    family: str,
    link: str,
    eta: Array,
    weights: Array | None,
) -> Array:
    if family == "linear":
        noise = rng.choice((0.3, 1.0, 1.0, 3.0))
        return np.asarray(
            eta + noise * numbers.normal(size=len(eta)) / np.sqrt(1.0 if weights is None else weights)
        )
    if link not in FREE_LINKS:
        eta = np.maximum(eta - eta.min() + 0.5, 0.3)
    mu = INVERSE[link](np.clip(eta, -4.0, 4.0))
    match family:
        case "binomial":
            m = np.ones(len(mu)) if weights is None else weights
            return np.asarray(numbers.binomial(m.astype(int), mu) / m)
        case "poisson":
            return numbers.poisson(mu).astype(float)
        case "negative.binomial":
            return numbers.poisson(mu * numbers.gamma(1.5, 1.0 / 1.5, size=len(mu))).astype(float)
        case "Gamma":
            shape = rng.choice((1.0, 4.0, 25.0))
            return np.maximum(numbers.gamma(shape, mu / shape), 1e-3).round(6)
        case "inverse.gaussian":
            return np.maximum(numbers.wald(mu, rng.choice((2.0, 20.0))), 1e-3).round(6)
        case "gaussian":
            return np.asarray(mu + rng.choice((0.1, 0.3)) * numbers.normal(size=len(mu))).round(6)
    raise AssertionError(family)
