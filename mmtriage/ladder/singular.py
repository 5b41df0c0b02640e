"""Rung 4: what is singular, and what becomes of the fit without it.

What it tries: names the component and its direction; refits without it, which leaves likelihood and fixed
effects where they are; with nothing random left, plain `lm`; with fewer than six levels, the factor as a
fixed effect; to keep the structure, a weak Wishart prior (df = k + 2.5, as blme) that moves the optimum off
the boundary.
Why it helps: a component at zero explains nothing; the model without it says the same with fewer parameters.
What it changes: the model, or the estimate (the prior).
When it misleads: a variance of zero in a small sample is no proof of zero. If the grouping is part of the
design, say that it was left out.
References: Bates et al. 2015, arXiv:1506.04967; Chung et al. 2015, J. Educ. Behav. Stat. 40(2); lme4
?isSingular.
"""

from __future__ import annotations

import time
from collections.abc import Sequence

import numpy as np

from mmtriage.diagnose.naming import term_text
from mmtriage.diagnose.singularity import Defect, defects, null_text
from mmtriage.engine.estimates import correlation, largest_shift
from mmtriage.engine.optimum.posterior import prior_mode
from mmtriage.formula import Bar
from mmtriage.formula.edit import INTERCEPT, bar_terms, drop_bar_term, swap_bar
from mmtriage.ladder.case import Case, Refit, changed_model_attempt, likelihood_ratio
from mmtriage.ladder.kept_terms import is_kept
from mmtriage.ladder.lrt import Removal, likelihood_ratio_test
from mmtriage.ladder.records import Attempt, Remedy, RungResult
from mmtriage.ladder.remedies.as_fixed import as_fixed_effect, can_be_fixed
from mmtriage.ladder.remedies.measured import changed_model_remedy
from mmtriage.ladder.remedies.plain_model import plain_model
from mmtriage.model.ranef import RandomTerm

FEW_LEVELS = 6  # below this the factor is also tried as a fixed effect (SPEC 4)


def applies(case: Case) -> str | None:
    """Why this rung is skipped, or None: detection always runs."""
    del case
    return None


def climb(case: Case) -> RungResult:
    """Name the singular components, and fit without them."""
    found = defects(case.comparison)
    if not found:
        reason = "no component is singular at the proven optimum (judged free of scale and origin)"
        return RungResult(rung=4, id="singular", status="not_needed", reason=reason)
    pairs: list[tuple[Attempt, Remedy]] = []
    pairs += _without_zeros(case, found)
    pairs += _as_fixed(case, found)
    pairs += _with_prior(case)
    said = "; ".join(_described(case.design.random[d.term], d) for d in found)
    clears = any(remedy.clears for _, remedy in pairs)
    return RungResult(
        rung=4,
        id="singular",
        status="cleared_by_change" if clears else "no_effect",
        reason=said,
        attempts=tuple(attempt for attempt, _ in pairs),
        remedies=tuple(remedy for _, remedy in pairs),
    )


def _described(term: RandomTerm, defect: Defect) -> str:
    if defect.zero:
        return f"{term_text(term)}: zero variance of {', '.join(defect.zero)}"
    return f"{term_text(term)}: {null_text(term, defect.null)} does not vary"


def _without_zeros(case: Case, found: Sequence[Defect]) -> list[tuple[Attempt, Remedy]]:
    """All zero components out at once: the fit stays what it is."""
    formula = case.formula
    gone: list[str] = []
    removed = Removal("several", 0, 1)
    for defect in found:
        term = case.design.random[defect.term]
        if not defect.zero or is_kept(case.options.keep, term.bar):
            continue
        smaller = _smaller_bar(case, term, defect.zero)
        if smaller == term.bar:
            continue
        gone.append(f"{', '.join(defect.zero)} in {term_text(term)}")
        removed = Removal("scalar" if len(term.columns) == 1 else "column", 0, len(term.columns))
        formula = swap_bar(formula, term.bar, [] if smaller is None else [smaller])
    if not gone:
        return []
    title = f"Drop the zero variance of {' and of '.join(gone)}"
    if not formula.random:
        plain = case.commands.r_function("plain")
        return [plain_model(case, rung=4, title=f"{title}: nothing random is left, so plain {plain}")]
    comparison = case.fit(case.build(formula))
    df = case.comparison.optimum_fit.df - comparison.optimum_fit.df
    statistic, _, _ = likelihood_ratio(case, comparison)
    removal = Removal(removed.kind if len(gone) == 1 else "several", df, removed.columns)
    remedy = changed_model_remedy(
        case,
        comparison,
        id="drop-zero",
        rung=4,
        title=title,
        changes="a component that is estimated as zero is left out; likelihood and fixed effects stay",
        caveats=("an estimate of zero from few groups is no proof of zero",),
        lrt=likelihood_ratio_test(statistic, removal, null_is_singular=comparison.is_singular),
    )
    return [(changed_model_attempt(title, comparison), remedy)]


