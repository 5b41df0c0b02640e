"""What an option is, and what its value means on the command line, in a configuration and in Python.

An option is a field of a frozen record, declared in one place:

    maxfun: int | None = option(WholeNumber(least=1), None, metavar="N", example="20000", help="...")

The rest follows from the declaration: the flag `--maxfun N` with its help, messages and completion
(`command/flags`), the key `maxfun` of a configuration (`check/entries`), the keyword argument of Python and
its check (`check_values`), and the words of a command to paste (`words_of`).

What a value means is a `Meaning`: it reads the words of a command line, and writes them again. What it
refuses is an OptionError with what is wrong and what to write instead; whoever reads the words adds where
they stand: `option --maxfun`, `option maxfun`, or a line of a configuration.
"""

from __future__ import annotations

import csv
import io
import math
import re
from collections.abc import Callable, Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass, field, fields, replace
from typing import Any, Literal, Protocol, TypeVar, cast

from mmtriage.errors import OptionError, did_you_mean

Value = TypeVar("Value")
Default = TypeVar("Default")
# What a shell offers: words, from the other options and what is typed of the word; or paths, which it knows.
Completion = Callable[[Mapping[str, Any], str], Iterable[str]] | Literal["file", "dir"]
Factors = Mapping[str, tuple[str, ...] | None]  # column -> its levels in order, or None for those it has

CONTRASTS = ("treatment", "sum", "helmert", "poly")
OPTION = "option"  # where a field keeps its declaration


def one_of(value: str, known: Iterable[str], where: str | None = None) -> str:
    """The value, if it is one of the known ones."""
    names = list(known)
    if value not in names:
        choices = ", ".join(names)
        hint = " ".join(part for part in (did_you_mean(value, names), f"Known are: {choices}.") if part)
        raise OptionError(f"`{value}` is not known", where=where, hint=hint)
    return value


class Meaning(Protocol[Value]):
    """What the value of an option is, and how it is written in words of a command line."""

    @property
    def is_repeatable(self) -> bool:
        """Whether the option may be given more than once, each time adding to its value."""

    def read(self, words: Sequence[str]) -> Value:
        """The value of these words, one for each time that the option is given."""

    def write(self, value: Value) -> list[str]:
        """The words of this value."""


class Text:
    """One word, whatever it is."""

    is_repeatable = False

    def read(self, words: Sequence[str]) -> str:
        return words[-1]

    def write(self, value: str) -> list[str]:
        return [value]


class Texts:
    """Words, each as it stands."""

    is_repeatable = True

    def read(self, words: Sequence[str]) -> tuple[str, ...]:
        return tuple(words)

    def write(self, value: Sequence[str]) -> list[str]:
        return list(value)


@dataclass(frozen=True, slots=True)
class Choice:
    """One of several names; a function lists them, for it may be slow to import what knows them."""

    known: Callable[[], Collection[str]]
    is_repeatable = False

    def read(self, words: Sequence[str]) -> str:
        return one_of(words[-1], self.known())

    def write(self, value: str) -> list[str]:
        return [value]


@dataclass(frozen=True, slots=True)
class Switch:
    """An option that takes no value: where it is given, the value is `to`."""

    to: bool = True
    is_repeatable = False

    def read(self, words: Sequence[str]) -> bool:
        return self.to

    def write(self, value: bool) -> list[str]:
        return [""] if value == self.to else []


@dataclass(frozen=True, slots=True)
class WholeNumber:
    """A whole number, not below `least`."""

    least: int
    is_repeatable = False

    def read(self, words: Sequence[str]) -> int:
        word = words[-1]
        if not re.fullmatch(r"\s*[+-]?\d+\s*", word) or int(word) < self.least:
            raise OptionError(f"`{word}` is not a whole number of at least {self.least}")
        return int(word)

    def write(self, value: int) -> list[str]:
        return [str(value)]


class Seconds:
    """A positive number of seconds."""

    is_repeatable = False

    def read(self, words: Sequence[str]) -> float:
        try:
            value = float(words[-1])
        except ValueError:
            value = math.nan
        if not 0 < value < math.inf:
            raise OptionError(f"`{words[-1]}` is not a positive number of seconds")
        return value

    def write(self, value: float) -> list[str]:
        return [str(value)]


class Cells:
    """Cells of a table, from lists with commas; a cell that contains a comma stands in double quotes."""

    is_repeatable = True

    def read(self, words: Sequence[str]) -> tuple[str, ...]:
        return tuple(cell.strip() for word in words for cell in next(csv.reader([word]), []))

    def write(self, value: Sequence[str]) -> list[str]:
        return [_joined(value)] if value else []


