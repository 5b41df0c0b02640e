"""What lme4 checks before and after a fit, and the words it uses, verbatim; 1.1-31's unless told otherwise.

These are lme4's verdicts, not ours: its gradient test raises false alarms and its Hessian test knows
nothing of scale. They are reproduced so that the report can say what lme4 would have said, and put the
truth beside it.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from scipy.linalg import lapack

from mmtriage.arrays import Array
from mmtriage.engine.lme4.bounds import Bounds
from mmtriage.engine.lme4.differences import Derivatives
from mmtriage.model.lme4_versions import LME4_1_1, Lme4Version

SINGULAR_TOLERANCE = (
    1e-4  # lme4's check.conv.singular: from a bound, of a diagonal theta on the scale of sigma
)
GRADIENT_TOLERANCE = 2e-3  # lme4's check.conv.grad
HESSIAN_TOLERANCE = 1e-6  # lme4's check.conv.hess: of eigenvalues, absolute and relative
SCALE_RATIO = 1000.0  # lme4's check.scaleX

DOWNDATED = "Downdated VtV is not positive definite"  # of the fixed effects' cross-products: no digits left
SINGULAR_MESSAGE = "boundary (singular) fit: see help('isSingular')"
NO_SCALED_GRADIENT = "unable to evaluate scaled gradient"
BAD_HESSIAN = "Problem with Hessian check (infinite or missing values?)"
FLAT_HESSIAN = " Hessian is numerically singular: parameters are not uniquely determined"
LARGE_EIGENVALUE = "Model is nearly unidentifiable: very large eigenvalue\n - Rescale variables?"
LARGE_RATIO = "Model is nearly unidentifiable: large eigenvalue ratio\n - Rescale variables?"


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class ConvergenceCheck:
    """lme4's checks of one fit. What lme4 does not assess on a singular fit is None, not "passed"."""

    singular: bool  # some diagonal theta < SINGULAR_TOLERANCE
    messages: tuple[str, ...]  # in the order lme4 gives them
    codes: tuple[int, ...]  # lme4's: -1 gradient, -3 -4 Hessian, 2 3 eigenvalues, -5 -6 not a number
    statistic: float | None  # max_j min(|scaled gradient_j|, |gradient_j|), which lme4 calls max|grad|
    worst: int | None  # the j where it is attained (lme4 always prints 1)
    eigenvalues: Array | None  # (m,) of the Hessian, descending


def design_messages(X: Array, *, dropped: int, version: Lme4Version = LME4_1_1) -> tuple[str, ...]:
    """What lme4 says of the fixed-effects matrix X (n, p) that is left after dropping `dropped` columns."""
    messages = []
    if dropped:
        noun = "column / coefficient" if dropped == 1 else "columns / coefficients"
        messages.append(f"fixed-effect model matrix is rank deficient so dropping {dropped} {noun}")
    if has_wild_scales(X):
        messages.append(version.scale_message)
    return tuple(messages)


def has_wild_scales(X: Array) -> bool:
    """lme4's check.scaleX: a SD, or a ratio of two, beyond 1000 among the columns that are not 0/1."""
    continuous = X[:, ~np.all((X == 0.0) | (X == 1.0), axis=0)]
    if continuous.shape[1] == 0 or continuous.shape[0] < 2:
        return False
    spreads = continuous.std(axis=0, ddof=1)
    if np.any(spreads == 0.0):
        return True
    logs = np.log(spreads)
    limit = np.log(SCALE_RATIO)
    return bool(np.any(np.abs(logs) > limit) or logs.max() - logs.min() > limit)


def is_singular(theta: Array, bounds: Bounds) -> bool:
    """lme4's isSingular: any bounded element of theta (m,) within 1e-4 of its bound."""
    return bounds.nearest(theta) < SINGULAR_TOLERANCE


