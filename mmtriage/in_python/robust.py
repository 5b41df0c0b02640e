"""Data in, a certified fit out: of the same model, or of a smaller one where that is wanted.

A model whose optimum is certified needs no triage. Where one is needed it works on the bench of the first
attempt, so that nothing is fitted twice.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from typing import get_args

from mmtriage.errors import FormulaError, ModelError, UnjudgedError
from mmtriage.in_python.certified_fit import Fit, fit_on
from mmtriage.in_python.question import Question
from mmtriage.ladder.records import Remedy, SmallerId
from mmtriage.ladder.workbench import Workbench
from mmtriage.report.facts import Report
from mmtriage.triage_table import triage_on

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
    bench = Workbench(question.table, question.options, question.given)
    try:
        fit = fit_on(bench, question)
    except UnjudgedError:
        fit = None
    if fit is not None and not (simplify and fit.is_singular):
        return fit
    report = triage_on(bench, question.formula, question.given)
    if fit is None:
        fit = next(_rewritten(bench, question, report), None)
    if simplify and (fit is None or fit.is_singular):
        smaller = (found for found in _smaller(bench, question, report) if not found.is_singular)
        fit = next(smaller, fit)
    if fit is None:
        raise UnjudgedError(
            f"no model was found that has a certified optimum: {report.verdict.message}",
            hint=WITHOUT_RANDOM if simplify else SIMPLIFY,
        )
    return fit


def _rewritten(bench: Workbench, question: Question, report: Report) -> Iterator[Fit]:
    """Other ways to write the model down."""
    for remedy in report.remedies:
        if remedy.scope == "same_model" and remedy.clears:
            yield from _of_remedy(bench, question, remedy)


def _smaller(bench: Workbench, question: Question, report: Report) -> Iterator[Fit]:
    """Smaller models, in the order of the triage."""
    for remedy in report.remedies:
        if remedy.id in SMALLER:
            yield from _of_remedy(bench, question, remedy)


def _of_remedy(bench: Workbench, question: Question, remedy: Remedy) -> Iterator[Fit]:
    """The certified fit of a remedy's model, if it has one."""
    if remedy.formula is None:
        return
    try:
        fit = fit_on(bench, replace(question, formula=remedy.formula), is_present=False)
    except (UnjudgedError, ModelError, FormulaError):  # its formula may need columns made in R
        return
    yield replace(fit, done=(f"{remedy.title}.", *fit.done))
