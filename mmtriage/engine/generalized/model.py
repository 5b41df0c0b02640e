"""Generalized linear mixed models, as `comparison.py` needs them: likelihood, starts, estimates, `glmer`."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

import numpy as np

from mmtriage.arrays import Array
from mmtriage.deadline import Deadline
from mmtriage.engine.algebra.theta import factors_of_theta
from mmtriage.engine.estimates import Fit, SeMethod, lme4_theta
from mmtriage.engine.generalized.likelihood import GlmmEvaluation, GlmmProblem, glmm_problem
from mmtriage.engine.linear.identifiability import NullDirection, null_directions
from mmtriage.engine.linear.likelihood import lmm_problem
from mmtriage.engine.linear.model import Transform
from mmtriage.engine.linear.moments import component_gram, moment_start
from mmtriage.engine.lme4.glmer import fit_glmer
from mmtriage.engine.lme4.run import Lme4Failure, Lme4Run
from mmtriage.engine.optimum.faces import Place
from mmtriage.engine.optimum.protocol import template_factors
from mmtriage.engine.optimum.search import Start
from mmtriage.model.design import Design
from mmtriage.optimizers import Optimizer

LOG_NB_THETA = "log(theta)"
NB_RANGE = (-5.0, 10.0)  # of log theta where the search for its first value looks


def lay_out(design: Design, deadline: Deadline) -> GlmmProblem:
    """The likelihood of a design."""
    return glmm_problem(design, deadline)


def structure(problem: GlmmProblem) -> tuple[tuple[NullDirection, ...], Sequence[Array] | None]:
    """What the design cannot identify, and factors by the method of moments.

    Both come from the working linear model at the fit without random effects. Which components can be
    told apart does not depend on its weights; its residual variance is known where the scale is.
    """
    zero = [np.zeros((k, k)) for k in problem.widths]
    modes = problem.joint_mode(zero)
    W = modes.terms.W
    seen = 1e-8 * float(np.max(W)) < W
    step = np.where(seen, modes.terms.score / np.where(seen, W, 1.0), 0.0)
    linear = lmm_problem(
        replace(
            problem.design,
            y=modes.eta + step,
            weights=np.maximum(W, 1e-8 * float(np.max(W))),
            spec=replace(problem.design.spec, reml=False),
        ),
        problem.deadline,
    )
    gram = component_gram(linear)
    scale = None if problem.family.distribution.estimates_scale else 1.0
    moments = moment_start(linear, gram, residual_variance=scale)
    if moments is not None:
        raw = [basis.inverse @ F for basis, F in zip(linear.basis.terms, moments, strict=True)]
        moments = [basis.R @ F for basis, F in zip(problem.basis.terms, raw, strict=True)]
    return null_directions(linear, gram, residual_free=scale is None), moments


def starts(problem: GlmmProblem, moments: Sequence[Array] | None, ends: Sequence[Start]) -> list[Start]:
    """Where the search for the optimum starts: beta, where there is no better one, from nAGQ = 0."""
    named = [("template", template_factors(problem))]
    if moments is not None:
        named.insert(0, ("moments", list(moments)))
    found = []
    for label, factors in named:
        try:
            found.append(Start(label, factors, _first_free(problem, factors)))
        except np.linalg.LinAlgError:  # the mean leaves its range there
            continue
    return [*found[:1], *ends, *found[1:]]


def _first_free(problem: GlmmProblem, factors: Sequence[Array]) -> Array:
    modes = problem.joint_mode(factors)
    beta = problem.basis.inverse @ modes.beta
    return problem.free_of(beta, _first_nb_theta(problem, modes.terms.mu) if problem.estimates_nb else None)


def _first_nb_theta(problem: GlmmProblem, mu: Array) -> float:
    """The negative binomial's theta at fixed means: its own likelihood equation, if that has a root."""
    from scipy.optimize import brentq  # slow to import

    def slope(log_theta: float) -> float:
        family = problem.family.with_theta(float(np.exp(log_theta)))
        return family.theta_slope(problem.y, mu, problem.weights)

    low, high = NB_RANGE
    if slope(low) >= 0.0:
        return float(np.exp(low))
    if slope(high) <= 0.0:
        return float(np.exp(high))
    return float(np.exp(brentq(slope, low, high, xtol=1e-3)))


def place(problem: GlmmProblem, theta: Array, beta: Array | None, nb_theta: float | None) -> Place:
    """The place of lme4's theta and beta."""
    raw = factors_of_theta(theta, problem.widths)
    factors = [basis.R @ L for basis, L in zip(problem.basis.terms, raw, strict=True)]
    return Place(factors, problem.free_of(np.zeros(problem.p) if beta is None else beta, nb_theta))


