"""A task that asks how many threads BLAS may use; what it needs is imported with it, as the engine is."""

from __future__ import annotations

import scipy.linalg  # noqa: F401
from threadpoolctl import threadpool_info


def threads(_: int) -> list[int]:
    """Of each BLAS library that is loaded."""
    return [library["num_threads"] for library in threadpool_info() if library["user_api"] == "blas"]
