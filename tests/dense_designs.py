"""Design matrices of the golden cases, built from R's own coefficient names instead of from the formula.

So the oracle owes nothing to the formula layer that it is there to test: a column called "recipeB:temp" is
the product of the indicator of level B of `recipe` and the column `temp`.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import cache

import numpy as np
import pandas as pd

from mmtriage.arrays import Array
from tests.golden_cases import GoldenCase, golden_case
from tests.oracle import Block, dense_objective


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class DenseDesign:
    """What the oracle needs of a golden case."""

    case: GoldenCase
    y: Array  # (n,)
    X: Array  # (n, p)
    groups: tuple[str, ...]  # grouping factor of each block, in lme4's order
    columns: tuple[tuple[str, ...], ...]  # column names of each block
    blocks: tuple[Block, ...]

    @property
    def sizes(self) -> tuple[int, ...]:
        return tuple(Z.shape[1] for _, Z in self.blocks)

    def objective(self) -> Callable[[Array], float]:
        return dense_objective(self.y, self.X, self.blocks, reml=self.case.reml)


@cache
def dense_design(case_id: str) -> DenseDesign:
    case = golden_case(case_id)
    frame = pd.read_csv(case.csv, keep_default_na=False, na_values=["NA", ""])
    for factor in case.factors:
        frame[factor] = frame[factor].astype(str)
    default = case.expected["default"]
    # R numbers a repeated grouping factor of VarCorr: Subject, Subject.1
    groups = tuple(name if _is_group(name, frame) else name.rsplit(".", 1)[0] for name in default["varcorr"])
    columns = tuple(tuple(term["stddev"]) for term in default["varcorr"].values())
    return DenseDesign(
        case=case,
        y=_response(case.formula, frame),
        X=_matrix(list(default["fixef"]), frame),
        groups=groups,
        columns=columns,
        blocks=tuple(
            (_codes(group, frame), _matrix(names, frame))
            for group, names in zip(groups, columns, strict=True)
        ),
    )


def _is_group(name: str, frame: pd.DataFrame) -> bool:
    return all(part in frame.columns for part in name.split(":"))


def _codes(group: str, frame: pd.DataFrame) -> np.ndarray:
    labels = frame[group.split(":")].astype(str).agg(":".join, axis=1)
    return np.unique(labels, return_inverse=True)[1].astype(np.int64)


def _response(formula: str, frame: pd.DataFrame) -> Array:
    name = formula.split("~")[0].strip()
    if name == "log(total.fruits + 1)":
        return np.log(frame["total.fruits"].to_numpy(dtype=float) + 1.0)
    return frame[name].to_numpy(dtype=float)


def _matrix(names: Sequence[str], frame: pd.DataFrame) -> Array:
    return np.column_stack([_column(name, frame) for name in names])


def _column(name: str, frame: pd.DataFrame) -> Array:
    """One column of a model matrix by its R name."""
    if name.startswith("poly("):
        return _orthogonal_polynomial(frame["Days"].to_numpy(dtype=float), degree=int(name[-1]))
    column = np.ones(len(frame))
    for part in name.split(":"):
        column *= _factor(part, frame)
    return column


def _factor(part: str, frame: pd.DataFrame) -> Array:
    """An intercept, a numeric variable, or a factor's name followed by a level."""
    if part == "(Intercept)":
        return np.ones(len(frame))
    if part in frame.columns:
        return frame[part].to_numpy(dtype=float)
    variable = next(name for name in frame.columns if part.startswith(name))
    is_level: Array = (frame[variable].astype(str) == part[len(variable) :]).to_numpy().astype(float)
    return is_level


def _orthogonal_polynomial(x: Array, *, degree: int) -> Array:
    """Column `degree` of R's poly(x, 2): orthonormal, of positive leading coefficient."""
    Q, R = np.linalg.qr(np.vander(x - x.mean(), 3, increasing=True))
    return np.asarray(Q[:, degree] * np.sign(R[degree, degree]))
