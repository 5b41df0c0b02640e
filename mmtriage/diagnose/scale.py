"""Findings about the table and the scale of its columns (MM1xx)."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np

from mmtriage.arrays import Array
from mmtriage.diagnose.finding import Finding, finding
from mmtriage.diagnose.naming import listed, plural, term_text
from mmtriage.engine.lme4.checks import SCALE_RATIO, has_wild_scales
from mmtriage.formula.nodes import names_in
from mmtriage.model.design import Design
from mmtriage.model.families import is_glmm
from mmtriage.model.ranef import RandomTerm

SLOPE_SCALE = (
    50.0  # the same for random-slope columns, which lme4 never checks: at 100 nloptwrap already stops short
)
FAR_ORIGIN = 8.0  # |mean| / SD of a slope column beyond which intercept and slope are one ridge (SPEC 3)
SPANNED = 1e-8  # distance from 1 at which X is taken to span the constant
EXTREME_RESPONSE = 1e4  # response SD beyond this or its inverse


@dataclass(frozen=True, slots=True)
class Slope:
    """A random-slope column that is not two-valued: centering and scaling make sense for it."""

    term: RandomTerm
    index: int  # column of the term's Z
    mean: float
    sd: float

    @property
    def column(self) -> str:
        return self.term.columns[self.index]

    @property
    def has_intercept(self) -> bool:
        """Whether an intercept stands in the same correlated block."""
        return "(Intercept)" in self.term.columns


@dataclass(frozen=True, slots=True)
class FixedColumn:
    """A continuous column of X whose coefficient an optimizer moves: its scale and origin are in the way."""

    index: int  # column of X
    column: str
    mean: float
    sd: float


def data_findings(design: Design) -> list[Finding]:
    """All MM1xx findings of a design."""
    found = [_constant_response(design), _response_scale(design), _missing_rows(design)]
    found += [_numeric_grouping(design), _slope_scale(design) or _fixed_scale(design)]
    found.append(_far_origin(design) or _far_from_intercept(design))
    return [f for f in found if f is not None]


def slopes(design: Design) -> Iterator[Slope]:
    """The continuous random-slope columns of a design."""
    for term in design.random:
        for index, column in enumerate(term.columns):
            values = term.Z[:, index]
            if column == "(Intercept)" or is_two_valued(values):
                continue
            yield Slope(term, index, float(np.mean(values)), float(np.std(values, ddof=1)))


def moves_beta(design: Design) -> bool:
    """Whether an optimizer moves beta as well as theta.

    A linear mixed model, and a generalized one with nAGQ = 0, finds beta by least squares: there no scale
    or origin of X can hinder the optimizer.
    """
    return is_glmm(design.spec) and design.spec.nagq > 0


def moved_columns(design: Design) -> Iterator[FixedColumn]:
    """The continuous columns of X, in a model whose optimizer moves beta."""
    if not moves_beta(design):
        return
    for index, column in enumerate(design.fixed_names):
        values = design.X[:, index]
        if not is_two_valued(values):
            yield FixedColumn(index, column, float(np.mean(values)), float(np.std(values, ddof=1)))


def constant_combination(design: Design) -> Array | None:
    """c (p,) with X c = 1, or None where X does not span the constant: centering would change the model."""
    if not design.X.shape[1]:
        return None
    if "(Intercept)" in design.fixed_names:
        unit: Array = np.eye(design.X.shape[1])[design.fixed_names.index("(Intercept)")]
        return unit
    scales = np.sqrt(np.mean(design.X**2, axis=0))
    c = np.linalg.lstsq(design.X / scales, np.ones(len(design.X)), rcond=None)[0] / scales
    is_spanned = np.allclose(design.X @ c, 1.0, rtol=0.0, atol=SPANNED)
    return np.where(np.abs(c) * scales > SPANNED, c, 0.0) if is_spanned else None


def is_two_valued(values: Array) -> bool:
    """Whether a column (n,) has at most two distinct values: a dummy, or as good as one."""
    low, high = float(np.min(values)), float(np.max(values))
    return bool(np.all((values == low) | (values == high)))


def _constant_response(design: Design) -> Finding | None:
    if np.ptp(design.y) == 0:
        message = f"the response has no variation: all {len(design.y)} values are {design.y[0]:.6g}"
        return finding("MM103", message, value=float(design.y[0]), rows=len(design.y))
    return None


def _response_scale(design: Design) -> Finding | None:
    sd = float(np.std(design.y, ddof=1)) if len(design.y) > 1 else 0.0
    if is_glmm(design.spec) or sd == 0 or 1 / EXTREME_RESPONSE <= sd <= EXTREME_RESPONSE:
        return None
    message = (
        f"the response has standard deviation {sd:.3g}; for a linear mixed model this changes nothing but "
        "the number of digits printed"
    )
    return finding("MM102", message, sd=sd, threshold=EXTREME_RESPONSE)


def _missing_rows(design: Design) -> Finding | None:
    missing = design.missing
    if not missing.rows_dropped:
        return None
    sources = (*missing.by_column, *missing.by_transform)
    counts = ", ".join(f"{count:,} in `{name}`" for name, count in sources)
    message = f"{plural(missing.rows_dropped, 'row')} dropped for missing values ({counts})"
    lost = [f"`{level}` of `{name}`" for name, levels in missing.vanished for level in levels]
    if lost:
        message += f"; with them went {', '.join(lost[:5])}" + (
            f" and {len(lost) - 5} more" if len(lost) > 5 else ""
        )
    return finding(
        "MM104",
        message,
        severity="warning" if lost else "info",
        columns=tuple(name for name, _ in missing.by_column),
        rows_dropped=missing.rows_dropped,
        levels_lost=len(lost),
    )


def _numeric_grouping(design: Design) -> Finding | None:
    """A grouping factor made of a continuous column: its levels are not groups."""
    guilty = []
    for term in design.random:
        for name in (v.name for node in term.bar.group for v in names_in(node)):
            column = design.variables.get(name)
            if column is not None and column.kind == "numeric" and np.any(column.values % 1 != 0):
                guilty.append((name, term))
    if not guilty:
        return None
    name, term = guilty[0]
    message = (
        f"grouping factor `{name}` is a continuous column ({plural(len(term.levels), 'distinct value')} in "
        f"{plural(len(design.y), 'row')}, not all whole numbers): its values are not groups"
    )
    return finding(
        "MM105",
        message,
        columns=tuple(dict.fromkeys(n for n, _ in guilty)),
        terms=tuple(dict.fromkeys(term_text(t) for _, t in guilty)),
        levels=len(term.levels),
        rows=len(design.y),
    )


def _fixed_scale(design: Design) -> Finding | None:
    """lme4's check.scaleX on the fixed-effects columns."""
    spread = {
        name: float(np.std(design.X[:, j], ddof=1))
        for j, name in enumerate(design.fixed_names)
        if name != "(Intercept)" and not set(np.unique(design.X[:, j])) <= {0.0, 1.0}
    }
    if not spread or not has_wild_scales(design.X):
        return None
    low, high = min(spread, key=spread.__getitem__), max(spread, key=spread.__getitem__)
    guilty = [n for n, sd in spread.items() if not 1 / SCALE_RATIO <= sd <= SCALE_RATIO] or [low, high]
    message = "fixed-effect columns on very different scales: " + ", ".join(
        f"`{name}` has SD {spread[name]:.3g}" for name in guilty[:6]
    )
    if len(guilty) > 6:
        message += f" and {len(guilty) - 6} more"
    return finding(
        "MM101",
        message,
        columns=tuple(guilty),
        smallest_sd=spread[low],
        largest_sd=spread[high],
        threshold=SCALE_RATIO,
    )


