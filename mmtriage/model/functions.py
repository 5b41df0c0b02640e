"""What the functions of the closed table compute: one small function each, on the full table.

The table of names and arguments is `mmtriage.formula.signatures.SIGNATURES`; FUNCTIONS has the same keys.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from typing import Any

import numpy as np

from mmtriage.arrays import Array
from mmtriage.errors import did_you_mean
from mmtriage.formula.nodes import Logical, Name, Node, String, without_parens
from mmtriage.formula.text import format_number, to_text
from mmtriage.model import bases
from mmtriage.model.arguments import Arguments
from mmtriage.model.contrasts import CONTRASTS
from mmtriage.model.literals import Constant, number
from mmtriage.model.values import Value, cross_factors, drop_unused

MAX_DEGREE = 50
MAX_SPLINE_COLUMNS = 500


def _numeric(data: Array) -> Value:
    return Value(kind="numeric", data=np.asarray(data, dtype=np.float64))


def _elementwise(function: Callable[[Any], Any]) -> Callable[[Arguments], Value]:
    def apply(arguments: Arguments) -> Value:
        return _numeric(function(arguments.evaluator.numbers(arguments.nodes["x"])))

    return apply


def _identity(arguments: Arguments) -> Value:
    return arguments.evaluator.evaluate(next(iter(arguments.nodes.values())))


def _log(arguments: Arguments) -> Value:
    logarithm = np.log(arguments.evaluator.numbers(arguments.nodes["x"]))
    if "base" in arguments.nodes:
        logarithm = logarithm / np.log(arguments.evaluator.numbers(arguments.nodes["base"]))
    return _numeric(logarithm)


def _is_na(arguments: Arguments) -> Value:
    return Value(kind="logical", data=arguments.value("x").is_missing.astype(np.float64))


def _scale(arguments: Arguments) -> Value:
    def option(name: str) -> float | None:
        node = arguments.nodes.get(name)
        if node is None:
            return np.nan
        if isinstance(without_parens(node), Logical | Name):
            return np.nan if arguments.flag(name, True) else None
        return number(node, arguments.evaluator.text)

    x = arguments.column("x")
    return _numeric(bases.standardize(x, option("center"), option("scale")))


def _poly(arguments: Arguments) -> Value:
    x = arguments.column("x")
    node = arguments.nodes["x"]
    if np.isnan(x).any():
        raise arguments.error(
            "missing values are not allowed in 'poly'",
            node,
            f"Drop the rows first, with a table that has none, or write the powers: `I({to_text(node)}^2)`.",
        )
    _check_finite(arguments, x, node)
    degree = arguments.whole_number("degree", 1, 1, MAX_DEGREE) or 1
    if arguments.flag("raw", False):
        basis: Array | None = x[:, None] ** np.arange(1, degree + 1)
    else:
        basis = bases.orthogonal_polynomials(x, degree)
    if basis is None:
        raise arguments.error(
            "'degree' must be less than number of unique points", arguments.call, "Lower the degree."
        )
    return _matrix(basis)


def _b_spline(arguments: Arguments) -> Value:
    degree = arguments.whole_number("degree", 3, 1, MAX_DEGREE) or 3
    intercept = arguments.flag("intercept", False)
    df = arguments.whole_number("df", None, 1, MAX_SPLINE_COLUMNS)
    lowest = degree + intercept
    if df is not None and df < lowest:
        raise arguments.error(f"`df` must be at least {lowest}", arguments.nodes["df"], "Raise it.")
    x, present, boundary, interior = _spline_knots(arguments, 0 if df is None else df - lowest)
    basis = bases.b_spline_basis(
        x[present], degree=degree, interior=interior, boundary=boundary, intercept=intercept
    )
    return _matrix(_spread(basis, present))


def _natural_spline(arguments: Arguments) -> Value:
    intercept = arguments.flag("intercept", False)
    df = arguments.whole_number("df", None, 1 + intercept, MAX_SPLINE_COLUMNS)
    x, present, boundary, interior = _spline_knots(arguments, 0 if df is None else df - 1 - intercept)
    basis = bases.natural_spline_basis(x[present], interior=interior, boundary=boundary, intercept=intercept)
    return _matrix(_spread(basis, present))


def _spline_knots(arguments: Arguments, count: int) -> tuple[Array, Array, tuple[float, float], Array]:
    """x, where it is present, the boundary knots and the interior knots (given, or `count` quantiles)."""
    x = arguments.column("x")
    present = ~np.isnan(x)
    node = arguments.nodes["x"]
    _check_finite(arguments, x[present], node)
    if not present.any() or np.ptp(x[present]) == 0:
        raise arguments.error(f"`{to_text(node)}` does not vary", node, "A spline needs distinct values.")
    low, high = float(x[present].min()), float(x[present].max())
    given = arguments.numbers("Boundary.knots")
    if given is not None:
        if given.size != 2 or given.min() > low or given.max() < high or given.min() == given.max():
            raise arguments.error(
                f"the boundary knots must be two numbers that enclose all of `{to_text(node)}`",
                arguments.nodes["Boundary.knots"],
                f"Its range is {format_number(low)} to {format_number(high)}.",
            )
        low, high = float(given.min()), float(given.max())
    knots = arguments.numbers("knots")
    if knots is None:
        return x, present, (low, high), bases.interior_knots(x[present], count)
    if knots.size > MAX_SPLINE_COLUMNS or np.any(knots <= low) or np.any(knots >= high):
        raise arguments.error(
            f"knots must lie between {format_number(low)} and {format_number(high)}",
            arguments.nodes["knots"],
            "Move them inside the boundary knots.",
        )
    return x, present, (low, high), np.sort(knots)


def _factor(arguments: Arguments) -> Value:
    factor = arguments.factor("x")
    levels, labels = arguments.constants("levels"), arguments.constants("labels")
    if levels is None:
        factor = drop_unused(factor)
    else:
        factor = _with_levels(arguments, factor, [_level_name(level) for level in levels])
    if labels is None:
        return factor
    if len(labels) != len(factor.levels):
        raise arguments.error(
            f"{len(labels)} labels for {len(factor.levels)} levels",
            arguments.nodes["labels"],
            "Give one each.",
        )
    names = [_level_name(label) for label in labels]
    _check_distinct(arguments, names, "labels")
    return replace(factor, levels=tuple(names))


def _with_levels(arguments: Arguments, factor: Value, levels: list[str]) -> Value:
    """The factor with these levels in this order; what is not among them is missing."""
    _check_distinct(arguments, levels, "levels")
    place = {level: i for i, level in enumerate(levels)}
    translate = np.array([place.get(level, -1) for level in factor.levels] + [-1], dtype=np.int64)
    return replace(factor, data=translate[factor.data], levels=tuple(levels))


def _as_factor(arguments: Arguments) -> Value:
    return arguments.factor("x")


def _as_numeric(arguments: Arguments) -> Value:
    value = arguments.value("x")
    if value.kind != "factor":
        return replace(value, kind="numeric")
    return _numeric(np.where(value.data < 0, np.nan, value.data + 1.0))


def _with_contrast(arguments: Arguments) -> Value:
    factor = arguments.factor("object")
    node = without_parens(arguments.nodes["contr"])
    name = node.name if isinstance(node, Name) else node.value if isinstance(node, String) else to_text(node)
    contrast = name.removeprefix("contr.")
    if contrast not in CONTRASTS:
        raise arguments.error(
            f"`{name}` is not a contrast",
            node,
            did_you_mean(name, [f"contr.{known}" for known in CONTRASTS])
            or f"The contrasts are {', '.join(f'contr.{known}' for known in CONTRASTS)}.",
        )
    return replace(factor, contrast=contrast)


def _dummy(arguments: Arguments) -> Value:
    """lme4's `dummy`: 0/1 columns for some levels of a factor; by default all but the first."""
    factor = arguments.factor("f")
    wanted = arguments.constants("levelsToKeep")
    levels = factor.levels[1:] if wanted is None else tuple(_level_name(level) for level in wanted)
    for level in levels:
        if level not in factor.levels:
            raise arguments.error(
                f'`{to_text(arguments.nodes["f"])}` has no level "{level}"',
                arguments.nodes["levelsToKeep"],
                did_you_mean(level, factor.levels) or f"Its levels are {', '.join(factor.levels[:12])}.",
            )
    if not levels:
        raise arguments.error(
            f"`{to_text(arguments.nodes['f'])}` has one level only", arguments.call, "Remove this term."
        )
    codes = factor.data[:, None]
    columns = np.array([factor.levels.index(level) for level in levels])
    data = np.where(codes < 0, np.nan, codes == columns)
    return _numeric(data[:, 0]) if len(levels) == 1 else Value(kind="numeric", data=data, suffixes=levels)


