"""What is wrong with the words of a command, said in our words, before any file is opened."""

from __future__ import annotations

import os
from collections.abc import Iterable, Sequence

import click

from mmtriage.errors import OptionError, did_you_mean

EXAMPLE = 'mmtriage fit data.csv "y ~ x + (1 | g)"'


def refuse_unknown_command(argv: Sequence[str], commands: Iterable[str]) -> None:
    """The first word must be a command; a table in its place is a forgotten `fit`."""
    word = _first_word(argv)
    if word is None or word in commands:
        return
    if os.path.exists(word):
        raise OptionError(
            f"`{word}` is not a command", hint=f'To triage a model: mmtriage fit {word} "FORMULA"'
        )
    hint = did_you_mean(word, commands) or f"The commands are: {', '.join(commands)}."
    raise OptionError(f"`{word}` is not a command", hint=hint)


def refuse_extra_arguments(extra: Sequence[str]) -> None:
    """A formula without quotes falls apart into several arguments, which click would not explain."""
    if extra:
        hint = f"Put the formula in quotes. For example: {EXAMPLE}"
        raise OptionError(f"`{extra[0]}` is one argument too many", hint=hint)


def as_option_error(error: click.UsageError, argv: Sequence[str], group: click.Group) -> OptionError:
    """Click's complaint in our words."""
    if isinstance(error, click.NoSuchOption):
        command = error.ctx.command if error.ctx else group
        known = [name for parameter in command.params for name in parameter.opts if name.startswith("--")]
        path = error.ctx.command_path if error.ctx else "mmtriage"
        hint = did_you_mean(error.option_name, (*known, "--help")) or f"`{path} --help` lists them."
        return OptionError(f"there is no option `{error.option_name}`", hint=hint)
    if isinstance(error, click.MissingParameter) and error.param is not None:
        return OptionError(f"{error.param.human_readable_name} is missing", hint=f"For example: {EXAMPLE}")
    message = error.format_message().rstrip(".")
    hint = f"`mmtriage {_first_word(argv) or 'fit'} --help` says how it is used."
    return OptionError(message[:1].lower() + message[1:], hint=hint)


def _first_word(argv: Sequence[str]) -> str | None:
    return next((word for word in argv if not word.startswith("-")), None)
