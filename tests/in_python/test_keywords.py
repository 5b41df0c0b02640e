"""Keyword arguments of Python: the command's options under their names."""

from typing import Any, get_type_hints

import pytest

from mmtriage.errors import InputError, OptionError
from mmtriage.in_python.keywords import FURTHER, Keywords, understood
from mmtriage.options import OPTIONS, call_arguments


def test_the_typed_names_are_the_declared_ones() -> None:
    assert set(get_type_hints(Keywords)) == {*(item.key for item in OPTIONS), *FURTHER}


@pytest.mark.parametrize(
    ("given", "field", "expected"),
    [
        ({"ml": True}, "reml", False),
        ({"ml": False}, "reml", True),
        ({"keep": "1 | g"}, "keep", ("1 | g",)),
        ({"keep": ["1 | g"]}, "keep", ("1 | g",)),
        ({"maxfun": None}, "maxfun", None),
    ],
)
def test_options_are_understood(given: dict[str, Any], field: str, expected: object) -> None:
    assert getattr(understood(given).options, field) == expected


@pytest.mark.parametrize(
    ("given", "field", "expected"),
    [
        ({"factor": "g"}, "factors", {"g": None}),
        ({"factor": ["g", "h"]}, "factors", {"g": None, "h": None}),
        ({"factor": {"g": ["b", "a"], "h": None}}, "factors", {"g": ("b", "a"), "h": None}),
        ({"na_values": "-99"}, "na_values", ("-99",)),
        ({"sheet": 2}, "sheet", "2"),
    ],
)
def test_how_to_read_is_understood(given: dict[str, Any], field: str, expected: object) -> None:
    assert getattr(understood(given).reading, field) == expected


@pytest.mark.parametrize(
    ("given", "said"),
    [
        ({"max_fun": 3}, "there is no option `max_fun`\nDid you mean `maxfun`?"),
        ({"reml": False}, "there is no option `reml`\nDid you mean `ml`?"),
        ({"factors": ["g"]}, "there is no option `factors`\nDid you mean `factor`?"),
        ({"na_value": "x"}, "there is no option `na_value`\nDid you mean `na_values`?"),
        ({"own_fixed": {}}, "there is no option `own_fixed`"),
    ],
)
def test_an_unknown_name_suggests_the_nearest(given: dict[str, Any], said: str) -> None:
    with pytest.raises(OptionError) as caught:
        understood(given)
    assert str(caught.value).startswith(said)


@pytest.mark.parametrize(
    ("given", "place"),
    [
        ({"ml": "yes"}, "option ml"),
        ({"maxfun": "many"}, "option maxfun"),
        ({"factor": 3}, "option factor"),
        ({"factor": {1: None}}, "option factor"),
        ({"keep": 3}, "option keep"),
        ({"sheet": 2.5}, "option sheet"),
        ({"skip": -1}, "option skip"),
        ({"contrasts": "sum"}, "option contrasts"),
        ({"optimizer": "bobyka"}, "option optimizer"),
        ({"na_values": [1]}, "option na_values"),
        ({"ddf": "kenward-roger", "ml": True}, "option ddf"),
    ],
)
def test_a_wrong_value_is_said_of_its_name(given: dict[str, Any], place: str) -> None:
    with pytest.raises(InputError) as caught:
        understood(given)
    assert caught.value.where is not None
    assert place in caught.value.where.replace("--", "")


def test_a_call_to_paste_has_these_names() -> None:
    options = understood({"ml": True, "maxfun": 9}).options
    assert call_arguments(options) == ["ml=True", "maxfun=9"]
    assert understood({"ml": True, "maxfun": 9}).options == options
