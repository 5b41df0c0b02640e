"""A fit made elsewhere, evaluated as it is: the criterion at all its parameters, and nothing profiled.

lme4's criterion of a linear model has beta and sigma profiled out. Another program may stop where they are
not what theta makes of them, and then the profile would flatter it. With nu = n, or n - p under REML, and the
profiled values marked by a hat, the criterion at (theta, beta, sigma) is exactly

    f(theta) + nu (log(s / s^) + s^ / s - 1) + |R_X' (beta - beta^)|^2 / s,    s = sigma^2,

where R_X R_X' = X'V^-1 X (Bates et al. 2015, JSS 67(1), equations 31 to 39; the REML criterion at a beta of
its own adds the same quadratic form). A generalized model's criterion is a function of (theta, beta) as it
stands, and of nAGQ = 0 of theta alone.
"""

from __future__ import annotations

import time
from dataclasses import dataclass, replace

import numpy as np

from mmtriage.arrays import Array
from mmtriage.engine.comparison import OF_LME4, Comparison, Elsewhere, prove_optimum
from mmtriage.engine.estimates import Fit
from mmtriage.engine.linear.model import LinearModel
from mmtriage.engine.lme4.bounds import Bounds
from mmtriage.engine.lme4.checks import check_convergence
from mmtriage.engine.lme4.outcome import Lme4Run, frozen
from mmtriage.engine.prepared import Prepared


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Parameters:
    """Where a fit made elsewhere ended, in our order of terms and columns."""

    theta: Array  # (m,) lme4's
    beta: Array  # (p,)
    sigma: float | None  # None: what theta makes of it
    nb_theta: float | None = None
    se: Array | None = None  # (p,) as the software gives them; NaN where it has none that is a number


def fit_as_given(prepared: Prepared, at: Parameters) -> Fit:
    """What the model says at these parameters, with the software's own standard errors.

    Raises LinAlgError where the criterion has no value.
    """
    model = prepared.model
    place = model.place(at.theta, at.beta, at.nb_theta)
    fit = model.describe(place, theta=at.theta)
    if isinstance(model, LinearModel):
        fit = _unprofiled(model, fit, at)
    se = np.full(len(at.beta), np.nan) if at.se is None else at.se
    return replace(fit, beta=at.beta, vcov=_with_se(fit.vcov, se), se_method="given")


def _unprofiled(model: LinearModel, fit: Fit, at: Parameters) -> Fit:
    """A linear model's fit at a beta and a sigma of its own."""
    point = model.evaluate(fit.factors)
    p, s_hat = model.p, fit.sigma**2
    s = s_hat if at.sigma is None else at.sigma**2
    root_X = model.basis.fixed.R[:p, :p].T @ point.root_S[:p, :p]
    distance = root_X.T @ (at.beta - fit.beta)
    rise = model.nu * (np.log(s / s_hat) + s_hat / s - 1.0) + float(distance @ distance) / s
    return replace(
        fit,
        criterion=float(fit.criterion + rise),
        sigma=float(np.sqrt(s)),
        vcov=fit.vcov * (s / s_hat),
        covariances=tuple(S * (s / s_hat) for S in fit.covariances),
    )


def _with_se(vcov: Array, se: Array) -> Array:
    """The covariance matrix (p, p) with these standard errors (p,); the correlations are the model's."""
    own = np.sqrt(np.diag(vcov))
    scaled: Array = vcov * np.outer(se / own, se / own)
    return scaled


def compare_given(prepared: Prepared, at: Parameters, fit: Fit, told: Elsewhere, *, seed: int) -> Comparison:
    """A fit made elsewhere beside the proven optimum; the search starts where it ended, too."""
    began = time.perf_counter()
    run = _as_run(at, fit, told)
    optimum, optimum_fit = prove_optimum(prepared, {OF_LME4: prepared.place_of(run)}, seed=seed)
    return Comparison(
        prepared=prepared,
        lme4=run,
        lme4_fit=fit,
        lme4_error=None,
        optimum=optimum,
        optimum_fit=optimum_fit,
        seconds=time.perf_counter() - began,
        given=told,
    )


def _as_run(at: Parameters, fit: Fit, told: Elsewhere) -> Lme4Run:
    """The fit where a run of lme4's would stand: an end to start from, without any of lme4's checks."""
    theta = frozen(at.theta)
    unchecked = check_convergence(theta, Bounds.below(np.full(len(theta), -np.inf)), None)
    return Lme4Run(
        theta=theta,
        criterion=fit.criterion,
        start=theta,
        optimizer=told.optimizer or told.software,
        status="converged" if told.converged is not False else "stalled",
        code=0,
        message="",
        evaluations=told.evaluations or 0,
        total_evaluations=told.evaluations or 0,
        gradient=None,
        hessian=None,
        max_abs_gradient=None,
        scaled_gradient_statistic=None,
        lme4_messages=told.messages or (),
        singular=bool(told.singular),
        restarted=False,
        moved_to_edge=(),
        check=unchecked,
        beta=frozen(at.beta),
        nb_theta=at.nb_theta,
    )
