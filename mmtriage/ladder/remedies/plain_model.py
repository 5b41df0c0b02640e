"""`lm`, `glm`, `glm.nb`: the model without random effects, which is left where nothing random is."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace

import numpy as np

from mmtriage.arrays import Array
from mmtriage.diagnose.naming import listed
from mmtriage.engine.estimates import Fit, largest_shift
from mmtriage.engine.prepared import plain_fit
from mmtriage.formula import Formula
from mmtriage.formula.edit import with_random
from mmtriage.ladder.against_present import AgainstPresent, without_likelihood
from mmtriage.ladder.case import Case, Refit
from mmtriage.ladder.effect_changes import plain_effects
from mmtriage.ladder.records import Attempt, Proposal
from mmtriage.ladder.remedies.keep import design_effects, false_rejections, largest_icc
from mmtriage.ladder.remedies.measured import compared

HELD = (
    "MASS::glm.nb does not find theta here, its first search for it ends nowhere: it is held at {theta:.4g}, "
    "where the likelihood has its maximum, and standard errors are those of summary(m, dispersion = 1)"
)
UNPROVEN = "this fit is not proven to be the maximum, and R's own iteration may end elsewhere"
CHANGES = "no random effects are left: rows are treated as independent"


def plain_model(case: Case, *, rung: int, title: str, order: int | None = None) -> Proposal:
    """Fit the fixed effects alone: the present criterion with every covariance at zero."""
    fit = plain_fit(case.comparison.prepared, case.comparison.optimum.place)
    fit = replace(fit, df=fit.df - len(fit.theta))
    formula = without_bars(case.formula)
    spec = case.design.spec
    # least squares has one solution; an iteration is believed only where the one beside it is proven
    is_proven = not spec.is_approximated or case.comparison.optimum.certificate.certified
    commands, held = case.commands, tuple[str, ...]()
    if fit.nb_theta is not None and not _finds_theta(case, fit):
        commands, held = commands.of(held_nb_theta=fit.nb_theta), (HELD.format(theta=fit.nb_theta),)
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
        note="maximum likelihood" if spec.is_approximated else "least squares: closed form",
    )
    remedy = compared(
        _against(case, fit),
        id=spec.r_plain,
        rung=rung,
        title=title,
        clears=is_proven and not case.is_separated,
        formula=formula,
        criterion=fit.criterion,
        code=commands.in_r(formula, kind="plain", start=_r_start(case, fit.beta if is_proven else None)),
        changes=CHANGES,
        caveats=(*_risks(case), *held, *(() if is_proven else (UNPROVEN,))),
        cost=1,
        messages=(),
        effects=plain_effects(case, fit),
        order=order,
    )
    case.keep(remedy, Refit(prepared=case.comparison.prepared, fit=fit, place=None))
    return Proposal(remedy=remedy, attempt=attempt)


def _finds_theta(case: Case, fit: Fit) -> bool:
    """Whether glm.nb's first search for theta, from means that differ little from the last, arrives."""
    if not case.design.spec.estimates_nb_theta or fit.mu is None:
        return True
    from mmtriage.engine.lme4.glmer_nb import glm_nb_finds_theta  # here: other families do without

    return glm_nb_finds_theta(case.design.y, fit.mu, case.design.row_weights)


def _risks(case: Case) -> Iterator[str]:
    """Where the design is lost with the random effects."""
    by_design = design_effects(case)
    for group, effects in by_design.items():
        levels = next(len(term.levels) for term in case.design.random if term.group == group)
        icc = largest_icc(case, group)
        share = (
            ""
            if icc is None
            else f", in up to {false_rejections(icc, len(case.design.y) / levels):.0%} of studies"
        )
        yield (
            f"{listed(effects)} {'varies' if len(effects) == 1 else 'vary'} only between the {levels} levels "
            f"of `{group}`: with rows taken as independent a test at 5% rejects a true null hypothesis too "
            f"often{share}"
        )
    if not by_design:
        yield "if groups were sampled by design, say so in the report"


def without_bars(formula: Formula) -> str:
    """The fixed part alone, with its response."""
    return with_random(formula, []).to_text() if formula.random else formula.to_text()


def _against(case: Case, fit: Fit) -> AgainstPresent:
    """The plain fit against the present one: both have the same rows and fixed effects."""
    present = case.comparison.optimum_fit
    unlikely = without_likelihood(case.design)
    return AgainstPresent(
        delta_aic=None if unlikely else fit.aic - present.aic,
        delta_bic=None if unlikely else fit.bic - present.bic,
        loss=fit.criterion - present.criterion,
        max_shift_se=largest_shift(fit.beta, present),
        not_comparable=unlikely,
    )


def _r_start(case: Case, beta: Array | None) -> Array | None:
    """Where glm() is to start, if its own start may lie where there is no mean; `beta` (p,) if proven."""
    design = case.design
    spec = design.spec
    if not spec.is_approximated or spec.link in spec.distribution.safe_links or design.dropped:
        return None
    if beta is not None:
        return beta
    if "(Intercept)" not in design.fixed_names:
        return None
    mean = np.average(design.y, weights=design.weights)
    from mmtriage.model.families import family_of  # here: linear models do without

    level = float(family_of(spec).link.link(np.array([mean]))[0])  # one mean for all is in range
    return np.array([level if name == "(Intercept)" else 0.0 for name in design.fixed_names])
