"""Where the search for a generalized model's optimum starts, beside where it does of any model.

Laplace's approximation may have an optimum of its own far out, and a link that leaves the likelihood of the
fixed effects not convex gives them several.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import replace

import numpy as np

from mmtriage.arrays import Array
from mmtriage.engine.generalized.fixed_optima import fixed_optima, has_even_link
from mmtriage.engine.generalized.likelihood import GeneralizedLikelihood
from mmtriage.engine.optimum.found import Start
from mmtriage.engine.optimum.protocol import supports, template_factors
from mmtriage.engine.optimum.starts import correlated, explored
from mmtriage.model.family_names import LAPLACE
from mmtriage.model.tall import least_squares

LITTLE = 2.0  # expected information on a random effect, beside 1 of its distribution
LATENT = float(np.pi) ** 2 / 3.0  # latent variance of a logit, which LITTLE is of
BEND = 2.0  # of the mean predictor: half of the rows are carried across zero
NEARLY = 0.9  # of the way to where the first mean leaves its range
FAR = {"far out": 20.0}  # standard deviations beside those of the template
FARTHER = {"farther out": 60.0, "farthest out": 200.0}  # too, where effects of that size separate the answers
SHIFT = {"far out": 0.5, "farther out": 1.0}  # of the predictors, in SDs of such a start
AHEAD = 4.0  # standard deviation of one column of a term far out, beside those of the others
SEPARATED = 0.05  # deviance of a row, up to which they do
SEED = 1  # of the predictors from which optima of the fixed effects are looked for
NB_RANGE = (-5.0, 10.0)  # of log theta where the search for its first value looks


def first_starts(
    model: GeneralizedLikelihood, moments: Sequence[Array] | None, ends: Sequence[Start]
) -> list[Start]:
    """Two starts at least: the moments, ends of other fits; a start without a beta has that of nAGQ = 0."""
    first = [] if moments is None else _started(model, [("moments", list(moments))])
    found = [*first, *ends]
    if len(found) < 2:
        found += _started(model, [("template", template_factors(model.basis))])
    return found or _at_one_mean(model)


def further_starts(model: GeneralizedLikelihood) -> list[Start]:
    """Where it starts too, if several optima are to be feared."""
    return [*_started(model, explored(model)), *_beyond(model), *_of_fixed(model), *_bent(model)]


def _started(model: GeneralizedLikelihood, named: Iterable[tuple[str, Sequence[Array]]]) -> list[Start]:
    found = []
    for label, factors in named:
        try:
            found.append(Start(label, factors, _first_free(model, factors)))
        except np.linalg.LinAlgError:  # the mean leaves its range there
            continue
    return found


def _first_free(model: GeneralizedLikelihood, factors: Sequence[Array]) -> Array:
    modes = model.joint_mode(factors)
    beta = model.basis.inverse @ modes.beta
    nb_theta = _first_nb_theta(model, modes.terms.mu) if model.free.estimates_nb_theta else None
    return model.free_of(beta, nb_theta)


def _first_nb_theta(model: GeneralizedLikelihood, mu: Array) -> float:
    """Solve the likelihood equation of theta at fixed means; without a root in range, take the better end."""
    from scipy.optimize import brentq  # slow to import

    def slope(log_theta: float) -> float:
        return model.family.with_theta(float(np.exp(log_theta))).theta_slope(model.y, mu, model.weights)

    low, high = NB_RANGE
    if slope(low) >= 0.0:
        return float(np.exp(low))
    if slope(high) <= 0.0:
        return float(np.exp(high))
    return float(np.exp(brentq(slope, low, high, xtol=1e-3)))


def _at_one_mean(model: GeneralizedLikelihood) -> list[Start]:
    """The start whose mean is in range where no mode is: the same for all rows, without random effects."""
    if model.free.profiles_beta or model.free.estimates_nb_theta:
        return []
    return [Start("one mean", _nothing(model), model.pirls.constant_mean(model.family))]


def _nothing(model: GeneralizedLikelihood) -> list[Array]:
    return [np.zeros((k, k)) for k in model.widths]


def _beyond(model: GeneralizedLikelihood) -> list[Start]:
    """Starts far out, where Laplace's approximation may have an optimum of its own.

    It may where the rows tell hardly more of a random effect than the standard normal before them: groups of
    a few answers, or with hardly an event, or whose answers are all the same. Answers may be split there at
    another level than near zero. Where random effects can do what separation does, and leave every answer all
    but certain, the criterion may even fall for ever, as the effects grow.
    """
    if model.nagq != LAPLACE:
        return []
    unit = template_factors(model.basis)
    try:
        information = float(np.sum(model.joint_mode(unit).terms.W)) / model.rows.Z.shape[1]
    except np.linalg.LinAlgError:
        return []
    # An answer of a probit tells more of an effect of one than a logit's, whose own scale is larger.
    latent = model.family.link.latent_variance
    is_little = information < LITTLE * (1.0 if np.isnan(latent) else LATENT / latent)
    if not is_little and not _has_pure_levels(model):
        return []
    named = _of_sizes(unit, FAR)
    if _separates(model, [FARTHER["farthest out"] * F for F in unit]):
        named += [*_of_sizes(unit, FARTHER), *_one_ahead(model, unit)]
    found = _started(model, named)
    return [*found, *_at_other_levels(model, found)]


def _of_sizes(unit: Sequence[Array], sizes: Mapping[str, float]) -> list[tuple[str, Sequence[Array]]]:
    return [(label, [size * F for F in unit]) for label, size in sizes.items()]


def _one_ahead(model: GeneralizedLikelihood, unit: Sequence[Array]) -> Iterator[tuple[str, Sequence[Array]]]:
    """Labels and factors farther out, where one column of a term varies most and the others go with it.

    Slopes can separate answers in several ways, each with an optimum of its own.
    """
    (label, size), *_ = FARTHER.items()
    for t, rank in enumerate(supports(model)):
        for j in range(rank if rank > 1 else 0):
            for name, sign in (("positive", 1.0), ("negative", -1.0)):
                factors = [size * F for F in unit]
                column = np.where(np.arange(len(unit[t])) == j, AHEAD, 1.0)
                factors[t] = size * column[:, None] * correlated(rank, len(unit[t]), sign)
                yield f"{label}, {name} with column {j + 1} of term {t + 1}", factors


def _has_pure_levels(model: GeneralizedLikelihood) -> bool:
    """Whether all answers of some level are successes, or failures: its effect is held from one side only."""
    if not model.family.distribution.has_trials:
        return False
    for term in model.design.random:
        rows = np.bincount(term.codes, minlength=len(term.levels))
        for answer in (0.0, 1.0):
            if np.any(np.bincount(term.codes, model.y == answer, minlength=len(term.levels)) == rows):
                return True
    return False


def _separates(model: GeneralizedLikelihood, factors: Sequence[Array]) -> bool:
    """Whether random effects as large as these leave next to nothing of the deviance of answers."""
    if not model.family.distribution.has_trials:
        return False
    try:
        mu = model.joint_mode(factors).terms.mu
    except np.linalg.LinAlgError:
        return False
    deviance = np.sum(model.family.deviance(model.y, mu, model.weights))
    return bool(deviance < SEPARATED * model.n)


def _at_other_levels(model: GeneralizedLikelihood, starts: Sequence[Start]) -> Iterator[Start]:
    """Those of `SHIFT` with all predictors higher, and lower, by so many SDs of their random effects."""
    if model.free.profiles_beta or not model.family.distribution.has_trials:
        return
    level = least_squares(model.rows.X, np.ones(model.n))
    for start in (start for start in starts if start.label in SHIFT):
        size = SHIFT[start.label] * max(float(np.max(np.abs(F))) for F in start.factors)
        for to, by in (("up", size), ("down", -size)):
            yield replace(start, label=f"{start.label}, {to}", free=start.free + by * level)


def _of_fixed(model: GeneralizedLikelihood) -> list[Start]:
    """Starts at the optima that the fixed effects have without the random ones."""
    if model.free.profiles_beta or model.free.estimates_nb_theta or not has_even_link(model.family):
        return []
    found = fixed_optima(model.pirls, model.family, SEED)
    return [Start(f"fixed effects {i}", _nothing(model), beta) for i, beta in enumerate(found, start=1)]


def _bent(model: GeneralizedLikelihood) -> list[Start]:
    """Starts at a predictor that is bent along each column, either way, without random effects.

    Where the link leaves the likelihood of the fixed effects not convex they may have optima of their own,
    where the predictor changes its sign among the rows, if its square is the mean, and near the edge of the
    means' range, where a row of a tiny response decides.
    """
    family, X = model.family, model.rows.X
    if model.is_convex or model.free.profiles_beta or not (has_even_link(family) or family.eta_sign):
        return []
    level = model.pirls.constant_mean(family)
    predictor = model.pirls.offset + X @ level
    found = []
    for j in range(model.p):
        far = BEND * float(np.linalg.norm(predictor) / np.linalg.norm(X[:, j]))
        for side in (1.0, -1.0):
            step = side * far
            if family.eta_sign:
                room = family.eta_sign * predictor / np.maximum(-family.eta_sign * side * X[:, j], 1e-300)
                step = side * min(far, NEARLY * float(np.min(room)))
            moved = level + step * (np.arange(model.p) == j)
            found.append(Start(f"bent {int(side) * (j + 1):+d}", _nothing(model), moved))
    return found
