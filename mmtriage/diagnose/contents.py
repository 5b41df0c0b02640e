"""Findings about what the table holds: a constant response, missing rows, numbers that serve as groups.

These are MM103, MM104 and MM105.
"""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np

from mmtriage import figures
from mmtriage.diagnose.finding import Finding, finding
from mmtriage.diagnose.naming import term_text
from mmtriage.formula.nodes import Binary, Call, Name, Node, children
from mmtriage.model.design import Design

# What makes a few groups of many numbers.
COARSE = frozenset({"cut", "round", "signif", "floor", "ceiling", "trunc", "as.integer", "ifelse", "is.na"})
COARSE_OPERATORS = frozenset({"==", "!=", "<", ">", "<=", ">=", "%in%", "%/%", "%%"})


def constant_response(design: Design) -> list[Finding]:
    """MM103: there is nothing to explain."""
    if np.ptp(design.y) == 0:
        message = f"the response has no variation: all {len(design.y)} values are {design.y[0]:.6g}"
        return [finding("MM103", message, value=float(design.y[0]), rows=len(design.y))]
    return []


def missing_rows(design: Design) -> list[Finding]:
    """MM104: rows that lme4 drops, and levels that vanish with them."""
    missing = design.missing
    if not missing.rows_dropped:
        return []
    sources = (*missing.by_column, *missing.by_transform)
    counts = ", ".join(f"{count:,} in `{name}`" for name, count in sources)
    message = f"{figures.count(missing.rows_dropped, 'row')} dropped for missing values ({counts})"
    lost = [f"`{level}` of `{name}`" for name, levels in missing.vanished for level in levels]
    if lost:
        message += f"; with them went {', '.join(lost[:5])}" + (
            f" and {len(lost) - 5} more" if len(lost) > 5 else ""
        )
    return [
        finding(
            "MM104",
            message,
            severity="warning" if lost else "info",
            columns=tuple(name for name, _ in missing.by_column),
            rows_dropped=missing.rows_dropped,
            levels_lost=len(lost),
        )
    ]


def _labels_of(node: Node) -> Iterator[str]:
    """The columns whose values are the groups: `g` of `factor(g)`, and nothing of `cut(x, 3)` or `x > 2`."""
    if isinstance(node, Name):
        yield node.name
    if isinstance(node, Call) and node.name in COARSE:
        return
    if isinstance(node, Binary) and node.operator in COARSE_OPERATORS:
        return
    for child in children(node):
        yield from _labels_of(child)


def numeric_grouping(design: Design) -> list[Finding]:
    """MM105: a grouping factor made of a continuous column, whose levels are not groups."""
    guilty = []
    for term in design.random:
        for name in (name for node in term.bar.group for name in _labels_of(node)):
            column = design.variables.get(name)
            if column is not None and column.kind == "numeric" and np.any(column.values % 1 != 0):
                guilty.append((name, term))
    if not guilty:
        return []
    name, term = guilty[0]
    message = (
        f"grouping factor `{name}` is a continuous column "
        f"({figures.count(len(term.levels), 'distinct value')} in {figures.count(len(design.y), 'row')}, not "
        "all whole numbers): its values are not groups"
    )
    return [
        finding(
            "MM105",
            message,
            columns=tuple(dict.fromkeys(n for n, _ in guilty)),
            terms=tuple(dict.fromkeys(term_text(t) for _, t in guilty)),
            levels=len(term.levels),
            rows=len(design.y),
        )
    ]
