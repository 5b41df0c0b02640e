"""What goes to stdout, and how wide and how colorful it may be."""

from __future__ import annotations

import os
import shutil
import sys

from mmtriage.errors import UnjudgedError

INTERRUPTED = 130  # exit code, as shells have it
FALLBACK_WIDTH = 80  # of a pipe


def show(text: str) -> None:
    """Write to stdout; a reader that has had enough (`| head`) is no error."""
    try:
        sys.stdout.write(text)
        sys.stdout.flush()
    except OSError as error:
        # Whatever is still buffered must go somewhere when the interpreter closes stdout.
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        if not isinstance(error, BrokenPipeError):
            raise UnjudgedError(f"the report cannot be written: {error.strerror}", where="stdout") from None


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
