"""mmtriage: why a mixed model failed to converge, and which remedy works.

The public API is `triage(data, formula, ...)` or `triage(result)`, which returns a `Report`, `write_fit`, and
`TriageOptions`.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any

from mmtriage.version import VERSION

if TYPE_CHECKING:
    import pandas as pd

    from mmtriage.data.table import Table
    from mmtriage.notebook import Report
    from mmtriage.options import TriageOptions

__all__ = ["Report", "TriageOptions", "__version__", "triage", "write_fit"]

__version__ = VERSION


def triage(data: pd.DataFrame | str | Path | Table, formula: str | None = None, **options: Any) -> Report:
    """Triage one mixed model, or judge one that statsmodels has fitted.

    Args:
        data: a data frame (of pandas, polars, pyarrow, ...), the path of a table (as of `mmtriage fit`), a
            `Table`; or a fitted statsmodels `MixedLM`, whose own parameters, standard errors and warnings are
            then judged.
        formula: an lme4 formula, e.g. "Reaction ~ Days + (Days | Subject)"; none for a fitted model.
        options: fields of `mmtriage.options.TriageOptions`, e.g. `reml=False`, `all_rungs=True`; and of
            `mmtriage.data.reading.Reading`: `factors`, the names of columns to be read as factors (or a
            mapping of names to levels), and for files `sep`, `na_values`, `sheet`.

    Raises:
        mmtriage.errors.InputError: what the user gave is wrong; the message says what, where and what to do.
        mmtriage.errors.UnjudgedError: no verdict could be reached.
    """
    from mmtriage.data.in_memory import table_from_frame
    from mmtriage.data.read_table import read_table
    from mmtriage.data.reading import Reading
    from mmtriage.data.table import Table
    from mmtriage.errors import OptionError
    from mmtriage.notebook import with_methods
    from mmtriage.option_values import options_of
    from mmtriage.options import TriageOptions as Options
    from mmtriage.triage_table import triage_table

    if type(data).__module__.startswith("statsmodels."):
        return _judged(data, formula, options)
    if formula is None:
        raise OptionError("the formula is missing", where="triage(data, formula)")
    said = {item.name: options.pop(item.name) for item in options_of(Reading) if item.name in options}
    if "factors" in said and not isinstance(said["factors"], Mapping):
        said["factors"] = dict.fromkeys(said["factors"])
    reading, chosen = Reading(**said), Options(**options)
    if isinstance(data, Table):
        _refuse(said, "a `Table` has been read already")
        table = data
    elif isinstance(data, str | Path):
        table = read_table(data, reading)
    else:
        _refuse(said.keys() - {"factors"}, "a data frame has been read already")
        table = table_from_frame(data, reading)
    return with_methods(triage_table(table, formula, chosen))


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


def _judged(result: Any, formula: str | None, options: Mapping[str, Any]) -> Report:
    """The report on a fit of statsmodels'; what was fitted is asked of it, and not of the options."""
    from mmtriage.errors import OptionError
    from mmtriage.given.asked import options_of_fit
    from mmtriage.given.from_statsmodels import handed_over
    from mmtriage.notebook import with_methods
    from mmtriage.options import TriageOptions as Options
    from mmtriage.report.refit_elsewhere import with_refit
    from mmtriage.triage_table import triage_table

    if formula is not None:
        raise OptionError("a fitted model has its formula", where="triage(result)", hint="Leave it out.")
    handed = handed_over(result)
    chosen = options_of_fit(handed.fit, Options(**options), options.keys())
    report = triage_table(handed.table, handed.fit.formula, chosen, handed.fit)
    return with_methods(with_refit(report, handed, result))


def _refuse(said: Iterable[str], problem: str) -> None:
    """Options of reading that nothing would come of."""
    from mmtriage.errors import OptionError

    for name in sorted(said):
        raise OptionError(problem, where=f"option {name}", hint="Leave the option out.")


def __getattr__(name: str) -> Any:
    """`Report` and `TriageOptions`, imported when first asked for: start-up stays fast."""
    if name == "Report":
        from mmtriage.notebook import Report

        return Report
    if name == "TriageOptions":
        from mmtriage.options import TriageOptions

        return TriageOptions
    raise AttributeError(f"module 'mmtriage' has no attribute {name!r}")
