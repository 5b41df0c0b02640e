"""Generalized designs of every family, link and shape: what the engine is compared on with the dense oracle.

`x` varies within the groups, `g` and `h` cross at random, `a` sits in `b`. Responses are drawn around an eta
that stays where every mean of its link is in range.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np

from mmtriage.arrays import Array
from mmtriage.data.read_table import read_table
from mmtriage.data.reading import Reading
from mmtriage.data.table import Table
from mmtriage.engine.algebra.theta import theta_of_factors
from mmtriage.engine.generalized.model import GeneralizedModel
from mmtriage.engine.optimum.faces import Place
from mmtriage.model.design import Design
from mmtriage.model.distributions import DISTRIBUTIONS
from mmtriage.model.family_names import default_link
from tests.glmm_oracle import INVERSE, DenseGlmm, criterion
from tests.golden_cases import golden_case
from tests.model.tables import design, factor, numeric, table

N = 72
NB_THETA = 1.7
PAIRS = [(d.name, link) for d in DISTRIBUTIONS.values() for link in (*d.links, *d.also_computed)]
PAIRS.remove(("gaussian", "identity"))  # that is lmer's
# link -> center of eta, and by how much x and the groups move it
ETA = {
    "logit": (0.2, 0.6),
    "probit": (0.2, 0.4),
    "cauchit": (0.2, 0.4),
    "cloglog": (-0.4, 0.4),
    "log": (0.8, 0.3),
    "identity": (9.0, 0.7),
    "sqrt": (3.0, 0.25),
    "inverse": (1.5, 0.08),
    "1/mu^2": (1.5, 0.08),
}
# The same where the link itself does not keep a probability between 0 and 1.
PROBABILITY = {"log": (-1.6, 0.1), "identity": (0.45, 0.03)}
# name -> formula of the predictors, family, link and options
SHAPES: dict[str, tuple[str, str, str, dict[str, str]]] = {
    "intercepts": ("1 + (1 | g)", "poisson", "log", {}),
    "no fixed effects": ("0 + (1 | g)", "binomial", "logit", {}),
    "scalar slope": ("x + (0 + x | g)", "binomial", "logit", {}),
    "slope": ("x + (x | g)", "binomial", "probit", {}),
    "double bar": ("x + (x || g) + (1 | h)", "poisson", "log", {}),
    "crossed": ("x + t + (1 | g) + (1 + x | h)", "binomial", "cloglog", {}),
    "nested": ("x + (x | b/a)", "Gamma", "log", {}),
    "two terms on a factor": ("x + (1 | g) + (0 + x + z | g)", "negative.binomial", "log", {}),
    "an effect for every row": ("x + (1 | g) + (1 | row)", "poisson", "log", {}),
    "factor slopes": ("t + (t | g)", "inverse.gaussian", "log", {}),
    "deficient columns": ("x + (x + x_twice | g) + (1 | h)", "binomial", "logit", {}),
    "far origin": ("year + (year | g)", "poisson", "log", {}),
    "weights": ("x + (x | g) + (1 | h)", "Gamma", "inverse", {"weights": "w"}),
    "weighted counts": ("x + (x | g)", "poisson", "sqrt", {"weights": "w"}),
    "weighted gaussian": ("x + (1 | g) + (1 | h)", "gaussian", "log", {"weights": "w"}),
    "offset": ("x + (x | g)", "negative.binomial", "log", {"offset": "o"}),
    "trials": ("x + (x | g) + (1 | h)", "binomial", "logit", {}),
    "proportions": ("x + (1 | g)", "binomial", "cauchit", {"weights": "size"}),
    "everything": ("x + t + (x | b/a) + (1 | h)", "binomial", "probit", {"offset": "o"}),
}
OF_TRIALS = ("trials", "everything")


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Glmm:
    """A design, its likelihood, and a point to evaluate it at."""

    design: Design
    problem: GeneralizedModel
    raw: tuple[Array, ...]  # lower-triangular factors, the user's columns
    beta: Array  # (p,)

    @property
    def theta(self) -> Array:
        """lme4's."""
        return theta_of_factors(list(self.raw))

    @property
    def place(self) -> Place:
        """The same in the problem's coordinates."""
        return place_at(self.problem, self.raw, self.beta)

    @property
    def dense(self) -> DenseGlmm:
        """The model as the oracle wants it."""
        made = self.design
        return DenseGlmm(
            y=made.y,
            X=made.X,
            blocks=tuple((term.codes, term.Z) for term in made.random),
            family=made.spec.family,
            link=made.spec.link,
            weights=made.weights,
            trials=made.trials,
            offset=made.offset,
            nb_theta=NB_THETA,
        )

    def oracle(self) -> float:
        """What the oracle says the criterion is."""
        return criterion(self.dense, self.theta, self.beta, self.problem.nagq)

    def fresh(self) -> GeneralizedModel:
        """The same likelihood, which has not been anywhere yet."""
        return GeneralizedModel.of(self.design)


