"""Files are written beside and renamed: nobody ever meets half of one, and a full disk leaves the old."""

from __future__ import annotations

import os
import shutil
from contextlib import suppress
from pathlib import Path

from mmtriage.errors import OptionError


def nameable(path: Path, where: str) -> Path:
    """A path at which a file may be, or may be made.

    Raises:
        OptionError: no file can be there: it is too long, its links lead in a circle, it may not be entered.
    """
    try:
        path.stat()
    except (FileNotFoundError, NotADirectoryError):  # what is not there says whoever needs it
        pass
    except OSError as error:
        raise OptionError(f"`{path}` names no file: {error.strerror}", where=where) from None
    return path


def write_whole(path: Path, text: str) -> None:
    """Put a new text, in UTF-8, in the place of the old one at once; what is no file is written as it is.

    Raises:
        OSError: it cannot be written; what stood there stands there still.
    """
    place = path.resolve()  # of a link, what it points to
    if place.exists() and not place.is_file():  # a pipe, say: it has no name that another could take
        place.write_text(text, encoding="utf-8", newline="")
        return
    partial = place.with_name(f".mmtriage-{os.getpid()}")
    try:
        partial.write_text(text, encoding="utf-8", newline="")
        if place.exists():
            shutil.copymode(place, partial)
        os.replace(partial, place)
    finally:
        with suppress(OSError):
            partial.unlink()
