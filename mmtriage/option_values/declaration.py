"""How an option is declared, and what follows from the declaration."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field, fields, replace
from typing import Any, Literal, TypeVar, cast

from mmtriage.errors import OptionError
from mmtriage.option_values.meanings import Meaning, Switch

Value = TypeVar("Value")
Default = TypeVar("Default")
# What a shell offers: words, from the other options and what is typed of the word; or paths, which it knows.
Completion = Callable[[Mapping[str, Any], str], Iterable[str]] | Literal["file", "dir"]

OPTION = "option"  # where a field keeps its declaration


@dataclass(frozen=True, slots=True, kw_only=True)
class Option:
    """How a user says one thing."""

    meaning: Meaning[Any]
    default: object
    help: str  # one sentence or two for --help
    name: str = ""  # of the field
    key: str = ""  # in a configuration and in Python; with hyphens, on the command line
    short: str | None = None  # `-j`
    opposite: str | None = None  # of a switch: `--reml`, which says aloud what is so without it
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
    opposite: str | None = None,
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
        opposite=opposite,
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


@contextmanager
def spelled(record: type, spell: Callable[[Option], str]) -> Iterator[None]:
    """What is wrong with a field of a record is said of what the user has written."""
    try:
        yield
    except OptionError as error:
        place_of = {f"option {item.name}": f"option {spell(item)}" for item in options_of(record)}
        where = place_of.get(error.where or "", error.where)
        raise OptionError(error.message, where=where, hint=error.hint) from None


def check_values(record: object) -> None:
    """Refuse values that no command line could give: of another type, out of range.

    Raises:
        OptionError: it stands at `option NAME`.
    """
    for item in options_of(type(record)):
        value = getattr(record, item.name)
        if value is not item.default and value != item.default:
            try:
                item.meaning.check(value)
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
    given = _given(record, names)
    return [f"{item.key}={isinstance(item.meaning, Switch) or value!r}" for item, value in given]


def _given(record: object, names: Iterable[str] | None) -> list[tuple[Option, Any]]:
    """Fields that have another value than their default, in the order of `names`."""
    known = {item.name: item for item in options_of(type(record))}
    wanted = [known[name] for name in (known if names is None else names)]
    pairs = [(item, getattr(record, item.name)) for item in wanted]
    return [(item, value) for item, value in pairs if value != item.default]
