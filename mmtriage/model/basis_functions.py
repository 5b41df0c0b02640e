"""Functions that make several columns: polynomials, splines, `cbind()`."""

from __future__ import annotations

import math
from collections.abc import Callable
from itertools import product

import numpy as np

from mmtriage.arrays import Array
from mmtriage.formula.nodes import Name, Node
from mmtriage.formula.signatures import no_such_argument
from mmtriage.formula.text import format_number, to_text
from mmtriage.model import bases
from mmtriage.model.arguments import Arguments
from mmtriage.model.literals import is_constant
from mmtriage.model.values import Value

MAX_DEGREE = 50
MAX_VARIABLES = 5  # of one polynomial: all exponents up to its degree are looked at
MAX_COLUMNS = 500  # of one polynomial in several variables, or of one spline


def _poly(arguments: Arguments) -> Value:
    """R's `poly(x, degree)`, and `poly(x, z, degree = 2)`: products of the powers of several variables."""
    variables = arguments.values
    if len(variables) > 1 and is_constant(variables[-1]):
        if len(variables) > 2 or "degree" in arguments.nodes:
            raise no_such_argument(arguments.call, variables[-1], arguments.evaluator.text)
        arguments.nodes["degree"] = arguments.nodes.pop("1")  # R takes a second number for the degree
        variables = variables[:1]
    degree = arguments.whole_number("degree", 1, 1, MAX_DEGREE) or 1
    count = math.comb(len(variables) + degree, degree) - 1
    if count > MAX_COLUMNS or len(variables) > MAX_VARIABLES:
        raise arguments.error(
            f"this makes {count} columns", arguments.call, "Lower the degree, or name the terms."
        )
    raw = arguments.flag("raw", False)
    parts = [_powers(arguments, f"{i}", degree, raw) for i in range(len(variables))]
    if len(parts) == 1:
        return _matrix(parts[0])
    exponents = [e[::-1] for e in product(range(degree + 1), repeat=len(parts)) if 0 < sum(e) <= degree]
    powers = [np.column_stack([np.ones(len(part)), part]) for part in parts]
    columns = [np.prod([p[:, k] for p, k in zip(powers, e, strict=True)], axis=0) for e in exponents]
    names = tuple(".".join(map(str, e)) for e in exponents)
    return Value(kind="numeric", data=np.column_stack(columns), suffixes=names)


def _powers(arguments: Arguments, name: str, degree: int, raw: bool) -> Array:
    """The polynomials of degree 1 to `degree` in one variable, (n, degree)."""
    x = arguments.column(name)
    node = arguments.nodes[name]
    if np.isnan(x).any():
        raise arguments.error(
            "missing values are not allowed in 'poly'",
            node,
            f"Drop the rows first, with a table that has none, or write the powers: `I({to_text(node)}^2)`.",
        )
    _check_finite(arguments, x, node)
    if raw:
        return np.asarray(x[:, None] ** np.arange(1, degree + 1))
    basis = bases.orthogonal_polynomials(x, degree)
    if basis is None:
        raise arguments.error(
            "'degree' must be less than number of unique points", arguments.call, "Lower the degree."
        )
    return basis


def _b_spline(arguments: Arguments) -> Value:
    degree = arguments.whole_number("degree", 3, 1, MAX_DEGREE) or 3
    intercept = arguments.flag("intercept", False)
    df = arguments.whole_number("df", None, 1, MAX_COLUMNS)
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
    df = arguments.whole_number("df", None, 1 + intercept, MAX_COLUMNS)
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
        encloses = given.size == 2 and given.min() <= low and given.max() >= high
        if not (encloses and np.isfinite(given).all() and given.min() < given.max()):
            raise arguments.error(
                f"the boundary knots must be two numbers that enclose all of `{to_text(node)}`",
                arguments.nodes["Boundary.knots"],
                f"Its range is {format_number(low)} to {format_number(high)}.",
            )
        low, high = float(given.min()), float(given.max())
    knots = arguments.numbers("knots")
    if knots is None:
        return x, present, (low, high), bases.interior_knots(x[present], count)
    if knots.size > MAX_COLUMNS or not np.all((knots > low) & (knots < high)):
        raise arguments.error(
            f"knots must lie between {format_number(low)} and {format_number(high)}",
            arguments.nodes["knots"],
            "Move them inside the boundary knots.",
        )
    return x, present, (low, high), np.sort(knots)


def _spread(basis: Array, present: Array) -> Array:
    """The basis with rows of NaN where x is missing."""
    full = np.full((present.size, basis.shape[1]), np.nan)
    full[present] = basis
    return full


def _check_finite(arguments: Arguments, x: Array, node: Node) -> None:
    if not np.isfinite(x).all():
        raise arguments.error(
            f"`{to_text(node)}` has infinite values", node, "Leave those rows out of the table."
        )


def _cbind(arguments: Arguments) -> Value:
    columns = [arguments.column(name) for name in arguments.nodes]
    suffixes = tuple(
        argument.name or (argument.value.name if isinstance(argument.value, Name) else "")
        for argument in arguments.call.arguments
    )
    return Value(kind="numeric", data=np.column_stack(columns), suffixes=suffixes)


def _matrix(basis: Array) -> Value:
    return Value(kind="numeric", data=basis, suffixes=tuple(str(i + 1) for i in range(basis.shape[1])))


BASIS_FUNCTIONS: dict[str, Callable[[Arguments], Value]] = {
    "poly": _poly,
    "bs": _b_spline,
    "ns": _natural_spline,
    "cbind": _cbind,
}
