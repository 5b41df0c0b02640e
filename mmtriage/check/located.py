"""A value of the configuration that knows where it stands, and how to read it as what it should be.

Every reader raises ConfigError with the line, the key, what is wrong and what is allowed.
"""

from __future__ import annotations

import json
import math
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from mmtriage.check.places import KeyPath, TomlPlace
from mmtriage.errors import ConfigError, did_you_mean

SHOWN = 40  # characters of a value in a message
MOST_READ = 10**SHOWN  # a number that is shown; Python refuses to write one of 5,000 digits


@dataclass(frozen=True, slots=True, kw_only=True)
class Node:
    """A value, its path in the document, and the places of all paths."""

    value: Any
    path: KeyPath
    file: str
    places: Mapping[KeyPath, TomlPlace]

    @property
    def key(self) -> str:
        """The key as written; an item of a list has its list's."""
        return next((part for part in reversed(self.path) if isinstance(part, str)), "")

    @property
    def place(self) -> TomlPlace | None:
        """Where the key stands, or what holds it; None for the document as a whole."""
        path = self.path
        while path and path not in self.places:
            path = path[:-1]
        return self.places.get(path)

    @property
    def line(self) -> int:
        """The line of the place."""
        return self.place.line if self.place else 1

    def error(self, message: str, hint: str | None = None) -> ConfigError:
        """What is wrong here, with the line and its guilty characters."""
        place = self.place
        return ConfigError(
            message,
            where=f"{self.file}, line {self.line}" if place else self.file,
            hint=hint,
            text=place.text if place else None,
            span=place.span if place else None,
        )

    def child(self, part: str | int) -> Node:
        """What a table has under a key, or a list at an index."""
        return Node(value=self.value[part], path=(*self.path, part), file=self.file, places=self.places)

    def items(self) -> Iterator[Node]:
        """What a list holds."""
        return (self.child(index) for index in range(len(self.value)))


def text(node: Node) -> str:
    """Read a string, which must not be blank."""
    if not isinstance(node.value, str):
        raise _wrong(node, "a string", f'{node.key} = "..."')
    if not node.value.strip():
        raise node.error(f"`{node.key}` is empty")
    return node.value


def flag(node: Node) -> bool:
    """Read true or false; 0 and 1 are numbers."""
    if not isinstance(node.value, bool):
        raise _wrong(node, "true or false", f"{node.key} = true")
    return node.value


def whole_number(node: Node, *, least: int) -> int:
    """Read a whole number, not below `least`."""
    # To Python true is a whole number, too; who writes it here has mistaken the key.
    if isinstance(node.value, bool) or not isinstance(node.value, int) or node.value < least:
        raise _wrong(node, f"a whole number of at least {least}", f"{node.key} = {max(least, 1)}")
    return node.value


def seconds(node: Node) -> float:
    """Read a positive number."""
    is_number = isinstance(node.value, int | float) and not isinstance(node.value, bool)
    if not is_number or not 0 < node.value < math.inf:
        raise _wrong(node, "a positive number of seconds", f"{node.key} = 60")
    return float(node.value)


def strings(node: Node) -> tuple[str, ...]:
    """Read a list of strings; one string alone is a list of one."""
    if isinstance(node.value, str):
        return (text(node),)
    if not isinstance(node.value, list):
        raise _wrong(node, "a list of strings", f'{node.key} = ["..."]')
    return tuple(text(item) for item in node.items())


def one_of(node: Node, known: Iterable[str]) -> str:
    """Read a string that must be one of the known ones."""
    names = list(known)
    word = text(node)
    if word not in names:
        raise node.error(f"`{word}` is not known", _known(word, names))
    return word


def table(node: Node) -> dict[str, Node]:
    """Read a table: its values by key, each with its own place."""
    if not isinstance(node.value, dict):
        raise _wrong(node, "a table")
    return {key: node.child(key) for key in node.value}


def described(value: object) -> str:
    """A value as TOML would write it, cut where it is long."""
    if isinstance(value, bool | str):
        written = json.dumps(value, ensure_ascii=False)
    elif isinstance(value, list | dict):
        kind = "list" if isinstance(value, list) else "table"
        return f"a {kind}" if value else f"an empty {kind}"
    elif isinstance(value, int) and abs(value) >= MOST_READ:
        return "a number of more digits"
    else:
        written = str(value)
    return written if len(written) <= SHOWN else written[: SHOWN - 3] + "..."


def _wrong(node: Node, wanted: str, example: str | None = None) -> ConfigError:
    """A value of another type; the example is one of the whole key, so an item of a list gets none."""
    is_item = bool(node.path) and isinstance(node.path[-1], int)
    what = f"{'an item of ' if is_item else ''}`{node.key}` must be {wanted}"
    hint = f"Write it as in: {example}" if example and not is_item else None
    return node.error(f"{what}, and is {described(node.value)}", hint)


def _known(word: str, names: list[str]) -> str:
    known = f"Known are: {', '.join(names)}."
    guess = did_you_mean(word, names)
    return f"{guess} {known}" if guess else known
