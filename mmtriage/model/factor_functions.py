"""Functions that make factors, or look at one: levels and their order, intervals, contrasts, texts."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace

import numpy as np

from mmtriage.errors import did_you_mean
from mmtriage.formula.nodes import Name, String, without_parens
from mmtriage.formula.text import to_text
from mmtriage.model.arguments import Arguments
from mmtriage.model.contrasts import CONTRASTS
from mmtriage.model.intervals import cut_points, interval_labels, interval_of
from mmtriage.model.literals import Constant
from mmtriage.model.values import Value, as_text, cross_factors, drop_unused, label, merge_labels

MAX_INTERVALS = 1000


def _factor(arguments: Arguments) -> Value:
    """R's `factor(x, levels, labels, exclude, ordered)`."""
    factor = arguments.factor("x")
    levels = arguments.constants("levels")
    if levels is None:
        factor = drop_unused(factor)
    else:
        factor = _with_levels(arguments, factor, [label(level) for level in levels])
    excluded = arguments.constants("exclude")
    if excluded is not None:
        gone = {label(level) for level in excluded}
        kept = [level for level in factor.levels if level not in gone]
        factor = _with_levels(arguments, factor, kept)
    factor = replace(_labeled(arguments, factor), is_text=False)
    return replace(factor, is_ordered=arguments.flag("ordered", factor.is_ordered))


def _ordered(arguments: Arguments) -> Value:
    return replace(_factor(arguments), is_ordered=True)


def _labeled(arguments: Arguments, factor: Value) -> Value:
    """The factor with the names of `labels`; levels of the same name become one, as in R."""
    labels = arguments.constants("labels")
    if labels is None:
        return factor
    names = [label(value) for value in labels]
    if len(names) == 1 and len(factor.levels) != 1:
        names = [f"{names[0]}{i}" for i in range(1, len(factor.levels) + 1)]
    if len(names) != len(factor.levels):
        raise arguments.error(
            f"{len(names)} labels for {len(factor.levels)} levels",
            arguments.nodes["labels"],
            "Give one each.",
        )
    return merge_labels(replace(factor, levels=tuple(names)))


def _with_levels(arguments: Arguments, factor: Value, levels: list[str]) -> Value:
    """The factor with these levels in this order; what is not among them is missing."""
    if len(set(levels)) < len(levels):
        raise arguments.error("`levels` repeats a name", arguments.nodes["levels"], "Name each one once.")
    place = {level: i for i, level in enumerate(levels)}
    translate = np.array([place.get(level, -1) for level in factor.levels] + [-1], dtype=np.int64)
    return replace(factor, data=translate[factor.data], levels=tuple(levels))


def _relevel(arguments: Arguments) -> Value:
    """R's `relevel(f, ref)`: that level first."""
    factor = _unordered_factor(arguments)
    node = arguments.nodes["ref"]
    wanted = arguments.evaluator.constants(node)
    if len(wanted) != 1:
        raise arguments.error("'ref' must be of length one", node, 'Name one level: `ref = "b"`.')
    place = _level_place(factor, wanted[0])
    if place is None:
        raise arguments.error(
            f"'ref' must be an existing level: `{to_text(arguments.nodes['x'])}` has no {to_text(node)}",
            node,
            did_you_mean(label(wanted[0]), factor.levels) or _listed(factor),
        )
    order = [place, *(i for i in range(len(factor.levels)) if i != place)]
    return replace(
        factor,
        data=np.append(np.argsort(order), -1)[factor.data],
        levels=tuple(factor.levels[i] for i in order),
    )


def _unordered_factor(arguments: Arguments) -> Value:
    value, node = arguments.value("x"), arguments.nodes["x"]
    if value.kind != "factor" or value.is_ordered:
        raise arguments.error(
            "'relevel' only for (unordered) factors",
            node,
            f"Make it one: `relevel(factor({to_text(node)}), ...)`."
            if value.kind != "factor"
            else "An ordered factor has no reference level; list its levels: `factor(x, levels = c(...))`.",
        )
    return value


def _level_place(factor: Value, wanted: Constant) -> int | None:
    """Where a level stands: by its name, or by its number."""
    if isinstance(wanted, str):
        return factor.levels.index(wanted) if wanted in factor.levels else None
    return int(wanted) - 1 if wanted in range(1, len(factor.levels) + 1) else None