def check_convergence(
    theta: Array,
    bounds: Bounds,
    derivatives: Derivatives | None,
    *,
    version: Lme4Version = LME4_1_1,
    is_told: bool = True,
) -> ConvergenceCheck:
    """lme4's checkConv: singularity first, and if singular nothing else; then gradient; then Hessian.

    Args:
        is_told: whether lme4 says that a fit is singular; it is checked all the same.
    """
    if is_singular(theta, bounds):
        return _check(singular=True, messages=(SINGULAR_MESSAGE,) if is_told else ())
    if derivatives is None:
        return _check()
    if np.any(np.isnan(derivatives.gradient)):
        return _check(codes=(-5,))  # without a word: only print() and summary() say "Gradient contains NAs"
    statistic, worst = gradient_statistic(derivatives)
    gradient_message = _gradient_message(statistic, version)
    eigenvalues = _eigenvalues(derivatives.hessian)
    hessian_codes, hessian_message = _check_hessian(derivatives.hessian, eigenvalues, version)
    return _check(
        messages=tuple(message for message in (gradient_message, hessian_message) if message),
        codes=((-1,) if gradient_message else ()) + hessian_codes,
        statistic=statistic,
        worst=worst,
        eigenvalues=eigenvalues,
    )


def _gradient_message(statistic: float | None, version: Lme4Version) -> str | None:
    if statistic is None:
        return NO_SCALED_GRADIENT
    if statistic > GRADIENT_TOLERANCE:
        values = f"{statistic:g} (tol = {GRADIENT_TOLERANCE:g}, component 1)"
        return f"Model failed to converge with max|grad| = {values}{version.help_suffix}"
    return None


def gradient_statistic(derivatives: Derivatives) -> tuple[float | None, int | None]:
    """max_j min(|s_j|, |g_j|) and its j, where R s = g and H = R'R; (None, None) if lme4 cannot solve it."""
    R, failed = lapack.dpotrf(derivatives.hessian, lower=0, clean=1)
    if failed or not np.all(np.isfinite(R)):
        return None, None
    # R's solve() refuses a system whose reciprocal condition is below the machine epsilon.
    reciprocal_condition, _ = lapack.dtrcon(R, norm="1", uplo="U")
    if reciprocal_condition < np.finfo(float).eps:
        return None, None
    scaled, _ = lapack.dtrtrs(R, derivatives.gradient, lower=0)
    if np.any(np.isnan(scaled)):
        return None, None
    smaller = np.minimum(np.abs(scaled), np.abs(derivatives.gradient))
    return float(smaller.max()), int(np.argmax(smaller))


def _check_hessian(
    hessian: Array, eigenvalues: Array | None, version: Lme4Version
) -> tuple[tuple[int, ...], str | None]:
    """lme4's checkHess: codes and the one warning that says all of them; the first kind of trouble wins."""
    if eigenvalues is None:
        return (-6,), BAD_HESSIAN
    negative = int(np.sum(eigenvalues < -HESSIAN_TOLERANCE))
    if negative:
        # lme4 leaves out a word between the two spaces.
        degenerate = f"Model failed to converge: degenerate  Hessian with {negative} negative eigenvalues"
        return (-3,), degenerate + version.help_suffix
    if np.any(np.abs(eigenvalues) < HESSIAN_TOLERANCE) or lapack.dpotrf(hessian, lower=0)[1]:
        return (-4,), FLAT_HESSIAN
    found = []
    if eigenvalues.max() * HESSIAN_TOLERANCE > 1.0:
        found.append((2, LARGE_EIGENVALUE))
    if eigenvalues.min() / eigenvalues.max() < HESSIAN_TOLERANCE:
        found.append((3, LARGE_RATIO))
    if not found:
        return (), None
    return tuple(code for code, _ in found), ";".join(message for _, message in found)


def _eigenvalues(hessian: Array) -> Array | None:
    """Descending, (m,); None for a matrix that R's eigen() refuses."""
    if not np.all(np.isfinite(hessian)):
        return None
    return np.asarray(np.linalg.eigvalsh(hessian)[::-1])


def _check(
    *,
    singular: bool = False,
    messages: tuple[str, ...] = (),
    codes: tuple[int, ...] = (),
    statistic: float | None = None,
    worst: int | None = None,
    eigenvalues: Array | None = None,
) -> ConvergenceCheck:
    return ConvergenceCheck(
        singular=singular,
        messages=messages,
        codes=codes,
        statistic=statistic,
        worst=worst,
        eigenvalues=eigenvalues,
    )
