"""What the value of an option is: texts, choices, switches and numbers, each with its alphabet or range."""

from __future__ import annotations

import math
import re
from collections.abc import Callable, Collection, Iterable, Sequence
from dataclasses import dataclass
from numbers import Integral, Real
from typing import Protocol, SupportsFloat, SupportsIndex, TypeVar

from mmtriage.errors import OptionError, did_you_mean

Value = TypeVar("Value")

ANYTHING = r"[^\x00\ud800-\udfff]*"  # whatever is text: a name of a column may hold any character
MOST_SHOWN = 60  # characters of a value in a message
MOST_DIGITS = 18  # of a whole number: no option has a range that needs more
ON_ONE_LINE = str.maketrans({"\n": "\\n", "\r": "\\r", "\t": "\\t", "\0": "\\0"})
LARGEST_INT = 2**31 - 1  # what R's integers and the `int` of the optimizers' C hold
LONGEST = 1e8  # seconds, three years: timers overflow not far above


def shown(value: object) -> str:
    """A value in a message: between backticks, on one line, and cut where it is long."""
    text = value.translate(ON_ONE_LINE) if isinstance(value, str) else str(value)
    return f"`{text}`" if len(text) <= MOST_SHOWN else f"`{text[: MOST_SHOWN - 3]}...`"


def one_of(value: object, known: Iterable[str], where: str | None = None) -> str:
    """The value, if it is one of the known ones."""
    names = list(known)
    if isinstance(value, str) and value in names:
        return value
    guess = did_you_mean(value, names) if isinstance(value, str) and len(value) <= MOST_SHOWN else None
    hint = " ".join(part for part in (guess, f"Known are: {', '.join(names)}.") if part)
    raise OptionError(f"{shown(value)} is not known", where=where, hint=hint)


class Meaning(Protocol[Value]):
    """What the value of an option is, and how it is written in words of a command line."""

    @property
    def is_repeatable(self) -> bool:
        """Whether the option may be given more than once, each time adding to its value."""

    def read(self, words: Sequence[str]) -> Value:
        """The value of these words, one for each time that the option is given."""

    def check(self, value: object) -> None:
        """Refuse a value, of whatever type, that no words have."""

    def write(self, value: Value) -> list[str]:
        """The words of this value."""


@dataclass(frozen=True, slots=True)
class Text:
    """One word, of an alphabet."""

    alphabet: str = ANYTHING  # a regular expression of the whole word
    wanted: str = "text without NUL characters, in the encoding of the locale"
    is_repeatable = False

    def read(self, words: Sequence[str]) -> str:
        self.check(words[-1])
        return words[-1]

    def check(self, value: object) -> None:
        if not isinstance(value, str):
            raise OptionError(f"{shown(value)} is not text")
        if not re.fullmatch(self.alphabet, value):
            raise OptionError(f"{shown(value)} is not {self.wanted}")

    def write(self, value: str) -> list[str]:
        return [value]


@dataclass(frozen=True, slots=True)
class Texts:
    """Words, each as it stands."""

    each: Text = Text()
    is_repeatable = True

    def read(self, words: Sequence[str]) -> tuple[str, ...]:
        self.check(words)
        return tuple(words)

    def check(self, value: object) -> None:
        for word in listed(value):
            self.each.check(word)

    def write(self, value: Sequence[str]) -> list[str]:
        return list(value)


def listed(value: object) -> Collection[object]:
    """The items of a list; one text alone is none."""
    if not isinstance(value, list | tuple):
        raise OptionError(f"{shown(value)} is not a list of texts", hint='Write a list: ["..."].')
    return value


@dataclass(frozen=True, slots=True)
class Choice:
    """One of several names; a function lists them, for it may be slow to import what knows them."""

    known: Callable[[], Collection[str]]
    is_repeatable = False

    def read(self, words: Sequence[str]) -> str:
        return one_of(words[-1], self.known())

    def check(self, value: object) -> None:
        one_of(value, self.known())

    def write(self, value: str) -> list[str]:
        return [value]


@dataclass(frozen=True, slots=True)
class Switch:
    """An option that takes no value: where it is given, the value is `to`."""

    to: bool = True
    is_repeatable = False

    def read(self, words: Sequence[str]) -> bool:
        return self.to

    def check(self, value: object) -> None:
        if not isinstance(value, bool):
            raise OptionError(f"{shown(value)} is neither True nor False")

    def write(self, value: bool) -> list[str]:
        return [""] if value == self.to else []


@dataclass(frozen=True, slots=True)
class WholeNumber:
    """A whole number, neither below `least` nor above `most`."""

    least: int
    most: int = LARGEST_INT
    is_repeatable = False

    def read(self, words: Sequence[str]) -> int:
        word = words[-1]
        if not re.fullmatch(r"\s*[+-]?[0-9]+\s*", word):
            raise OptionError(f"{shown(word)} is not a whole number of at least {self.least}")
        if len(word.strip().lstrip("+-").lstrip("0")) > MOST_DIGITS:  # Python refuses to read 5,000 digits
            raise self._beyond(word, is_below=word.strip().startswith("-"))
        value = int(word)
        self.check(value)
        return value

    def check(self, value: object) -> None:
        if not (isinstance(value, SupportsIndex) and isinstance(value, Integral)) or isinstance(value, bool):
            raise OptionError(f"{shown(value)} is not a whole number of at least {self.least}")
        number = value.__index__()  # NumPy's are whole numbers too
        if not self.least <= number <= self.most:
            word = "a number of more digits" if abs(number) >= 10**MOST_DIGITS else str(number)
            raise self._beyond(word, is_below=number < self.least)

    def _beyond(self, word: str, *, is_below: bool) -> OptionError:
        limit = f"at least {self.least}" if is_below else f"at most {self.most}"
        return OptionError(f"{shown(word)} is not a whole number of {limit}")

    def write(self, value: int) -> list[str]:
        return [str(value)]


class Seconds:
    """A positive number of seconds."""

    is_repeatable = False

    def read(self, words: Sequence[str]) -> float:
        word = words[-1]
        is_number = re.fullmatch(r"\s*[+-]?([0-9]+\.?[0-9]*|\.[0-9]+)([eE][+-]?[0-9]+)?\s*", word)
        value = float(word) if is_number else math.nan
        self._check(value, word)
        return value

    def check(self, value: object) -> None:
        if isinstance(value, SupportsFloat) and isinstance(value, Real) and not isinstance(value, bool):
            self._check(float(value), value)
        else:
            self._check(math.nan, value)

    def _check(self, seconds: float, value: object) -> None:
        if not 0 < seconds < math.inf:
            raise OptionError(f"{shown(value)} is not a positive number of seconds")
        if seconds > LONGEST:
            raise OptionError(f"{shown(value)} is more than {LONGEST:.0f} seconds", hint="Leave it out.")

    def write(self, value: float) -> list[str]:
        return [str(value)]