def _cut(arguments: Arguments) -> Value:
    """R's `cut(x, breaks)`: intervals, closed on the right."""
    x = arguments.column("x")
    given = arguments.numbers("breaks")
    node = arguments.nodes["breaks"]
    if given is None or given.size == 0 or np.isnan(given).any():
        raise arguments.error("'breaks' must be numbers", node, "Write for example `c(0, 10, 20)`.")
    if given.size == 1 and not 2 <= given[0] <= MAX_INTERVALS:
        raise arguments.error(
            "invalid number of intervals", node, f"One number says how many: from 2 to {MAX_INTERVALS}."
        )
    breaks = cut_points(x, int(given[0])) if given.size == 1 else np.sort(given)
    if np.unique(breaks).size < breaks.size:
        raise arguments.error("'breaks' are not unique", node, "Name each one once.")
    right, closed = arguments.flag("right", True), arguments.flag("include.lowest", False)
    codes = interval_of(x, breaks, right=right, closed=closed)
    if "labels" in arguments.nodes and to_text(arguments.nodes["labels"]) in ("FALSE", "F"):
        return Value(kind="numeric", data=np.where(codes < 0, np.nan, codes + 1.0))
    digits = arguments.whole_number("dig.lab", 3, 1, 22) or 3
    return Value(
        kind="factor",
        data=codes,
        levels=_interval_names(arguments, interval_labels(breaks, digits, right=right, closed=closed)),
        is_ordered=arguments.flag("ordered_result", False),
    )


def _interval_names(arguments: Arguments, own: tuple[str, ...]) -> tuple[str, ...]:
    """The names of `labels`, which R calls by its own names if there are none."""
    labels = None
    if "labels" in arguments.nodes and to_text(arguments.nodes["labels"]) != "NULL":
        labels = arguments.constants("labels")
    if labels is None:
        return own
    if len(labels) != len(own):
        raise arguments.error(
            "number of intervals and length of 'labels' differ",
            arguments.nodes["labels"],
            f"There are {len(own)} intervals and {len(labels)} labels.",
        )
    return tuple(map(label, labels))


def _as_factor(arguments: Arguments) -> Value:
    return replace(arguments.factor("x"), is_text=False)


def _as_ordered(arguments: Arguments) -> Value:
    return replace(_as_factor(arguments), is_ordered=True)


def _droplevels(arguments: Arguments) -> Value:
    value = arguments.value("x")
    if value.kind != "factor":
        raise arguments.error(
            f"`{to_text(arguments.nodes['x'])}` has no levels",
            arguments.nodes["x"],
            "Leave `droplevels` out.",
        )
    return drop_unused(value)


def _as_character(arguments: Arguments) -> Value:
    arguments.factor("x")
    return as_text(arguments.value("x"))


def _levels(arguments: Arguments) -> Value:
    raise arguments.error(
        "`levels()` cannot stand here", arguments.call, "It lists levels, as in `factor(f, rev(levels(f)))`."
    )


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
    is_matrix = isinstance(node, Name) and name == "contr.treatment"
    return replace(factor, contrast="numbered treatment" if is_matrix else contrast)


def _dummy(arguments: Arguments) -> Value:
    """lme4's `dummy`: 0/1 columns for some levels of a factor; by default all but the first."""
    factor = arguments.factor("f")
    wanted = arguments.constants("levelsToKeep")
    levels = factor.levels[1:] if wanted is None else tuple(label(level) for level in wanted)
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
    single = len(levels) == 1
    return Value(kind="numeric", data=data[:, 0] if single else data, suffixes=() if single else levels)


def _listed(factor: Value) -> str:
    return f"Its levels are {', '.join(factor.levels[:12])}."


def _interaction(arguments: Arguments) -> Value:
    """R's `interaction(a, b, sep, lex.order)`, but only with the combinations that occur."""
    names = [name for name in arguments.nodes if name.isdigit()]
    lexical = arguments.flag("lex.order", False)
    return cross_factors(
        [arguments.factor(name) for name in names],
        arguments.text("sep", "."),
        fastest="last" if lexical else "first",
    )


FACTOR_FUNCTIONS: dict[str, Callable[[Arguments], Value]] = {
    "factor": _factor,
    "ordered": _ordered,
    "relevel": _relevel,
    "cut": _cut,
    "as.factor": _as_factor,
    "as.ordered": _as_ordered,
    "as.character": _as_character,
    "droplevels": _droplevels,
    "levels": _levels,
    "C": _with_contrast,
    "dummy": _dummy,
    "interaction": _interaction,
}
