"""`recode`: predictors that are almost collinear (MM202), written so that they are not: the same model.

The columns of a polynomial or an interaction are nearly collinear where the variable is far from zero, and
those of a factor where its reference level is rare. Another origin, or another coding, spans the same space.
"""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np

from mmtriage.data.table import Column
from mmtriage.diagnose.inflation import worst_inflation
from mmtriage.formula.edit import replace_fixed_variable
from mmtriage.formula.text import quote_name
from mmtriage.ladder.against_present import is_same_model
from mmtriage.ladder.case import Case
from mmtriage.ladder.records import Proposal
from mmtriage.ladder.remedies.measured import changed_model

CAUSE = "MM202"  # collinear


def propose(case: Case) -> Iterator[Proposal]:
    """Write each collinear variable at another origin, or in another coding, where that helps."""
    found = next(iter(case.found(CAUSE)), None)
    if found is None:
        return
    for name, column in case.design.variables.items():
        text = quote_name(name)
        if column.kind == "numeric" and _is_used_twice(text, found.columns):
            yield from _centered(case, name, column)
        elif column.kind == "factor" and any(c.startswith(text) for c in found.columns):
            yield from _sum_coded(case, name, column)


def _is_used_twice(text: str, collinear: tuple[str, ...]) -> bool:
    """Whether a variable is behind several of the collinear columns: by itself, as a power, in a product."""
    return sum(c == text or f"{text}^" in c or text in c.split(":") for c in collinear) > 1


def _centered(case: Case, name: str, column: Column) -> Iterator[Proposal]:
    center = float(f"{np.mean(column.values):.3g}")
    text = quote_name(name)
    hint = "the other coefficients are now at the new origin"
    return _rewritten(case, text, f"I({text} - {center:.15g})", f"Centre {name} at {center:g}", hint)


def _sum_coded(case: Case, name: str, column: Column) -> Iterator[Proposal]:
    counts = np.bincount(column.values, minlength=len(column.levels))
    common = column.levels[int(np.argmax(counts))]
    text = quote_name(name)
    title = f"Compare the levels of {name} with their mean, not with {column.levels[0]}"
    hint = f"or make a common level the reference: --factor {name}={common},..."
    return _rewritten(case, text, f"C({text}, contr.sum)", title, hint)


def _rewritten(case: Case, old: str, new: str, title: str, hint: str) -> Iterator[Proposal]:
    """Write a fixed variable anew, if the model stays the same and is less collinear."""
    formula = replace_fixed_variable(case.formula, old, new)
    if formula == case.formula:
        return
    comparison = case.refit(formula)
    before, after = (worst_inflation(d) for d in (case.design, comparison.prepared.design))
    falls = f"the variance inflation falls from {before:.3g} to {after:.3g}"
    if not is_same_model(case.bench, case.comparison, comparison) or after >= before:
        return
    yield changed_model(
        case,
        comparison,
        id="recode",
        title=title,
        changes=f"the coefficients, not the fit: {falls}",
        caveats=(hint,),
        scope="same_model",
    )
