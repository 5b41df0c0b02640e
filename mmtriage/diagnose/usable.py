"""What can be used of what R prints for a fit: by the numbers where it ended, whatever the verdict is called.

    estimates        yes up to 0.05 SE from the optimum, with care up to 0.2
    standard errors  yes up to a factor of 1.05, with care up to 1.2
    tests            as the two above, and with care where a p crosses 0.05, the optimum is singular, a
                     coefficient is implausible (MM205), Laplace's approximation is rough (MM503) or the data
                     scatter more than the family allows (MM501), whose factor is a rough number: no where
                     that makes standard errors 1.5 times too small
    variances        SDs, that of residuals too, yes up to 2 %, with care up to 10 %
    correlations     the same as a difference; none at its boundary

Nothing of a direction that the data do not determine can be used, and nothing at all where the optimum is not
proven: nobody knows how far away it is.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from dataclasses import replace

import numpy as np

from mmtriage import figures
from mmtriage.diagnose import distances
from mmtriage.diagnose.chance import Repeats
from mmtriage.diagnose.chance import in_words as runs_in_words
from mmtriage.diagnose.distances import Distance
from mmtriage.diagnose.finding import Finding
from mmtriage.diagnose.headline import ENDLESS, LOST, MOST_NAMED, Graded, Grades, Named, headline, of_nothing
from mmtriage.diagnose.judgement import beats_optimum, is_short, is_structural, wrong_standard_errors
from mmtriage.diagnose.naming import listed, term_text
from mmtriage.diagnose.standard_errors import INTERCEPT, factor_of
from mmtriage.diagnose.verdict import Answer, Usable, Use, Verdict
from mmtriage.engine.coefficient_tests import between_groups
from mmtriage.engine.comparison import Comparison
from mmtriage.engine.lme4.outcome import NO_NUMBERS

ESTIMATE = (0.05, 0.2)  # standard errors: yes up to the first, with care up to the second
ERROR = (1.05, 1.2)  # factors of a standard error
SPREAD = (0.02, 0.1)  # shares of a standard deviation, or of a correlation from -1 to 1
SCATTER = 1.5  # factor of a standard error, as scatter beyond the family's makes it: with care up to here
CROSSED = 0.05  # p-value
GRAVITY: tuple[Answer, ...] = ("yes", "with_care", "no")


def with_use(verdict: Verdict, comparison: Comparison, findings: Sequence[Finding]) -> Verdict:
    """The verdict with what can be used of the fit, and the sentence that says it."""
    who = "R" if comparison.given is None else comparison.given.software
    reason = _why_nothing(verdict, comparison, who)
    if reason is not None:
        return without_use(verdict, reason, who)
    lost = _lost_terms(verdict, comparison, findings)
    terms = tuple(term_text(comparison.prepared.design.random[t]) for t in lost)
    estimates, errors = _of_estimates(comparison), _of_errors(comparison, lost)
    tests = _of_tests(comparison, estimates.use, errors.use, findings)
    spreads = _of_spreads(comparison, lost)
    correlations = _of_correlations(comparison, lost)
    usable = Usable(
        estimates=estimates.use,
        standard_errors=errors.use,
        tests=tests,
        variances=spreads.use,
        correlations=correlations.use,
    )
    grades = Grades(estimates=estimates, errors=errors, spreads=spreads, correlations=correlations)
    said = headline(verdict, comparison, usable, grades, who=who, lost=terms)
    return replace(verdict, usable=usable, headline=said)


def with_chance(verdict: Verdict, repeats: Repeats | None) -> Verdict:
    """The verdict, with both answers in its headline where one run more would have changed it."""
    if repeats is None or not repeats.is_close:
        return verdict
    return replace(
        verdict, headline=f"{verdict.headline} But which fit R prints is chance: {runs_in_words(repeats)}."
    )


def without_use(verdict: Verdict, reason: str, who: str = "R") -> Verdict:
    """The verdict on a fit of which nothing can be used, or that there is not."""
    nothing = Use(answer="no", reason=reason)
    usable = Usable(
        estimates=nothing,
        standard_errors=nothing,
        tests=nothing,
        variances=nothing,
        correlations=nothing,
    )
    return replace(verdict, usable=usable, headline=of_nothing(reason, who))


def _why_nothing(verdict: Verdict, comparison: Comparison, who: str) -> str | None:
    """Why nothing of a fit can be graded, or None."""
    if comparison.lme4_fit is None:
        return f"{comparison.whose_fit} stops with an error ({comparison.lme4_error})"
    if comparison.is_lost:
        return f"{NO_NUMBERS}, because the criterion was NaN at a point on the way"
    if comparison.optimum.runaway:
        return "the likelihood has no maximum"
    endless = comparison.endless_effects()
    if verdict.status == "undetermined" or (
        not comparison.optimum.certificate.certified and not endless and not comparison.prepared.null
    ):
        better = beats_optimum(comparison)
        what = "the fit lies below what was proven" if better else "the optimum could not be certified"
        return f"{what}, so nobody knows how far the fit is from it"
    return None


def _lost_terms(verdict: Verdict, comparison: Comparison, findings: Sequence[Finding]) -> tuple[int, ...]:
    """The random terms whose parameters the data do not determine."""
    terms = comparison.prepared.design.random
    named = {text for found in findings if is_structural(found) for text in found.terms}
    lost = {t for direction in comparison.prepared.null for t in direction.terms}
    lost |= {t for t, term in enumerate(terms) if term_text(term) in named}
    if verdict.status == "unidentifiable" and not lost and not comparison.endless_effects():
        lost = set(range(len(terms)))
    return tuple(sorted(lost))


def _graded(
    found: Sequence[Distance],
    limits: tuple[float, float],
    measure: Callable[[float], float],
    say: Callable[[Distance], Named],
    *,
    fine: str,
    see: str | None,
) -> Graded:
    """Grade each number by a measure of its distance; the worst decides for all of the kind."""
    grades = [(_grade(each, limits, measure), each) for each in found]
    ordered = sorted(grades, key=lambda pair: _order(pair[1], measure))
    no = tuple(say(each) for grade, each in ordered if grade == "no")
    care = tuple(say(each) for grade, each in ordered if grade == "with_care")
    answer: Answer = "no" if no else "with_care" if care else "yes"
    reason = "; ".join(f"{name} is {detail}" for name, detail in (no or care)[:MOST_NAMED]) or fine
    return Graded(use=Use(answer=answer, reason=reason, see=see if no or care else None), no=no, care=care)


def _grade(each: Distance, limits: tuple[float, float], measure: Callable[[float], float]) -> Answer:
    size = measure(each.size)
    if each.is_nothing or each.at_boundary or not size <= limits[1]:
        return "no"
    return "yes" if size <= limits[0] else "with_care"


def _order(each: Distance, measure: Callable[[float], float]) -> tuple[bool, float]:
    """The worst first, but the intercept last: few ask about it."""
    size = measure(each.size)
    return each.name == INTERCEPT, -(size if math.isfinite(size) else math.inf)


def _of_estimates(comparison: Comparison) -> Graded:
    found = distances.shifts(comparison)
    largest = max((abs(each.size) for each in found), default=0.0)

    def say(each: Distance) -> Named:
        far = f"{figures.shift(abs(each.size))} SE from the optimum"
        return f"`{each.name}`", ENDLESS if each.is_nothing else far

    fine = f"at most {figures.shift(largest)} SE from the optimum"
    see = "MM203" if any(each.is_nothing for each in found) else _of_gap(comparison)
    return _graded(found, ESTIMATE, abs, say, fine=fine, see=see)


def _of_errors(comparison: Comparison, lost: Sequence[int]) -> Graded:
    given = comparison.given
    if given is not None and not given.has_se:
        return Graded(use=Use(answer="no", reason="none were given"), no=(("none", "given"),), care=())

    def say(each: Distance) -> Named:
        return f"the SE of `{each.name}`", LOST if each.is_nothing else in_words(1.0 + each.size)

    def measure(size: float) -> float:
        ratio = 1.0 + size
        return max(ratio, 1.0 / ratio) if ratio > 0.0 and math.isfinite(ratio) else math.inf

    fine = "right to within 5 %"
    see = _of_gap(comparison) or ("MM410" if wrong_standard_errors(comparison) else None)
    return _graded(distances.error_factors(comparison, lost), ERROR, measure, say, fine=fine, see=see)


def in_words(ratio: float) -> str:
    """A ratio to the right value: "53 times too small", "12 % too large"."""
    if not math.isfinite(ratio) or ratio <= 0.0 or not 0.5 <= ratio <= 2.0:
        return factor_of(ratio)
    return f"{abs(ratio - 1.0):.0%} too {'small' if ratio < 1.0 else 'large'}".replace("%", " %")


def _of_spreads(comparison: Comparison, lost: Sequence[int]) -> Graded:
    zeros = distances.zero_spreads(comparison)

    def say(each: Distance) -> Named:
        wrong = "zero at the optimum" if each.name in zeros else in_words(1.0 + each.size)
        return each.name, LOST if each.is_nothing else wrong

    return _graded(
        distances.spread_changes(comparison, lost),
        SPREAD,
        abs,
        say,
        fine="SDs right to within 2 %",
        see="MM403",
    )


def _of_correlations(comparison: Comparison, lost: Sequence[int]) -> Graded:
    found = distances.correlation_changes(comparison, lost)

    def say(each: Distance) -> Named:
        wrong = "at its boundary" if each.at_boundary else f"off by {abs(each.size):.2f}"
        return each.name, LOST if each.is_nothing else wrong

    fine = "right to within 0.02" if found else "the model has none"
    see = "MM311" if any(each.at_boundary for each in found) else _of_gap(comparison)
    return _graded(found, SPREAD, abs, say, fine=fine, see=see)


def _of_gap(comparison: Comparison) -> str | None:
    """The page on a fit that stopped short of its optimum, if it did."""
    return "MM403" if is_short(comparison) else None


def _of_tests(comparison: Comparison, estimates: Use, errors: Use, findings: Sequence[Finding]) -> Use:
    worse = max((estimates, errors), key=lambda use: GRAVITY.index(use.answer))
    if worse.answer == "no":
        return worse
    warned = [use for found in findings if (use := _of_finding(found)) is not None]
    if warned:
        return max(warned, key=lambda use: GRAVITY.index(use.answer))
    crossing = _crossing(comparison)
    if crossing is not None:
        return Use(answer="with_care", reason=f"the p of `{crossing}` crosses {CROSSED}", see=worse.see)
    if worse.answer == "with_care":
        return worse
    counted = _counted_by_rows(comparison)
    if counted is not None:
        return Use(answer="with_care", reason=counted, see="singular")
    if comparison.is_singular:
        reason = "at a singular optimum they take a variance as exactly zero, or a correlation as one"
        return Use(answer="with_care", reason=reason, see="singular")
    return Use(answer="yes", reason="estimates and standard errors are right")


def _of_finding(found: Finding) -> Use | None:
    """What a finding leaves of tests that are right by the numbers of their model; None where all."""
    match found.code:
        case "MM501":
            return _of_scatter(found)
        case "MM205":
            one = len(found.columns) == 1
            noun, verb, it = ("coefficient", "is", "it") if one else ("coefficients", "are", "them")
            whose = listed(found.columns)
            reason = f"the {noun} of {whose} {verb} implausible, and Wald tests say little of {it}"
        case "MM503":
            shift = found.evidence.get("max_shift_se")
            if not isinstance(shift, float) or shift <= ESTIMATE[0]:
                return None
            reason = f"Laplace's approximation is rough here: quadrature moves an effect by {shift:.2g} SE"
        case _:
            return None
    return Use(answer="with_care", reason=f"{reason} ({found.code})", see=found.code)


def _of_scatter(found: Finding) -> Use:
    """Scatter beyond the family's makes standard errors too small by its root."""
    ratio = found.evidence["ratio"]
    assert isinstance(ratio, float)
    reason = (
        f"the data scatter {figures.three(ratio)} times as much as the model allows, so standard errors are "
        f"too small by a factor of about {figures.three(math.sqrt(ratio))} ({found.code})"
    )
    answer: Answer = "with_care" if math.sqrt(ratio) <= SCATTER else "no"
    return Use(answer=answer, reason=reason, see=found.code)


