"""MM307: labels reused within another factor, where `(1 | a:b)` is meant and `(1 | b)` is written.

Labels alone prove nothing: crossed designs reuse them too. The evidence is what the nested model gains,
and that the crossed factor has nothing left to explain beside it. Where a generalized model's family has a
scale, lme4's criterion is no marginal likelihood: it takes the scale from what the modes of all effects
leave, so that effects of many levels gain dozens of deviance units from noise (Gamma, 192 cells of 320 rows:
33 to 58 in six simulated tables of six). There a gain proves nothing.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from itertools import permutations

from mmtriage.diagnose.finding import Finding, Said, finding, not_assessed
from mmtriage.diagnose.fitted import Fitted
from mmtriage.diagnose.naming import term_text
from mmtriage.formula import Bar, Formula
from mmtriage.formula.edit import swap_bar, with_random
from mmtriage.model.design import Design
from mmtriage.model.ranef import RandomTerm
from mmtriage.model.values import compress

GAIN = 6.0  # deviance units that nesting must gain, at the same number of parameters
# Deviance units that the crossed factor may still explain beside the nested one: what chance alone exceeds in
# one design of a hundred, by the law of a variance at zero, 1/2 chi2(0) + 1/2 chi2(1) (Self & Liang 1987).
CROSSED_REST = 5.41
MOST_COMBINATIONS = 3000  # levels of a:b beyond which the question is not asked: two more fits cost too much


def reused_labels(fitted: Fitted) -> list[Said]:
    """MM307 for the first pair of factors that evidence supports; each pair asked takes two more fits."""
    design = fitted.design
    reason = why_not_assessed(design)
    said: list[Said] = [] if reason is None else [not_assessed("MM307", reason)]
    if _rewards_levels(design):
        return said
    answers = (_reused(fitted, *crossing) for crossing in _candidates(design))
    found = next((answer for answer in answers if answer is not None), None)
    return said if found is None else [*said, found]


def _reused(fitted: Fitted, outer: RandomTerm, inner: RandomTerm, combinations: int) -> Finding | None:
    """MM307 where `outer:inner` explains what `inner` does, and much more; None where it does not."""
    nested = nested_formula(fitted.design.formula, outer.bar, inner.bar)
    gain = fitted.fit.criterion - _criterion(fitted, nested)
    if gain < GAIN:
        return None
    both = with_random(nested, [*nested.random, inner.bar])
    rest = fitted.fit.criterion - gain - _criterion(fitted, both)
    if rest > CROSSED_REST:
        return None
    message = (
        f"the {len(inner.levels)} labels of `{inner.group}` are reused within `{outer.group}`: with "
        f"`(1 | {outer.group}:{inner.group})` in place of `{term_text(inner)}` the fit gains {gain:.3g} "
        f"deviance units, and beside that `{inner.group}` explains no more than chance"
    )
    return finding(
        "MM307",
        message,
        columns=(outer.group, inner.group),
        terms=(term_text(inner),),
        gain=gain,
        crossed_rest=rest,
        combinations=combinations,
        formula=nested.to_text(),
    )


def _criterion(fitted: Fitted, formula: Formula) -> float:
    return fitted.optimum(fitted.build(formula)).criterion


def nested_formula(formula: Formula, outer: Bar, inner: Bar) -> Formula:
    """The formula with `(1 | outer:inner)` in place of `(1 | inner)`."""
    return swap_bar(formula, inner, [replace(inner, group=(*outer.group, *inner.group))])


def why_not_assessed(design: Design) -> str | None:
    """Why nesting is not asked about; None where it is, or where no labels cross."""
    counts = [count for _, _, count in _crossings(design)]
    if counts and _rewards_levels(design):
        return "with a scale to estimate, lme4's criterion rewards effects of many levels, true or not"
    if any(count >= MOST_COMBINATIONS for count in counts):
        return f"two factors cross in more than {MOST_COMBINATIONS:,} combinations, too many to refit"
    return None


def _rewards_levels(design: Design) -> bool:
    """Whether the criterion is none to compare: a generalized model's with a scale to estimate."""
    return design.spec.is_approximated and design.spec.distribution.estimates_scale


def _candidates(design: Design) -> Iterator[tuple[RandomTerm, RandomTerm, int]]:
    """The crossings that are cheap enough to refit."""
    return (crossing for crossing in _crossings(design) if crossing[2] < MOST_COMBINATIONS)


def _crossings(design: Design) -> Iterator[tuple[RandomTerm, RandomTerm, int]]:
    """Pairs of intercepts whose labels cross, with the number of combinations that occur."""
    simple = [t for t in design.random if t.columns == ("(Intercept)",) and len(t.bar.group) == 1]
    names = {term.group for term in design.random}
    for outer, inner in permutations(simple, 2):
        spelled = {f"{outer.group}:{inner.group}", f"{inner.group}:{outer.group}"}
        if outer.group == inner.group or spelled & names:
            continue
        pairs = outer.codes * len(inner.levels) + inner.codes
        count = len(compress(pairs, len(outer.levels) * len(inner.levels))[0])
        # One factor nested in the other has no label reused, and a combination for each row is no factor.
        is_nested = count in (len(inner.levels), len(outer.levels))
        if not is_nested and count < len(design.y):
            yield outer, inner, count
