"""How numbers are written, in every message and every table.

Findings, reasons of rungs and renderers all write numbers; they write them alike because they ask here.
"""

from __future__ import annotations

import math

NOT_ASSESSED = "not assessed"


def criterion(value: float | None) -> str:
    """A REML criterion, deviance or log-likelihood: four decimals, fewer for very large values."""
    if value is None or not math.isfinite(value):
        return NOT_ASSESSED
    return f"{value:.4f}" if abs(value) < 1e8 else f"{value:.10g}"


def brief(value: float | None) -> str:
    """A gap, gradient, eigenvalue or threshold: three significant digits."""
    return NOT_ASSESSED if value is None or not math.isfinite(value) else f"{value:.3g}"


def shift(value: float | None) -> str:
    """A move of an estimate in standard errors; what rounds to nothing is 0.00, whatever its sign."""
    if value is None or not math.isfinite(value):
        return NOT_ASSESSED
    return f"{value:.2g}" if abs(value) >= 10 else f"{value + 0.0:.2f}".replace("-0.00", "0.00")


def signed(value: float) -> str:
    """A difference in AIC or BIC."""
    return f"{value:+.1f}"


def to_precision_of(value: float, se: float) -> str:
    """An estimate with the decimals that four significant digits of its standard error justify."""
    if not math.isfinite(value):
        return NOT_ASSESSED
    if not (math.isfinite(se) and se > 0):
        return f"{value:.5g}"
    decimals = 3 - math.floor(math.log10(se))
    if decimals > 8 or abs(value) >= 1e9:
        return f"{value:.{_significant(value, se)}e}"
    return f"{value:.{max(0, decimals)}f}"


def _significant(value: float, se: float) -> int:
    if value == 0:
        return 3
    return min(15, max(3, 3 + math.floor(math.log10(abs(value))) - math.floor(math.log10(se))))


def spread(value: float) -> str:
    """A standard deviation: five significant digits, as lme4 prints them."""
    return NOT_ASSESSED if not math.isfinite(value) else f"{value:.5g}"


def correlation(value: float) -> str:
    """Two decimals; a correlation that is not exactly one is never shown as one."""
    if not math.isfinite(value):
        return ""
    return f"{value:.2f}" if abs(value) < 0.995 or abs(value) >= 1 - 1e-9 else f"{value:.6g}"


def statistic(value: float) -> str:
    """A t or z value."""
    return NOT_ASSESSED if not math.isfinite(value) else f"{value:.3f}"


def p_cell(value: float | None) -> str:
    """A p-value for a table column headed "p"."""
    return p_value(value).removeprefix("p = ").removeprefix("p ")


def p_value(value: float | None) -> str:
    """R's format: "p < 0.001" or "p = 0.034"."""
    if value is None or not math.isfinite(value):
        return f"p {NOT_ASSESSED}"
    return "p < 0.001" if value < 0.001 else f"p = {value:.2g}"


def count(number: int, noun: str, plural: str | None = None) -> str:
    """A number and its noun: "1 row", "180 rows"."""
    return f"{number:,} {noun if number == 1 else plural or noun + 's'}"
