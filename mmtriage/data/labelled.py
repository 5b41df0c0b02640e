"""Files of SPSS, Stata and SAS, in which numbers may have labels.

A column of which every value has a label is a factor, with its labels in the order of the values. Where some
values have none, the labels name the ends of a scale or special answers, and the column stays one of numbers.
"""

from __future__ import annotations

import io
from collections.abc import Callable, Mapping, Sequence
from typing import Any

import numpy as np

from mmtriage.data.convert import double_label
from mmtriage.data.extra import from_extra
from mmtriage.data.objects import Objects, column_of_objects, gathered
from mmtriage.data.reading import Reading
from mmtriage.data.source import Source
from mmtriage.data.table import Column, Found, Labelled
from mmtriage.data.text_encoding import refuse_unknown_encoding
from mmtriage.errors import DataError

Labels = Mapping[Any, str]  # value -> its label
NO_LABELS: Labels = {}
LABELS_SHOWN = 3
SAVE_ANEW = "It may be damaged; save it anew, or as CSV."


def read(source: Source, reading: Reading) -> Found:
    """All columns, labelled values as factors."""
    kind = source.kind.name
    assert kind in ("sav", "dta", "sas7bdat")
    values, described = _read(source, reading)
    if not values or not len(next(iter(values.values()))):
        raise DataError("the table has no rows", where=source.name)
    labels: Mapping[str, Labels] = described.variable_value_labels
    ordinal = {name for name, measure in described.variable_measure.items() if measure == "ordinal"}
    names = list(values)
    columns, unusable = gathered(
        names,
        lambda _, name: _column(name, values[name], labels.get(name, NO_LABELS), is_ordinal=name in ordinal),
    )
    factors = tuple(name for name in names if name in labels and _is_factor(columns.get(name)))
    layout = Labelled(kind, reading.encoding, factors, tuple(name for name in factors if name in ordinal))
    return Found(columns=columns, layout=layout, unusable=unusable, dated=_dated(described))


def _dated(described: Any) -> str | None:
    """The day on which the file says that it was changed, or made."""
    moment = described.modification_time or described.creation_time
    return None if moment is None else str(moment.date().isoformat())


def _read(source: Source, reading: Reading) -> tuple[Mapping[str, Sequence[Any]], Any]:
    """The values of each column, and what the file says of them."""
    if reading.encoding is not None:
        refuse_unknown_encoding(reading.encoding)
    with from_extra("pyreadstat", source.kind.what, source.name):
        import pyreadstat
    readers: dict[str, Callable[..., Any]] = {
        "sav": pyreadstat.read_sav,
        "dta": pyreadstat.read_dta,
        "sas7bdat": pyreadstat.read_sas7bdat,
    }
    content = io.BytesIO(source.content)
    try:
        values, described = readers[source.kind.name](
            content, output_format="dict", encoding=reading.encoding
        )
    except (pyreadstat.ReadstatError, pyreadstat.PyreadstatError, UnicodeDecodeError) as error:
        problem = f"{source.kind.what} that cannot be read: {error}"
        raise DataError(problem, where=source.name, hint=SAVE_ANEW) from None
    return values, described


def _is_factor(column: Column | None) -> bool:
    return column is not None and column.kind == "factor"


def _column(name: str, values: Sequence[Any], labels: Labels, *, is_ordinal: bool) -> Column:
    objects = np.empty(len(values), dtype=object)
    objects[:] = list(values)
    is_known = np.array([not _is_missing(value) for value in values], dtype=bool)
    if not labels:
        return column_of_objects(name, objects, is_known)
    of_text = any(isinstance(value, str) for value in labels)
    unlabelled = dict.fromkeys(value for value in objects[is_known] if value not in labels)
    if unlabelled and not of_text:
        column = column_of_objects(name, objects, is_known)
        return Column(name=name, kind=column.kind, values=column.values, note=_of_some(name, labels))
    return _factor(name, objects, {**dict(zip(unlabelled, unlabelled, strict=True)), **labels}, is_ordinal)


def _is_missing(value: object) -> bool:
    """Missing, or an empty text, which these files have in the place of a missing one."""
    return value is None or value == "" or value != value


def _of_some(name: str, labels: Labels) -> str:
    named = [f'{_shown(value)} = "{label}"' for value, label in list(labels.items())[:LABELS_SHOWN]]
    more = ", ..." if len(labels) > LABELS_SHOWN else ""
    return f"only some values of `{name}` have labels ({', '.join(named)}{more}): it is read as numbers"


def _shown(value: Any) -> str:
    return double_label(float(value)) if isinstance(value, int | float) else str(value)


def _factor(name: str, objects: Objects, labels: Labels, is_ordinal: bool) -> Column:
    """The labels as levels, in the order of their values; one label of two values is one level."""
    levels = tuple(dict.fromkeys(str(labels[value]) for value in sorted(labels)))
    code_of = {level: code for code, level in enumerate(levels)}
    codes = [-1 if _is_missing(value) else code_of[str(labels[value])] for value in objects]
    note = None
    if is_ordinal:
        note = f"`{name}` is ordinal in the file: it has polynomial contrasts, as R's ordered factors have"
    return Column(
        name=name,
        kind="factor",
        values=np.array(codes, dtype=np.int64),
        levels=levels,
        is_ordered=is_ordinal,
        note=note,
    )
