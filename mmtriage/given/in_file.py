"""A JSON file, and values in it that know where they stand: what is wrong with one is said of its place.

A number that a program could not compute may stand as null, NaN or Infinity: JSON proper has only the first,
Python's and Julia's writers write the others.
"""

from __future__ import annotations

import json
import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from mmtriage.errors import DataError, MmtriageError, did_you_mean
from mmtriage.system.limited import MEGABYTE, OverLimitError, read_file_limited

MOST_BYTES = 100 * MEGABYTE  # of a fit with a million levels of random effects
SEE_SCHEMA = "`mmtriage schema fit` prints what the file may hold, `mmtriage explain judge` shows one."


def text_of(path: str) -> str:
    try:
        return read_file_limited(Path(path), MOST_BYTES).decode("utf-8-sig")
    except OverLimitError as error:
        raise DataError(f"{error}: this is no fit", where=path, hint="Name the file of the fit.") from None
    except UnicodeDecodeError:
        raise DataError("this is not text in UTF-8", where=path, hint=SEE_SCHEMA) from None
    except IsADirectoryError:
        raise DataError("this is a directory", where=path, hint="Name the file of the fit.") from None
    except FileNotFoundError:
        raise DataError("there is no such file", where=path, hint="Name the file of the fit.") from None
    except OSError as error:
        problem = error.strerror or str(error)
        raise DataError(f"the file cannot be read: {problem}", where=path) from None


def parsed(text: str, path: str) -> Any:
    def once(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
        found: dict[str, Any] = {}
        for name, value in pairs:
            if name in found:
                raise DataError(f"the key `{name}` stands twice", where=path, hint="Keep one of them.")
            found[name] = value
        return found

    try:
        return json.loads(text, object_pairs_hook=once)
    except json.JSONDecodeError as error:
        where = f"{path}, line {error.lineno}, column {error.colno}"
        raise DataError(f"this is not JSON: {error.msg}", where=where, hint=SEE_SCHEMA) from None
    except RecursionError:
        raise DataError("this is nested too deeply to be a fit", where=path, hint=SEE_SCHEMA) from None
    except ValueError as error:  # of an integer with thousands of digits
        raise DataError(f"this is not JSON: {error}", where=path, hint=SEE_SCHEMA) from None


@dataclass(frozen=True, slots=True)
class At:
    """A value and where it stands in the file."""

    path: str
    key: str  # "fixed_effects[2].estimate"; empty: the file itself
    value: Any

    def wrong(self, problem: str, hint: str | None = None) -> MmtriageError:
        where = f"{self.path}, `{self.key}`" if self.key else self.path
        return DataError(problem, where=where, hint=hint or SEE_SCHEMA)

    def has(self, name: str) -> bool:
        """Whether a key is there, and not null."""
        return self.value.get(name) is not None

    def at(self, name: str) -> At:
        return At(self.path, f"{self.key}.{name}" if self.key else name, self.value.get(name))

    def need(self, name: str) -> At:
        """What stands under a key that must be there."""
        if not self.has(name):
            raise self.wrong(f"`{name}` is missing")
        return self.at(name)

    def mapping(self) -> dict[str, Any]:
        if not isinstance(self.value, dict):
            raise self.wrong(f"this is {kind_of(self.value)}, not an object {{...}}")
        return self.value

    def items(self) -> list[At]:
        """The entries of a list."""
        if not isinstance(self.value, list):
            raise self.wrong(f"this is {kind_of(self.value)}, not a list [...]")
        return [At(self.path, f"{self.key}[{i}]", item) for i, item in enumerate(self.value)]

    def text(self) -> str:
        if not isinstance(self.value, str) or not self.value.strip():
            what = "an empty text" if isinstance(self.value, str) else kind_of(self.value)
            raise self.wrong(f"this is {what}, not a text")
        return self.value

    def flag(self) -> bool:
        if not isinstance(self.value, bool):
            raise self.wrong(f"this is {kind_of(self.value)}, not true or false")
        return self.value

    def any_number(self) -> float:
        """A number, NaN and infinities included; null is NaN."""
        if self.value is None:
            return math.nan
        if isinstance(self.value, bool) or not isinstance(self.value, (int, float)):
            raise self.wrong(f"this is {kind_of(self.value)}, not a number")
        try:
            return float(self.value)
        except OverflowError:
            raise self.wrong("this number is too large to be represented") from None

    def number(self) -> float:
        """A finite number."""
        found = self.any_number()
        if not math.isfinite(found):
            raise self.wrong("a parameter that is not a finite number cannot be judged")
        return found

    def positive(self) -> float:
        found = self.number()
        if found <= 0:
            raise self.wrong(f"{found:g} is not positive")
        return found

    def count(self, least: int = 0) -> int:
        found = self.number()
        if found != int(found) or found < least:
            raise self.wrong(f"{found:g} is not a whole number of at least {least}")
        return int(found)


def kind_of(value: Any) -> str:
    if value is None:
        return "null"
    if isinstance(value, bool):
        return "true" if value else "false"
    kinds = {str: "a text", int: "a number", float: "a number", list: "a list", dict: "an object"}
    return kinds[type(value)]


def refuse_unknown(entries: Mapping[str, Any], known: Sequence[str], at: At) -> None:
    for name in entries:
        if name not in known:
            raise at.wrong(f"there is no key `{name}`", did_you_mean(name, known))