def _smaller_bar(case: Case, term: RandomTerm, zero: Sequence[str]) -> Bar | None:
    """The bar without the terms whose columns are all zero; None if nothing is left of it."""
    labels = bar_terms(term.bar)
    bar: Bar | None = term.bar
    for number, label in enumerate(labels, start=0 if term.bar.intercept else 1):
        columns = [c for c, assigned in zip(term.columns, term.assign, strict=True) if assigned == number]
        if not columns or not set(columns) <= set(zero) or is_kept(case.options.keep, term.bar, label):
            continue
        # An intercept at zero goes only with all of its bar: slopes without one are another question.
        if label == INTERCEPT and set(zero) != set(term.columns):
            continue
        assert bar is not None
        bar = drop_bar_term(bar, label)
        if bar is None:
            return None
    return bar


def _as_fixed(case: Case, found: Sequence[Defect]) -> list[tuple[Attempt, Remedy]]:
    """A grouping factor with few levels as a fixed effect."""
    terms = [case.design.random[defect.term] for defect in found]
    few = [term for term in terms if len(term.levels) < FEW_LEVELS and can_be_fixed(case, term)]
    return [as_fixed_effect(case, term, rung=4) for term in few]


def _with_prior(case: Case) -> list[tuple[Attempt, Remedy]]:
    """The structure kept, the covariance kept off its boundary by a weak prior."""
    # a prior on covariances gives no mode of fixed effects that have none, and mends no failing PIRLS
    if case.is_separated or case.comparison.lme4 is None:
        return []
    began = time.perf_counter()
    reference = case.comparison.optimum_fit
    prepared = case.comparison.prepared
    try:
        mode, search = prior_mode(prepared.model, case.comparison.optimum.place)
        fit = prepared.model.describe(mode)
    except np.linalg.LinAlgError:  # off the boundary the mean leaves the range of its family
        return []
    text = case.formula.to_text()
    loss = fit.criterion - reference.criterion
    moved = "; ".join(
        f"{term_text(term)} SD {', '.join(f'{sd:.3g}' for sd in correlation(S)[0])}"
        for term, S in zip(case.design.random, fit.covariances, strict=True)
    )
    title = "Keep the structure under a weak Wishart prior"
    attempt = Attempt(
        label=title,
        formula=text,
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
    remedy = Remedy(
        id="wishart-prior",
        rung=4,
        title=title,
        scope="changes_model",
        clears=search.status == "converged" and not prepared.null,
        formula=text,
        criterion=fit.criterion,
        delta_aic=None,
        delta_bic=None,
        lrt=None,
        loss=loss,
        max_shift_se=largest_shift(fit.beta, reference),
        not_comparable="a posterior mode is not a maximum of the likelihood: no AIC, BIC or likelihood ratio",
        # from lme4's own start blme may walk into a variance of zero and stop there
        code=case.commands.in_r(text, kind="prior", start=fit.theta),
        changes=(
            f"covariances are the mode of a posterior; it costs {loss:.3g} deviance units of likelihood; "
            f"{moved}"
        ),
        caveats=("say that a prior was used; with very little information it decides the estimate",),
        cost=search.gradients,
    )
    case.keep(remedy, Refit(prepared=prepared, fit=fit, place=mode))
    return [(attempt, remedy)]
