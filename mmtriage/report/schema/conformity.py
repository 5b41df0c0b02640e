"""Whether a JSON document is as its schema says: the first value that is not, and what it should be.

Of JSON Schema this knows what our schemas use. Keys that a document lacks are no mistake here: one that an
earlier version has written lacks those that came later. Numbers must be finite, though JSON can write 1e400.
"""

from __future__ import annotations

import math
import re
from collections.abc import Callable, Iterator, Mapping
from typing import Any

Schema = Mapping[str, Any]

NAMES = {
    "object": "an object",
    "array": "a list",
    "string": "text",
    "number": "a finite number",
    "integer": "a whole number",
    "boolean": "true or false",
    "null": "null",
}


def first_mistake(document: object, schema: Schema) -> str | None:
    """`input.sha256` must be text, and is a list; None where all is as it should be."""
    return next(_mistakes(document, schema, schema, ""), None)


def _mistakes(value: object, schema: Schema, root: Schema, key: str) -> Iterator[str]:
    """What is wrong with a value and what it holds.

    Args:
        key: where it stands, such as `findings[2].code`.
    """
    if not schema:  # whatever it is, however deep
        return
    if "$ref" in schema:
        named: Schema = root["$defs"][schema["$ref"].rpartition("/")[2]]
        rest = {keyword: each for keyword, each in schema.items() if keyword != "$ref"}
        for each in (named, rest):
            yield from _mistakes(value, each, root, key)
        return
    if "oneOf" in schema:  # one or the other kind of thing, of which one is null as a rule
        fitting = [each for each in schema["oneOf"] if value is not None or each == {"type": "null"}]
        found = [list(_mistakes(value, each, root, key)) for each in fitting]
        yield from min(found, key=len, default=[])
        return
    wanted = _wanted(value, schema)
    if wanted is not None:
        yield f"`{key or 'the document'}` must be {wanted}, and is {_described(value)}"
    elif isinstance(value, Mapping):
        for name, each in value.items():
            inner = schema.get("properties", {}).get(name, schema.get("additionalProperties"))
            if isinstance(inner, Mapping):
                yield from _mistakes(each, inner, root, f"{key}.{name}" if key else name)
    elif isinstance(value, list):
        for index, each in enumerate(value):
            yield from _mistakes(each, schema.get("items", {}), root, f"{key}[{index}]")


def _wanted(value: object, schema: Schema) -> str | None:
    """What a value must be and is not."""
    types = schema.get("type", [])
    types = [types] if isinstance(types, str) else types
    if types and not any(IS_OF[each](value) for each in types):
        return " or ".join(NAMES[each] for each in types)
    if "const" in schema and value != schema["const"]:
        return f"`{schema['const']}`"
    if "enum" in schema and value not in schema["enum"]:
        return f"one of {', '.join(str(each) for each in schema['enum'])}"
    if isinstance(value, str) and not re.search(schema.get("pattern", ""), value):
        return f"like {schema['pattern']}"
    if isinstance(value, list):
        return _of_length(len(value), schema)
    return _in_range(value, schema) if _is_number(value) else None


def _of_length(length: int, schema: Schema) -> str | None:
    if not schema.get("minItems", 0) <= length <= schema.get("maxItems", math.inf):
        return f"a list of {schema.get('minItems', 0)} to {schema.get('maxItems', 'any number of')} items"
    return None


def _in_range(value: Any, schema: Schema) -> str | None:
    least, most = schema.get("minimum", -math.inf), schema.get("maximum", math.inf)
    if not least <= value <= most:
        return f"at least {least}" if value < least else f"at most {most}"
    return None


def _is_number(value: object) -> bool:
    try:
        return isinstance(value, int | float) and not isinstance(value, bool) and math.isfinite(value)
    except OverflowError:  # a whole number that no double can hold
        return False


def _is_whole(value: object) -> bool:
    return isinstance(value, int | float) and _is_number(value) and value == int(value)


IS_OF: Mapping[str, Callable[[object], bool]] = {
    "object": lambda value: isinstance(value, Mapping),
    "array": lambda value: isinstance(value, list),
    "string": lambda value: isinstance(value, str),
    "number": _is_number,
    "integer": _is_whole,
    "boolean": lambda value: isinstance(value, bool),
    "null": lambda value: value is None,
}


def _described(value: object) -> str:
    """A value in a message: what kind of thing it is, and itself where that is short."""
    if isinstance(value, Mapping | list):
        return NAMES["array" if isinstance(value, list) else "object"]
    if value is None or isinstance(value, bool):
        return str(value).lower().replace("none", "null")
    text = f'"{value}"' if isinstance(value, str) else f"{value:.6g}" if _is_number(value) else "not finite"
    return text if len(text) <= 40 else "a longer text"
