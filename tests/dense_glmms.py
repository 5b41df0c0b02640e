"""The golden GLMMs as the dense oracle wants them, without our reader, formula layer or design matrices.

The columns come from R's own coefficient names (see `dense_designs`); the responses, the offsets and the one
transformed column are few enough to be written out.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import cache
from typing import Any

import numpy as np
import pandas as pd

from mmtriage.arrays import Array
from tests.dense_designs import _codes, _matrix
from tests.glmm_oracle import DenseGlmm
from tests.golden_cases import GoldenCase, golden_case

LINKS = {"binomial": "logit", "Gamma": "inverse", "inverse.gaussian": "1/mu^2", "gaussian": "identity"}


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class GoldenGlmm:
    """A golden case, and its model with the NB theta of lme4's best fit."""

    case: GoldenCase
    model: DenseGlmm

    @property
    def best(self) -> dict[str, Any]:
        best: dict[str, Any] = self.case.expected["best"]
        return best

    @property
    def theta(self) -> Array:
        return np.array(list(self.best["theta"].values()))

    @property
    def beta(self) -> Array:
        return np.array(list(self.best["fixef"].values()))


@cache
def golden_glmm(case_id: str) -> GoldenGlmm:
    case = golden_case(case_id)
    frame = pd.read_csv(case.csv, keep_default_na=False, na_values=["NA", ""])
    for factor in case.factors:
        frame[factor] = frame[factor].astype(str)
    best = case.expected["best"]
    y, trials = _response(case.formula, frame)
    weights = trials if case.weights is None else frame[case.weights].to_numpy(dtype=float)
    family, nb_theta = case.family or "", best.get("nb_theta")
    if nb_theta == "Inf":
        family, nb_theta = "poisson", None
    if "I(age^2)" in best["fixef"]:
        frame["I(age^2)"] = frame["age"] ** 2
    blocks = tuple(
        (_codes(group, frame), _matrix(list(term["stddev"]), frame))
        for group, term in best["varcorr"].items()
    )
    model = DenseGlmm(
        y=y,
        X=_matrix(list(best["fixef"]), frame),
        blocks=blocks,
        family=family,
        link=case.link or LINKS.get(family, "log"),
        weights=weights,
        trials=trials,
        offset=_offset(case, frame),
        nb_theta=nb_theta,
    )
    return GoldenGlmm(case=case, model=model)


def _response(formula: str, frame: pd.DataFrame) -> tuple[Array, Array | None]:
    """The response (n,), a proportion if it is cbind(), and then the number of trials (n,)."""
    pairs = {
        "cbind(incidence, size - incidence)": ("incidence", "size"),
        "cbind(hits, misses)": ("hits", "hits", "misses"),
    }
    name = formula.split("~")[0].strip()
    if name in pairs:
        successes, *parts = pairs[name]
        trials = frame[parts].sum(axis=1).to_numpy(dtype=float)
        return frame[successes].to_numpy(dtype=float) / trials, trials
    column = frame[name]
    if column.dtype.kind in "bif":
        return column.to_numpy(dtype=float), None
    return (column != min(column)).to_numpy(dtype=float), None


def _offset(case: GoldenCase, frame: pd.DataFrame) -> Array | None:
    if "offset(log(days))" in case.formula:
        return np.asarray(np.log(frame["days"].to_numpy(dtype=float)))
    return None if case.offset is None else frame[case.offset].to_numpy(dtype=float)
