"""Libraries that a plain installation does not bring: what to say where one is missing."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

from mmtriage.errors import DataError

EXTRA = "files"


@contextmanager
def from_extra(package: str, what: str, where: str) -> Iterator[None]:
    """Say what to install where an import within fails.

    Args:
        what: the file that needs the package, e.g. "Parquet".
    """
    try:
        yield
    except ImportError:
        raise DataError(
            f"reading {what} needs {package}, which is not installed",
            where=where,
            hint=f"Install it: pip install {package} (the extra `{EXTRA}` of mmtriage brings it).",
        ) from None
