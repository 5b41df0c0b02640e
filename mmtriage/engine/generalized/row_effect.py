"""What a generalized model gains by an effect of every row, at the price of one descent.

The effect adds normal scatter on the link scale beyond what the family allows. The descent starts where the
model without it has its optimum. Where it ends is not certified, since only the gain is wanted: a descent
that ended too early would make it too small.
"""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np

from mmtriage.engine.generalized.model import GeneralizedModel
from mmtriage.engine.optimum.faces import Place, open_face
from mmtriage.engine.optimum.protocol import cones
from mmtriage.engine.optimum.settling import minimize_on
from mmtriage.formula import parse_formula
from mmtriage.model.design import Design
from mmtriage.model.family_names import LAPLACE
from mmtriage.model.ranef import RandomTerm
from mmtriage.model.values import read_only

_BAR = parse_formula("y ~ (1 | row)").random[0]  # stands for a column of row numbers


@dataclass(frozen=True, slots=True, kw_only=True)
class RowEffect:
    """The same model with an effect of every row."""

    gain: float  # deviance units
    sd: float  # of the effect, on the link scale
    se_ratio: float  # by how much the standard error of a fixed effect grows, where it grows most


def row_effect(model: GeneralizedModel, at: Place, *, sd: float) -> RowEffect:
    """Give every row an effect and descend from `at`, with `sd` as its first guess.

    Where the model is by quadrature, which takes a single effect per group, both fits are by Laplace.

    Raises LinAlgError where the criterion has no value.
    """
    if model.nagq > LAPLACE:
        spec = replace(model.design.spec, nagq=LAPLACE)
        model = GeneralizedModel.of(replace(model.design, spec=spec), model.deadline)
        at = _descended(model, at)
    wider = GeneralizedModel.of(_with_row_effect(model.design), model.deadline)
    end = _descended(wider, Place([np.array([[sd]]), *at.factors], at.free))
    before, after = model.describe(at), wider.describe(end)
    return RowEffect(
        gain=max(0.0, before.criterion - after.criterion),
        sd=float(np.sqrt(after.covariances[0][0, 0])),
        se_ratio=float(np.max(after.se / before.se, initial=1.0)),
    )


def _with_row_effect(design: Design) -> Design:
    """The design with a term of a level for each row, which comes first as lme4 would have it."""
    n = len(design.y)
    term = RandomTerm(
        group=_BAR.group_name,
        levels=tuple(map(str, range(1, n + 1))),
        codes=read_only(np.arange(n)),
        columns=("(Intercept)",),
        Z=read_only(np.ones((n, 1))),
        correlated=True,
        bar=_BAR,
        assign=(0,),
        factors={},
    )
    return replace(design, random=(term, *design.random))


def _descended(model: GeneralizedModel, at: Place) -> Place:
    """Where a descent from a place ends, no covariance set to zero."""
    face, x = open_face(at.factors, cones(model), at.free)
    return face.place(minimize_on(model, face, x).x)
