"""Which of a program's words are a warning of convergence, and which are not.

Words on the scale of predictors, on dropped columns or on the data are none. Words on a boundary are one
where the optimum has no boundary; the judgement, which knows the optimum, is told of them apart. A program
that tried again with another optimizer, and says that this one arrived, has taken back what it said of the
first.
"""

from __future__ import annotations

import re
from dataclasses import dataclass

from mmtriage.engine.comparison import Elsewhere
from mmtriage.given.record import GivenFit

# lme4: scale of predictors, columns dropped. Neither is about the end of the search.
HARMLESS = re.compile(
    r"different scales|rank deficient|dropping \d+ column|relative convergence|X-convergence|"
    r"XTOL_REACHED|FTOL_REACHED|non-integer",
    re.IGNORECASE,
)
# lme4 "boundary (singular) fit", statsmodels "may be on the boundary", "covariance is singular".
BOUNDARY = re.compile(r"boundary|singular fit|covariance (matrix )?(is )?singular", re.IGNORECASE)
ALARM = re.compile(
    r"converge|gradient|hessian|unidentifiable|eigenvalue|optimi[sz]|maxfun|evaluation|iteration|"
    r"positive.definite|step.hal|negative variance|gave up|fail|false convergence|singular",
    re.IGNORECASE,
)
# statsmodels: "Retrying MixedLM optimization with lbfgs", after one that failed.
RETRY = re.compile(r"retrying|tried again", re.IGNORECASE)


@dataclass(frozen=True, slots=True)
class Heard:
    """A program's words, sorted."""

    alarms: tuple[str, ...]  # of convergence
    boundary: tuple[str, ...]


def heard(messages: tuple[str, ...], *, converged: bool | None) -> Heard:
    """Sort the words; `converged` is the program's own flag."""
    if converged and any(map(RETRY.search, messages)):
        messages = tuple(m for m in messages if not RETRY.search(m) and not _is_of_an_optimizer(m))
    said = [message for message in messages if not HARMLESS.search(message)]
    boundary = tuple(message for message in said if BOUNDARY.search(message))
    alarms = tuple(message for message in said if message not in boundary and ALARM.search(message))
    return Heard(alarms, boundary)


def _is_of_an_optimizer(message: str) -> bool:
    """Whether a message is of the optimizer that was given up, not of the point where the last one ended."""
    return bool(re.search(r"optimi[sz]er failed|optimization failed|failed to converge", message))


def told(fit: GivenFit) -> Elsewhere:
    """What the file knows of a fit beside its parameters."""
    words = heard(fit.messages or (), converged=fit.converged)
    return Elsewhere(
        software=fit.software.name,
        version=fit.software.version,
        messages=fit.messages,
        converged=fit.converged,
        alarms=words.alarms,
        boundary=words.boundary,
        has_se=fit.has_se,
        optimizer=fit.optimizer,
        evaluations=fit.evaluations,
        singular=fit.singular,
        prior=fit.prior,
    )


def notes_on(fit: GivenFit) -> tuple[str, ...]:
    """What a reader must know of a fit and of how it came here."""
    notes = list(fit.notes)
    if fit.prior is not None:
        notes.append(f"the fit has a prior ({fit.prior}); it is judged by the likelihood without it")
    if fit.nb_theta is not None:
        is_held = fit.nb_theta_estimated is False
        how = "held where it is" if is_held else "taken as estimated, as glmer.nb does"
        notes.append(f"the theta of the negative binomial is {how}")
    return tuple(notes)
