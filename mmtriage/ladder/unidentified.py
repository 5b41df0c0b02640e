"""Repairs of what the design cannot identify (MM304, MM308, MM309): for each kind of null direction its own.

A null direction is a change of the variance components that leaves the likelihood as it is
(`engine/linear/identifiability`): `+1 Var(x | g) -4 Var((Intercept) | g)` where x is 0 or 2 and constant
within each g. Something that it names has to go. What, depends on how the direction comes about, as seen from
each of the terms that it names:

    constant slopes      a slope of the term hardly varies within groups, and only lets the variance between
                         groups change with x: such slopes go, and the rest of the term stays
    absorbed             the fixed effects estimate the component already, such as a factor that is fixed and
                         random: the slopes it names go, or the intercept, or the whole term
    within one term      the term's own columns are confounded: the slopes that it names go, or the whole term
                         if its grouping keeps an intercept in another bar
    between terms        the components of several terms are confounded: any one of the terms goes, whole

Of an absorbed intercept beside constant slopes either goes. What `--keep` names stays, and so does the last
random term.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass
from typing import Literal

from mmtriage.diagnose.grouping import HARDLY_VARIES, within_share
from mmtriage.engine.linear.identifiability import NullDirection
from mmtriage.formula.edit import INTERCEPT, bar_terms
from mmtriage.ladder.kept_terms import is_kept
from mmtriage.ladder.steps import (
    Step,
    slopes_to_drop,
    without_intercept,
    without_slope,
    without_term,
)
from mmtriage.model.design import Design
from mmtriage.model.ranef import RandomTerm

Fault = Literal[
    "constant slopes", "constant slopes, absorbed", "absorbed", "within one term", "between terms"
]


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class _Suspect:
    """A random term that a null direction names."""

    design: Design
    term: RandomTerm
    direction: NullDirection
    keep: Sequence[str]

    @property
    def constant_slopes(self) -> list[str]:
        """The slopes that hardly vary within groups."""
        return [label for label in slopes_to_drop(self.term, self.keep) if is_constant(self.term, label)]

    @property
    def named_slopes(self) -> list[str]:
        """The slopes whose (co)variances the direction changes, the last of the bar first."""
        parts = (part for part in self.direction.parts if part.term is not None)
        columns = {column for part in parts for column in (part.a, part.b)}
        free = slopes_to_drop(self.term, self.keep)
        return [label for label in reversed(free) if columns & set(self.term.columns_labelled(label))]

    @property
    def is_spare(self) -> bool:
        """Whether the grouping keeps its intercept without this term, or has none in it."""
        rest = [t for t in self.design.random if t is not self.term and t.group == self.term.group]
        elsewhere = any(INTERCEPT in bar_terms(other.bar) for other in rest)
        return elsewhere or INTERCEPT not in bar_terms(self.term.bar)


def _drop_constant_slopes(suspect: _Suspect) -> Iterator[Step]:
    return _slopes(suspect, suspect.constant_slopes)


def _drop_named_slopes(suspect: _Suspect) -> Iterator[Step]:
    return _slopes(suspect, suspect.named_slopes)


def _drop_intercept(suspect: _Suspect) -> Iterator[Step]:
    step = without_intercept(suspect.design.formula, suspect.term)
    if step is not None:
        yield step


def _drop_spare_term(suspect: _Suspect) -> Iterator[Step]:
    if suspect.is_spare:
        yield from _drop_term(suspect)


def _drop_term(suspect: _Suspect) -> Iterator[Step]:
    if len(suspect.design.random) > 1 and not is_kept(suspect.keep, suspect.term.bar):
        yield without_term(suspect.design.formula, suspect.term)


REPAIRS: dict[Fault, tuple[Callable[[_Suspect], Iterator[Step]], ...]] = {
    "constant slopes": (_drop_constant_slopes,),
    "constant slopes, absorbed": (_drop_constant_slopes, _drop_intercept),
    "absorbed": (_drop_named_slopes, _drop_intercept, _drop_term),
    "within one term": (_drop_named_slopes, _drop_spare_term),
    "between terms": (_drop_term,),
}


def repairs(design: Design, null: Iterable[NullDirection], keep: Sequence[str]) -> Iterator[Step]:
    """List what each null direction of a design calls for, term by term; a repair may come several times."""
    for direction in null:
        for t in direction.terms:
            suspect = _Suspect(design=design, term=design.random[t], direction=direction, keep=keep)
            for repair in REPAIRS[_fault(suspect)]:
                yield from repair(suspect)


def _fault(suspect: _Suspect) -> Fault:
    direction = suspect.direction
    if suspect.constant_slopes:
        return "constant slopes, absorbed" if direction.absorbed else "constant slopes"
    if direction.absorbed:
        return "absorbed"
    return "within one term" if len(direction.terms) == 1 else "between terms"


def _slopes(suspect: _Suspect, labels: Iterable[str]) -> Iterator[Step]:
    steps = (without_slope(suspect.design.formula, suspect.term, label) for label in labels)
    return (step for step in steps if step is not None)


def is_constant(term: RandomTerm, label: str) -> bool:
    """Whether a slope hardly varies within any group."""
    columns = term.columns_labelled(label)
    return bool(columns) and all(within_share(term, j) <= HARDLY_VARIES for j in columns)
