"""A remedy in words, once for every format: what it is, what it does to the estimates, what it risks, code.

People have their model in R, so that R code comes first; of a fit by statsmodels, Python's.
"""

from __future__ import annotations

from collections.abc import Sequence

from mmtriage import figures
from mmtriage.diagnose.verdict import VerdictStatus
from mmtriage.ladder.attempts import is_alarm
from mmtriage.ladder.records import LikelihoodRatio, Remedy
from mmtriage.render import labels
from mmtriage.render.effect_words import effect_words
from mmtriage.report.facts import ModelFacts

NOTHING = "nothing"  # how a remedy's changes begin where the model stays what it is
STILL = ("lme4 still warns", "has said remains")  # a note that quotes what R says already
SINGULAR_THERE = "the optimum that it reaches is singular"  # which the title says, too
OF_THE_TITLE = "the random-effects structure"  # changes that the title spells out
OF_R = ("R ", "R's", "lme4", "blme")
BETTER = -2.0  # change of AIC from which another model is worth a look where the present one is repaired
FROM_RX = "rx-errors"
SHORT_NAMES = {"REML": "REML", "ML": "ML"}  # of a linear model's criterion


def effect_of(remedy: Remedy, verdict: VerdictStatus) -> str:
    """What a remedy is, and whether it cures: "the same model, at its optimum"."""
    match remedy.scope:
        case "advice":
            return "advice, not fitted"
        case "same_model" if remedy.id == "quadrature":
            return "the same model, better approximated"
        case "same_model":
            return f"the same model, at its optimum{'' if remedy.clears else ', which is singular'}"
        case "changes_model" if remedy.id == "firth":
            return "another model, with finite estimates"
        case "changes_model" if remedy.clears:
            return "another model, certified and not singular"
        case "changes_model":
            return f"another model{'' if verdict == 'converged' else ', which does not clear the verdict'}"


def title(remedy: Remedy) -> str:
    """Rank and title: "1. Center and scale Year"."""
    return f"{remedy.rank}. {remedy.title}"


def in_view(remedies: Sequence[Remedy], most: int) -> list[int]:
    """Positions of those to show: the first, but for some room to step 2 where step 1 leaves work to it.

    Where step 1 cures all, only what is clearly better than the model stands beside it.
    """
    first = [i for i, remedy in enumerate(remedies) if remedy.step == 1]
    second = [i for i, remedy in enumerate(remedies) if remedy.step != 1]
    if not first or not second or most >= len(remedies):
        return list(range(min(most, len(remedies))))
    if any(remedies[i].clears for i in first):
        better = [i for i in second if remedies[i].clears and (remedies[i].delta_aic or 0.0) < BETTER][:1]
        return [*first[: most - len(better)], *better]
    mine = max(1, most - len(second))
    return sorted([*first[:mine], *second[: most - min(mine, len(first))]])


def step_heading(remedies: Sequence[Remedy], position: int) -> str | None:
    """What stands above the first remedy of each step, where there are two of them."""
    steps = [remedy.step for remedy in remedies]
    if len(set(steps)) < 2 or steps[position] in steps[:position]:
        return None
    return labels.STEPS[steps[position]]


def code(remedy: Remedy) -> list[tuple[str, str]]:
    """What to paste, each with the name of the program that takes it."""
    found = remedy.code
    every = (("statsmodels", found.python), ("R", found.lme4), ("mmtriage", found.mmtriage))
    return [(program, text) for program, text in every if text]


def lines(remedy: Remedy, model: ModelFacts, *, full: bool = True, alike: Remedy | None = None) -> list[str]:
    """What a remedy changes, what was measured, and what to beware of."""
    return [f"{label}: {text}" for label, text in facts(remedy, model, full=full, alike=alike)]


def facts(
    remedy: Remedy, model: ModelFacts, *, full: bool = True, alike: Remedy | None = None
) -> list[tuple[str, str]]:
    """The same, labels apart; without `full`, what a reader decides by."""
    is_obvious = remedy.changes.startswith(NOTHING) or remedy.changes == OF_THE_TITLE
    is_told = full or not is_obvious or remedy.scope == "advice"
    found = [("Changes", remedy.changes)] if is_told else []
    if full or remedy.id != FROM_RX:  # whose changes say what was measured
        found.append(("Measured", measured(remedy, model, full=full, alike=alike)))
    if full and remedy.not_comparable:
        found.append(("AIC, BIC and test", f"{figures.NOT_ASSESSED}, {remedy.not_comparable}"))
    notes = [note for note in remedy.caveats if full or _is_vital(note, remedy)]
    found.append(("Note", "; ".join(notes)))
    return [(label, text) for label, text in found if text]


def _is_vital(note: str, remedy: Remedy) -> bool:
    """Whether a note belongs into a short report: the first, and whatever is said of R."""
    is_first = note == remedy.caveats[0]
    return not note.startswith(SINGULAR_THERE) and (is_first or any(word in note for word in OF_R))


def is_measured_alike(one: Remedy, other: Remedy) -> bool:
    """Whether two remedies reach the same numbers, so that they need not be told twice."""
    same = one.scope == other.scope == "same_model" and one.effects == other.effects and one.effects != ()
    return same and figures.criterion(one.criterion or 0.0) == figures.criterion(other.criterion or 0.0)


def measured(remedy: Remedy, model: ModelFacts, *, full: bool = True, alike: Remedy | None = None) -> str:
    """What was measured: criterion, AIC and test, the largest move of a fixed effect, what R says.

    `alike` is a remedy told before that reaches the same numbers.
    """
    if alike is not None:
        return "; ".join([f"as for {alike.rank}", *_of_r(remedy)])
    changes = remedy.scope != "same_model"
    parts = []
    if remedy.criterion is not None:
        parts.append(f"{criterion_word(model)} {figures.criterion(remedy.criterion)}")
    if remedy.delta_aic is not None and changes:
        parts.append(f"AIC {figures.signed(remedy.delta_aic)}")
    if remedy.delta_bic is not None and changes and full:
        parts.append(f"BIC {figures.signed(remedy.delta_bic)}")
    if remedy.lrt is not None:
        parts.append(likelihood_ratio(remedy.lrt, remedy.criterion, full=full))
    if words := effect_words(remedy.effects, model.spec.statistic):
        parts.append(words)
    elif remedy.max_shift_se is not None and changes:
        parts.append(f"fixed effects move by at most {figures.shift(remedy.max_shift_se)} SE")
    parts += _of_r(remedy)
    return "; ".join(parts)


def criterion_word(model: ModelFacts) -> str:
    """The criterion in a sentence: "REML", "ML", or "-2 log-likelihood"."""
    if model.method in SHORT_NAMES and not model.spec.is_approximated:
        return SHORT_NAMES[model.method]
    return "-2 log-likelihood"


def _of_r(remedy: Remedy) -> list[str]:
    """What remains of R's messages, where it is known and no note quotes it."""
    if remedy.messages is None or any(words in note for note in remedy.caveats for words in STILL):
        return []
    left = [message.splitlines()[0] for message in remedy.messages if is_alarm(message)]
    return [f'R then says "{left[0]}"' if left else "R has no message left"]


def likelihood_ratio(test: LikelihoodRatio, of_criterion: float | None, *, full: bool = True) -> str:
    """A likelihood-ratio test in one line, its reference distribution named."""
    df = "" if test.df is None else f" on {test.df:g} df"
    ratio, p = figures.gap(test.statistic, of_criterion), figures.p_value(test.p_value)
    return f"likelihood ratio {ratio}{df}, {p}{f' ({test.method})' if full or test.p_value is None else ''}"
