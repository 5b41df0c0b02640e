"""What a remedy does to the fixed effects, in a sentence that names the one that changes most."""

from __future__ import annotations

import math
from collections.abc import Iterator, Sequence

from mmtriage import figures
from mmtriage.ladder.records import EffectChange

INTERCEPT = "(Intercept)"
SHOWS = 0.005  # a move in SE, or a relative change of an SE, that two digits show
SHOWS_OF_INTERCEPT = 0.05  # SE: the intercept moves with every origin and is told apart
LEVEL = 0.05
TWICE = 2.0  # ratio of standard errors from which it is told as a factor


def effect_words(effects: Sequence[EffectChange], statistic: str) -> str:
    """The largest move and the largest change of a standard error by name, and whether a test changes."""
    told = [e for e in effects if e.name != INTERCEPT] or list(effects)
    if not told:
        return ""
    words = [_moves(told), *_errors(told), *_of_intercept(effects, told), *_example(told, statistic)]
    return ", ".join([*words, *_answers(told)])


def _moves(effects: Sequence[EffectChange]) -> str:
    worst = max(effects, key=_shift)
    if _shift(worst) < SHOWS:
        return "no fixed effect moves"
    return f"`{worst.name}` moves by {figures.shift(_shift(worst))} SE"


def _errors(effects: Sequence[EffectChange]) -> Iterator[str]:
    """The standard error that changes most."""
    worst = max(effects, key=_growth)
    ratio = worst.se_ratio
    if ratio is None or ratio <= 0 or _growth(worst) < math.log(1.0 + SHOWS):
        return
    which = f"the SE of `{worst.name}` becomes"
    if max(ratio, 1.0 / ratio) >= TWICE:
        yield f"{which} {max(ratio, 1.0 / ratio):.2g} times {'larger' if ratio > 1 else 'smaller'}"
    else:
        share = abs(ratio - 1.0)
        yield f"{which} {share:{'.0%' if share >= 0.1 else '.1%'}} {'larger' if ratio > 1 else 'smaller'}"


def _of_intercept(effects: Sequence[EffectChange], told: Sequence[EffectChange]) -> Iterator[str]:
    for effect in effects:
        if effect not in told and _shift(effect) >= SHOWS_OF_INTERCEPT:
            yield f"the intercept moves by {figures.shift(_shift(effect))} SE"


def _example(effects: Sequence[EffectChange], statistic: str) -> Iterator[str]:
    """The statistic of the effect that changes most, before and after."""
    changed = [e for e in effects if _shift(e) >= SHOWS or _growth(e) >= math.log(1.0 + SHOWS)]
    if not changed:
        return
    worst = max(changed, key=lambda e: max(_shift(e), _growth(e)))
    before, after = worst.statistic
    if before is not None and after is not None:
        one, two = figures.brief_statistic(before), figures.brief_statistic(after)
        yield f"{statistic} of `{worst.name}` from {one} to {two}"


def _answers(effects: Sequence[EffectChange]) -> Iterator[str]:
    """Whether any test changes its answer at 5 %."""
    known = [
        (e.name, before, after)
        for e in effects
        for before, after in [e.p_value]
        if before is not None and after is not None
    ]
    crossing = [(name, a, b) for name, a, b in known if (a < LEVEL) != (b < LEVEL)]
    if known and not crossing:
        yield "no test changes its answer at 5 %"
    for name, before, after in crossing:
        one, two = figures.p_value(before), figures.p_value(after)
        yield f"the test of `{name}` changes its answer at 5 %: {one} before, {two} after"


def _shift(effect: EffectChange) -> float:
    return 0.0 if effect.shift_se is None else abs(effect.shift_se)


def _growth(effect: EffectChange) -> float:
    return abs(math.log(effect.se_ratio)) if effect.se_ratio else 0.0