class Levels:
    """Columns with their levels, from `COL` or `COL=lev1,lev2`; quotes as in `Cells`."""

    is_repeatable = True

    def read(self, words: Sequence[str]) -> Factors:
        result: dict[str, tuple[str, ...] | None] = {}
        for word in words:
            column, equals, listed = word.partition("=")
            _refuse_twice(column, result)
            if not column or (equals and not listed):
                missing = "column" if not column else "levels"
                hint = "Write COL, or COL=lev1,lev2 with the reference level first."
                raise OptionError(f"`{word}` names no {missing}", hint=hint)
            result[column] = tuple(next(csv.reader([listed], skipinitialspace=True))) if equals else None
        return result

    def write(self, value: Factors) -> list[str]:
        return [
            f"{column}" if levels is None else f"{column}={_joined(levels)}"
            for column, levels in value.items()
        ]


class Codings:
    """Columns with the coding of their contrasts, from `COL=sum`; R's `contr.sum` does as well."""

    is_repeatable = True

    def read(self, words: Sequence[str]) -> Mapping[str, str]:
        result: dict[str, str] = {}
        for word in words:
            column, _, coding = word.rpartition("=")
            if not column:
                hint = f"Write COL=CODING with one of: {', '.join(CONTRASTS)}."
                raise OptionError(f"`{word}` does not say which column gets which coding", hint=hint)
            _refuse_twice(column, result)
            result[column] = one_of(coding.removeprefix("contr."), CONTRASTS)
        return result

    def write(self, value: Mapping[str, str]) -> list[str]:
        return [f"{column}={coding}" for column, coding in value.items()]


def _refuse_twice(column: str, result: Mapping[str, object]) -> None:
    if column in result:
        raise OptionError(f"the column `{column}` is given twice", hint="Give it once.")


def _joined(cells: Iterable[str]) -> str:
    """Cells between commas, those that need it in quotes."""
    line = io.StringIO()
    csv.writer(line, lineterminator="").writerow(cells)
    return line.getvalue()


@dataclass(frozen=True, slots=True, kw_only=True)
class Option:
    """How a user says one thing."""

    meaning: Meaning[Any]
    default: object
    help: str  # one sentence or two for --help
    name: str = ""  # of the field, and in Python
    key: str = ""  # in a configuration; with hyphens, on the command line
    short: str | None = None  # `-j`
    metavar: str | None = None  # what --help calls the value
    shows_default: bool = False  # whether --help says it
    example: str | None = None  # a value that makes sense, for messages
    completion: Completion | None = None  # beside what the meaning itself knows
    is_key: bool = True  # whether a model of a configuration may have it

    @property
    def flag(self) -> str:
        """The option on the command line."""
        return f"--{self.key.replace('_', '-')}"

    def given(self, word: str) -> list[str]:
        """The words of a command line that give it once."""
        return [self.flag] if isinstance(self.meaning, Switch) else [self.flag, word]

    def words(self, value: object) -> list[str]:
        """The words of a command line that give it this value."""
        return [word for text in self.meaning.write(value) for word in self.given(text)]


def option(
    meaning: Meaning[Value],
    default: Default,
    *,
    help: str,
    key: str = "",
    short: str | None = None,
    metavar: str | None = None,
    shows_default: bool = False,
    example: str | None = None,
    completion: Completion | None = None,
    is_key: bool = True,
) -> Value | Default:
    """Declare a field of a record as an option; `key` is the field's name unless another is given."""
    found = Option(
        meaning=meaning,
        default=default,
        help=help,
        key=key,
        short=short,
        metavar=metavar,
        shows_default=shows_default,
        example=example,
        completion=completion,
        is_key=is_key,
    )
    if isinstance(default, Mapping):  # each record has its own
        return cast(Default, field(default_factory=lambda: dict(default), metadata={OPTION: found}))
    return field(default=default, metadata={OPTION: found})


def options_of(record: type) -> tuple[Option, ...]:
    """The options that a record declares, in order."""
    declared = ((item.name, item.metadata[OPTION]) for item in fields(record) if OPTION in item.metadata)
    return tuple(replace(found, name=name, key=found.key or name) for name, found in declared)


def check_values(record: object) -> None:
    """Refuse values that Python has given and no command line could.

    Raises:
        OptionError: it stands at `option NAME`.
    """
    for item in options_of(type(record)):
        value = getattr(record, item.name)
        if value != item.default:
            try:
                item.meaning.read(item.meaning.write(value))
            except OptionError as error:
                raise OptionError(error.message, where=f"option {item.name}", hint=error.hint) from None


def words_of(record: object, names: Iterable[str] | None = None) -> list[str]:
    """The words of a command line that give a record its values, where these are not the defaults.

    Args:
        names: the fields that are wanted, in order; by default all.
    """
    return [word for item, value in _given(record, names) for word in item.words(value)]


def arguments_of(record: object, names: Iterable[str] | None = None) -> list[str]:
    """The arguments of a Python call that give a record its values; see `words_of`."""
    return [f"{item.name}={value!r}" for item, value in _given(record, names)]


def _given(record: object, names: Iterable[str] | None) -> list[tuple[Option, Any]]:
    """Fields that have another value than their default, in the order of `names`."""
    known = {item.name: item for item in options_of(type(record))}
    wanted = [known[name] for name in (known if names is None else names)]
    pairs = [(item, getattr(record, item.name)) for item in wanted]
    return [(item, value) for item, value in pairs if value != item.default]
