"""Findings about the columns of X: aliased, collinear, or mixing two effects (MM201, MM202, MM204)."""

from __future__ import annotations

import numpy as np

from mmtriage import figures
from mmtriage.diagnose.continuous import Slope, slopes
from mmtriage.diagnose.finding import Finding, finding
from mmtriage.diagnose.grouping import HARDLY_VARIES, within_share
from mmtriage.diagnose.inflation import inflation_factors
from mmtriage.diagnose.naming import MOST_NAMES, listed, term_text
from mmtriage.diagnose.severity import Severity
from mmtriage.model.aliased import DroppedColumn
from mmtriage.model.design import Design
from mmtriage.model.tall import least_squares

SEVERE_INFLATION = 1e3  # variance inflation factor: a standard error thirty times what it would be alone ...
NOTED_INFLATION = 1e2  # ... and ten times
SPANNED_SHARE = 1e-10  # of a column's variance that may be left where the others span it
BY_CHANCE = 1e-3  # p of the F test that a predictor's group means differ, above which they do not


def rank_deficient(design: Design) -> list[Finding]:
    """MM201: columns that are combinations of others, which lme4 drops."""
    if not design.dropped:
        return []
    names = [column.name for column in design.dropped]
    first = design.dropped[0]
    message = (
        f"the fixed effects are aliased: lme4 drops {figures.count(len(names), 'column')}, {listed(names)}; "
        f"{_dependence(first)}"
    )
    return [finding("MM201", message, columns=tuple(names), dropped=len(names))]


def _dependence(column: DroppedColumn) -> str:
    if not column.depends_on:
        return f"`{column.name}` is zero throughout"
    parts = [f"{coefficient:+.4g} {name}" for name, coefficient in column.depends_on]
    more = f" and {len(parts) - MOST_NAMES} more" if len(parts) > MOST_NAMES else ""
    return f"`{column.name}` = {' '.join(parts[:MOST_NAMES])}{more}"


def collinear(design: Design) -> list[Finding]:
    """MM202: columns that are almost combinations of others, by their variance inflation factor."""
    inflation = inflation_factors(design, powers_apart=True)
    worst = max(inflation, key=inflation.__getitem__, default="")
    if not inflation or inflation[worst] < NOTED_INFLATION:
        return []
    severity: Severity = "warning" if inflation[worst] >= SEVERE_INFLATION else "info"
    threshold = SEVERE_INFLATION if severity == "warning" else NOTED_INFLATION
    guilty = tuple(name for name, factor in inflation.items() if factor >= threshold)
    message = (
        f"fixed effects {listed(guilty)} are almost combinations of each other: the standard error "
        f"of `{worst}` is {np.sqrt(inflation[worst]):.3g} times what it would be alone (variance inflation "
        f"{inflation[worst]:,.4g})"
    )
    return [
        finding(
            "MM202",
            message,
            severity=severity,
            columns=guilty,
            variance_inflation=inflation[worst],
            threshold=threshold,
        )
    ]


def uncentered_slopes(design: Design) -> list[Finding]:
    """MM204: random slopes on a predictor that differs within groups and, beyond chance, between them."""
    found = []
    for slope in slopes(design):
        share = within_share(slope.term, slope.index)
        between, within = len(slope.term.levels) - 1, len(design.y) - len(slope.term.levels)
        if not (share > HARDLY_VARIES and between > 0 and within > 0) or _has_group_mean(design, slope):
            continue
        # Group means of a predictor without any group effect differ by chance; the F ratio tells how much.
        ratio = (1.0 - share) / between / (share / within)
        if ratio <= 1.0 or _chance_of_more(between, within, ratio) > BY_CHANCE:
            continue
        message = (
            f"`{slope.column}` varies within the levels of `{slope.term.group}` and between them "
            f"({1 - share:.0%} of its variance): its slope in `{term_text(slope.term)}` mixes two effects; "
            f"centring within `{slope.term.group}` tells them apart"
        )
        found.append(
            finding(
                "MM204",
                message,
                columns=(slope.column,),
                terms=(term_text(slope.term),),
                between_share=1.0 - share,
                f_ratio=ratio,
            )
        )
    return found


def _chance_of_more(between: int, within: int, ratio: float) -> float:
    """P(F >= ratio) on so many degrees of freedom; of a ratio up to 1 it is never below 0.3."""
    from scipy.special import fdtrc  # slow to import

    return float(fdtrc(between, within, ratio))


def _has_group_mean(design: Design, slope: Slope) -> bool:
    """Whether the fixed effects already hold the group means of a slope's column."""
    codes, values = slope.term.codes, slope.term.Z[:, slope.index]
    means = (np.bincount(codes, values) / np.bincount(codes))[codes]
    centered = means - means.mean()
    left = centered - design.X @ least_squares(design.X, centered)
    return bool(left @ left <= SPANNED_SHARE * (centered @ centered))
