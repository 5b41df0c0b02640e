"""Runs the checks that the declarations name, in the order in which they stand there.

    of_design(design)     what requires a design, and may show that there is nothing to fit
    of_accepted(design)   what requires a design that lme4 would fit
    of_fit(fitted)        what requires a fit, then what requires refits
    of_verdict(judged)    what requires a verdict, and the fit of fewer rows
    of_ladder(model)      the checks that require what the rungs have tried, for the caller to run

A check answers with what it found, and with what it could not ask. Where a refit fails, or the time budget
runs out in it, the check is not assessed, and the triage goes on: the fit it followed must not be lost.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from importlib import import_module
from typing import TypeAlias

import numpy as np

from mmtriage.deadline import TimeBudgetError
from mmtriage.diagnose.declared import DECLARED, Declaration, Requires
from mmtriage.diagnose.finding import Finding, NotAssessed, Said, not_assessed
from mmtriage.diagnose.fitted import Fitted
from mmtriage.diagnose.outliers import Judged
from mmtriage.model.design import Design
from mmtriage.model.spec import ModelSpec

NO_REFIT = (np.linalg.LinAlgError, ArithmeticError)  # another model's likelihood has no value where it must

Check: TypeAlias = Callable[..., Sequence[Said]]  # of a Design, a Fitted, or a Case and its ladder


def of_design(design: Design) -> Iterator[Finding]:
    """What is found of any design, as it is found; an error means that nothing can be fitted."""
    for check in _checks("design", design.spec):
        yield from findings_in(check(design))


def of_accepted(design: Design) -> list[Finding]:
    """What is found of a design that lme4 would fit."""
    return findings_in([said for check in _checks("accepted", design.spec) for said in check(design)])


def of_fit(fitted: Fitted) -> list[Said]:
    """What the checks of a fitted model say."""
    spec = fitted.design.spec
    said = of_fit_alone(fitted)
    for path, codes in _asked("refits", spec).items():
        try:
            said += function(path)(fitted)
        except TimeBudgetError as stop:
            said += [not_assessed(code, stop.message) for code in codes]
        except NO_REFIT as failure:
            reason = f"a model that the fit would be compared with cannot be fitted: {failure}"
            said += [not_assessed(code, reason) for code in codes]
    return said


def of_fit_alone(fitted: Fitted) -> list[Said]:
    """What is said of a fitted model without another fit."""
    return [answer for check in _checks("fit", fitted.design.spec) for answer in check(fitted)]


def of_verdict(judged: Judged) -> list[Said]:
    """What the checks of a judged model say."""
    spec = judged.comparison.prepared.design.spec
    return [answer for check in _checks("verdict", spec) for answer in check(judged)]


def of_ladder(spec: ModelSpec) -> list[Check]:
    """The checks that compare what the rungs have tried; they take a Case and its ladder."""
    return list(_checks("ladder", spec))


def in_declared_order(said: Sequence[Said]) -> list[Said]:
    """The answers in the order of the declarations."""
    order = [declared.code for declared in DECLARED]
    return sorted(said, key=lambda answer: order.index(answer.code))


def findings_in(said: Sequence[Said]) -> list[Finding]:
    """What was found, in order."""
    return [answer for answer in said if isinstance(answer, Finding)]


def unasked_in(said: Sequence[Said]) -> list[NotAssessed]:
    """What could not be asked, in order."""
    return [answer for answer in said if isinstance(answer, NotAssessed)]


def path_of(declared: Declaration) -> str:
    """Where the check of a finding is: `diagnose.structure.constant_slopes`."""
    return f"{'ladder' if declared.requires == 'ladder' else 'diagnose'}.{declared.check}"


def function(path: str) -> Check:
    """The check at a path in the package, imported when it is needed."""
    module, _, name = path.rpartition(".")
    check: Check = getattr(import_module(f"mmtriage.{module}"), name)
    return check


def _checks(requires: Requires, spec: ModelSpec) -> Iterator[Check]:
    return map(function, _asked(requires, spec))


def _asked(requires: Requires, spec: ModelSpec) -> dict[str, list[str]]:
    """The checks that a model is asked, each once, and the codes that each may find."""
    found: dict[str, list[str]] = {}
    for declared in DECLARED:
        if declared.requires == requires and declared.is_asked_of(spec):
            found.setdefault(path_of(declared), []).append(declared.code)
    return found
