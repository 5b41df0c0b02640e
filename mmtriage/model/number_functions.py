"""Functions that make one number of each: powers and roots, rounding, parallel minima, standardizing."""

from __future__ import annotations

from collections.abc import Callable
from functools import reduce
from typing import Any

import numpy as np

from mmtriage.arrays import Array
from mmtriage.formula.nodes import Logical, without_parens
from mmtriage.model import bases
from mmtriage.model.arguments import Arguments
from mmtriage.model.values import Value

MOST_DIGITS = 15  # a double carries no more; R's round() leaves such numbers as they are
LARGEST_POWER = 308  # of ten, in a double


def numeric(data: Array) -> Value:
    """A variable of numbers."""
    return Value(kind="numeric", data=np.asarray(data, dtype=np.float64))


def _elementwise(function: Callable[[Any], Any]) -> Callable[[Arguments], Value]:
    def apply(arguments: Arguments) -> Value:
        (argument,) = arguments.nodes.values()
        return numeric(function(arguments.evaluator.numbers(argument)))

    return apply


def _special(name: str) -> Callable[[Any], Any]:
    """A function of `scipy.special`, which is slow to import and seldom asked for."""

    def apply(x: Any) -> Any:
        from scipy import special

        return getattr(special, name)(x)

    return apply


def _log(arguments: Arguments) -> Value:
    logarithm = np.log(arguments.evaluator.numbers(arguments.nodes["x"]))
    if "base" in arguments.nodes:
        logarithm = logarithm / np.log(arguments.evaluator.numbers(arguments.nodes["base"]))
    return numeric(logarithm)


def _round(arguments: Arguments) -> Value:
    digits = _digits(arguments, 0)
    return numeric(rounded(arguments.evaluator.numbers(arguments.nodes["x"]), digits))


def _signif(arguments: Arguments) -> Value:
    digits = max(_digits(arguments, 6), 1)
    x = np.asarray(arguments.evaluator.numbers(arguments.nodes["x"]))
    shown = [float(f"{value:.{digits - 1}e}") for value in np.atleast_1d(x).tolist()]
    return numeric(np.array(shown).reshape(x.shape))


def rounded(x: Array, digits: int) -> Array:
    """R's `round` since 4.0: the nearer of the two neighbors with so many digits; of two, the even one.

    Neighbors are floor and ceiling of `10^d x`, divided by `10^d`: nmath/fround.c.
    """
    if digits > LARGEST_POWER or digits == 0:
        return np.round(x) if digits == 0 else x
    size = np.abs(x)
    power = 10.0 ** abs(digits)
    tens = size * power if digits > 0 else size / power
    low, high = np.floor(tens), np.ceil(tens)
    below, above = (low / power, high / power) if digits > 0 else (low * power, high * power)
    down, up = size - below, above - size
    take_low = (down < up) | ((down == up) & (low % 2 == 0))
    nearest = np.copysign(np.where(take_low, below, above), x)
    exact = ~np.isfinite(x) | (digits > MOST_DIGITS - 1 - np.floor(np.log10(np.where(size > 0, size, 1.0))))
    return np.where(exact, x, nearest)


def _digits(arguments: Arguments, default: int) -> int:
    digits = arguments.whole_number("digits", default, -LARGEST_POWER, LARGEST_POWER)
    return default if digits is None else digits


def _is_na(arguments: Arguments) -> Value:
    arguments.factor("x")  # of one column
    return Value(kind="logical", data=arguments.value("x").is_missing.astype(np.float64))


def _parallel(keeps_missing: Any, skips_missing: Any) -> Callable[[Arguments], Value]:
    """R's `pmin(..., na.rm)` and `pmax`: numbers and columns, row by row."""

    def apply(arguments: Arguments) -> Value:
        operands = [arguments.evaluator.numbers(node) for node in arguments.values]
        return numeric(reduce(skips_missing if arguments.flag("na.rm", False) else keeps_missing, operands))

    return apply


def _scale(arguments: Arguments) -> Value:
    def option(name: str) -> float | None:
        node = arguments.nodes.get(name)
        if node is None:
            return np.nan
        if isinstance(without_parens(node), Logical) or _is_flag(node):
            return np.nan if arguments.flag(name, True) else None
        given = arguments.number(name)
        if np.isnan(given):
            raise arguments.error(f"`{name}` is missing", node, "Give a number, TRUE or FALSE.")
        return given

    value = arguments.value("x")
    if not value.is_matrix:
        return numeric(bases.standardize(arguments.column("x"), option("center"), option("scale")))
    columns = [bases.standardize(column, option("center"), option("scale")) for column in value.data.T]
    return Value(kind="numeric", data=np.column_stack(columns), suffixes=value.suffixes)


def _is_flag(node: Any) -> bool:
    return getattr(without_parens(node), "name", None) in ("T", "F")


ELEMENTWISE: dict[str, Callable[[Any], Any]] = {
    "log2": np.log2,
    "log10": np.log10,
    "log1p": np.log1p,
    "exp": np.exp,
    "expm1": np.expm1,
    "sqrt": np.sqrt,
    "abs": np.abs,
    "sign": np.sign,
    "floor": np.floor,
    "ceiling": np.ceil,
    "trunc": np.trunc,
    "sin": np.sin,
    "cos": np.cos,
    "tan": np.tan,
    "asin": np.arcsin,
    "acos": np.arccos,
    "atan": np.arctan,
    "sinh": np.sinh,
    "cosh": np.cosh,
    "tanh": np.tanh,
    "plogis": _special("expit"),
    "qlogis": _special("logit"),
    "pnorm": _special("ndtr"),
    "qnorm": _special("ndtri"),
}
NUMBER_FUNCTIONS: dict[str, Callable[[Arguments], Value]] = {
    **{name: _elementwise(function) for name, function in ELEMENTWISE.items()},
    "log": _log,
    "round": _round,
    "signif": _signif,
    "is.na": _is_na,
    "pmin": _parallel(np.minimum, np.fmin),
    "pmax": _parallel(np.maximum, np.fmax),
    "scale": _scale,
}
