"""Progress: one line of stderr that says what is being done, silent for the first second."""

from __future__ import annotations

import sys
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import TextIO

from mmtriage.command.screen import width

PATIENCE = 1.0  # seconds


class Ticker:
    """One line of a terminal, redrawn; safe to use from the thread that works."""

    def __init__(self, stream: TextIO, *, width: int, patience: float = PATIENCE) -> None:
        self._stream = stream
        self._width = width
        self._text = ""
        self._lock = threading.Lock()
        self._is_shown = False
        self._timer = threading.Timer(patience, self._begin)
        self._timer.daemon = True
        self._timer.start()

    def say(self, text: str) -> None:
        """What is being done now."""
        with self._lock:
            self._text = text
            if self._is_shown:
                self._draw(text)

    def clear(self) -> None:
        """Leave the line as it was found."""
        self._timer.cancel()
        with self._lock:
            if self._is_shown:
                self._draw("")
                self._stream.write("\r")
            self._is_shown = False

    def _begin(self) -> None:
        with self._lock:
            self._is_shown = True
            self._draw(self._text)

    def _draw(self, text: str) -> None:
        self._stream.write("\r" + text[: self._width].ljust(self._width))
        self._stream.flush()


@contextmanager
def progress_line(*, wanted: bool) -> Iterator[Callable[[str], None] | None]:
    """Something to tell what is being done, or None where nobody would see it."""
    if not (wanted and sys.stderr.isatty()):
        yield None
        return
    ticker = Ticker(sys.stderr, width=width() - 1)
    try:
        yield ticker.say
    finally:
        ticker.clear()
