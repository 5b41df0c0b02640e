"""`one-row`: groups that are all 0 or all 1 are the units themselves (MM203): one row for each.

Where no group ever changes its answer, the rows of a group repeat one observation, and the likelihood rises
as the variance between groups grows without end. What the data can tell is how groups differ: a model of one
row for each group, without random effects. What varies within groups has no effect there that could be seen;
of a number, the group's mean stays.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace

from mmtriage.diagnose.grouping import within_share
from mmtriage.formula.edit import add_fixed, with_random
from mmtriage.formula.nodes import Name
from mmtriage.formula.terms import Term
from mmtriage.formula.text import quote_name, to_text
from mmtriage.ladder.against_present import not_compared
from mmtriage.ladder.case import SEPARATION, Case
from mmtriage.ladder.emitted.r_columns import complete_rows, first_rows, group_mean
from mmtriage.ladder.records import Proposal
from mmtriage.ladder.remedies.measured import compared
from mmtriage.model.ranef import RandomTerm

NO_MAXIMUM = "the present model has no maximum"
CONSTANT = 1e-12  # within-group share of a column's variance that is rounding


def propose(case: Case) -> Iterator[Proposal]:
    """Propose it where every level of a model's only grouping is pure."""
    groups = {term.group for term in case.design.random}
    pure = {c for found in case.found(SEPARATION) for c in found.columns} & groups
    term = case.design.random[0]
    if groups != pure or len(groups) != 1 or not isinstance(case.formula.response, Name):
        return
    groups_of = [to_text(node) for node in term.bar.group]
    if not all(isinstance(node, Name) for node in term.bar.group):
        return
    kept, averaged, gone = _sorted(case, term)
    formula = with_random(replace(case.formula, fixed=tuple(kept)), [])
    for name in averaged:
        formula = add_fixed(formula, quote_name(f"{name}_mean"))
    names = [*case.design.variables]
    lines = [
        *complete_rows(names, case.options.subset),
        *(group_mean(name, ", ".join(groups_of), f"{name}_mean") for name in averaged),
        first_rows([node.name for node in term.bar.group if isinstance(node, Name)]),
    ]
    remedy = compared(
        not_compared(NO_MAXIMUM),
        id="one-row",
        rung=2,
        title=f"Analyse one row for each level of {term.group}, whose answer never changes",
        scope="advice",
        formula=formula.to_text(),
        # the rows are chosen before, so the call chooses none
        code=case.commands.of(subset=None).in_r(formula.to_text(), kind="plain", before=lines),
        changes=f"the levels of {term.group} are the observations, and nothing random is left",
        caveats=(
            "the rows of a level repeat one answer: their number is no evidence",
            *((f"within levels nothing could show an effect of {', '.join(gone)}",) if gone else ()),
        ),
        order=0,
    )
    yield Proposal(remedy=remedy, attempt=None)


def _sorted(case: Case, term: RandomTerm) -> tuple[list[Term], list[str], list[str]]:
    """Terms that are constant within groups; numbers that are not, of which means are taken; and the rest."""
    kept: list[Term] = []
    averaged: list[str] = []
    gone: list[str] = []
    for number, fixed in enumerate(case.formula.fixed, start=1):
        columns = [j for j, assigned in enumerate(case.design.assign) if assigned == number]
        inside = replace(term, Z=case.design.X)
        variable = fixed.variables[0]
        if all(within_share(inside, j) <= CONSTANT for j in columns):
            kept.append(fixed)
            continue
        gone.append(fixed.label)
        is_plain = len(fixed.variables) == 1 and isinstance(variable, Name)
        if is_plain and case.design.variables[to_text(variable)].kind == "numeric":
            averaged.append(to_text(variable))
    return kept, averaged, gone
