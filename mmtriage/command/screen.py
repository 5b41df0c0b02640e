"""What goes to stdout, and how wide and how colorful it may be."""

from __future__ import annotations

import os
import shutil
import sys
from typing import Any, TextIO

from mmtriage.errors import InputError, InterruptedTriageError, MmtriageError, UnjudgedError

INTERRUPTED = InterruptedTriageError.exit_code
FALLBACK_WIDTH = 80  # of a pipe


class Patient:
    """A stream that takes whatever is written to it, and keeps the first reason why it got nowhere.

    A full disk or a closed pipe so changes no exit code on its way: what it means is said at the end.
    """

    def __init__(self, stream: TextIO) -> None:
        self._stream = stream
        self.failure: OSError | None = None

    def write(self, text: str) -> int:
        """Write, or leave it."""
        try:
            self._stream.write(text)
        except OSError as error:
            self._give_up(error)
        return len(text)

    def flush(self) -> None:
        """Flush, or leave it."""
        try:
            self._stream.flush()
        except OSError as error:
            self._give_up(error)

    def _give_up(self, error: OSError) -> None:
        self.failure = self.failure or error
        # Whatever is still buffered must go somewhere when the interpreter closes the stream.
        os.dup2(os.open(os.devnull, os.O_WRONLY), self._stream.fileno())

    def __getattr__(self, name: str) -> Any:
        return getattr(self._stream, name)


def show(text: str) -> None:
    """Write to stdout."""
    sys.stdout.write(text)
    sys.stdout.flush()


def complain(error: MmtriageError) -> None:
    """Say on stderr what is wrong."""
    from mmtriage.render.problem import render_error

    sys.stderr.write(render_error(error, width=width()))


def code_at_the_end(stdout: Patient, code: int) -> int:
    """The exit code after all has been said; a reader that has had enough (`| head`) is no error."""
    stdout.flush()
    if stdout.failure is None or isinstance(stdout.failure, BrokenPipeError):
        return code
    complain(UnjudgedError(f"the answer cannot be written: {stdout.failure.strerror}", where="stdout"))
    return code_if_unwritten(code)


def code_if_unwritten(code: int) -> int:
    """The exit code where the report did not get to its reader: graver than what it says."""
    return code if code in (InputError.exit_code, INTERRUPTED) else UnjudgedError.exit_code


def width() -> int:
    """COLUMNS, or the terminal's width, or a width that any pager can show."""
    return shutil.get_terminal_size((FALLBACK_WIDTH, 24)).columns


def wants_color(*, no_color: bool) -> bool:
    """--no-color, then what the environment says: NO_COLOR (no-color.org), FORCE_COLOR, what stdout is."""
    if no_color or os.environ.get("NO_COLOR"):
        return False
    if os.environ.get("FORCE_COLOR", "0") not in ("", "0"):
        return True
    return sys.stdout.isatty() and os.environ.get("TERM") != "dumb"
