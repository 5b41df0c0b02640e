"""The records of a report, taken from the table, the design and the two fits.

A fit has estimates (`engine.estimates.Fit`) and a way on which it was reached; `FitFacts` has both.
"""

from __future__ import annotations

import math
from collections.abc import Collection, Sequence
from dataclasses import dataclass, replace
from typing import Literal

import numpy as np

from mmtriage.arrays import Array
from mmtriage.deadline import NEVER, TimeBudgetError
from mmtriage.diagnose.chance import Repeats
from mmtriage.engine.coefficient_tests import CoefficientTest, coefficient_tests
from mmtriage.engine.comparison import Comparison, Elsewhere
from mmtriage.engine.estimates import Fit, correlation
from mmtriage.engine.linear.model import LinearModel
from mmtriage.engine.lme4.checks import design_messages
from mmtriage.engine.lme4.differences import Derivatives
from mmtriage.engine.lme4.lmer import tested_of
from mmtriage.engine.lme4.optwrap import Checking
from mmtriage.engine.optimum.found import Optimum
from mmtriage.engine.prepared import Prepared
from mmtriage.engine.structures.covariance_factor import in_users_columns
from mmtriage.model.design import Design
from mmtriage.model.family_names import DfMethod
from mmtriage.report.facts import (
    CertificateFacts,
    FitFacts,
    FitStatus,
    FixedEffect,
    RandomEffect,
    RefutedFacts,
    RepeatFacts,
    SoftwareFacts,
    StartFacts,
)

OUR_OPTIMIZER = "mmtriage"
SAME_SE = 1e-9  # relative: standard errors by two methods that differ by their rounding alone


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class _Way:
    """How a fit was reached, and what lme4 says of where it ended."""

    source: Literal["imitated", "given"] | None = None
    software: SoftwareFacts | None = None
    lme4: str | None = None
    optimizer: str | None
    start: Array | None  # theta, in the user's units
    status: FitStatus | None
    evaluations: int | None
    max_abs_gradient: float | None
    singular: bool | None
    lme4_messages: tuple[str, ...] | None
    certificate: CertificateFacts | None = None


def lme4_facts(
    comparison: Comparison, ddf: DfMethod | None = None, repeats: Repeats | None = None
) -> FitFacts | None:
    """The fit as lme4 made it, or None if it made none; with the t tests that R's lmerTest gives it."""
    run, fit = comparison.lme4, comparison.lme4_fit
    if run is None or fit is None:
        return None
    if comparison.given is not None:
        given_tests = _tests(comparison.prepared, fit, ddf, heed_design=False)
        return _fit_facts(comparison.prepared, fit, _way_elsewhere(comparison.given), given_tests)
    if comparison.prepared.design.spec.is_approximated:
        # What lme4 prints: its PIRLS stops earlier than ours, by which the gap is measured.
        fit = replace(fit, criterion=run.criterion)
    way = _Way(
        source="imitated",
        lme4=comparison.prepared.design.spec.version.shown,
        optimizer=run.optimizer,
        start=run.start,
        status=run.status,
        evaluations=run.evaluations,
        max_abs_gradient=run.max_abs_gradient,
        singular=run.singular,
        lme4_messages=run.lme4_messages,
    )
    tests = _tests(comparison.prepared, fit, None if run.is_lost else ddf, heed_design=False)
    fit = fit.without_numbers() if run.is_lost else fit
    facts = _fit_facts(comparison.prepared, fit, way, tests)
    return replace(facts, repeats=None if repeats is None else _repeat_facts(repeats))


def _repeat_facts(repeats: Repeats) -> tuple[RepeatFacts, ...]:
    """What each of the runs came to; the first is the one that lme4 returns."""
    return tuple(
        RepeatFacts(
            status=status,
            noise=number > 0,
            shown=run is repeats.shown,
            criterion=None if run.lme4_fit is None else run.lme4_fit.criterion,
            gap=run.gap,
            singular=None if run.lme4 is None else run.lme4.singular,
            lme4_messages=() if run.lme4 is None else run.lme4.lme4_messages,
            error=run.lme4_error,
        )
        for number, (run, status) in enumerate(zip(repeats.runs, repeats.statuses, strict=True))
    )


