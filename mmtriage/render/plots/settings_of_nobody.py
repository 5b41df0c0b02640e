"""matplotlib without anybody's settings: neither of the working directory nor of the home or the environment.

When it is imported it reads the first `matplotlibrc` that it finds, in the working directory first of all,
and stops with an error where that, or MPLBACKEND, is wrong. So it is imported in this directory, which has
one of its own. Where the user has imported it already, its settings have been read; no plot of ours hangs
on them.
"""

from __future__ import annotations

import os
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

BACKEND = "MPLBACKEND"


@contextmanager
def settings_of_nobody() -> Iterator[None]:
    """Where matplotlib may be imported."""
    if "matplotlib" in sys.modules:
        yield
        return
    backend = os.environ.pop(BACKEND, None)
    here = os.open(".", os.O_RDONLY)
    os.chdir(Path(__file__).parent)
    try:
        yield
    finally:
        os.fchdir(here)
        os.close(here)
        if backend is not None:
            os.environ[BACKEND] = backend
