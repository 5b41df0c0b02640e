"""Two-sided p of Student's t, without SciPy's special functions: their import takes as long as a small fit.

With x = df / (df + t^2), p is the regularized incomplete beta function I_x(df / 2, 1 / 2): a continued
fraction on either side of its mean (DLMF 8.17.22), evaluated by Lentz's method (Press et al., Numerical
Recipes, 6.4).
"""

from __future__ import annotations

import math

MANY = 1e4  # degrees of freedom from which on the fraction loses digits, and a fit is not small
TINY = 1e-300  # in place of a zero in Lentz's method
EPSILON = 2.0**-52
LARGE = 20.0  # from here on the series of a ratio of gamma functions has all digits


def two_sided(t: float, df: float) -> float:
    """P(|T| >= |t|) on df > 0 degrees of freedom; NaN where t or df is none."""
    if not (math.isfinite(t) and df > 0):
        return 0.0 if math.isinf(t) and df > 0 else math.nan
    if df > MANY:
        from scipy.special import stdtr

        return 2.0 * float(stdtr(df, -abs(t)))
    square = t * t
    if square == 0.0:
        return 1.0
    a, b = df / 2.0, 0.5
    rest = square / (df + square)  # 1 - x
    log_front = -a * math.log1p(square / df) + b * math.log(rest) - _log_beta(a)
    if 1.0 - rest < (a + 1.0) / (a + b + 2.0):
        return math.exp(log_front) * _fraction(a, b, df / (df + square)) / a
    return 1.0 - math.exp(log_front) * _fraction(b, a, rest) / b


def _log_beta(a: float) -> float:
    """log B(a, 1/2) = log(sqrt(pi) Gamma(a) / Gamma(a + 1/2)); a difference of log gammas loses digits."""
    if a < LARGE:
        return math.log(math.sqrt(math.pi) * math.gamma(a) / math.gamma(a + 0.5))
    r = 1.0 / (a * a)  # log(Gamma(a + 1/2) / Gamma(a)): DLMF 5.11.13, as a series of its logarithm
    series = (1 / 8 - r * (1 / 192 - r * (1 / 640 - r * (17 / 14336 - r * 31 / 18432)))) / a
    return 0.5 * math.log(math.pi / a) + series


def _fraction(a: float, b: float, x: float) -> float:
    """The continued fraction of I_x(a, b), for x below its mean."""
    c, d = 1.0, 1.0 / _nonzero(1.0 - (a + b) * x / (a + 1.0))
    value = d
    for m in range(1, 100_000):
        for numerator in (
            m * (b - m) * x / ((a + 2 * m - 1) * (a + 2 * m)),
            -(a + m) * (a + b + m) * x / ((a + 2 * m) * (a + 2 * m + 1)),
        ):
            d = 1.0 / _nonzero(1.0 + numerator * d)
            c = _nonzero(1.0 + numerator / c)
            value *= c * d
        if abs(c * d - 1.0) <= EPSILON:
            break
    return value


def _nonzero(value: float) -> float:
    return value if abs(value) > TINY else TINY
