"""What lme4 says of a model that it refuses before it fits anything: its checks in its order, in its words.

These are `check.nlev.gtr.1`, `check.nobs.vs.nlev`, `check.nobs.vs.nRE` and, of `glmer`, the constant response
(lme4 1.1-31, R/modular.R and R/utilities.R). `glmer` allows as many levels, or effects, as there are rows.
"""

from __future__ import annotations

import numpy as np

from mmtriage.errors import FormulaError
from mmtriage.formula import parse_expression
from mmtriage.formula.bars import Bar
from mmtriage.formula.nodes import Binary, Call, Node, without_parens
from mmtriage.formula.structured import UNSTRUCTURED
from mmtriage.formula.text import to_text
from mmtriage.model.design import Design
from mmtriage.model.ranef import RandomTerm

ONE_LEVEL = "grouping factors must have > 1 sampled level"
CONSTANT = "Response is constant"


def lme4_refusal(design: Design) -> str | None:
    """lme4's error, or None where it would go on to fit the model."""
    if any(len(term.levels) < 2 for term in design.random):
        return ONE_LEVEL
    crowded = [term.group for term in design.random if _exceeds(design, len(term.levels))]
    if crowded:
        most = "<" if design.spec.is_linear else "<="
        problems = ", ".join(dict.fromkeys(crowded))
        return (
            f"number of levels of each grouping factor must be {most} number of observations "
            f"(problems: {problems})"
        )
    for term in design.random if is_counting_effects(design) else ():
        if _exceeds(design, len(term.levels) * len(term.columns)):
            return _too_many_effects(design, term)
    return CONSTANT if not design.spec.is_linear and np.ptp(design.y) == 0 else None


def is_counting_effects(design: Design) -> bool:
    """Whether random effects are counted at all: where a covariance is structured lme4 2.x counts none."""
    return all(t.bar.structure == UNSTRUCTURED and t.bar.block is None for t in design.random)


def _exceeds(design: Design, count: int) -> bool:
    """Whether lme4 finds this many levels, or random effects, too many for the rows."""
    n = len(design.y)
    return count >= n if design.spec.is_linear else count > n


def _too_many_effects(design: Design, term: RandomTerm) -> str:
    comparison = "<=" if design.spec.is_linear else "<"
    beside = " and the residual variance (or scale parameter)" if design.spec.is_linear else ""
    return (
        f"number of observations (={len(design.y)}) {comparison} number of random effects "
        f"(={len(term.levels) * len(term.columns)}) for term ({_written(term.bar)}); the random-effects "
        f"parameters{beside} are probably unidentifiable"
    )


def _written(bar: Bar) -> str:
    """The term as R writes it again: `Days * x | Subject`, and each piece of a `||` by itself."""
    effects = bar.to_text()[1:-1].rpartition(" | ")[0]
    if not bar.uncorrelated:
        effects = _left_side(bar.text) or effects
    return f"{effects} | {bar.group_name}"


def _left_side(text: str) -> str | None:
    """What the user wrote before the bar."""
    try:
        node: Node = without_parens(parse_expression(text))
    except FormulaError:
        return None
    if isinstance(node, Call) and node.arguments:
        node = node.arguments[0].value
    return to_text(node.left) if isinstance(node, Binary) and node.operator in ("|", "||") else None
