"""A model at its certified optimum, as labelled Series and frames."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
from threadpoolctl import threadpool_limits

from mmtriage.arrays import Array
from mmtriage.diagnose.exact_fit import exact_fit
from mmtriage.diagnose.finding import Finding
from mmtriage.diagnose.run_checks import of_design
from mmtriage.engine.comparison import Comparison
from mmtriage.errors import UnjudgedError
from mmtriage.figures import count, gap, noise
from mmtriage.formula import parse_formula, resolve_dot
from mmtriage.in_python.question import Question
from mmtriage.ladder.case import SEPARATION
from mmtriage.ladder.workbench import Workbench
from mmtriage.model.design import Design
from mmtriage.model.linear_predictor import linear_predictor
from mmtriage.model.ranef import RandomTerm

if TYPE_CHECKING:
    import pandas as pd

ASK = "mmtriage.triage() says what can be done about it."


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Fit:
    """A mixed model at its certified optimum; names are R's, and those of rows the data frame's."""

    formula: str
    fixef: pd.Series[float]  # (p,) fixed effects
    vcov: pd.DataFrame  # (p, p) their covariance
    ranef: Mapping[str, pd.DataFrame]  # grouping -> conditional modes, (levels, columns)
    fitted: pd.Series[float]  # (n,) means of the rows used, given the random effects
    residuals: pd.Series[float]  # (n,) the response less these; of successes and failures its proportion
    loglik: float  # of the restricted likelihood, if the fit is by REML
    sigma: float | None  # residual standard deviation; None where the scale is fixed
    is_singular: bool  # whether a covariance lies on its boundary
    done: tuple[str, ...]  # what was done to get this fit, in sentences

    def __str__(self) -> str:
        table = self.fixef.to_frame("estimate").assign(SE=np.sqrt(np.diag(self.vcov))).to_string()
        return "\n".join([self.formula, table, f"log-likelihood {self.loglik:.4f}", *self.done])


def certified_fit(question: Question) -> Fit:
    """Fit a model to its certified optimum.

    Raises:
        InputError: the formula, a column or an option is wrong, or a fit that was given is of another model.
        UnjudgedError: the data do not determine the model, or no optimum is certified.
    """
    return fit_on(Workbench(question.table, question.options, question.given), question)


def fit_on(bench: Workbench, question: Question, *, is_present: bool = True) -> Fit:
    """`certified_fit` on a bench, where what has been fitted before is not fitted again.

    Args:
        is_present: whether it is the model that the bench was made for, and not one that may take its place.
    """
    with threadpool_limits(limits=1, user_api="blas"):
        formula = resolve_dot(parse_formula(question.formula), question.table.columns)
        design = bench.build(formula)
        _refuse_undetermined(list(of_design(design)))
        comparison = _compared(bench, design, question) if is_present else bench.fit(design)
        certificate = comparison.optimum.certificate
        if not certificate.certified or comparison.optimum.runaway:
            raise UnjudgedError(f"no optimum is certified: {certificate.reason}", hint=ASK)
        return _labelled(comparison, question)


def _refuse_undetermined(findings: Sequence[Finding]) -> None:
    for found in findings:
        if found.severity == "error" or found.code == SEPARATION:
            raise UnjudgedError(f"the model has no optimum: {found.message}", hint=ASK)


def _compared(bench: Workbench, design: Design, question: Question) -> Comparison:
    """The optimum that a triage of the same model proves."""
    try:
        if question.given is None:
            return bench.compare(design)
        from mmtriage.given.agreement import agreed_fit

        return bench.judge(agreed_fit(question.given, design, bench.deadline))
    except UnjudgedError:
        if not design.spec.is_approximated and (found := exact_fit(design)) is not None:
            _refuse_undetermined([found])
        raise


def _labelled(comparison: Comparison, question: Question) -> Fit:
    import pandas as pd

    design, fit = comparison.prepared.design, comparison.optimum_fit
    names = list(design.fixed_names)
    modes = comparison.prepared.model.modes_at(comparison.optimum.place)
    mean = linear_predictor(design, fit.beta, modes) if fit.mu is None else fit.mu
    labels = pd.RangeIndex(question.table.n_rows) if question.row_labels is None else question.row_labels
    rows = pd.Index(labels)[design.rows]
    return Fit(
        formula=design.formula.to_text(),
        fixef=pd.Series(fit.beta, names, name="fixef", dtype=float),
        vcov=pd.DataFrame(fit.vcov, names, names),
        ranef=_by_grouping(design.random, modes),
        fitted=pd.Series(mean, rows, name="fitted"),
        residuals=pd.Series(design.y - mean, rows, name="residuals"),
        loglik=fit.log_likelihood,
        sigma=fit.sigma if design.spec.distribution.estimates_scale else None,
        is_singular=comparison.is_singular,
        done=_done(comparison, question.table.n_rows),
    )


def _by_grouping(terms: Sequence[RandomTerm], modes: Sequence[Array]) -> dict[str, pd.DataFrame]:
    """The conditional modes, terms of one grouping beside each other."""
    import pandas as pd

    found: dict[str, pd.DataFrame] = {}
    for term, b in zip(terms, modes, strict=True):
        frame = pd.DataFrame(b, pd.Index(term.levels, name=term.group), list(term.columns))
        known = found.get(term.group)
        found[term.group] = frame if known is None else pd.concat([known, frame], axis=1)
    return found


def _done(comparison: Comparison, n_rows: int) -> tuple[str, ...]:
    """What was done: rows and columns left out, how far the usual fit would have been."""
    design = comparison.prepared.design
    said = []
    if len(design.rows) < n_rows:
        said.append(f"{count(n_rows - len(design.rows), 'row')} left out, by subset or for missing values.")
    if design.dropped:
        names = ", ".join(f"`{column.name}`" for column in design.dropped)
        said.append(f"Columns that others determine are left out: {names}.")
    if comparison.lme4_error is not None:
        said.append(f"lme4's fit stops with an error ({comparison.lme4_error}).")
    elif comparison.gap is not None:
        criterion, whose = comparison.optimum_fit.criterion, comparison.whose_fit
        is_there = abs(comparison.gap) < noise(criterion)
        below = "" if is_there else f"{gap(comparison.gap, criterion)} deviance units below "
        said.append(f"The optimum is {below}where {whose} ends.")
    said.append(f"The optimum is certified: {comparison.optimum.certificate.reason}.")
    return tuple(said)