def describe(
    problem: GlmmProblem,
    at: Place,
    *,
    theta: Array | None = None,
    hessian: Array | None = None,
    lme4_hessian: Array | None = None,
) -> Fit:
    """What the model says at a place.

    Args:
        hessian: of the criterion in a face's parameters, free ones last.
        lme4_hessian: of the criterion in lme4's (theta, beta), by its differences.

    Raises LinAlgError where the criterion is not finite.
    """
    point = problem.evaluate(*at)
    sigma = problem.sigma(point)
    raw = [basis.inverse @ F for basis, F in zip(problem.basis.terms, at.factors, strict=True)]
    if theta is None:
        theta = lme4_theta(raw)
    vcov, se_method = _covariance(problem, point, hessian, lme4_hessian, len(theta))
    return Fit(
        criterion=point.criterion,
        df=problem.p
        + len(theta)
        + int(problem.family.distribution.estimates_scale)
        + int(problem.estimates_nb),
        n=problem.n,
        theta=theta,
        factors=tuple(at.factors),
        sigma=sigma,
        beta=problem.user_beta(point),
        vcov=vcov,
        covariances=tuple(sigma**2 * F @ F.T for F in raw),
        shares=_shares(problem, at.factors),
        saturated=problem.saturated(point.family),
        se_method=se_method,
        nb_theta=point.family.theta,
        mu=point.modes.terms.mu,
        profiles_beta=problem.profiles_beta,
    )


def _covariance(
    problem: GlmmProblem,
    at: GlmmEvaluation,
    hessian: Array | None,
    lme4_hessian: Array | None,
    n_theta: int,
) -> tuple[Array, SeMethod]:
    """Covariance (p, p) of beta: 2 H^-1 of the joint Hessian, else conditional on the covariances."""
    if not problem.profiles_beta:
        if hessian is not None:
            where = len(hessian) - problem.n_free
            V = _beta_block(hessian, where, problem.p)
            if V is not None:
                return problem.user_covariance(V), "hessian"
        if lme4_hessian is not None:
            V = _beta_block(lme4_hessian, n_theta, problem.p)
            if V is not None:
                return V, "hessian"
    return problem.conditional_covariance(at), "conditional"


def _beta_block(hessian: Array, start: int, p: int) -> Array | None:
    """2 H^-1 for beta, None unless H is positive definite."""
    scale = np.sqrt(np.abs(np.diag(hessian)))
    if not np.all(np.isfinite(hessian)) or not np.all(scale > 0):
        return None
    unit = hessian / np.outer(scale, scale)
    try:
        np.linalg.cholesky(unit)
    except np.linalg.LinAlgError:
        return None
    V: Array = 2.0 * np.linalg.inv(unit) / np.outer(scale, scale)
    return V[start : start + p, start : start + p]


def _shares(problem: GlmmProblem, factors: Sequence[Array]) -> tuple[float, ...]:
    """Each term's share of the variance of an average row on the link scale; NaN where no share is defined.

    A binary response has the latent variance of its link; free scales are relative to the residual.
    """
    spread = np.array([float(np.sum(F * F)) for F in factors])
    family = problem.family
    rest = 1.0 if family.distribution.estimates_scale else np.nan
    if family.distribution.has_trials:
        rest = family.link.latent_variance
    return tuple(spread / (rest + spread.sum()))


def parameters(fit: Fit) -> Array:
    """What glmer's last stage moves."""
    return fit.theta if fit.profiles_beta else np.concatenate([fit.theta, fit.beta])


def free_parameters(problem: GlmmProblem, free: Array) -> dict[str, float]:
    """beta in the user's columns by name, and log theta of a negative binomial."""
    named: dict[str, float] = {}
    if not problem.profiles_beta:
        beta = problem.basis.inverse @ free[: problem.p]
        named = dict(zip(problem.design.fixed_names, beta.tolist(), strict=True))
    if problem.estimates_nb:
        named[LOG_NB_THETA] = float(free[-1])
    return named


def by_ml(problem: GlmmProblem) -> GlmmProblem:
    """Generalized models are fitted by ML."""
    return problem


def run(
    design: Design,
    problem: GlmmProblem,
    *,
    optimizers: Sequence[Optimizer] | None,
    maxfun: int | None,
    start: Lme4Run | None,
    transform: Transform | None,
) -> Lme4Run | Lme4Failure:
    """Fit as glmer would, from its own start unless one is given."""
    return fit_glmer(
        design,
        optimizers=(optimizers[0], optimizers[-1]) if optimizers else None,
        maxfun=maxfun,
        start=None if start is None else (start.theta, start.beta),
        transform=transform,
        deadline=problem.deadline,
    )
