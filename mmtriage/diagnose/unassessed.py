"""What was not looked for, and why: "not assessed" is not "passed".

Of a fitted model the checks say themselves what they could not ask. Of a model that cannot be fitted it
follows from what the declarations require: everything that needs a fit.
"""

from __future__ import annotations

from collections.abc import Iterable

from mmtriage.diagnose.declared import CATALOGUE, Requires
from mmtriage.diagnose.finding import NotAssessed, not_assessed
from mmtriage.model.spec import ModelSpec

NEED_A_FIT: tuple[Requires, ...] = ("fit", "ladder", "verdict", "refits")
# Reports have never said of a refused model that its grouping factors' levels were not counted.
UNMENTIONED = ("MM301",)


def in_order(unasked: Iterable[NotAssessed]) -> tuple[NotAssessed, ...]:
    """What a fitted model was not asked: first what concerns any model, and each by what it requires."""
    return tuple(sorted(unasked, key=_rank))


def without_fit(spec: ModelSpec, reason: str = "the model cannot be fitted") -> tuple[NotAssessed, ...]:
    """What was not assessed of a model that cannot be fitted, or was not.

    A generalized one is told of all that generalized models are asked, whatever its family.
    """
    codes = [
        code
        for code, declared in CATALOGUE.items()
        if declared.requires in NEED_A_FIT
        and (declared.is_asked_of(spec) or not (spec.is_linear or declared.model == "linear"))
        and code not in UNMENTIONED
    ]
    of_any_first = sorted(codes, key=lambda code: CATALOGUE[code].model != "any")
    return tuple(not_assessed(code, reason) for code in of_any_first)


def _rank(unasked: NotAssessed) -> tuple[bool, int, str]:
    declared = CATALOGUE[unasked.code]
    # A code that is found of the design of some models (MM102), and by refits of others, comes last.
    requires = declared.requires if declared.requires in NEED_A_FIT else NEED_A_FIT[-1]
    return declared.model != "any", NEED_A_FIT.index(requires), unasked.code
