"""Designs of every shape on one random table: what the fast engine is compared on with the dense oracle.

The table's factors: `g`, `h`, `s` cross at random; `a` sits in `b`, `b` in `c`; levels of `ring` meet two of
`g` each, so that eliminating `g` couples them all; `obs` has two rows a level and couples the levels of
`chain` to clusters of many sizes.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cache
from itertools import pairwise

import numpy as np

from mmtriage.arrays import Array
from mmtriage.data.read_table import read_table
from mmtriage.data.reading import Reading
from mmtriage.data.table import Table
from mmtriage.engine.linear.model import LinearModel
from mmtriage.model.design import Design
from tests.golden_cases import golden_case
from tests.model.tables import design, factor, numeric, table
from tests.oracle import Block, DenseFit, dense_fit, relative_covariance

N = 120
# name -> formula and options
ZOO: dict[str, tuple[str, dict[str, str]]] = {
    "intercepts": ("y ~ 0 + (1 | g)", {}),
    "slope": ("y ~ x1 + (1 + x2 | g)", {}),
    "five fixed effects": ("y ~ x1 + x2 + x3 + x4 + (1 | g)", {}),
    "two nested": ("y ~ x1 + (1 + x1 | b/a)", {}),
    "three nested": ("y ~ x1 + (1 + x2 | a) + (1 | b) + (1 | c)", {}),
    "crossed": ("y ~ x1 + (1 | g) + (1 + x2 | h) + (1 | s)", {}),
    "partly crossed": ("y ~ 1 + (1 | g) + (1 | ring)", {}),
    "chains of many lengths": ("y ~ x1 + (1 | obs) + (1 | chain) + (1 | s)", {}),
    "nested and crossed": ("y ~ x1 + (1 | b/a) + (0 + x1 | h)", {}),
    "wide blocks": ("y ~ x1 + (1 + x1 + x2 + x3 | b) + (1 + x1 | g)", {}),
    "factor slopes": ("y ~ t + (t | g) + (0 + t | b)", {}),
    "double bar": ("y ~ x1 + (1 + x1 + x2 || g) + (1 | h)", {}),
    "same group twice": ("y ~ x1 + (1 + x1 | a) + (0 + x2 | a) + (1 | h)", {}),
    "deficient columns": ("y ~ x1 + (1 + x1 + x1_twice | g)", {}),
    "a column of zeros": ("y ~ x1 + (1 + x1 + nought | g) + (1 | h)", {}),
    "far origin": ("y ~ year + (1 + year | g) + (1 | h)", {}),
    "weights": ("y ~ x1 + (1 + x2 | g) + (1 | h)", {"weights": "w"}),
    "offset": ("y ~ x1 + (1 + x2 | g)", {"offset": "o"}),
    "everything": ("y ~ year + t + (1 + x2 | b/a) + (1 | ring)", {"weights": "w", "offset": "o"}),
}


@dataclass(frozen=True, slots=True, eq=False)
class Case:
    """A design, its likelihood, and a point to evaluate it at."""

    design: Design
    problem: LinearModel
    raw: tuple[Array, ...]  # random lower-triangular factors, the user's columns

    @property
    def factors(self) -> list[Array]:
        """The same in the problem's coordinates."""
        return self.problem.basis.relative_factor(list(self.raw))

    @property
    def blocks(self) -> list[Block]:
        return [(term.codes, term.Z) for term in self.design.random]

    def dense(self, raw: Sequence[Array] | None = None) -> DenseFit:
        """What the oracle says, at `raw` if given."""
        return dense_fit(
            self.design.y,
            self.design.X,
            self.blocks,
            [L @ L.T for L in (self.raw if raw is None else raw)],
            reml=self.problem.reml,
            weights=self.design.weights,
            offset=self.design.offset,
        )


