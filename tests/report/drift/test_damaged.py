"""Baselines that something has changed: the message names the key, and no comparison is wrong."""

from __future__ import annotations

import json
from typing import Any

import pytest

from mmtriage.errors import OptionError
from mmtriage.render import jsondoc
from mmtriage.report.baseline_file import compared
from mmtriage.report.schema.conformity import first_mistake
from tests.real_reports.records import SINGULAR
from tests.report.drift.mutations import wrongs


def message(*path: Any, value: object) -> str:
    """What is said of a baseline in which this value stands at a place."""
    document = json.loads(jsondoc.render(SINGULAR))
    holder = document
    for part in path[:-1]:
        holder = holder[part]
    holder[path[-1]] = value
    with pytest.raises(OptionError) as caught:
        compared(SINGULAR, document, "base.json")
    return caught.value.message.removeprefix("`base.json` is damaged: ")


def test_the_message_names_the_key() -> None:
    assert message("input", "sha256", value=[]) == "`input.sha256` must be text, and is a list"
    assert message("input", "sha256", value="x") == '`input.sha256` must be like ^[0-9a-f]{64}$, and is "x"'
    assert message("findings", 0, "terms", value=[1]) == "`findings[0].terms[0]` must be text, and is 1"
    assert message("reference", value=[]) == "`reference` must be an object, and is a list"
    assert message("reference", "certificate", value="x") == (
        '`reference.certificate` must be an object, and is "x"'
    )
    assert message("reference", "criterion", value=float("inf")) == (
        "`reference.criterion` must be a finite number, and is not finite"
    )
    assert message("reference", "fixed_effects", 0, "estimate", value=10**400) == (
        "`reference.fixed_effects[0].estimate` must be a finite number or null, and is not finite"
    )
    assert message("reference", "fixed_effects", 0, "se", value=-1.0) == (
        "`reference.fixed_effects[0].se` must be at least 0, and is -1"
    )
    assert message("tool", "name", value="other") == '`tool.name` must be `mmtriage`, and is "other"'
    assert message("ladder", value=[]) == "`ladder` must be a list of 5 to 5 items, and is a list"
    effects = json.loads(jsondoc.render(SINGULAR))["reference"]["fixed_effects"]
    assert message("reference", "fixed_effects", value=[*effects, effects[0]]) == (
        "the fixed effect `(Intercept)` is there twice"
    )


def test_a_document_that_is_as_it_should_be_has_no_mistake() -> None:
    assert first_mistake([[[]]], {}) is None
    assert first_mistake({"a": 1.0}, {"properties": {"a": {"type": "integer"}}}) is None


def test_one_changed_value_is_named_or_compared_rightly() -> None:
    """Two thousand by hand: `python -m tests.report.drift.mutations`."""
    assert list(wrongs(100, 28)) == []
