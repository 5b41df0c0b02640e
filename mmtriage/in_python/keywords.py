"""The keyword arguments of Python's functions: the keys of a configuration, which are the command's options.

`Keywords` spells them for type checkers; what each means is declared in `options` and `data/reading`, and
`tests/in_python` holds the two against each other.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, TypedDict

from mmtriage.data.reading import Reading
from mmtriage.errors import OptionError, did_you_mean
from mmtriage.option_values import Cells, Levels, Option, Switch, Texts, options_of, spelled
from mmtriage.options import TriageOptions

FURTHER = ("plots", "progress", "evaluated")  # that Python alone can say


class Keywords(TypedDict, total=False):
    """Options of a triage and of how its table is read; `mmtriage fit --help` says what each does."""

    sep: str
    decimal: str
    thousands: str
    encoding: str
    sheet: str | int
    skip: int
    comment: str
    max_bytes: int
    na_values: Sequence[str]
    factor: str | Sequence[str] | Mapping[str, Sequence[str] | None]
    contrasts: Mapping[str, str]
    subset: str
    family: str
    link: str
    nagq: int
    weights: str
    offset: str
    ml: bool
    ddf: str
    lme4: str
    optimizer: str
    maxfun: int
    repeats: int
    all_rungs: bool
    keep: str | Sequence[str]
    bootstrap: int
    seed: int
    jobs: int
    time_budget: float
    plots: bool
    progress: Callable[[str], None]
    evaluated: Callable[[float], None]


@dataclass(frozen=True, slots=True, kw_only=True)
class Said:
    """What the keywords say."""

    reading: Reading
    options: TriageOptions
    names: frozenset[str]  # of the fields that they set


def understood(keywords: Mapping[str, Any]) -> Said:
    """The records of options.

    Raises OptionError for a keyword that is none, or a value that makes no sense.
    """
    declared = {item.key: item for record in (Reading, TriageOptions) for item in options_of(record)}
    for key in keywords:
        if key not in declared and key not in FURTHER:
            raise _unknown(key, [*declared, *FURTHER])
    values = {
        declared[key].name if key in declared else key: _value(declared.get(key), value)
        for key, value in keywords.items()
        if value is not None
    }
    of_reading = {item.name for item in options_of(Reading)}
    with spelled(Reading, lambda item: item.key):
        reading = Reading(**{name: value for name, value in values.items() if name in of_reading})
    with spelled(TriageOptions, lambda item: item.key):
        options = TriageOptions(**{name: v for name, v in values.items() if name not in of_reading})
    return Said(reading=reading, options=options, names=frozenset(values))


def _unknown(key: str, known: Sequence[str]) -> OptionError:
    hint = did_you_mean(key, known) or f"The options are: {', '.join(known)}."
    return OptionError(f"there is no option `{key}`", hint=hint)


def _value(item: Option | None, value: Any) -> Any:
    """The value of a field: one text is a list of one, and a list of factors is a mapping."""
    match None if item is None else item.meaning:
        case Switch() as switch if isinstance(value, bool):
            return switch.to if value else not switch.to
        case Texts() | Cells():
            return _listed(value)
        case Levels() if not isinstance(value, Mapping):
            return dict.fromkeys(_listed(value)) if isinstance(value, str | list | tuple) else value
        case Levels():
            return {column: _levels(levels) for column, levels in value.items()}
        case _ if item is not None and item.name == "sheet" and type(value) is int:
            return str(value)
        case _:
            return value


def _listed(value: Any) -> Any:
    return (value,) if isinstance(value, str) else tuple(value) if isinstance(value, list) else value


def _levels(levels: Any) -> Any:
    return tuple(levels) if isinstance(levels, list) else levels
