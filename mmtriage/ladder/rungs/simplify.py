"""Rung 2: a smaller random-effects structure.

What it tries: first what the design cannot identify (MM304, MM308, MM309); then, one term at a time, no
correlations (factors expanded to columns, so that it is really diagonal), compound symmetry for factors (one
variance as `(1 | g) + (1 | g:f)`, or as `cs` where its correlation wants to be negative; a variance for each
level as lme4 2.x's `cs`), `ar1` along levels at equal distances, one variance alone, then fewer slopes, the
one that contributes least to the variance of the response, n^-1 tr(Z S Z'), first. At the end correlations
are tried again. Of a model with as many effects as rows (MM407) each grouping is left out, or all are.
Why it helps: a covariance that the data cannot fill has its optimum on the boundary.
What it changes: the model. Each grouping keeps its intercept; terms named by --keep stay.
When it misleads: dropping a slope that is really there makes the test of its fixed effect too liberal (Barr
et al. 2013); keeping every slope costs power (Matuschek et al. 2017). A test that does not reject is no
proof of zero.
References: Barr, Levy, Scheepers & Tily 2013, JML 68; Bates, Kliegl, Vasishth & Baayen 2015,
arXiv:1506.04967; Matuschek et al. 2017, JML 94; Stram & Lee 1994, Biometrics 50.
"""

from __future__ import annotations

from dataclasses import replace
from functools import partial

from mmtriage.diagnose.exact_fit import interpolated
from mmtriage.formula import Formula
from mmtriage.formula.edit import bar_terms, drop_bar_term, swap_bar, with_random
from mmtriage.formula.text import to_text
from mmtriage.ladder.against_present import compare, identified_df, likelihood_ratio
from mmtriage.ladder.bootstrap import bootstrap_statistics
from mmtriage.ladder.case import Case
from mmtriage.ladder.lrt import Removal, likelihood_ratio_test
from mmtriage.ladder.rank import SMALLER, is_rejected
from mmtriage.ladder.records import LikelihoodRatio, Proposal, RungResult, changed_model_result
from mmtriage.ladder.remedies.measured import changed_model
from mmtriage.ladder.remedies.plain_model import plain_model
from mmtriage.ladder.search_down import Tried, fitted, smaller_models
from mmtriage.ladder.steps import Step, dropped_slopes
from mmtriage.ladder.unidentified import is_constant


def applies(case: Case) -> str | None:
    """Why this rung is skipped, or None."""
    del case
    return None


def climb(case: Case) -> RungResult:
    """Walk down from the present structure until a model is sound."""
    # `interpolated` was asked before the fit, and says of how many random effects.
    has_too_many = any("random_effects" in found.evidence for found in case.found("MM407"))
    if not (has_too_many or case.comparison.is_singular or case.comparison.prepared.null):
        reason = "the random-effects structure is not the trouble"
        if case.verdict.status != "unidentifiable":
            reason += f": {case.optimum_name} is identified and not singular"
        return RungResult(rung=2, id="simplify", status="not_needed", reason=reason)
    smaller = smaller_models(case.bench, case.comparison)
    if has_too_many:  # what falls for ever as well has no optimum, whatever its search has found
        smaller = [tried for tried in smaller if interpolated(tried.comparison.prepared.design) is None]
        smaller += _without_a_grouping(case)
    proposals = [_proposal(case, tried) for tried in smaller]
    proposals += _left_to_fixed_effects(case)
    if has_too_many and not proposals:
        proposals.append(plain_model(case, rung=2, title="Leave the random effects out", order=SMALLER))
    clearing = [p.remedy for p in proposals if p.remedy.clears]
    sound = min(clearing, key=lambda remedy: is_rejected(remedy.delta_aic), default=None)
    if sound is not None:
        reason = f"`{sound.formula}` is identified, certified and not singular"
        if is_rejected(sound.delta_aic):
            reason += ", but the data speak against it"
    elif proposals:
        reason = "every smaller structure tried is singular or not identified too"
    else:
        reason = "nothing can be taken away: each grouping has only its intercept"
    return changed_model_result("simplify", proposals, reason)


def _proposal(case: Case, tried: Tried, title: str | None = None) -> Proposal:
    return changed_model(
        case,
        tried.comparison,
        id="simplify",
        title=title or _title(case, tried),
        label=tried.step.title,
        changes="the random-effects structure",
        caveats=(*_weakened(case, tried), *_rescaled_note(tried)),
        lrt=_test(case, tried),
        in_users_columns=tried.in_users_columns,
    )


