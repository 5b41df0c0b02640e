"""`gee`, `gls`: models of rows that are correlated within groups, without a variance between groups.

GEE estimates population averages, and its sandwich standard errors count groups: from 30 groups on they can
be trusted (Mancl & DeRouen 2001, Biometrics 57). A variance that wants to be negative is a correlation within
groups below zero, which a random intercept cannot have and `gls` with compound symmetry can. Both are advice:
nothing is fitted for them here.
"""

from __future__ import annotations

from collections.abc import Iterator
from functools import partial

from mmtriage.formula.nodes import Name
from mmtriage.formula.text import quote_name, to_text
from mmtriage.ladder.against_present import AgainstPresent
from mmtriage.ladder.case import Case
from mmtriage.ladder.emitted.r_columns import complete_rows
from mmtriage.ladder.emitted.r_marginal import gee_call, gls_call, sorted_by
from mmtriage.ladder.rank import OTHER_QUESTION
from mmtriage.ladder.records import Proposal
from mmtriage.ladder.remedies.measured import compared
from mmtriage.ladder.remedies.plain_model import without_bars

GEE_GROUPS = 30  # below it the sandwich standard errors of GEE are too small (Mancl & DeRouen 2001)
ZERO_VARIANCE = "MM310"
NOT_FITTED = AgainstPresent(
    delta_aic=None, delta_bic=None, loss=None, max_shift_se=None, not_comparable=None
)  # advice


def propose(case: Case) -> Iterator[Proposal]:
    """Propose them where the only variance between groups is zero."""
    (term, *others) = case.design.random
    is_plain = not others and term.columns == ("(Intercept)",) and len(term.bar.group) == 1
    if not case.found(ZERO_VARIANCE) or not is_plain or not isinstance(term.bar.group[0], Name):
        return
    group, formula = to_text(term.bar.group[0]), without_bars(case.formula)
    wants_less = any(found.evidence.get("negative_variance_wanted") for found in case.found(ZERO_VARIANCE))
    spec, options = case.design.spec, case.options
    if wants_less and spec.is_linear and not options.contrasts and options.weights is None:
        remedy = compared(
            NOT_FITTED,
            id="gls",
            rung=4,
            title=f"Let rows of one level of {group} be correlated negatively: gls with compound symmetry",
            scope="advice",
            formula=formula,
            code=case.commands.called(formula, partial(gls_call, group=group)),
            changes="a correlation within groups, which may be below zero, in the place of a variance",
            caveats=(
                "a negative correlation has to make sense: competition, shares, or order within groups",
            ),
            order=OTHER_QUESTION,
        )
        yield Proposal(remedy=remedy, attempt=None)
    if len(term.levels) >= GEE_GROUPS and spec.family != "negative.binomial":
        columns = [*case.design.variables, *(c for c in (options.weights, options.offset) if c)]
        before = [*complete_rows(dict.fromkeys(columns), options.subset), sorted_by(quote_name(group))]
        remedy = compared(
            NOT_FITTED,
            id="gee",
            rung=4,
            title=f"For population averages: GEE over the {len(term.levels)} levels of {group}",
            scope="advice",
            formula=formula,
            code=case.commands.of(subset=None).called(formula, partial(gee_call, group=group), before=before),
            changes="coefficients are averages over groups, standard errors come from how groups differ",
            caveats=("missing rows must not depend on the responses before them",),
            order=OTHER_QUESTION,
        )
        yield Proposal(remedy=remedy, attempt=None)
