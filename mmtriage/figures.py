"""How numbers are written, in every message and every table.

Findings, reasons of rungs and renderers all write numbers; they write them alike because they ask here.

No digit is shown that hangs on rounding. Two computers, or two BLAS libraries on one, add the same numbers in
another order, so the last digits of a criterion are not its own: the difference of two criteria is written as
far as it is known, and as `< 1e-6` where it is rounding. JSON keeps every digit.
"""

from __future__ import annotations

import math
from collections.abc import Sequence

NOT_ASSESSED = "not assessed"
LARGEST_GRADIENT = "largest gradient"  # of any parameter, raw; what lme4 calls max|grad| is scaled (MM401)
NOISE = 1e-6  # deviance units: a smaller difference of two criteria is rounding ...
RELATIVE_NOISE = 1e-10  # ... and so is one that is a smaller share of the criterion itself
FLAT = 1e-5  # curvature in natural steps that differences of a gradient cannot tell from none
ENDLESS = 1e6  # theta of a negative binomial from which mu + mu^2 / theta is mu
ROWS_SHOWN = 5  # of many that a sentence names
MOST_DECIMALS = 1e6  # criterion from which its fourth decimal is rounding


def criterion(value: float | None) -> str:
    """A REML criterion, deviance or log-likelihood: four decimals, fewer for large values."""
    if value is None or not math.isfinite(value):
        return NOT_ASSESSED
    return f"{value:.4f}" if abs(value) < MOST_DECIMALS else f"{value:.10g}"


def noise(of_criterion: float | None) -> float:
    """How small a difference of criteria of this size may be before it is rounding, deviance units."""
    return max(NOISE, RELATIVE_NOISE * abs(of_criterion or 0.0))


def gap(value: float | None, of_criterion: float | None = None, *, digits: int = 3) -> str:
    """A difference of two criteria: as far as it is known, and "< 1e-6" where it is rounding.

    Args:
        value: deviance units.
        of_criterion: the size of the criteria; None where they are not large.
        digits: at most so many significant ones.
    """
    return _known(value, noise(of_criterion), digits)


def decrement(value: float | None, limit: float) -> str:
    """What a Newton step would still gain; below its limit "< 1e-6", for no more is asked of it."""
    return _known(value, limit, 3)


def gradient(value: float | None, exceeded: float | None = None) -> str:
    """A gradient by differences: of two digits, for the third hangs on where the optimizer happened to stop.

    Args:
        exceeded: a limit that the value is beyond: it has as many more digits as it takes to see that.
    """
    if value is None or not math.isfinite(value) or abs(value) < NOISE:
        return _known(value, NOISE, 2)
    digits = 2
    while exceeded is not None and digits < 6 and float(f"{value:.{digits}g}") <= exceeded:
        digits += 1
    return rough(value, digits)


def rough(value: float, digits: int = 2) -> str:
    """A number by finite differences, of which two digits are known: 298 is 300, not 3e+02."""
    return f"{float(f'{value:.{digits}g}'):.6g}"


def curvature(value: float) -> str:
    """The sign of an eigenvalue of an exact Hessian: its size hangs on the choice of coordinates."""
    if abs(value) < FLAT:
        return "zero"
    return "positive" if value > 0 else "negative"


def _known(value: float | None, bound: float, digits: int) -> str:
    """A number without the digits below a bound; below the bound itself, only that it is."""
    if value is None or not math.isfinite(value):
        return NOT_ASSESSED
    if abs(value) < bound:
        return f"< {tidy(bound)}"
    known = 1 + math.floor(math.log10(abs(value))) - math.floor(math.log10(bound))
    return f"{value:.{min(digits, known)}g}"


def tidy(bound: float) -> str:
    """A bound in one digit, rounded up: "1e-6", "0.002"."""
    exponent = math.floor(math.log10(bound))
    digit = math.ceil(bound / 10.0**exponent - 1e-9)
    if digit == 10:
        digit, exponent = 1, exponent + 1
    return f"{digit}e{exponent}" if exponent < -4 else f"{digit * 10.0**exponent:.1g}"


def brief(value: float | None) -> str:
    """A statistic or a threshold: three significant digits."""
    return NOT_ASSESSED if value is None or not math.isfinite(value) else f"{value:.3g}"


def three(value: float) -> str:
    """Three significant digits, zeros too: a standard error of "0.0700"; NaN where it is no number."""
    return "NaN" if not math.isfinite(value) else f"{value:#.3g}".rstrip(".")


