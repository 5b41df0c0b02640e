"""Variance inflation factors of the fixed effects, with the powers of a variable apart or not.

The factor of a column is by how much the others multiply the variance of its coefficient: 1 over the share
of its own variance that they leave. A variable and its powers, far from zero, inflate each other by millions,
and nothing is wrong: `poly(x, 2)` is the same model without any of it. So where the question is whether
predictors carry the same information, each power counts by what it adds to the lower ones.
"""

from __future__ import annotations

import numpy as np
from scipy.linalg import solve_triangular

from mmtriage.arrays import Array
from mmtriage.formula.nodes import Binary, Call, Name, Node, Number, Paren, Unary, children, names_in
from mmtriage.model.design import Design
from mmtriage.model.tall import orthonormal_columns, triangular_factor

INTERCEPT = "(Intercept)"


def inflation_factors(design: Design, *, powers_apart: bool = False) -> dict[str, float]:
    """Variance inflation factor of each fixed-effects column but the intercept.

    Args:
        powers_apart: powers of one variable are made orthogonal to the lower ones first.
    """
    own = [j for j, name in enumerate(design.fixed_names) if name != INTERCEPT]
    names = [design.fixed_names[j] for j in own]
    X = design.X[:, own]
    centered = X - X.mean(axis=0) if len(own) < len(design.fixed_names) else X
    if len(names) < 2 or not np.all(np.any(centered, axis=0)):
        return {}
    if powers_apart:
        centered = _with_powers_apart(centered, _powers(design, own))
    lengths = np.linalg.norm(centered, axis=0)
    R = triangular_factor(centered / lengths)
    factors = np.sum(solve_triangular(R, np.eye(len(names))) ** 2, axis=1)
    return dict(zip(names, factors.tolist(), strict=True))


def worst_inflation(design: Design) -> float:
    """Largest variance inflation factor of the fixed effects, 1 where there is nothing to inflate."""
    return max(inflation_factors(design).values(), default=1.0)


def _with_powers_apart(X: Array, powers: list[list[int]]) -> Array:
    """X (n, p) with each list of columns made orthogonal, the first of them as it is."""
    apart = X.copy()
    for columns in powers:
        Q, R = orthonormal_columns(X[:, columns] / np.linalg.norm(X[:, columns], axis=0))
        apart[:, columns] = Q * np.diag(R)
    return apart


def _powers(design: Design, own: list[int]) -> list[list[int]]:
    """The columns, as places in `own`, that are powers of one variable, variable by variable."""
    found: dict[str, list[int]] = {}
    for place, j in enumerate(own):
        variables = design.formula.fixed[design.assign[j] - 1].variables
        name = power_of(variables[0]) if len(variables) == 1 else None
        column = design.variables.get(name or "")
        if name is not None and column is not None and column.kind == "numeric":
            found.setdefault(name, []).append(place)
    return [columns for columns in found.values() if len(columns) > 1]


def power_of(node: Node) -> str | None:
    """The column that an expression is a polynomial of, `x` of `I((x - 10)^2)` or `poly(x, 3)`, or None."""
    names = {name.name for name in names_in(node)}
    if len(names) != 1:
        return None
    if isinstance(node, Call) and node.name in ("poly", "scale"):
        is_power = isinstance(node.arguments[0].value, Name)
    elif isinstance(node, Call) and node.name == "I":
        is_power = _is_polynomial(node.arguments[0].value)
    else:
        is_power = isinstance(node, Name)
    return names.pop() if is_power else None


def _is_polynomial(node: Node) -> bool:
    """Whether a node is sums, products and whole powers of numbers and names."""
    if isinstance(node, Binary) and node.operator in ("^", "/"):
        return _is_polynomial(node.left) and isinstance(node.right, Number)
    is_sum = isinstance(node, Paren | Unary) or (
        isinstance(node, Binary) and node.operator in ("+", "-", "*")
    )
    return isinstance(node, Name | Number) or (is_sum and all(map(_is_polynomial, children(node))))
