"""The parameters of a fit in the order and the coordinates of our design, matched by name.

The covariances come as lme4's theta, or as standard deviations and correlations. These are brought to theta
by a square root of the correlation matrix, which may be singular: with R = Q D Q' and S = diag(sd), Sigma = F
F' for F = S Q D^1/2, and theta is the triangle L / sigma with L L' = F F'.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

import numpy as np

from mmtriage.arrays import Array
from mmtriage.engine.as_given import Parameters
from mmtriage.engine.prepared import Prepared
from mmtriage.engine.structures.parameter_layout import layout_of
from mmtriage.errors import DataError, did_you_mean
from mmtriage.given.record import GivenFit, GivenTerm
from mmtriage.model.design import Design
from mmtriage.model.ranef import RandomTerm

PRINTED = 1e-2  # relative: a covariance that differs from a structured one by more is no rounding of it
NOT_A_CORRELATION = -1e-6  # an eigenvalue below this is more than the rounding of printed digits


def placed(fit: GivenFit, prepared: Prepared) -> Parameters:
    """The parameters of a fit.

    Raises:
        DataError: a name that the model does not have, or one that the file leaves out.
    """
    design = prepared.design
    theta = _by_name(fit, prepared) if fit.theta else _by_sd(fit, design)
    beta, se = _fixed(fit, design)
    return Parameters(
        theta=theta, beta=beta, sigma=_sigma(fit, design), nb_theta=_nb_theta(fit, design), se=se
    )


def plain(name: str) -> str:
    """A name without backticks: a column that R computed itself stands in the table under R's name for it."""
    return name.replace("`", "")


def _wrong(fit: GivenFit, key: str, problem: str, hint: str | None = None) -> DataError:
    return DataError(problem, where=f"{fit.path}, `{key}`", hint=hint)


def _named(names: Sequence[str]) -> str:
    return ", ".join(f"`{name}`" for name in names)


def _by_name(fit: GivenFit, prepared: Prepared) -> Array:
    """theta (m,) in our order; where a name repeats, the order of the file decides."""
    ours = tuple(map(plain, prepared.theta_names))
    values: dict[str, list[float]] = {}
    for name, value in fit.theta:
        values.setdefault(plain(name), []).append(value)
    if len(fit.theta) != len(ours):
        problem = f"theta has {len(fit.theta)} elements, and the random effects have {len(ours)} parameters"
        raise _wrong(fit, "theta", problem, f"They are {_named(ours)}.")
    found = []
    for name in ours:
        if not values.get(name):
            guess = did_you_mean(name, [n for n, left in values.items() if left])
            raise _wrong(fit, "theta", f"there is no `{name}`", guess or f"theta is {_named(ours)}.")
        found.append(values[name].pop(0))
    return np.array(found)


def _by_sd(fit: GivenFit, design: Design) -> Array:
    """theta (m,) from standard deviations and correlations."""
    distribution = design.spec.distribution
    if not design.spec.is_linear and distribution.estimates_scale:
        raise _wrong(
            fit,
            "random_effects",
            f"with the family {design.spec.family} it depends on the version of lme4 what its SDs are",
            "Give `theta`, lme4's relative covariance parameters, which mean the same in all versions.",
        )
    if design.spec.is_linear and fit.sigma is None:
        raise _wrong(fit, "sigma", "`sigma` is missing: the SDs of the random effects are relative to it")
    sigma = 1.0 if fit.sigma is None or not design.spec.is_linear else fit.sigma
    left = [replace(given, terms=tuple(map(plain, given.terms))) for given in fit.random_effects]
    factors = [_factor(fit, term, left) / sigma for term in design.random]
    if left:
        term = f"({' + '.join(left[0].terms)} | {left[0].group})"
        raise _wrong(fit, "random_effects", f"the formula has no term {term}", _terms_of(design))
    layout = layout_of(design.random)
    theta = layout.theta(factors)
    for own, F, L in zip(design.random, factors, layout.factors(theta), strict=True):
        if np.max(np.abs(F @ F.T - L @ L.T)) > PRINTED * np.max(np.diag(F @ F.T)):
            problem = f"the SDs and correlations of {own.group} are none of `{own.bar.to_text()}`"
            raise _wrong(fit, "random_effects", problem)
    return theta


def _terms_of(design: Design) -> str:
    shown = (f"({' + '.join(term.columns)} | {term.group})" for term in design.random)
    return f"Its terms are: {', '.join(shown)}."