def _interaction(arguments: Arguments) -> Value:
    """R's `interaction`, but only with the combinations that occur."""
    factors = [arguments.factor(name) for name in arguments.nodes]
    return cross_factors(factors, ".", fastest="first")


def _cbind(arguments: Arguments) -> Value:
    columns = [arguments.column(name) for name in arguments.nodes]
    nodes = arguments.nodes.values()
    suffixes = tuple(node.name if isinstance(node, Name) else "" for node in nodes)
    return Value(kind="numeric", data=np.column_stack(columns), suffixes=suffixes)


def _combine(arguments: Arguments) -> Value:
    raise arguments.error(
        "`c()` cannot stand here", arguments.call, "It lists constants, as in `f %in% c('a', 'b')`."
    )


def _matrix(basis: Array) -> Value:
    return Value(kind="numeric", data=basis, suffixes=tuple(str(i + 1) for i in range(basis.shape[1])))


def _spread(basis: Array, present: Array) -> Array:
    """The basis with rows of NaN where x is missing."""
    full = np.full((present.size, basis.shape[1]), np.nan)
    full[present] = basis
    return full


def _level_name(level: Constant) -> str:
    if isinstance(level, bool):
        return "TRUE" if level else "FALSE"
    return level if isinstance(level, str) else format_number(level)


def _check_finite(arguments: Arguments, x: Array, node: Node) -> None:
    if not np.isfinite(x).all():
        raise arguments.error(
            f"`{to_text(node)}` has infinite values", node, "Leave those rows out of the table."
        )


def _check_distinct(arguments: Arguments, names: list[str], what: str) -> None:
    if len(set(names)) < len(names):
        raise arguments.error(f"`{what}` repeats a name", arguments.nodes[what], "Name each one once.")


FUNCTIONS: dict[str, Callable[[Arguments], Value]] = {
    "I": _identity,
    "log": _log,
    "log2": _elementwise(np.log2),
    "log10": _elementwise(np.log10),
    "log1p": _elementwise(np.log1p),
    "exp": _elementwise(np.exp),
    "sqrt": _elementwise(np.sqrt),
    "abs": _elementwise(np.abs),
    "sin": _elementwise(np.sin),
    "cos": _elementwise(np.cos),
    "tan": _elementwise(np.tan),
    "is.na": _is_na,
    "scale": _scale,
    "poly": _poly,
    "bs": _b_spline,
    "ns": _natural_spline,
    "factor": _factor,
    "as.factor": _as_factor,
    "as.numeric": _as_numeric,
    "C": _with_contrast,
    "dummy": _dummy,
    "offset": _identity,
    "interaction": _interaction,
    "cbind": _cbind,
    "c": _combine,
}
