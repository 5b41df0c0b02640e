"""The model without random effects, `lm` or `glm`: what is left when nothing random is."""

from __future__ import annotations

from dataclasses import replace

import numpy as np

from mmtriage.arrays import Array
from mmtriage.engine.comparison import plain_fit
from mmtriage.engine.estimates import largest_shift
from mmtriage.formula.edit import with_random
from mmtriage.ladder.case import Case, Refit, without_likelihood
from mmtriage.ladder.records import Attempt, Remedy, SmallerId
from mmtriage.ladder.remedies.change_link import can_start_anywhere
from mmtriage.model.families import NEGATIVE_BINOMIAL, family_of
from mmtriage.options import TriageOptions


def plain_model(case: Case, *, rung: int, title: str) -> tuple[Attempt, Remedy]:
    """Fit the fixed effects alone: the present criterion with every covariance at zero."""
    present = case.comparison.optimum_fit
    fit = plain_fit(case.comparison.prepared, case.comparison.optimum.place)
    fit = replace(fit, df=fit.df - len(fit.theta))
    unlikely = without_likelihood(case.design)
    formula = _without_bars(case)
    # least squares has one solution; an iteration is believed only where the one beside it is proven
    is_proven = case.options.is_linear or case.comparison.optimum.certificate.certified
    start = _r_start(case, fit.beta if is_proven else None)
    attempt = Attempt(
        label=title,
        formula=formula,
        optimizer=None,
        criterion=fit.criterion,
        gap=0.0,
        max_abs_gradient=None,
        evaluations=1,
        certified=is_proven,
        singular=False,
        note="least squares: closed form" if case.options.is_linear else "maximum likelihood",
    )
    remedy = Remedy(
        id=plain_id(case.options),
        rung=rung,
        title=title,
        scope="changes_model",
        clears=is_proven and not case.is_separated,
        formula=formula,
        criterion=fit.criterion,
        delta_aic=None if unlikely else fit.aic - present.aic,
        delta_bic=None if unlikely else fit.bic - present.bic,
        lrt=None,
        loss=fit.criterion - present.criterion,
        max_shift_se=largest_shift(fit.beta, present),
        not_comparable=unlikely,
        code=case.commands.in_r(formula, kind="plain", start=start),
        changes="no random effects are left: rows are treated as independent",
        caveats=(
            "if groups were sampled by design, say so in the report; for population averages with correlated "
            "rows, GEE (geepack::geeglm) is the other choice",
        ),
        cost=1,
    )
    case.keep(remedy, Refit(prepared=case.comparison.prepared, fit=fit, place=None))
    return attempt, remedy


def plain_id(options: TriageOptions) -> SmallerId:
    """How remedies name the model without random effects: for the function of R that fits it."""
    if options.family == NEGATIVE_BINOMIAL:
        return "glm.nb"
    return "lm" if options.is_linear else "glm"


def _without_bars(case: Case) -> str:
    return with_random(case.formula, []).to_text() if case.formula.random else case.formula.to_text()


def _r_start(case: Case, beta: Array | None) -> Array | None:
    """Where glm() is to start, if its own start may lie where there is no mean; `beta` (p,) if proven."""
    options, design = case.options, case.design
    if options.is_linear or can_start_anywhere(options.family, options.link_name) or design.dropped:
        return None
    if beta is not None:
        return beta
    if "(Intercept)" not in design.fixed_names:
        return None
    mean = np.average(design.y, weights=design.weights)
    level = float(family_of(design.spec).link.link(np.array([mean]))[0])  # one mean for all is in range
    return np.array([level if name == "(Intercept)" else 0.0 for name in design.fixed_names])
