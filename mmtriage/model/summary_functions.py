"""Functions of a whole column that give one number, `mean(x)`, or one for each group, `ave(x, g)`."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from itertools import pairwise
from typing import Any

import numpy as np

from mmtriage.arrays import Array
from mmtriage.errors import did_you_mean
from mmtriage.formula.nodes import Name, String, without_parens
from mmtriage.formula.text import to_text
from mmtriage.model.arguments import Arguments
from mmtriage.model.values import Value, cross_factors

QUARTILES = (0.0, 0.25, 0.5, 0.75, 1.0)  # R's default probabilities
Summary = Callable[[Array], float]


def _over(least: int, summary: Callable[..., Any], **options: Any) -> Summary:
    """The summary of at least so many numbers; of fewer it is missing."""
    return lambda x: float(summary(x, **options)) if x.size >= least else np.nan


SUMMARIES: dict[str, Summary] = {
    "mean": _over(1, np.mean),
    "median": _over(1, np.median),
    "sd": _over(2, np.std, ddof=1),
    "var": _over(2, np.var, ddof=1),
    "min": _over(1, np.min),
    "max": _over(1, np.max),
    "sum": _over(0, np.sum),
}


def of_column(name: str) -> Callable[[Arguments], Value]:
    """R's `mean(x, na.rm)` and its like: a constant."""

    def summarized(arguments: Arguments) -> Value:
        x = arguments.column("x")
        for option in ("trim", "y"):
            if option in arguments.nodes:
                raise arguments.error(
                    f"`{option}` is not known here", arguments.nodes[option], "Make the column in the table."
                )
        return _constant(_reduced(arguments, [x], SUMMARIES[name]))

    return summarized


def of_all(name: str) -> Callable[[Arguments], Value]:
    """R's `min(x, z, 0, na.rm)` and its like: a constant."""

    def summarized(arguments: Arguments) -> Value:
        parts = [np.atleast_1d(arguments.evaluator.numbers(node)) for node in arguments.values]
        return _constant(_reduced(arguments, parts, SUMMARIES[name]))

    return summarized


def quantiles(arguments: Arguments) -> Array:
    """R's `quantile(x, probs)`, type 7."""
    x = arguments.column("x")
    probabilities = arguments.numbers("probs")
    wanted = np.array(QUARTILES) if probabilities is None else probabilities
    if np.any((wanted < 0) | (wanted > 1) | np.isnan(wanted)):
        raise arguments.error("probabilities lie between 0 and 1", arguments.nodes["probs"], "Change them.")
    if np.isnan(x).any() and not arguments.flag("na.rm", False):
        raise arguments.error(
            "missing values and NaN's not allowed if 'na.rm' is FALSE",
            arguments.call,
            "Add `na.rm = TRUE`.",
        )
    return np.asarray(np.quantile(x[~np.isnan(x)], wanted))


def one_quantile(arguments: Arguments) -> Value:
    """A single quantile, as a constant; several are a list of values."""
    values = quantiles(arguments)
    if values.size != 1:
        raise arguments.error(
            f"`{to_text(arguments.call)}` is {values.size} numbers",
            arguments.call,
            "Ask for one: `quantile(x, 0.75)`.",
        )
    return _constant(float(values[0]))


def group_summary(arguments: Arguments) -> Value:
    """R's `ave(x, g, h, FUN = mean)`: the summary of the row's group, (n,)."""
    first, *others = arguments.values
    x = arguments.evaluator.numbers(first)
    if x.ndim == 0:
        raise arguments.error(f"`{to_text(first)}` is a constant, not a column", first, "Name a column.")
    summary = _chosen(arguments)
    if not others:
        return Value(kind="numeric", data=np.full(x.shape, summary(x)))
    names = [name for name in arguments.nodes if name.isdigit()][1:]
    groups = cross_factors([arguments.factor(name) for name in names], ".", fastest="first")
    return Value(kind="numeric", data=_spread(x, groups, summary))


def _spread(x: Array, groups: Value, summary: Summary) -> Array:
    """Each row's summary; rows without a group keep their own value, as in R."""
    result = x.copy()
    order = np.argsort(groups.data, kind="stable")
    starts = np.searchsorted(groups.data[order], np.arange(len(groups.levels) + 1))
    for start, stop in pairwise(starts):
        rows = order[start:stop]
        result[rows] = summary(x[rows])
    return result


def _chosen(arguments: Arguments) -> Summary:
    """What `FUN` names; the mean if it is not given."""
    if "FUN" not in arguments.nodes:
        return SUMMARIES["mean"]
    node = without_parens(arguments.nodes["FUN"])
    name = node.name if isinstance(node, Name) else node.value if isinstance(node, String) else to_text(node)
    if name not in SUMMARIES:
        raise arguments.error(
            f"`{name}` cannot be `FUN`",
            node,
            did_you_mean(name, SUMMARIES) or f"It is one of {', '.join(SUMMARIES)}.",
        )
    return SUMMARIES[name]


def _reduced(arguments: Arguments, parts: Sequence[Array], summary: Summary) -> float:
    """The summary of all the numbers; a missing one makes it missing, unless `na.rm`."""
    x = np.concatenate(parts)
    missing = np.isnan(x)
    if missing.any() and not arguments.flag("na.rm", False):
        return np.nan
    return summary(x[~missing])


def _constant(value: float) -> Value:
    return Value(kind="numeric", data=np.asarray(value))


SUMMARY_FUNCTIONS: dict[str, Callable[[Arguments], Value]] = {
    **{name: of_column(name) for name in ("mean", "median", "sd", "var")},
    **{name: of_all(name) for name in ("min", "max", "sum")},
    "quantile": one_quantile,
    "ave": group_summary,
}