def _counted_by_rows(comparison: Comparison) -> str | None:
    """Effects whose test by Satterthwaite's df ignores the groups between which alone they vary."""
    design = comparison.prepared.design
    if not design.spec.is_linear or not comparison.is_singular:
        return None
    groups = between_groups(design, comparison.optimum_fit)
    named = {n: g for n, g in zip(design.fixed_names, groups, strict=True) if g and n != INTERCEPT}
    if not named:
        return None
    name, group = next(iter(named.items()))
    return (
        f"`{name}` varies only between the levels of `{group}`, whose variance is estimated as zero: "
        "lmerTest's degrees of freedom count rows there, Kenward and Roger's count groups"
    )


def _crossing(comparison: Comparison) -> str | None:
    """An effect whose two-sided p, by the normal law, is below 0.05 in one of both fits only."""
    fit, optimum = comparison.lme4_fit, comparison.optimum_fit
    assert fit is not None
    with np.errstate(invalid="ignore"):
        p = [[math.erfc(abs(z) / math.sqrt(2.0)) for z in one.beta / one.se] for one in (fit, optimum)]
    names = comparison.prepared.design.fixed_names
    crossed = [n for n, a, b in zip(names, *p, strict=True) if (a < CROSSED) != (b < CROSSED)]
    return next(iter(sorted(crossed, key=lambda name: name == INTERCEPT)), None)