@cache
def random_table(seed: int = 1, n: int = N) -> Table:
    """A table with a column for every purpose; its response holds effects of g, h and b."""
    rng = np.random.default_rng(seed)
    row = np.arange(n)
    g, h = rng.integers(0, 18, n), rng.integers(0, 11, n)
    x = {f"x{i}": rng.normal(size=n) + i for i in range(1, 5)}
    t = np.array(["low", "mid", "high"])[rng.integers(0, 3, n)]
    effects = [rng.normal(size=18)[g], rng.normal(size=11)[h], rng.normal(size=n)[row // 20]]
    y = 3.0 + x["x1"] + sum(effects) + rng.normal(size=n)
    return table(
        numeric("y", y),
        *(numeric(name, values) for name, values in x.items()),
        numeric("x1_twice", 2.0 * x["x1"] - 3.0),
        numeric("nought", np.zeros(n)),
        numeric("year", 2000.0 + row % 7),
        numeric("w", rng.uniform(0.5, 2.0, n)),
        numeric("o", rng.normal(size=n)),
        *(
            factor(name, [f"{code:03d}" for code in codes])
            for name, codes in {
                "g": g,
                "h": h,
                "s": rng.integers(0, 4, n),
                "a": row // 4,
                "b": row // 20,
                "c": row // 60,
                "ring": (g + rng.integers(0, 2, n)) % 18,
                "obs": row // 2,
                "chain": _chains((1, 2, 3, 4, 5, 9, 12), n),
            }.items()
        ),
        factor("t", list(t)),
    )


def _chains(sizes: Sequence[int], n: int) -> Array:
    """Index (n,) whose rows 2i and 2i + 1 hold neighbors in a chain of one of the `sizes`."""
    starts = np.cumsum([0, *sizes])
    pairs = [
        (start + j, start + min(j + 1, size - 1))
        for start, size in zip(starts[:-1], sizes, strict=True)
        for j in range(max(size - 1, 1))
    ]
    return np.resize(np.array(pairs).ravel(), n)


def zoo_case(name: str, *, reml: bool = True, seed: int = 7) -> Case:
    """A design of the zoo; not cached, since its symbolic analysis hangs on constants that tests change."""
    formula, options = ZOO[name]
    return case_of(random_table(), formula, reml=reml, seed=seed, **options)


def case_of(data: Table, formula: str, *, reml: bool = True, seed: int = 7, **options: str) -> Case:
    """A case of any table and formula."""
    made = design(data, formula, reml=reml, **options)
    rng = np.random.default_rng(seed)
    raw = []
    for term in made.random:
        size = np.sqrt(np.mean(term.Z**2, axis=0))
        L = np.tril(rng.normal(size=(len(size),) * 2)) / np.where(size > 0, size, 1.0)[:, None]
        raw.append(L)
    return Case(made, LinearModel.of(made), tuple(raw))


def entry_moves(factors: Sequence[Array]) -> list[tuple[int, int, int]]:
    """Term, row and column of every entry of the factors."""
    return [(t, i, j) for t, F in enumerate(factors) for i in range(len(F)) for j in range(F.shape[1])]


def high_order_slope(values: Sequence[float], step: float) -> float:
    """f' from f at -2, -1, 1 and 2 steps: fourth order."""
    far_below, below, above, far_above = values
    return (8.0 * (above - below) - (far_above - far_below)) / (12.0 * step)


@dataclass(frozen=True, slots=True, eq=False)
class DenseProblem:
    """P, V^-1 and the columns Q_t of a case, rows multiplied by the root of their weight."""

    y: Array  # (n,)
    P: Array  # (n, n)
    V_inverse: Array  # (n, n)
    Q: tuple[Array, ...]  # (n, levels k) model matrix of each term, orthonormal coordinates
    nu: int

    @property
    def r2(self) -> float:
        return float(self.y @ self.P @ self.y)

    def level_blocks(self, M: Array, term: int, k: int) -> Array:
        """`sum_j [Q'MQ]_jj` over the levels of a term, (k, k)."""
        whole = self.Q[term].T @ M @ self.Q[term]
        blocks = [whole[i:j, i:j] for i, j in pairwise(range(0, len(whole) + 1, k))]
        total: Array = np.sum(blocks, axis=0)
        return total


def dense_problem(case: Case, raw: Sequence[Array]) -> DenseProblem:
    """The matrices of the formulas in `lmm.py`, at `raw`."""
    made = case.design
    root = np.ones(len(made.y)) if made.weights is None else np.sqrt(made.weights)
    V = relative_covariance(case.blocks, [L @ L.T for L in raw], made.weights)
    V_inverse = np.asarray(np.linalg.inv(root[:, None] * V * root), dtype=np.float64)
    X = made.X * root[:, None]
    y = made.y if made.offset is None else made.y - made.offset
    XV = X.T @ V_inverse
    Q = []
    for term, basis in zip(made.random, case.problem.basis.terms, strict=True):
        rows = term.Z @ basis.inverse * root[:, None]
        k = rows.shape[1]
        wide = np.zeros((len(root), len(term.levels), k))
        wide[np.arange(len(root)), term.codes] = rows
        Q.append(wide.reshape(len(root), -1))
    P: Array = V_inverse - XV.T @ np.linalg.solve(XV @ X, XV)
    return DenseProblem(y * root, P, V_inverse, tuple(Q), case.problem.nu)


@cache
def golden_design(case_id: str) -> Case:
    """A golden case through our own reader and formula layer."""
    golden = golden_case(case_id)
    data = read_table(golden.csv, Reading(factors=dict.fromkeys(golden.factors)))
    return case_of(data, golden.formula, reml=golden.reml)


def two_optima_table() -> Table:
    """Six unbalanced groups: REML has a minimum of 83.4742 at zero and one of 83.5254 at 0.84."""
    groups = {
        "a": (-1.7, 1.39, -1.47, 1.55, 0.19, -0.43, -0.09, 0.31, 0.15, -1.54),
        "b": (1.23,),
        "c": (0.9, 1.23, 1.2, -0.26, -1.2, -2.03, -0.61, -0.83, -0.85, -0.46),
        "d": (-3.74,),
        "e": (-1.93, -0.56),
        "f": (0.38,),
    }
    labels = [label for label, values in groups.items() for _ in values]
    return table(numeric("y", [y for values in groups.values() for y in values]), factor("g", labels))
