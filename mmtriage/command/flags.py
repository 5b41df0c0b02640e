"""From declared options (`option_values`) to click's, and from what click was given back to records."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from contextlib import AbstractContextManager
from typing import Any, TypeVar

import click

from mmtriage.command.completion import Completer, Given, completed
from mmtriage.errors import OptionError
from mmtriage.option_values import Choice, Option, Switch, options_of, spelled

Command = TypeVar("Command", bound=Callable[..., Any])
Record = TypeVar("Record")


def flags(options: Iterable[Option]) -> Callable[[Command], Command]:
    """Give a command these options, in this order."""
    made = [_flag(item) for item in options]

    def add(command: Command) -> Command:
        for decorate in reversed(made):
            command = decorate(command)
        return command

    return add


def _flag(item: Option) -> Callable[[Command], Command]:
    """An option of click's; its words stay words, so that what they mean is said in one place."""
    return click.option(
        *([item.short] if item.short else []),
        f"{item.flag}/{item.opposite}" if item.opposite else item.flag,
        item.key,
        is_flag=isinstance(item.meaning, Switch),
        multiple=item.meaning.is_repeatable,
        default=str(item.default) if item.shows_default else None,
        show_default=item.shows_default,
        metavar=item.metavar,
        help=item.help,
        shell_complete=completed(item.completion) if item.completion else _known(item),
    )


def _known(item: Option) -> Completer | None:
    """The names of a choice."""
    meaning = item.meaning
    return completed(lambda *_: meaning.known()) if isinstance(meaning, Choice) else None


def read(record: type[Record], given: Given) -> Record:
    """A record from the options of a command line.

    Raises:
        OptionError: the place is the flag, whichever way the option is spelled elsewhere.
    """
    said = [(item, _words(given[item.key])) for item in options_of(record)]
    values = {item.name: _value(item, words) for item, words in said if words}
    with said_of_flags(record):
        return record(**values)


def _words(given: Any) -> tuple[str, ...]:
    """What was given of one option, as words; of a switch that is on, an empty one."""
    if isinstance(given, bool):
        return ("",) if given else ()
    return (given,) if isinstance(given, str) else tuple(given or ())


def _value(item: Option, words: Sequence[str]) -> Any:
    try:
        return item.meaning.read(words)
    except OptionError as error:
        example = f"Write it as in: {item.flag} {item.example}" if item.example else None
        hint = error.hint or example
        raise OptionError(error.message, where=f"option {item.flag}", hint=hint) from None


def said_of_flags(record: type) -> AbstractContextManager[None]:
    """What is wrong with a field of a record is said of its flag."""
    return spelled(record, lambda item: item.flag)


def verbatim(record: type, given: Given) -> tuple[str, ...]:
    """The options of a record in the words of the command line; defaults that click fills in are none."""
    said = [(item, text) for item in options_of(record) for text in _words(given[item.key])]
    typed = [(item, text) for item, text in said if not (item.shows_default and text == str(item.default))]
    return tuple(word for item, text in typed for word in item.given(text))