def _factor(fit: GivenFit, term: RandomTerm, left: list[GivenTerm]) -> Array:
    """F (k, k) of a term of the model, in the user's units; what it uses is taken out of `left`."""
    columns = tuple(map(plain, term.columns))
    of_group = [i for i, given in enumerate(left) if _same_group(given.group, term.group)]
    exact = next((i for i in of_group if set(left[i].terms) == set(columns)), None)
    if exact is not None:
        return _root(fit, left.pop(exact), columns)
    # `||` makes several terms of what may stand as one, without correlations.
    for i in of_group:
        given = left[i]
        if set(columns) < set(given.terms) and _is_diagonal(given):
            rest = [name for name in given.terms if name not in columns]
            mine = _part(given, columns)
            left[i] = _part(given, rest)
            return _root(fit, mine, columns)
    shown = f"({' + '.join(term.columns)} | {term.group})"
    there = [f"({' + '.join(given.terms)} | {given.group})" for given in left]
    hint = f"The file has: {', '.join(there)}." if there else None
    raise _wrong(fit, "random_effects", f"there is no term {shown}", hint)


def _same_group(given: str, ours: str) -> bool:
    """`a:b` and `b:a` are the same levels."""
    return given == ours or (":" in ours and sorted(given.split(":")) == sorted(ours.split(":")))


def _is_diagonal(given: GivenTerm) -> bool:
    k = len(given.terms)
    rho = given.correlation
    return rho is None or all(not rho[i][j] for i in range(k) for j in range(k) if i != j)


def _part(given: GivenTerm, names: Sequence[str]) -> GivenTerm:
    """The SDs of some of the terms of an uncorrelated one."""
    sd = tuple(given.sd[given.terms.index(name)] for name in names)
    return GivenTerm(group=given.group, terms=tuple(names), sd=sd)


def _root(fit: GivenFit, given: GivenTerm, columns: Sequence[str]) -> Array:
    order = [given.terms.index(name) for name in columns]
    sd = np.array([given.sd[i] for i in order])
    if given.correlation is None:
        return np.diag(sd)
    # Beside an SD of 0 a correlation has no value, and any value is right.
    R = np.array([[given.correlation[i][j] or 0.0 for j in order] for i in order])
    R[np.diag_indices(len(sd))] = 1.0
    values, Q = np.linalg.eigh(R)
    if values[0] < NOT_A_CORRELATION:
        name = f"random_effects, {given.group}"
        raise _wrong(fit, name, f"no variables have these correlations (eigenvalue {values[0]:.3g})")
    root: Array = sd[:, None] * Q * np.sqrt(np.maximum(values, 0.0))
    return root


def _fixed(fit: GivenFit, design: Design) -> tuple[Array, Array | None]:
    """beta (p,) and its standard errors, in our order."""
    given = {plain(effect.name): effect for effect in fit.fixed_effects}
    names = tuple(map(plain, design.fixed_names))
    missing = [name for name in names if name not in given]
    foreign = [name for name in given if name not in names]
    if missing or foreign:
        raise _other_names(fit, design, missing, foreign)
    _check_dropped(fit, design)
    effects = [given[name] for name in names]
    beta = np.array([effect.estimate for effect in effects], dtype=np.float64)
    if not fit.has_se:
        return beta, None
    se = np.array([np.nan if e.se is None else e.se for e in effects], dtype=np.float64)
    return beta, np.where(np.isfinite(se), se, np.nan) / _se_factor(fit, design)


def _other_names(fit: GivenFit, design: Design, missing: Sequence[str], foreign: Sequence[str]) -> DataError:
    if foreign:
        aliased = [name for name in foreign if name in {column.name for column in design.dropped}]
        if aliased:
            problem = f"{_named(aliased)} is aliased: in this table other columns determine it"
            return _wrong(fit, "fixed_effects", problem, "Is this the table that the model was fitted to?")
        hint = did_you_mean(foreign[0], missing) or f"It has {_named(design.fixed_names)}."
        return _wrong(fit, "fixed_effects", f"the model has no fixed effect {_named(foreign)}", hint)
    problem = f"the model has fixed effects that the file leaves out: {_named(missing)}"
    return _wrong(fit, "fixed_effects", problem, "Give an estimate for each; are levels or contrasts others?")


def _check_dropped(fit: GivenFit, design: Design) -> None:
    ours = {plain(column.name) for column in design.dropped}
    if fit.dropped is not None and set(map(plain, fit.dropped)) != ours:
        theirs = _named(fit.dropped) or "nothing"
        raise _wrong(fit, "dropped", f"the fit dropped {theirs}; here {_named(sorted(ours)) or 'nothing'} is")


def _se_factor(fit: GivenFit, design: Design) -> float:
    """nlme's summary multiplies the standard errors of an ML fit by sqrt(n / (n - p)) (`adjustSigma`)."""
    n, p = design.X.shape
    is_adjusted = fit.software.name == "nlme" and design.spec.is_linear and not design.spec.reml
    return float(np.sqrt(n / (n - p))) if is_adjusted and n > p else 1.0


def _sigma(fit: GivenFit, design: Design) -> float | None:
    return fit.sigma if design.spec.is_linear else None


def _nb_theta(fit: GivenFit, design: Design) -> float | None:
    if not design.spec.distribution.estimates_theta:
        return None
    if fit.nb_theta is None:
        raise _wrong(fit, "nb_theta", "`nb_theta` is missing: the theta of the negative binomial")
    return fit.nb_theta