def _slope_scale(design: Design) -> Finding | None:
    """Random-slope columns whose scale hides their variance from an optimizer; lme4 never looks at Z."""
    guilty = [s for s in slopes(design) if s.sd > 0 and not 1 / SLOPE_SCALE <= s.sd <= SLOPE_SCALE]
    if not guilty:
        return None
    described = ", ".join(f"`{s.column}` in `{term_text(s.term)}` has SD {s.sd:.3g}" for s in guilty)
    orders = ", ".join(f"{1 / s.sd:.1g}" for s in guilty)
    message = (
        f"random slope on an extreme scale: {described}; the optimizer looks for its relative standard "
        f"deviation around 1, and it is of order {orders}; lme4 never checks the columns of Z"
    )
    return finding(
        "MM101",
        message,
        columns=tuple(dict.fromkeys(s.column for s in guilty)),
        terms=tuple(dict.fromkeys(term_text(s.term) for s in guilty)),
        slope_sd=guilty[0].sd,
        threshold=SLOPE_SCALE,
    )


def _far_origin(design: Design) -> Finding | None:
    guilty = [s for s in slopes(design) if s.has_intercept and s.sd > 0 and abs(s.mean) > FAR_ORIGIN * s.sd]
    if not guilty:
        return None
    worst = max(guilty, key=lambda s: abs(s.mean) / s.sd)
    names = listed(list(dict.fromkeys(s.column for s in guilty)))
    message = (
        f"{names} lies far from zero (mean {worst.mean:.5g}, SD {worst.sd:.3g}): in "
        f"`{term_text(worst.term)}` intercept and slope become one ridge that an optimizer cannot follow; "
        "centring repairs it, dividing does not"
    )
    return finding(
        "MM106",
        message,
        columns=tuple(dict.fromkeys(s.column for s in guilty)),
        terms=tuple(dict.fromkeys(term_text(s.term) for s in guilty)),
        mean=worst.mean,
        sd=worst.sd,
        ratio=abs(worst.mean) / worst.sd,
        threshold=FAR_ORIGIN,
    )


def _far_from_intercept(design: Design) -> Finding | None:
    """The same ridge between the intercept and a coefficient, where the optimizer moves both."""
    if constant_combination(design) is None:
        return None
    guilty = [c for c in moved_columns(design) if abs(c.mean) > FAR_ORIGIN * c.sd]
    if not guilty:
        return None
    worst = max(guilty, key=lambda c: abs(c.mean) / c.sd)
    names = listed([c.column for c in guilty])
    message = (
        f"{names} lies far from zero (mean {worst.mean:.5g}, SD {worst.sd:.3g}): "
        "intercept and coefficient become one ridge that an optimizer cannot follow; centring repairs it, "
        "dividing does not"
    )
    return finding(
        "MM106",
        message,
        columns=tuple(c.column for c in guilty),
        mean=worst.mean,
        sd=worst.sd,
        ratio=abs(worst.mean) / worst.sd,
        threshold=FAR_ORIGIN,
    )