def place_at(problem: GeneralizedModel, raw: tuple[Array, ...], beta: Array) -> Place:
    """A place from factors that need not be triangles, and beta, in the user's columns."""
    factors = [basis.R @ L for basis, L in zip(problem.basis.terms, raw, strict=True)]
    return Place(factors, problem.free_of(beta, NB_THETA if problem.free.estimates_nb_theta else None))


def eta_of(family: str, link: str) -> tuple[float, float]:
    """Center and spread of eta."""
    return PROBABILITY.get(link, ETA[link]) if family == "binomial" else ETA[link]


def glmm_table(family: str, link: str, *, seed: int = 1, n: int = N) -> Table:
    """A table with a column for every purpose."""
    rng = np.random.default_rng(seed)
    row = np.arange(n)
    codes = {"g": rng.permutation(row % 9), "h": rng.integers(0, 4, n), "a": row // 4, "b": row // 24}
    x, z = rng.normal(size=n), rng.normal(size=n)
    center, spread = eta_of(family, link)
    noise = sum(rng.normal(size=9)[codes[name]] for name in ("g", "h", "b"))
    mu = INVERSE[link](center + spread * np.clip(x + noise, -4.0, 4.0))
    size = rng.integers(1, 7, n)
    hits = rng.binomial(size, np.clip(mu, 0.0, 1.0))
    y = DRAW[family](rng, mu)
    if family == "gaussian" and link in ("logit", "probit", "cauchit", "cloglog"):
        y = np.clip(y, 0.02, 0.98)  # glmer starts at mu = y
    return table(
        numeric("y", y),
        numeric("hits", hits),
        numeric("misses", size - hits),
        numeric("share", hits / size),
        numeric("size", size),
        numeric("x", x),
        numeric("z", z),
        numeric("x_twice", 2.0 * x - 3.0),
        numeric("year", 2000.0 + row % 7),
        numeric("w", rng.uniform(0.5, 2.0, n)),
        numeric("o", 0.2 * spread * rng.normal(size=n)),
        *(factor(name, [f"{name}{code:02d}" for code in values]) for name, values in codes.items()),
        factor("row", [f"{code:03d}" for code in row]),
        factor("t", [("low", "mid", "high")[code] for code in rng.integers(0, 3, n)]),
    )


DRAW: dict[str, Callable[[np.random.Generator, Array], Array]] = {
    "binomial": lambda rng, mu: rng.binomial(1, np.clip(mu, 0.0, 1.0)).astype(float),
    "poisson": lambda rng, mu: rng.poisson(mu).astype(float),
    "Gamma": lambda rng, mu: rng.gamma(4.0, mu / 4.0),
    "inverse.gaussian": lambda rng, mu: rng.wald(mu, 8.0 * mu),
    "gaussian": lambda rng, mu: mu * (1.0 + 0.1 * rng.normal(size=len(mu))),
    "negative.binomial": lambda rng, mu: rng.negative_binomial(6.0, 6.0 / (6.0 + mu)).astype(float),
}


def pair_case(family: str, link: str, nagq: int, predictors: str | None = None) -> Glmm:
    """One family and link, on a model that has all terms which `nagq` allows."""
    default = "x + (1 | g)" if nagq > 1 else "x + (x | g) + (1 | h)"
    data = glmm_table(family, link)
    return glmm_of(data, f"y ~ {predictors or default}", family=family, link=link, nagq=nagq)


def shape_case(name: str, nagq: int = 1) -> Glmm:
    """A design of `SHAPES`."""
    predictors, family, link, options = SHAPES[name]
    response = "y"
    if name in OF_TRIALS:
        response = "cbind(hits, misses)"
    elif name == "proportions":
        response = "share"
    data = glmm_table(family, link)
    return glmm_of(data, f"{response} ~ {predictors}", family=family, link=link, nagq=nagq, **options)


def glmm_of(
    data: Table, formula: str, *, family: str, link: str | None = None, nagq: int = 1, **options: str
) -> Glmm:
    """A case of any table and formula: random factors, beta near the joint mode without random effects."""
    link = link or default_link(family)
    made = design(data, formula, family=family, link=link, nagq=nagq, reml=False, **options)
    problem = GeneralizedModel.of(made)
    _, spread = eta_of(family, link)
    rng = np.random.default_rng(7)
    raw = []
    for term in made.random:
        size = np.sqrt(np.mean(term.Z**2, axis=0))
        L = np.tril(0.3 * rng.normal(size=(len(size),) * 2)) + 0.5 * np.eye(len(size))
        raw.append(spread * L / size[:, None])
    fitted = problem.joint_mode([np.zeros((k, k)) for k in problem.widths])
    moved = fitted.beta + 0.3 * spread * rng.normal(size=problem.p) / 3.0
    return Glmm(design=made, problem=problem, raw=tuple(raw), beta=problem.basis.inverse @ moved)


def golden_glmm_design(case_id: str) -> Design:
    """A golden case through our own reader and formula layer."""
    golden = golden_case(case_id)
    assert golden.family is not None
    return design(
        read_table(golden.csv, Reading(factors=dict.fromkeys(golden.factors))),
        golden.formula,
        family=golden.family,
        link=golden.link or default_link(golden.family),
        nagq=golden.nagq,
        weights=golden.weights,
        offset=golden.offset,
        reml=False,
    )
