"""Progress: one line that says what is being done, silent for the first second.

The stream belongs to the caller, who also knows whether anybody is looking at it.
"""

from __future__ import annotations

import threading
from typing import TextIO

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
