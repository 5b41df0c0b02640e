"""What a shell may complete on the command line: the words that an option or an argument can be.

Each function takes what has been typed of the word and the other options, and returns candidates; a shell
waits for them, so whatever is slow to import is imported where it is needed.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any

from mmtriage.diagnose.severity import FAIL_ON
from mmtriage.errors import MmtriageError
from mmtriage.model.family_names import LINKS_OF

Options = Mapping[str, Any]


def formats(_: Options, typed: str) -> list[str]:
    """The formats of a report."""
    from mmtriage.render import RENDERERS

    return _beginning(RENDERERS, typed)


def levels(_: Options, typed: str) -> list[str]:
    """What --fail-on can be."""
    return _beginning(FAIL_ON, typed)


def families(_: Options, typed: str) -> list[str]:
    """The families."""
    return _beginning(LINKS_OF, typed)


def links(options: Options, typed: str) -> list[str]:
    """The links of the family that has been chosen, or of all."""
    chosen = LINKS_OF.get(options.get("family") or "")
    known = chosen or [link for links in LINKS_OF.values() for link in links]
    return _beginning(dict.fromkeys(known), typed)


def optimizers(_: Options, typed: str) -> list[str]:
    """The optimizers."""
    from mmtriage.optimizers import OPTIMIZERS

    return _beginning(OPTIMIZERS, typed)


def codes(_: Options, typed: str) -> list[str]:
    """Index of findings; the last one of a list with commas."""
    from mmtriage.diagnose.declared import CATALOGUE

    before, comma, last = typed.rpartition(",")
    return [before + comma + code for code in _beginning(CATALOGUE, last)]


def topics(_: Options, typed: str) -> list[str]:
    """What `explain` explains: findings by code and by name, verdicts, rungs, the ladder."""
    from mmtriage.explain import topics as listed

    names = [topic.name for topic in listed()] + [topic.alias for topic in listed() if topic.alias]
    return _beginning(dict.fromkeys(names), typed)


def schemas(_: Options, typed: str) -> list[str]:
    """The names of the schemas."""
    from mmtriage.report.schema import SCHEMAS

    return _beginning(SCHEMAS, typed)


def models(options: Options, typed: str) -> list[str]:
    """The models of the configuration that are not named yet; none where it cannot be read."""
    from mmtriage.check.config import find_config, read_config

    try:
        config = read_config(Path(options["config"]) if options.get("config") else find_config(Path.cwd()))
    except MmtriageError:
        return []
    named = options.get("name") or ()
    return _beginning((model.name for model in config.models if model.name not in named), typed)


def _beginning(words: Iterable[str], typed: str) -> list[str]:
    return [word for word in words if word.startswith(typed)]
