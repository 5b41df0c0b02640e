"""What was not looked for, and why: "not assessed" is not "passed"."""

from __future__ import annotations

from mmtriage.diagnose.finding import NotAssessed, not_assessed
from mmtriage.diagnose.nesting import MOST_COMBINATIONS, has_many_combinations
from mmtriage.engine.trial import Trial

AFTER_A_FIT = (
    *("MM304", "MM306", "MM307", "MM308", "MM309", "MM310", "MM311", "MM312"),
    *("MM401", "MM402", "MM403", "MM404", "MM405", "MM406", "MM407"),
)


def unassessed(trial: Trial, *, compared: bool) -> tuple[NotAssessed, ...]:
    """What was not assessed of a fitted model; `compared` says whether rung 3 compared optimisers."""
    found = []
    if trial.baseline is None:
        found += [not_assessed(code, "lme4 made no fit to be tested") for code in ("MM401", "MM402")]
    elif trial.baseline.singular:
        reason = "lme4 does not test gradient and Hessian of a fit that it calls singular"
        found += [not_assessed(code, reason) for code in ("MM401", "MM402")]
    if not compared:
        found.append(not_assessed("MM405", "the other optimizers were not run (--all-rungs runs them)"))
    if has_many_combinations(trial.prepared.design):
        reason = f"two factors cross in more than {MOST_COMBINATIONS:,} combinations, too many to refit"
        found.append(not_assessed("MM307", reason))
    return tuple(found)


def unassessed_without_fit() -> tuple[NotAssessed, ...]:
    """What was not assessed of a model that cannot be fitted."""
    return tuple(not_assessed(code, "the model cannot be fitted") for code in AFTER_A_FIT)
