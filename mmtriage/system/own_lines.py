"""Only our own words reach stderr: what a C library prints by itself, `init_geqrf failed init` say, does not.

Whatever it has to tell comes as an error too, and is said in a sentence.
"""

from __future__ import annotations

import os
import sys

OF_LIBRARIES = 2  # the file descriptor that C libraries write to, wherever Python's stderr goes


def silence_libraries() -> None:
    """Let C libraries print to nobody, and Python's stderr go where it has gone."""
    try:
        if sys.stderr.fileno() != OF_LIBRARIES:
            return
    except (AttributeError, OSError, ValueError):  # closed by the shell, or somebody's own stream
        return
    before, ours = sys.stderr, os.dup(OF_LIBRARIES)
    before.flush()
    sys.stderr = open(ours, "w", encoding=before.encoding, errors=before.errors, buffering=1)  # noqa: SIM115
    nobody = os.open(os.devnull, os.O_WRONLY)
    os.dup2(nobody, OF_LIBRARIES)
    os.close(nobody)
