"""What a call of Python's functions asks about: a table and a formula, or a fit made elsewhere."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from mmtriage.data.in_memory import table_from_frame
from mmtriage.data.read_table import read_table
from mmtriage.data.reading import Reading
from mmtriage.data.table import Table
from mmtriage.deadline import alarm_at, deadline_in
from mmtriage.errors import OptionError
from mmtriage.given.from_statsmodels import Handed, handed_over
from mmtriage.given.record import GivenFit
from mmtriage.in_python.keywords import Said, understood
from mmtriage.option_values import options_of
from mmtriage.options import TriageOptions

FIT_ENDS = ".json"  # a path of that ending without a formula is the file of a fit
OF_FRAMES = frozenset({"factors"})  # what may be said of a table that is a data frame


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Question:
    """One model."""

    table: Table
    formula: str
    options: TriageOptions
    given: GivenFit | None = None  # the fit made elsewhere that is asked about, if one is
    handed: Handed | None = None  # of a fit of statsmodels': what was handed over
    row_labels: Any = None  # of a data frame: its index; None: rows are numbered from 0


def question_of(data: Any, formula: str | None, keywords: Mapping[str, Any], call: str) -> Question:
    """The model that is meant.

    Args:
        call: the function of the API, for messages.

    Raises InputError for whatever of it makes no sense.
    """
    said = understood(keywords)
    if type(data).__module__.startswith("statsmodels."):
        return _of_result(data, formula, said, call)
    if formula is None and isinstance(data, str | Path) and Path(data).suffix.lower() == FIT_ENDS:
        return _of_file(str(data), said)
    if not isinstance(formula, str):
        problem = "the formula is missing" if formula is None else f"`{formula}` is not a formula"
        hint = 'Such as "y ~ x + (1 | g)". A fit made elsewhere has its own: give its FIT.json alone.'
        raise OptionError(problem, where=f"{call}(data, formula)", hint=hint)
    table = _table(data, said)
    return Question(table=table, formula=formula, options=said.options, row_labels=_row_labels(data))


def _row_labels(data: Any) -> Any:
    """The index of a data frame of pandas; a text has a method of that name."""
    index = getattr(data, "index", None)
    return None if callable(index) else index


def _table(data: Any, said: Said) -> Table:
    if isinstance(data, str | Path):
        with alarm_at(deadline_in(said.options.time_budget)):
            return read_table(data, said.reading)
    if isinstance(data, Table):
        _refuse(said, (), "a `Table` has been read already")
        return data
    _refuse(said, OF_FRAMES, "a data frame has been read already")
    return table_from_frame(data, said.reading)


def _refuse(said: Said, accepted: Collection[str], problem: str) -> None:
    """Options of reading that nothing would come of."""
    for item in options_of(Reading):
        if item.name in said.names and item.name not in accepted:
            raise OptionError(problem, where=f"option {item.key}", hint="Leave the option out.")


def _of_file(path: str, said: Said) -> Question:
    """A fit made elsewhere, with the table that its file names."""
    from mmtriage.given.asked import options_of_fit, table_path, with_factors
    from mmtriage.given.read_fit import read_fit

    given = read_fit(path)
    return Question(
        table=with_factors(read_table(table_path(given, None), said.reading), given),
        formula=given.formula,
        options=options_of_fit(given, said.options, said.names),
        given=given,
    )


def _of_result(result: Any, formula: str | None, said: Said, call: str) -> Question:
    """A fit of statsmodels'; what was fitted is asked of it, and not of the options."""
    from mmtriage.given.asked import options_of_fit

    if formula is not None:
        raise OptionError("a fitted model has its formula", where=f"{call}(result)", hint="Leave it out.")
    handed = handed_over(result)
    options = options_of_fit(handed.fit, said.options, said.names)
    labels = getattr(result.model.data, "row_labels", None)
    is_whole = labels is not None and len(labels) == handed.table.n_rows
    return Question(
        table=handed.table,
        formula=handed.fit.formula,
        options=options,
        given=handed.fit,
        handed=handed,
        row_labels=labels if is_whole else None,
    )
