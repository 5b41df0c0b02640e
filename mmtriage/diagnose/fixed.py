"""Findings about the fixed effects (MM2xx)."""

from __future__ import annotations

from mmtriage.diagnose.finding import Finding, finding
from mmtriage.diagnose.words import listed, plural
from mmtriage.model.design import Design
from mmtriage.model.rank import DroppedColumn


def fixed_findings(design: Design) -> list[Finding]:
    """All MM2xx findings of a design."""
    found = _rank_deficient(design)
    return [] if found is None else [found]


def _rank_deficient(design: Design) -> Finding | None:
    if not design.dropped:
        return None
    names = [column.name for column in design.dropped]
    first = design.dropped[0]
    message = (
        f"the fixed effects are aliased: lme4 drops {plural(len(names), 'column')}, {listed(names)}; "
        f"{_dependence(first)}"
    )
    return finding("MM201", message, columns=tuple(names), dropped=len(names))


def _dependence(column: DroppedColumn) -> str:
    if not column.depends_on:
        return f"`{column.name}` is zero throughout"
    parts = [f"{coefficient:+.4g} {name}" for name, coefficient in column.depends_on[:6]]
    more = f" and {len(column.depends_on) - 6} more" if len(column.depends_on) > 6 else ""
    return f"`{column.name}` = {' '.join(parts)}{more}"
