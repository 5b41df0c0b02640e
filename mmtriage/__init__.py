"""mmtriage: why a mixed model failed to converge, and which remedy works.

The public API is `triage`, which returns a `Report`; `fit` and `fit_robust`, which return a `Fit`; and
`write_fit`. The first three take a table and a formula, or a fit made elsewhere: a FIT.json, or a model that
statsmodels has fitted.
"""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import Path
from typing import TYPE_CHECKING, Any

from mmtriage.version import VERSION

if TYPE_CHECKING:
    from typing import Unpack

    from mmtriage.in_python.certified_fit import Fit
    from mmtriage.in_python.keywords import Keywords
    from mmtriage.notebook import Report
    from mmtriage.options import TriageOptions

__all__ = ["Fit", "Report", "TriageOptions", "__version__", "fit", "fit_robust", "triage", "write_fit"]

__version__ = VERSION


def triage(data: Any, formula: str | None = None, **options: Unpack[Keywords]) -> Report:
    """Triage one mixed model, or judge one that has been fitted elsewhere.

    Args:
        data: a data frame (of pandas, polars, pyarrow, ...), the path of a table (as of `mmtriage fit`), a
            `Table`; or a fitted statsmodels `MixedLM` or the path of a FIT.json (as of `mmtriage judge`),
            whose own parameters, standard errors and warnings are then judged.
        formula: an lme4 formula, e.g. "Reaction ~ Days + (Days | Subject)"; none for a fitted model.
        options: those of `mmtriage fit`, under their names: `ml=True`, `all_rungs=True`, `factor=["Subject"]`
            (or a mapping of columns to levels), for files `sep=";"`, `na_values=["-99"]`.

    Raises:
        mmtriage.errors.InputError: what the user gave is wrong; the message says what, where and what to do.
        mmtriage.errors.UnjudgedError: no verdict could be reached.
    """
    from mmtriage.in_python.question import question_of
    from mmtriage.notebook import with_methods
    from mmtriage.report.refit_elsewhere import with_refit
    from mmtriage.triage_table import triage_table

    question = question_of(data, formula, options, "triage")
    report = triage_table(question.table, question.formula, question.options, question.given)
    if question.handed is not None:
        report = with_refit(report, question.handed, data)
    return with_methods(report)


def fit(data: Any, formula: str | None = None, **options: Unpack[Keywords]) -> Fit:
    """Fit one mixed model to its certified optimum, whatever lme4 would find; see `triage` for the arguments.

    Raises:
        mmtriage.errors.InputError: what the user gave is wrong.
        mmtriage.errors.UnjudgedError: the data do not determine the model, or no optimum is certified.
    """
    from mmtriage.in_python.certified_fit import certified_fit
    from mmtriage.in_python.question import question_of

    return certified_fit(question_of(data, formula, options, "fit"))


def fit_robust(
    data: Any, formula: str | None = None, *, simplify: bool = False, **options: Unpack[Keywords]
) -> Fit:
    """Fit one mixed model to a certified optimum by whatever a triage recommends; `Fit.done` says by what.

    Args:
        data, formula, options: as of `triage`.
        simplify: whether a singular or undetermined model may give way to a smaller one.

    Raises:
        mmtriage.errors.InputError: what the user gave is wrong.
        mmtriage.errors.UnjudgedError: no certified optimum was found.
    """
    from mmtriage.in_python.question import question_of
    from mmtriage.in_python.robust import robust_fit

    return robust_fit(question_of(data, formula, options, "fit_robust"), simplify=simplify)


def write_fit(result: Any, path: str | Path, *, messages: Iterable[str | Warning] | None = None) -> None:
    """Write a fitted statsmodels `MixedLM` as FIT.json, with its table beside it, for `mmtriage judge`.

    Args:
        path: of the file; the table has the same name with the ending `.csv`.
        messages: the warnings that `fit` gave, where they were recorded; None: those of its own rules.
    """
    from mmtriage.given.from_statsmodels import handed_over
    from mmtriage.given.write_fit import write

    said = None if messages is None else [str(getattr(item, "message", item)) for item in messages]
    write(handed_over(result, said), Path(path))


def __getattr__(name: str) -> Any:
    """`Fit`, `Report` and `TriageOptions`, imported when first asked for: start-up stays fast."""
    if name == "Fit":
        from mmtriage.in_python.certified_fit import Fit

        return Fit
    if name == "Report":
        from mmtriage.notebook import Report

        return Report
    if name == "TriageOptions":
        from mmtriage.options import TriageOptions

        return TriageOptions
    raise AttributeError(f"module 'mmtriage' has no attribute {name!r}")
