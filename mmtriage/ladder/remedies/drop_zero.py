"""`drop-zero`: the model without the components whose variance is zero, which leaves the fit where it is."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace

from mmtriage.diagnose.naming import term_text
from mmtriage.diagnose.singularity import Defect, defects
from mmtriage.formula import Bar, Formula
from mmtriage.formula.edit import INTERCEPT, bar_terms, drop_bar_term, swap_bar
from mmtriage.formula.structured import UNSTRUCTURED
from mmtriage.ladder.against_present import likelihood_ratio
from mmtriage.ladder.case import Case
from mmtriage.ladder.kept_terms import is_kept
from mmtriage.ladder.lrt import Removal, likelihood_ratio_test
from mmtriage.ladder.records import Proposal
from mmtriage.ladder.remedies.measured import changed_model
from mmtriage.ladder.remedies.plain_model import plain_model
from mmtriage.model.ranef import RandomTerm


@dataclass(frozen=True, slots=True)
class _Smaller:
    """A term with components at zero, and its bar without them."""

    term: RandomTerm
    zero: tuple[str, ...]
    bar: Bar | None  # None: nothing is left of it

    @property
    def removal(self) -> Removal:
        """What goes; its parameters are counted when the smaller model is fitted."""
        k = len(self.term.columns)
        if self.term.bar.structure != UNSTRUCTURED:  # a column has no correlations of its own
            return Removal("several", 0, k)
        return Removal("scalar" if k == 1 else "column", 0, k)


def propose(case: Case) -> Iterator[Proposal]:
    """Drop all zero components at once; where nothing random is left, propose the plain model."""
    smaller = [s for defect in defects(case.comparison) if (s := _smaller(case, defect)) is not None]
    if not smaller:
        return
    gone = " and of ".join(f"{', '.join(s.zero)} in {term_text(s.term)}" for s in smaller)
    title = f"Drop the zero variance of {gone}"
    formula = _without(case.formula, smaller)
    if not formula.random:
        if case.is_separated or case.is_misweighted:  # so is the plain model
            return
        plain = case.commands.r_function("plain")
        yield plain_model(case, rung=4, title=f"{title}: nothing random is left, so plain {plain}")
        return
    comparison = case.refit(formula)
    df = case.comparison.optimum_fit.df - comparison.optimum_fit.df
    only = smaller[-1].removal
    removal = replace(only, kind=only.kind if len(smaller) == 1 else "several", df=df)
    yield changed_model(
        case,
        comparison,
        id="drop-zero",
        rung=4,
        title=title,
        changes="a component that is estimated as zero is left out; likelihood and fixed effects stay",
        caveats=("an estimate of zero from few groups is no proof of zero",),
        lrt=likelihood_ratio_test(
            likelihood_ratio(case, comparison), removal, null_is_singular=comparison.is_singular
        ),
    )


def _smaller(case: Case, defect: Defect) -> _Smaller | None:
    """What a term is without its zeros; None where it has none, or --keep protects them."""
    term = case.design.random[defect.term]
    if not defect.zero or is_kept(case.options.keep, term.bar):
        return None
    bar = _without_zeros(case, term, defect.zero)
    return None if bar == term.bar else _Smaller(term, defect.zero, bar)


def _without(formula: Formula, smaller: Sequence[_Smaller]) -> Formula:
    for one in smaller:
        formula = swap_bar(formula, one.term.bar, [] if one.bar is None else [one.bar])
    return formula


def _without_zeros(case: Case, term: RandomTerm, zero: Sequence[str]) -> Bar | None:
    """The bar without the terms whose columns are all zero; None if nothing is left of it."""
    bar: Bar | None = term.bar
    for number, label in enumerate(bar_terms(term.bar), start=0 if term.bar.intercept else 1):
        columns = [c for c, assigned in zip(term.columns, term.assign, strict=True) if assigned == number]
        if not columns or not set(columns) <= set(zero) or is_kept(case.options.keep, term.bar, label):
            continue
        # An intercept at zero goes only with all of its bar: slopes without one are another question.
        if label == INTERCEPT and set(zero) != set(term.columns):
            continue
        assert bar is not None
        bar = drop_bar_term(bar, label)
        if bar is None:
            return None
    return bar
