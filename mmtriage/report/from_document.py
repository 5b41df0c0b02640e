"""A report from its JSON document: the way back from `document`, for reports that somebody has kept."""

from __future__ import annotations

import types
from collections.abc import Mapping
from dataclasses import fields, is_dataclass, replace
from typing import Any, Literal, Union, get_args, get_origin, get_type_hints

from mmtriage.engine.estimates import SeMethod
from mmtriage.ladder.records import RungResult
from mmtriage.plotted.plot_data import PlotData
from mmtriage.report.facts import Report

NAN = float("nan")
OF_TYPES_ONLY = {"SeMethod": SeMethod, "PlotData": PlotData}  # what `facts` imports for annotations alone


def report_from(document: Mapping[str, Any]) -> Report:
    """The record whose document is this one.

    What JSON cannot say is lost: an infinite number is NaN, and of a rung the remedies are found among all.

    Raises KeyError, TypeError or ValueError where it is none.
    """
    report: Report = _value(Report, document)
    seconds: Mapping[str, list[float]] = document["timing"]["attempts"]
    return replace(report, ladder=tuple(_timed(result, seconds[result.id]) for result in report.ladder))


def _timed(result: RungResult, seconds: list[float]) -> RungResult:
    pairs = zip(result.attempts, seconds, strict=True)
    return replace(result, attempts=tuple(replace(attempt, seconds=taken) for attempt, taken in pairs))


def _record(kind: type, document: Mapping[str, Any]) -> Any:
    hints = get_type_hints(kind, localns=OF_TYPES_ONLY)
    return kind(
        **{
            item.name: _value(hints[item.name], document[item.name])
            for item in fields(kind)
            if item.name in document
        }
    )


def _value(hint: Any, value: Any) -> Any:
    """A JSON value as its annotation says; null is NaN where only a number can stand."""
    origin, arguments = get_origin(hint), get_args(hint)
    if origin in (Union, types.UnionType):
        present = [kind for kind in arguments if kind is not type(None)]
        if value is None:
            return None
        return _value(present[0], value) if len(present) == 1 else _frozen(value)
    if origin is tuple:
        return tuple(_value(arguments[0], item) for item in value)
    if isinstance(hint, type) and is_dataclass(hint):
        return _record(hint, value)
    if origin is not Literal and isinstance(value, dict):
        kind = arguments[-1] if arguments else Any
        return {key: _value(kind, item) for key, item in value.items() if not isinstance(item, dict)}
    return NAN if value is None and hint is float else _frozen(value)


def _frozen(value: Any) -> Any:
    return tuple(map(_frozen, value)) if isinstance(value, list) else value
