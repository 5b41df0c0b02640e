"""A model as an entry of a TOML configuration: what `check.entries` reads, written."""

from __future__ import annotations

import json
import re
from collections.abc import Mapping
from typing import Any

from mmtriage.data.reading import Reading
from mmtriage.option_values import Switch, options_of
from mmtriage.options import TriageOptions

HEADER = "[[tool.mmtriage.models]]"


def entry(about: Mapping[str, str], reading: Reading, options: TriageOptions) -> str:
    """The lines of an entry.

    Args:
        about: name, data and formula, or name and fit.
    """
    keys: dict[str, Any] = {**about, **_given(reading), **_given(options)}
    return "\n".join([HEADER, *(f"{key} = {_value(value)}" for key, value in keys.items())]) + "\n"


def _given(record: Reading | TriageOptions) -> dict[str, Any]:
    """The options that a configuration can say, and that are not what they would be unsaid."""
    declared = [item for item in options_of(type(record)) if item.is_key]
    values = [(item, getattr(record, item.name)) for item in declared]
    return {
        item.key: True if isinstance(item.meaning, Switch) else value
        for item, value in values
        if value != item.default
    }


def _value(value: Any) -> str:
    if isinstance(value, bool) or value is None:  # of a factor None means the levels that it has
        return "false" if value is False else "true"
    if isinstance(value, str):
        return _text(value)
    if isinstance(value, Mapping):
        return "{" + ", ".join(f"{_key(key)} = {_value(item)}" for key, item in value.items()) + "}"
    if isinstance(value, tuple | list):
        return "[" + ", ".join(map(_value, value)) + "]"
    return repr(value)


def _key(name: str) -> str:
    return name if re.fullmatch(r"[A-Za-z0-9_-]+", name) else _text(name)


def _text(value: str) -> str:
    """A basic string of TOML: JSON's, but for the character DEL."""
    return json.dumps(value, ensure_ascii=False).replace("\x7f", "\\u007f")
