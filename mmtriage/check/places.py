"""Where in a TOML document each key stands.

The standard library's parser says what a document holds, not where. This scanner goes over a document that
`tomllib` has accepted, so it only has to recognize where things begin and end:

    [[models]]              ("models", 0)
    name = "a"              ("models", 0, "name")
    ignore = [{code = "b"}] ("models", 0, "ignore"), (..., "ignore", 0), (..., "ignore", 0, "code")
"""

from __future__ import annotations

import re
import tomllib
from bisect import bisect_right
from dataclasses import dataclass

from mmtriage.errors import Span

KeyPath = tuple[str | int, ...]  # keys, and indices of arrays, from the document down

SPACE = re.compile(r"[ \t]*")
BLANK = re.compile(r"(?:[ \t\n]|#[^\n]*)*")  # between statements and between items of an array
# A string in three quotes may itself end with one or two, so up to five stand at its end.
STRING = re.compile(
    r'"""(?:\\.|[^\\])*?"{3,5}(?!")' r"|'''.*?'{3,5}(?!')" r'|"(?:\\.|[^"\\\n])*"' r"|'[^'\n]*'", re.DOTALL
)
BARE_KEY = re.compile(r"[A-Za-z0-9_-]+")
SCALAR = re.compile(r"[^,\]}\n#]+")  # number, truth value or date


@dataclass(frozen=True, slots=True, kw_only=True)
class TomlPlace:
    """A key, or an item of an array: its line, and the characters of it."""

    line: int  # from 1 on
    text: str  # of the line, without the blanks around it
    span: Span  # of `text`


def places_of(text: str) -> dict[KeyPath, TomlPlace]:
    """The place of every table, key and item of a valid TOML document with newlines as `\\n`."""
    return _Scanner(text).document()


def place_at(text: str, start: int, end: int) -> TomlPlace:
    """The place of the characters from `start` on; what goes on over the end of the line is cut there."""
    begins = text.rfind("\n", 0, start) + 1
    stop = text.find("\n", start)
    line = text[begins : len(text) if stop < 0 else stop]
    shown = line.strip()
    indent = len(line) - len(line.lstrip())
    first = min(max(0, start - begins - indent), len(shown))
    last = max(first, min(end - begins - indent, len(shown)))
    return TomlPlace(line=text.count("\n", 0, start) + 1, text=shown, span=Span(first, last))


class _Scanner:
    """A position in the text, and what has been seen."""

    def __init__(self, text: str) -> None:
        self.text = text
        self.at = 0
        self.spans: dict[KeyPath, tuple[int, int]] = {}
        self.items: dict[KeyPath, int] = {}  # array of tables -> index of its last table

    def document(self) -> dict[KeyPath, TomlPlace]:
        table: KeyPath = ()
        self._skip(BLANK)
        while self.at < len(self.text):
            if self.text[self.at] == "[":
                table = self._header()
            else:
                self._key_value(table)
            self._skip(BLANK)
        return self._places()

    def _header(self) -> KeyPath:
        """Go over `[a.b]` or `[[a.b]]`; a name on the way that is an array of tables means its last table."""
        start, is_item = self.at, self.text.startswith("[[", self.at)
        self.at += 2 if is_item else 1
        keys = self._dotted()
        self._skip(SPACE)
        self.at += 2 if is_item else 1
        path: KeyPath = ()
        for key in keys[:-1]:
            path += (key,)
            self.spans.setdefault(path, (start, self.at))
            if path in self.items:
                path += (self.items[path],)
        path += (keys[-1],)
        self.spans.setdefault(path, (start, self.at))
        if is_item:
            self.items[path] = self.items.get(path, -1) + 1
            path += (self.items[path],)
            self.spans[path] = (start, self.at)
        return path

    def _key_value(self, table: KeyPath) -> None:
        start = self.at
        keys = self._dotted()
        for length in range(1, len(keys) + 1):
            self.spans.setdefault((*table, *keys[:length]), (start, self.at))
        self._skip(SPACE)
        self.at += 1  # the equals sign
        self._skip(SPACE)
        self._value((*table, *keys))

    def _dotted(self) -> tuple[str, ...]:
        keys = []
        while True:
            self._skip(SPACE)
            keys.append(self._key())
            after = self._match(SPACE)
            if not self.text.startswith(".", after):
                return tuple(keys)
            self.at = after + 1

    def _key(self) -> str:
        start = self.at
        self._skip(STRING if self.text[start] in "\"'" else BARE_KEY)
        written = self.text[start : self.at]
        return written if written[0] not in "\"'" else str(tomllib.loads(f"key = {written}")["key"])

    def _value(self, path: KeyPath) -> None:
        match self.text[self.at]:
            case '"' | "'":
                self._skip(STRING)
            case "[":
                self._array(path)
            case "{":
                self._inline_table(path)
            case _:
                self._skip(SCALAR)

    def _array(self, path: KeyPath) -> None:
        self.at += 1
        index = 0
        while not self._closes("]"):
            start, item = self.at, (*path, index)
            self._value(item)
            self.spans[item] = (start, self.at)
            index += 1

    def _inline_table(self, path: KeyPath) -> None:
        self.at += 1
        while not self._closes("}"):
            self._key_value(path)

    def _closes(self, bracket: str) -> bool:
        """Go to the next item, or past the bracket."""
        self._skip(BLANK)
        if self.text[self.at] == ",":
            self.at += 1
            self._skip(BLANK)
        is_end = self.text[self.at] == bracket
        self.at += is_end
        return is_end

    def _match(self, pattern: re.Pattern[str]) -> int:
        found = pattern.match(self.text, self.at)
        assert found is not None, f"not the TOML that tomllib reads, at character {self.at}"
        return found.end()

    def _skip(self, pattern: re.Pattern[str]) -> None:
        self.at = self._match(pattern)

    def _places(self) -> dict[KeyPath, TomlPlace]:
        """Every span as a place; its line is found by bisection, for counting newlines anew is quadratic."""
        begins = [0, *(found.end() for found in re.finditer("\n", self.text))]
        return {path: self._place(span, begins) for path, span in self.spans.items()}

    def _place(self, span: tuple[int, int], begins: list[int]) -> TomlPlace:
        index = bisect_right(begins, span[0]) - 1
        stop = begins[index + 1] - 1 if index + 1 < len(begins) else len(self.text)
        begin = begins[index]
        place = place_at(self.text[begin:stop], span[0] - begin, span[1] - begin)
        return TomlPlace(line=index + 1, text=place.text, span=place.span)
