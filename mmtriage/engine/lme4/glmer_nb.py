"""`glmer.nb` of lme4 1.1-31: a search for the theta of a negative binomial, in which every point is a fit.

A count of mean mu has variance mu + mu^2 / theta. At a given theta `glmer` can fit the model; `glmer.nb`
finds theta in four steps:

    1  a Poisson fit                  glmer(family = poisson)
    2  a first theta, from its means  MASS::theta.ml, by scoring
    3  a fit at that theta            glmer
    4  a search over log theta        R's optimize(), within 3 of step 2's, to a tolerance of 5e-5

Every point of the search is a refit, lme4's `refit()`, which is less than a fit: it starts where the last
one ended; it runs stage 2 alone (`glmer_stages.py`), and without the adjustments that lme4 makes to the
optimizer of that stage; its PIRLS starts from a linear predictor without fixed effects; it takes no steps
onto the edge.

Towards its end the search refits all but the same model again and again: the last of those fits are kept
beside the one that lme4 returns, since they say whether that one is chance.

In the end the user has read the warnings of steps 1 to 3, and all that the last refit says. What lme4 says by
message() and not by warning(), that a fit is singular, `glmer.nb` suppresses in steps 1 and 3.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import replace

import numpy as np
from scipy.special import digamma, polygamma

from mmtriage.arrays import Array
from mmtriage.engine.lme4.bounds import Bounds
from mmtriage.engine.lme4.checks import SINGULAR_MESSAGE
from mmtriage.engine.lme4.glmer_criterion import GlmerCriterion
from mmtriage.engine.lme4.glmer_pirls import GlmerPirls
from mmtriage.engine.lme4.glmer_stages import (
    Course,
    GlmerCall,
    fit_family,
    on_second_radii,
)
from mmtriage.engine.lme4.optwrap import StoppedError, assemble
from mmtriage.engine.lme4.outcome import Lme4Run, frozen
from mmtriage.model.families import Family
from mmtriage.optimizers import Optimizer

HALF_WIDTH = 3.0  # glmer.nb: of the interval of log theta
TOLERANCE = 5e-5  # glmer.nb: of log theta
SAME_THETA = 1e-3  # refits this near in log theta are of the same model
MOST_KEPT = 4  # of them
SCORING_LIMIT = 20  # glmer.nb's initCtrl: theta.ml stops before its 20th step
GLM_NB_LIMIT, GLM_NB_TOLERANCE = 25, 2.0**-13  # the same of MASS::glm.nb: maxit of glm.control(), and eps
SCORING_TOLERANCE = 2 * TOLERANCE  # glmer.nb's initCtrl: a step of theta no larger is theta.ml's last

# What R says where a step of theta.ml is no number: counts that are all zero say nothing of theta.
NO_NUMBER = "missing value where TRUE/FALSE needed"
LIMIT_REACHED = "iteration limit reached"
TRUNCATED = "estimate truncated at zero"


def fit_negative_binomial(call: GlmerCall, family: Family, course: Course) -> Lme4Run:
    """Fit as lme4's glmer.nb does.

    Raises StoppedError or LinAlgError in lme4's words where lme4 stops.
    """
    from scipy.optimize import fminbound  # slow to import

    of_columns = [message for message in course.messages if message == call.design.spec.version.scale_message]
    course.messages = list(of_columns)
    at, said = _poisson_fit(call, Family("poisson", family.link), course)
    theta, warnings = theta_ml(at.data.y, at.mu, at.data.weights)
    course.messages = [*said, *warnings, *of_columns]
    fit = fit_family(call, family.with_theta(theta), course)
    heard = _warnings(fit[0].lme4_messages)

    refits: list[tuple[float, Lme4Run]] = []

    def criterion_of(log_theta: float) -> float:
        nonlocal fit
        course.messages = list(heard)
        theta = math.exp(log_theta)
        fit = _refit(call, family.with_theta(theta), course, *fit)
        refits.append((log_theta, replace(fit[0], nb_theta=theta)))
        return fit[0].criterion

    center = float(np.log(theta))
    best = float(fminbound(criterion_of, center - HALF_WIDTH, center + HALF_WIDTH, xtol=TOLERANCE))
    criterion_of(best)  # R's optimize() evaluates its optimum once more at the end
    near = [refit for at, refit in refits[:-1] if abs(at - best) < SAME_THETA]
    return replace(refits[-1][1], total_evaluations=course.evaluations, refits=tuple(near[-MOST_KEPT:]))


def _poisson_fit(call: GlmerCall, family: Family, course: Course) -> tuple[GlmerPirls, list[str]]:
    """Step 1: where PIRLS stands after it, and its warnings.

    The Poisson density of a count that is not whole is zero. Then the criterion is infinite everywhere, no
    optimizer moves, and lme4 goes on from the means at its start.
    """
    y = call.design.y
    if np.array_equal(y, np.rint(y)):
        fit, criterion = fit_family(call, family, course)
        return criterion.pirls, _warnings(fit.lme4_messages)
    criterion = call.criterion(family)
    criterion.start(call.theta)
    return criterion.pirls, []


def _warnings(messages: Sequence[str]) -> list[str]:
    """What lme4 says by warning(): without the message() that a fit is singular."""
    return [message for message in messages if message != SINGULAR_MESSAGE]


def theta_ml(
    y: Array,
    mu: Array,
    weights: Array,
    *,
    limit: int = SCORING_LIMIT,
    tolerance: float = SCORING_TOLERANCE,
) -> tuple[float, list[str]]:
    """Step 2, MASS::theta.ml, by default as glmer.nb calls it: theta, and its warnings.

    It is found by Fisher scoring from a moment estimate; y, mu, weights are (n,). Raises StoppedError where R
    stops, since a step is no number.
    """
    theta = float(np.sum(weights) / np.sum(weights * (y / mu - 1.0) ** 2))
    step, steps = 1.0, 1
    while steps < limit and abs(step) > tolerance:
        theta = abs(theta)
        step = _scoring_step(theta, y, mu, weights)
        theta += step
        steps += 1
    warnings = []
    if theta < 0.0:
        theta = 0.0
        warnings.append(TRUNCATED)
    if steps == limit:
        warnings.append(LIMIT_REACHED)
    return theta, warnings


def glm_nb_finds_theta(y: Array, mu: Array, weights: Array) -> bool:
    """Whether theta.ml arrives as MASS::glm.nb calls it, at means mu (n,).

    Where it does not, as with many zeros beside large counts, glm.nb goes on from a theta of 1e5, and ends
    there.
    """
    try:
        _, warnings = theta_ml(y, mu, weights, limit=GLM_NB_LIMIT, tolerance=GLM_NB_TOLERANCE)
    except StoppedError:
        return False
    return not warnings


def _scoring_step(theta: float, y: Array, mu: Array, weights: Array) -> float:
    if theta == 0.0 or not math.isfinite(theta):
        raise StoppedError(NO_NUMBER)
    information = _information(theta, y, mu, weights)
    if information == 0.0:
        raise StoppedError(NO_NUMBER)
    return _score(theta, y, mu, weights) / information


def _score(theta: float, y: Array, mu: Array, weights: Array) -> float:
    terms = digamma(theta + y) - digamma(theta) + math.log(theta) + 1.0
    terms = terms - np.log(theta + mu) - (y + theta) / (mu + theta)
    return float(np.sum(weights * terms))


def _information(theta: float, y: Array, mu: Array, weights: Array) -> float:
    terms = polygamma(1, theta) - polygamma(1, theta + y) - 1.0 / theta + 2.0 / (mu + theta)
    return float(np.sum(weights * (terms - (y + theta) / (mu + theta) ** 2)))


def _refit(
    call: GlmerCall, family: Family, course: Course, last: Lme4Run, state: GlmerCriterion
) -> tuple[Lme4Run, GlmerCriterion]:
    """Refit, with another theta of the family, the `last` fit, which left its criterion in `state`."""
    criterion = call.criterion(family)
    criterion.pirls.u = state.pirls.u
    criterion.start(last.theta, jointly=call.is_joint)
    start, bounds = last.theta, Bounds.of(call.layout)
    counted = course.counted(criterion.stage_1 if call.is_joint else criterion.stage_2)
    if not call.is_joint and last.beta is not None:
        start, bounds = np.concatenate([start, last.beta]), Bounds.of(call.layout, criterion.p)
    run = course.run(counted, start, bounds, _of_refit(call), call, last=not call.is_joint)
    made = assemble(
        run,
        run.result.theta,
        run.result.value,
        bounds=bounds,
        start=call.theta,
        optimizer=course.optimizer,
        messages=course.messages,
        total_evaluations=course.evaluations,
        tested=call.tested,
    )
    if call.is_joint:
        made = replace(made, beta=frozen(criterion.pirls.beta))
    return made, criterion


def _of_refit(call: GlmerCall) -> Optimizer:
    """The optimizer of a refit: it has the controls of stage 2, but not the steps of its simplex."""
    optimizer = call.optimizers[0 if call.is_joint else 1]
    if call.is_joint or call.maxfun is not None:
        return optimizer
    return on_second_radii(optimizer)