def _way_elsewhere(given: Elsewhere) -> _Way:
    """What is known of the way of a fit made elsewhere; nothing of it is repeated here."""
    ended: dict[bool | None, FitStatus | None] = {True: "converged", False: "stalled", None: None}
    return _Way(
        source="given",
        software=SoftwareFacts(name=given.software, version=given.version, prior=given.prior),
        optimizer=given.optimizer,
        start=None,
        status=ended[given.converged],
        evaluations=given.evaluations,
        max_abs_gradient=None,
        singular=given.singular,
        lme4_messages=given.messages,
    )


def optimum_facts(comparison: Comparison, ddf: DfMethod | None = None) -> FitFacts:
    """The proven optimum, with what lme4 would say of it, and t tests that respect the design."""
    prepared, fit, optimum = comparison.prepared, comparison.optimum_fit, comparison.optimum
    parameters, design = fit.parameters, prepared.design
    if isinstance(prepared.model, LinearModel):
        tested = tested_of(prepared.model)
    else:
        tested = Checking.of(design.spec, len(design.y), len(parameters))
    bounds = prepared.bounds(parameters)
    # Of a fit made elsewhere nobody asks what lme4's differences would be.
    derivatives = None if comparison.given is not None else _differences(prepared, fit, parameters, tested)
    check = tested.check(parameters, bounds, derivatives)
    before = design_messages(design.X, dropped=len(design.dropped), version=tested.version)
    began = next(d for d in optimum.descents if d.label == optimum.start).began
    way = _Way(
        optimizer=OUR_OPTIMIZER,
        start=_user_theta(prepared, began.factors),
        status="converged" if optimum.certificate.certified else "stalled",
        evaluations=optimum.gradients,
        max_abs_gradient=_largest_gradient(derivatives),
        singular=check.singular,
        lme4_messages=(*before, *check.messages),
        certificate=_certificate_facts(prepared, optimum),
    )
    tests = _tests(prepared, fit, ddf, heed_design=True)
    return _fit_facts(prepared, fit, way, tests, endless=comparison.endless_effects())


def _differences(prepared: Prepared, fit: Fit, parameters: Array, tested: Checking) -> Derivatives | None:
    """lme4's differences at the optimum; None where lme4 takes none, or the clock allows none."""
    if not prepared.design.spec.is_approximated:  # no row is touched: it takes no time worth asking for
        prepared = prepared.unhurried()
    try:
        return tested.derivatives(
            lambda at: prepared.objective(at, fit.nb_theta), parameters, prepared.bounds(parameters)
        )
    except TimeBudgetError:
        return None


def _largest_gradient(derivatives: Derivatives | None) -> float | None:
    return None if derivatives is None else float(np.max(np.abs(derivatives.gradient), initial=0.0))


def _user_theta(prepared: Prepared, factors: Sequence[Array]) -> Array:
    return prepared.model.layout.theta(in_users_columns(factors, prepared.model.basis.terms))


def _tests(
    prepared: Prepared, fit: Fit, ddf: DfMethod | None, *, heed_design: bool
) -> Sequence[CoefficientTest | None]:
    """The t test of each coefficient, None where there is none to have."""
    model = prepared.model
    if ddf is None or not isinstance(model, LinearModel):
        return [None] * len(fit.beta)
    unhurried = replace(model, deadline=NEVER)  # no row is touched: as `_differences`
    return coefficient_tests(unhurried, fit, ddf, heed_design=heed_design)