def shift(value: float | None) -> str:
    """A move of an estimate in standard errors; what rounds to nothing is 0.00, whatever its sign."""
    if value is None or not math.isfinite(value):
        return NOT_ASSESSED
    return f"{value:.2g}" if abs(value) >= 10 else _without_sign_of_zero(f"{value:.2f}")


def signed(value: float) -> str:
    """A difference in AIC or BIC; one that rounds to nothing is +0.0, whatever its sign."""
    text = f"{value:+.1f}"
    return "+0.0" if text == "-0.0" else text


def to_precision_of(value: float, se: float) -> str:
    """An estimate with the decimals that three significant digits of its standard error justify."""
    if not math.isfinite(value):
        return NOT_ASSESSED
    if not (math.isfinite(se) and se > 0):
        return f"{value:.5g}"
    decimals = 2 - math.floor(math.log10(se))
    if decimals > 8 or abs(value) >= 1e9:
        return f"{value:.{_significant(value, se)}e}"
    return _without_sign_of_zero(f"{value:.{max(0, decimals)}f}")


def _without_sign_of_zero(text: str) -> str:
    """What rounds to nothing has no sign: it would be that of rounding."""
    return text if any(digit in text for digit in "123456789") else text.removeprefix("-")


def _significant(value: float, se: float) -> int:
    if value == 0:
        return 3
    return min(15, max(3, 3 + math.floor(math.log10(abs(value))) - math.floor(math.log10(se))))


def spread(value: float) -> str:
    """A standard deviation: five significant digits, as lme4 prints them."""
    return NOT_ASSESSED if not math.isfinite(value) else f"{value:.5g}"


def deviation(value: float) -> str:
    """A standard deviation in a table: four significant digits, zeros too, so that points meet."""
    if not math.isfinite(value) or value == 0:
        return NOT_ASSESSED if value != 0 else "0"
    return f"{value:.0f}" if 1000 <= value < 1e9 else f"{value:#.4g}".rstrip(".")


def nb_theta(value: float) -> str:
    """theta of a negative binomial; a large one is on its way to infinity, where a Poisson model is."""
    return spread(value) if value < ENDLESS else order(value)


def order(value: float) -> str:
    """One digit of a number that is large because the search for it was stopped somewhere."""
    return NOT_ASSESSED if not math.isfinite(value) else f"{value:.1g}"


def correlation(value: float) -> str:
    """Two decimals; a correlation that is not exactly one is never shown as one."""
    if not math.isfinite(value):
        return ""
    is_plain = abs(value) < 0.995 or abs(value) >= 1 - 1e-9
    return _without_sign_of_zero(f"{value:.2f}") if is_plain else f"{value:.6g}"


def statistic(value: float) -> str:
    """A t or z value."""
    return NOT_ASSESSED if not math.isfinite(value) else _without_sign_of_zero(f"{value:.3f}")


def brief_statistic(value: float) -> str:
    """A t or z value in a sentence: two decimals."""
    return NOT_ASSESSED if not math.isfinite(value) else _without_sign_of_zero(f"{value:.2f}")


def df(value: float | None) -> str:
    """Degrees of freedom: one decimal, none from 100 on."""
    if value is None or not math.isfinite(value):
        return NOT_ASSESSED
    return f"{value:,.0f}" if value >= 99.95 else f"{value:.1f}"


def p_cell(value: float | None) -> str:
    """A p-value for a table column headed "p"."""
    return p_value(value).removeprefix("p = ").removeprefix("p ")


def p_value(value: float | None) -> str:
    """R's format: "p < 0.001" or "p = 0.034"."""
    if value is None or not math.isfinite(value):
        return f"p {NOT_ASSESSED}"
    return "p < 0.001" if value < 0.001 else f"p = {value:.2g}"


def possessive(name: str) -> str:
    """lme4's, statsmodels'."""
    return f"{name}'" if name.endswith("s") else f"{name}'s"


def count(number: int, noun: str, plural: str | None = None) -> str:
    """A number and its noun: "1 row", "180 rows"."""
    return f"{number:,} {noun if number == 1 else plural or noun + 's'}"


def rows(numbers: Sequence[int]) -> str:
    """The numbers of rows, the first few of many: "5, 15, 29, 41, 84, ..."."""
    more = ", ..." if len(numbers) > ROWS_SHOWN else ""
    return ", ".join(f"{number}" for number in numbers[:ROWS_SHOWN]) + more
