"""What a shell may complete on the command line, beside what the options know themselves.

Each function takes the other options and what has been typed of the word, and returns candidates; a shell
waits for them, so whatever is slow to import is imported where it is needed.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click
from click.shell_completion import CompletionItem

from mmtriage.errors import MmtriageError

if TYPE_CHECKING:
    from mmtriage.option_values import Completion

Given = Mapping[str, Any]  # key of an option -> what click has: a word, words, or whether a switch is on
Completer = Callable[[click.Context, click.Parameter, str], list[CompletionItem]]


def completed(completion: Completion) -> Completer:
    """How a shell completes an option or an argument."""
    if not callable(completion):  # a path: the shell knows them
        return lambda _context, _parameter, typed: [CompletionItem(typed, type=completion)]
    return lambda context, _, typed: [
        CompletionItem(word) for word in completion(context.params, typed) if word.startswith(typed)
    ]


def codes(_: Given, typed: str) -> Iterable[str]:
    """Codes of findings; the last one of a list with commas."""
    from mmtriage.diagnose.declared import CATALOGUE

    before, comma, _last = typed.rpartition(",")
    return [before + comma + code for code in CATALOGUE]


def topics(_: Given, typed: str) -> Iterable[str]:
    """What `explain` explains: findings by code and by name, verdicts, rungs, the ladder."""
    from mmtriage.explain import topics as listed

    names = [topic.name for topic in listed()] + [topic.alias for topic in listed() if topic.alias]
    return dict.fromkeys(names)


def schemas(_: Given, typed: str) -> Iterable[str]:
    """The names of the schemas."""
    from mmtriage.report.schema import SCHEMAS

    return SCHEMAS


def models(given: Given, typed: str) -> Iterable[str]:
    """The models of the configuration that are not named yet; none where it cannot be read."""
    from mmtriage.check.config import find_config, read_config

    try:
        config = read_config(Path(given["config"]) if given.get("config") else find_config(Path.cwd()))
    except MmtriageError:
        return []
    named = given.get("name") or ()
    return [model.name for model in config.models if model.name not in named]