def _fit_facts(
    prepared: Prepared,
    fit: Fit,
    way: _Way,
    tests: Sequence[CoefficientTest | None],
    *,
    endless: Collection[str] = (),
) -> FitFacts:
    """Both in one record; `endless` are the fixed effects that have no finite estimate."""
    design = prepared.design
    return FitFacts(
        source=way.source,
        software=way.software,
        lme4=way.lme4,
        optimizer=way.optimizer,
        start=None if way.start is None else tuple(float(v) for v in way.start),
        status=way.status,
        criterion=fit.criterion,
        log_likelihood=fit.log_likelihood,
        aic=fit.aic,
        bic=fit.bic,
        df=fit.df,
        evaluations=way.evaluations,
        sigma=fit.sigma if design.spec.distribution.estimates_scale else None,
        family_theta=fit.nb_theta,
        theta=tuple(float(v) for v in fit.theta),
        theta_names=prepared.theta_names,
        fixed_effects=fixed_effects(design, fit, tests, endless),
        se_method=fit.se_method,
        random_effects=_random_effects(prepared, fit),
        max_abs_gradient=way.max_abs_gradient,
        singular=way.singular,
        lme4_messages=way.lme4_messages,
        certificate=way.certificate,
    )


def fixed_effects(
    design: Design, fit: Fit, tests: Sequence[CoefficientTest | None], endless: Collection[str]
) -> tuple[FixedEffect, ...]:
    """The coefficients; one without a finite estimate is where it goes, not where the search stopped."""
    return tuple(
        FixedEffect(name=name, estimate=math.copysign(math.inf, b), se=math.inf, statistic=math.nan)
        if name in endless
        else _fixed_effect(name, float(b), float(se), test, by_z=design.spec.has_p_values)
        for name, b, se, test in zip(design.fixed_names, fit.beta, fit.se, tests, strict=True)
    )


def _fixed_effect(
    name: str, estimate: float, se: float, test: CoefficientTest | None, *, by_z: bool
) -> FixedEffect:
    if test is None:
        z = estimate / se if se > 0.0 else math.nan  # far from any optimum a curvature may have no digits
        p = _two_sided(z) if by_z else None
        return FixedEffect(name=name, estimate=estimate, se=se, statistic=z, p_value=p)
    return FixedEffect(
        name=name,
        estimate=estimate,
        se=se,
        statistic=test.statistic,
        p_value=_known(test.p_value),
        df=_known(test.df),
        df_method=test.method,
        test_se=None if math.isclose(test.se, se, rel_tol=SAME_SE) else test.se,
        between=test.between,
    )


def _known(value: float) -> float | None:
    return value if math.isfinite(value) else None


def _two_sided(z: float) -> float:
    """2 pnorm(-abs(z))."""
    return math.erfc(abs(z) / math.sqrt(2.0))


def _random_effects(prepared: Prepared, fit: Fit) -> tuple[RandomEffect, ...]:
    effects = []
    design, layout = prepared.design, prepared.model.layout
    scale = fit.sigma if design.spec.scales_random_effects else 1.0
    own = layout.structured(fit.theta, design.random, scale=scale)
    terms = zip(design.random, fit.covariances, fit.shares, own, strict=True)
    for term, covariance, share, parameters in terms:
        sd, rho = correlation(covariance)
        has_share = term.columns == ("(Intercept)",) and design.spec.has_icc
        effects.append(
            RandomEffect(
                group=term.group,
                terms=term.columns,
                sd=tuple(float(v) for v in sd),
                correlation=tuple(tuple(float(v) for v in row) for row in rho),
                icc=share if has_share else None,
                parameters=parameters,
            )
        )
    return tuple(effects)


def _certificate_facts(prepared: Prepared, optimum: Optimum) -> CertificateFacts:
    certificate = optimum.certificate
    smallest: list[float | None] = [None] * len(prepared.design.random)
    for m in certificate.multipliers:
        known = smallest[m.term]
        smallest[m.term] = m.value if known is None else min(known, m.value)
    return CertificateFacts(
        certified=certificate.certified,
        reason=certificate.reason,
        newton_decrement=certificate.newton_decrement,
        min_eigenvalue_free=certificate.min_eigenvalue_free,
        multipliers=tuple(smallest),
        rank=certificate.ranks,
        starts=tuple(StartFacts(name=d.label, criterion=d.criterion) for d in optimum.descents),
        distinct_optima=optimum.optima,
        refuted=tuple(
            RefutedFacts(
                criterion=r.criterion,
                theta=tuple(float(v) for v in _user_theta(prepared, r.place.factors)),
                method=r.method,
            )
            for r in optimum.refuted
        ),
    )
