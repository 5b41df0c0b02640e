"""MM313: random slopes whose variable has no fixed effect.

A random slope is a deviation from the mean slope of all groups. Without a fixed effect that mean is taken to
be zero, and the slope's variance holds its square: it is no spread between groups any more, and what is said
of the variable is said nowhere. The mean counts as there where the fixed effects or the offset use the same
variables (`log(x)` beside a slope of `x`), or span the slope's columns (`x` as the sum of two parts).
"""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np

from mmtriage.diagnose.finding import Finding, finding
from mmtriage.diagnose.fixed import SPANNED_SHARE
from mmtriage.diagnose.naming import listed, term_text
from mmtriage.formula.nodes import columns_named
from mmtriage.model.design import Design
from mmtriage.model.ranef import RandomTerm
from mmtriage.model.tall import orthonormal_columns


def slopes_without_mean(design: Design) -> list[Finding]:
    """MM313 of each random term that has such a slope."""
    found = []
    for term in design.random:
        labels = list(_alone(design, term))
        if labels:
            found.append(_slope_alone(term, labels))
    return found


def _alone(design: Design, term: RandomTerm) -> Iterator[str]:
    """The labels of a term's slopes that no fixed effect is the mean of."""
    known = {frozenset(columns_named(t.variables)) for t in design.formula.fixed}
    known |= {frozenset(columns_named([offset])) for offset in design.formula.offsets}
    known.add(frozenset({design.spec.offset or ""}))
    for number, slope in enumerate(term.bar.terms, start=1):
        is_known = frozenset(columns_named(slope.variables)) in known
        if not is_known and not _is_spanned(design, term, term.columns_of(number)):
            yield slope.label


def _is_spanned(design: Design, term: RandomTerm, columns: list[int]) -> bool:
    """Whether the fixed effects hold each of these columns of Z."""
    values = term.Z[:, columns]
    Q, _ = orthonormal_columns(design.X / np.linalg.norm(design.X, axis=0))
    left, all_of_it = np.sum((values - Q @ (Q.T @ values)) ** 2, axis=0), np.sum(values**2, axis=0)
    return bool(np.all(left <= SPANNED_SHARE * all_of_it))


def _slope_alone(term: RandomTerm, labels: list[str]) -> Finding:
    text = term_text(term)
    has, its = ("has", "its") if len(labels) == 1 else ("have", "their")
    message = (
        f"{listed(labels)} {has} a random slope in `{text}` and no fixed effect: {its} mean effect is taken "
        f"to be zero, and the SD of the slope holds it; add {listed(labels)} to the fixed effects"
    )
    return finding("MM313", message, columns=tuple(labels), terms=(text,))
