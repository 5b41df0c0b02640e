"""`keep`: the model as it is, and how to report it.

A variance of zero is an estimate like any other. Where a fixed effect varies only between the levels of the
grouping, the random effect stands for the design: without it rows count as independent, and a test of that
effect rejects a true null hypothesis too often. How often follows from the intraclass correlation that the
data cannot exclude: with m rows a group, the variance of a difference between groups is 1 + (m - 1) ICC times
what independent rows would give (Kish's design effect).
"""

from __future__ import annotations

import math
from collections.abc import Iterator

import numpy as np

from mmtriage.diagnose.naming import listed, term_text
from mmtriage.diagnose.singularity import Defect, defects
from mmtriage.engine.coefficient_tests import between_groups
from mmtriage.engine.linear.model import LinearModel
from mmtriage.ladder.against_present import AgainstPresent
from mmtriage.ladder.case import Case
from mmtriage.ladder.rank import AS_IT_IS, BY_DESIGN
from mmtriage.ladder.records import NO_CODE, Proposal
from mmtriage.ladder.remedies.measured import compared

TITLE = "Keep the model, and report it as it is"
NOTHING = AgainstPresent(
    delta_aic=None, delta_bic=None, loss=None, max_shift_se=None, not_comparable=None
)  # nothing is fitted that could be compared
RISE = 3.841  # deviance units: the 95 % point of chi2(1)
LARGEST = 1e3  # SD relative to sigma at which the search for a limit ends
TWO_SIDED = 1.959964  # the 97.5 % point of the normal law


def propose(case: Case) -> Iterator[Proposal]:
    """Propose it for every singular optimum that is proven."""
    certificate = case.comparison.optimum.certificate
    found = defects(case.comparison)
    if not found or case.comparison.prepared.null or not certificate.certified or case.is_separated:
        return
    by_design = design_effects(case)
    remedy = compared(
        NOTHING,
        id="keep",
        rung=4,
        title=TITLE,
        scope="advice",
        formula=case.formula.to_text(),
        code=case.commands.kenward_roger() if by_design and case.design.spec.reml else NO_CODE,
        changes="nothing; say what lies on the boundary: "
        + "; ".join(_reported(case, defect) for defect in found),
        caveats=tuple(_of_design(case, effects, group) for group, effects in by_design.items()),
        order=BY_DESIGN if by_design else AS_IT_IS,
    )
    yield Proposal(remedy=remedy, attempt=None)


def design_effects(case: Case) -> dict[str, list[str]]:
    """Fixed effects that vary only between the levels of a grouping without variance, by grouping."""
    if not case.design.spec.is_linear:
        return {}
    groups = between_groups(case.design, case.comparison.optimum_fit)
    found: dict[str, list[str]] = {}
    for name, group in zip(case.design.fixed_names, groups, strict=True):
        if group is not None and name != "(Intercept)":
            found.setdefault(group, []).append(name)
    return found


def _reported(case: Case, defect: Defect) -> str:
    term = case.design.random[defect.term]
    if defect.zero:
        return f'"the variance of {", ".join(defect.zero)} by {term.group} was estimated as zero"'
    return f'"the covariance of {term_text(term)} was estimated at its boundary (a correlation of 1 or -1)"'


def _of_design(case: Case, effects: list[str], group: str) -> str:
    """What speaks for keeping it, in the design's own numbers."""
    levels = next(len(term.levels) for term in case.design.random if term.group == group)
    head = (
        f"{listed(effects)} {'was' if len(effects) == 1 else 'were'} given to whole levels of `{group}`: "
        f"the random effect stands for the design, and the test counts its {levels} levels, not the rows"
    )
    icc = largest_icc(case, group)
    if icc is None:
        return head
    rejects = false_rejections(icc, len(case.design.y) / levels)
    return (
        f"{head}; the data cannot exclude an intraclass correlation of up to {icc:.2g}, at which a test "
        f"without it rejects a true null hypothesis in {rejects:.0%} of studies, not in 5%"
    )


def false_rejections(icc: float, rows_per_level: float) -> float:
    """How often a test at 5 % that takes rows as independent rejects a true null hypothesis."""
    z = TWO_SIDED / math.sqrt(1.0 + (rows_per_level - 1.0) * icc)
    return math.erfc(z / math.sqrt(2.0))


def largest_icc(case: Case, group: str) -> float | None:
    """The intraclass correlation at which the criterion is `RISE` above its minimum.

    None with other terms.

    beta and sigma are profiled out, so that with a single random intercept this is the profile likelihood's
    95 % limit.
    """
    (term, *others) = case.design.random
    model, least = case.comparison.prepared.model, case.comparison.optimum_fit.criterion
    is_plain = not others and term.columns == ("(Intercept)",) and term.group == group
    if not is_plain or not isinstance(model, LinearModel):
        return None

    def above(sd: float) -> float:
        return model.criterion([np.array([[sd]])]) - least - RISE

    if above(LARGEST) <= 0:
        return None
    from scipy.optimize import brentq  # slow to import, and most reports never come here

    sd = float(brentq(above, 0.0, LARGEST, xtol=1e-6))
    return sd**2 / (1.0 + sd**2)
