"""Data in, a certified fit out: of the same model, or of a smaller one where that is wanted."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from typing import get_args

from mmtriage.errors import FormulaError, ModelError, UnjudgedError
from mmtriage.in_python.certified_fit import Fit, certified_fit
from mmtriage.in_python.question import Question
from mmtriage.ladder.records import Remedy, SmallerId
from mmtriage.report.facts import Report
from mmtriage.triage_table import triage_table

SMALLER = get_args(SmallerId)
SIMPLIFY = (
    "fit_robust(..., simplify=True) tries smaller models; mmtriage.triage() says why this one has none."
)
WITHOUT_RANDOM = "mmtriage.triage() says which model is left: it has no random effects."


def robust_fit(question: Question, *, simplify: bool) -> Fit:
    """Fit a model to its certified optimum, by whatever a triage recommends that keeps the model.

    Args:
        simplify: whether a singular or undetermined model may give way to the first smaller one that the
            triage recommends.

    Raises:
        InputError: the formula, a column or an option is wrong.
        UnjudgedError: neither this model nor one that may take its place has a certified optimum.
    """
    report = triage_table(question.table, question.formula, question.options, question.given)
    fit = next(_fits(question, report), None)
    if simplify and (fit is None or fit.is_singular):
        smaller = (found for found in _smaller(question, report) if not found.is_singular)
        fit = next(smaller, fit)
        hint = WITHOUT_RANDOM
    else:
        hint = SIMPLIFY
    if fit is None:
        raise UnjudgedError(
            f"no model was found that has a certified optimum: {report.verdict.message}", hint=hint
        )
    return fit


def _fits(question: Question, report: Report) -> Iterator[Fit]:
    """The model itself, then other ways to write it down."""
    if (fit := _attempt(question)) is not None:
        yield fit
    for remedy in report.remedies:
        if remedy.scope == "same_model" and remedy.clears:
            yield from _of_remedy(question, remedy)


def _smaller(question: Question, report: Report) -> Iterator[Fit]:
    """Smaller models, in the order of the triage."""
    for remedy in report.remedies:
        if remedy.id in SMALLER:
            yield from _of_remedy(question, remedy)


def _of_remedy(question: Question, remedy: Remedy) -> Iterator[Fit]:
    if remedy.formula is None:
        return
    fit = _attempt(replace(question, formula=remedy.formula, handed=None))
    if fit is not None:
        yield replace(fit, done=(f"{remedy.title}.", *fit.done))


def _attempt(question: Question) -> Fit | None:
    """The certified fit of a model, if it has one."""
    try:
        return certified_fit(question)
    except (UnjudgedError, ModelError, FormulaError):  # of a remedy: its formula may need columns made in R
        return None