def _weakened(case: Case, tried: Tried) -> tuple[str, ...]:
    """Which inference the whole way down from the present model weakens, every lost slope named."""
    gone = {
        group: [label for label in labels if _can_vary(case, group, label)]
        for group, labels in dropped_slopes(case.formula, tried.step.formula).items()
    }
    varying = [f"{', '.join(labels)} by {group}" for group, labels in gone.items() if labels]
    if varying:
        return (
            f"slopes left out: {'; '.join(varying)}. If these effects do vary, the standard errors of their "
            "fixed effects are now too small (Barr et al. 2013)",
        )
    is_slope = "Barr et al." in tried.step.weakens
    return (tried.step.weakens,) if tried.step.weakens and not is_slope else ()


def _can_vary(case: Case, group: str, label: str) -> bool:
    """Whether a slope varies within its groups: the loss of one that does not weakens nothing."""
    terms = (t for t in case.design.random if t.group == group and label in bar_terms(t.bar))
    return any(not is_constant(term, label) for term in terms)


def _title(case: Case, tried: Tried) -> str:
    bars = " + ".join(bar.to_text() for bar in tried.step.formula.random)
    is_smaller = tried.comparison.optimum_fit.df < case.comparison.optimum_fit.df
    return f"{'Simplify' if is_smaller else 'Change'} the random effects to {bars}"


def _rescaled_note(tried: Tried) -> tuple[str, ...]:
    if tried.in_users_columns is None:
        return ()
    return (
        "columns are rescaled, because lme4 stops short on the raw ones; their coefficients are per new unit",
    )


def _test(case: Case, tried: Tried) -> LikelihoodRatio | None:
    """The test of the whole way down from the present model, not of the last step."""
    df = identified_df(case.comparison) - identified_df(tried.comparison)
    if case.comparison.prepared.null:
        return _on_identified(case, tried, df)
    removal = _one_column(case, tried.step.formula) or tried.step.removal
    if removal is None or df <= 0 or compare(case, tried.comparison).not_comparable is not None:
        return None
    if df != removal.df:
        removal = replace(removal, kind="several", df=df)
    simulate = partial(bootstrap_statistics, case, tried.comparison) if case.options.bootstrap else None
    return likelihood_ratio_test(
        likelihood_ratio(case, tried.comparison),
        removal,
        null_is_singular=tried.comparison.is_singular,
        bootstrap=simulate,
    )


def _on_identified(case: Case, tried: Tried, df: int) -> LikelihoodRatio | None:
    """The test against a model that is not identified: only what the data can tell apart counts."""
    if df <= 0 or tried.step.removal is None or compare(case, tried.comparison).not_comparable is not None:
        return None
    found = likelihood_ratio_test(
        likelihood_ratio(case, tried.comparison),
        Removal("correlations", df, 0),
        null_is_singular=tried.comparison.is_singular,
    )
    return replace(found, method=f"{found.method}, on the identified difference")


def _one_column(case: Case, smaller: Formula) -> Removal | None:
    """What was removed, if all steps down amount to one column of the present model: its law is exact."""
    for term in case.design.random:
        k = len(term.columns)
        for label in bar_terms(term.bar):
            bar = drop_bar_term(term.bar, label)
            if k == 1 or bar is None or len(term.columns_labelled(label)) > 1:
                continue
            if swap_bar(case.formula, term.bar, [bar]) == smaller:
                return Removal("column", k, k)
    return None


def _without_a_grouping(case: Case) -> list[Tried]:
    """Each grouping left out, of a model with as many effects as rows."""
    groups = dict.fromkeys(term.group for term in case.design.random)
    tried = []
    for group in groups if len(groups) > 1 else ():
        bars = dict.fromkeys(term.bar for term in case.design.random if term.group != group)
        step = Step(
            title=f"leave out {group}",
            formula=with_random(case.formula, list(bars)),
            removal=None,
            weakens=f"rows of one level of {group} count as independent",
        )
        if interpolated(case.bench.build(step.formula)) is None:
            tried.append(fitted(case.bench, step))
    return tried


def _left_to_fixed_effects(case: Case) -> list[Proposal]:
    """Leave what the fixed effects absorb to them; keep a factor that is fixed and random as one of these."""
    found: list[Proposal] = []
    absorbed = {d.terms[0] for d in case.comparison.prepared.null if d.absorbed}
    for term in (case.design.random[t] for t in sorted(absorbed)):
        if len(case.design.random) == 1:
            title = f"Leave {term.group} to the fixed effects only"
            found.append(plain_model(case, rung=2, title=title, order=SMALLER))
        for fixed in (t for t in case.formula.fixed if t.label == to_text(term.bar.group[0])):
            formula = replace(case.formula, fixed=tuple(t for t in case.formula.fixed if t is not fixed))
            step = Step(
                title=f"keep {term.group} as a random effect only",
                formula=with_random(formula, formula.random),
                removal=None,
                weakens=f"the levels of {term.group} become a sample: their differences are shrunken",
            )
            title = f"Keep {term.group} as a random effect only"
            found.append(_proposal(case, fitted(case.bench, step), title))
    return found
