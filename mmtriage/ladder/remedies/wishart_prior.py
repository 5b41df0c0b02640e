"""`wishart-prior`: the structure kept, its covariances kept off their boundary by a weak prior.

The prior is blme's: Wishart with df = k + 2.5 for a covariance of k columns (Chung et al. 2015, J. Educ.
Behav. Stat. 40(2)). Its density is zero where a covariance is singular, so the mode of the posterior is not.
"""

from __future__ import annotations

import time
from collections.abc import Iterator

import numpy as np

from mmtriage import figures
from mmtriage.diagnose.naming import listed, term_text
from mmtriage.engine.estimates import Fit, correlation, largest_shift
from mmtriage.engine.optimum.posterior import prior_mode
from mmtriage.ladder.against_present import NO_MAXIMUM, not_compared
from mmtriage.ladder.case import Case, Refit
from mmtriage.ladder.effect_changes import effects_of
from mmtriage.ladder.records import Attempt, Proposal
from mmtriage.ladder.remedies.measured import compared

RUNAWAY = 1e3  # SD of a term per average row, in residual SDs, above which no data hold it
SINGULAR_THETA = 1e-4  # lme4's limit for a diagonal element of theta
FAR = 100.0  # mean over SD of a column that blme's own columns suffer from
TITLE = "Keep the structure under a weak Wishart prior"


def propose(case: Case) -> Iterator[Proposal]:
    """Find the mode of the posterior, where there is one."""
    # a prior on covariances gives no mode of fixed effects that have none, and mends no failing PIRLS
    if case.is_separated or case.comparison.lme4 is None:
        return
    if not case.comparison.prepared.model.layout.is_ordinary:  # blme has no structured covariance
        return
    began = time.perf_counter()
    present, prepared = case.comparison.optimum_fit, case.comparison.prepared
    try:
        mode, search = prior_mode(prepared.model, case.comparison.optimum.place)
        fit = prepared.model.describe(mode)
    except np.linalg.LinAlgError:  # off the boundary the mean leaves the range of its family
        return
    if search.status != "converged" or _runs_away(fit):
        return
    if case.comparison.is_refuted(fit.criterion):  # the prior leads to what only the approximation has
        return
    case.comparison.pass_by(TITLE, mode, fit.criterion)
    formula, loss, moved = case.formula.to_text(), fit.criterion - present.criterion, _deviations(case, fit)
    attempt = Attempt(
        label=TITLE,
        formula=formula,
        optimizer="mmtriage",
        criterion=fit.criterion,
        gap=loss,
        max_abs_gradient=None,
        evaluations=search.gradients,
        certified=None,
        singular=False,
        note=f"posterior mode, not a maximum of the likelihood; {moved}",
        seconds=time.perf_counter() - began,
    )
    remedy = compared(
        not_compared(NO_MAXIMUM, loss=loss, max_shift_se=largest_shift(fit.beta, present)),
        id="wishart-prior",
        rung=4,
        title=TITLE,
        clears=search.status == "converged" and not prepared.null,
        formula=formula,
        criterion=fit.criterion,
        # from lme4's own start blme may walk into a variance of zero and stop there
        code=case.commands.in_r(formula, kind="prior", start=fit.theta),
        changes=(
            "covariances are the mode of a posterior; it costs "
            f"{figures.gap(loss, present.criterion)} deviance units of likelihood; {moved}"
        ),
        caveats=(
            "say that a prior was used; with very little information it decides the estimate",
            *_in_r(case, fit),
        ),
        cost=search.gradients,
        effects=effects_of(case, prepared, fit),
    )
    case.keep(remedy, Refit(prepared=prepared, fit=fit, place=mode))
    yield Proposal(remedy=remedy, attempt=attempt)


def _in_r(case: Case, fit: Fit) -> Iterator[str]:
    """What blme's own search and lme4's checks make of it."""
    yield (
        "blme stops where its posterior is flat: R's criterion may be some hundredths another, and lme4's "
        "check of the gradient, made for likelihoods, may object"
    )
    diagonal = [fit.theta[j] for j, low in enumerate(case.comparison.prepared.model.layout.lower) if low == 0]
    if any(value < SINGULAR_THETA for value in diagonal):
        yield "lme4 still warns, of a fit that is not singular: its limit for theta hangs on the unit"
    far = list(_far(case)) if case.design.spec.is_approximated else []
    if far:
        error = "Downdated VtV is not positive definite"
        yield f"where R stops with an error ({error}), centre {listed(far)} first"


def _far(case: Case) -> Iterator[str]:
    """Columns of X far from zero, on which lme4's cross-products lose their digits."""
    for name, column in zip(case.design.fixed_names, case.design.X.T, strict=True):
        sd = float(np.std(column))
        if sd > 0 and abs(float(np.mean(column))) > FAR * sd:
            yield name


def _runs_away(fit: Fit) -> bool:
    """Whether the mode lies where the prior alone has driven it: with two groups nothing holds it back."""
    return any(float(np.linalg.norm(F)) > RUNAWAY for F in fit.factors)


def _deviations(case: Case, fit: Fit) -> str:
    """Where the prior moves the standard deviations of each term."""
    return "; ".join(
        f"{term_text(term)} SD {', '.join(f'{sd:.3g}' for sd in correlation(S)[0])}"
        for term, S in zip(case.design.random, fit.covariances, strict=True)
    )
