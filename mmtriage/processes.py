"""The same function over many items, in one process or several; the answers come in order either way."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from concurrent.futures import ProcessPoolExecutor
from typing import TypeVar

from threadpoolctl import threadpool_limits

Item = TypeVar("Item")
Answer = TypeVar("Answer")


def run_all(task: Callable[[Item], Answer], items: Sequence[Item], *, jobs: int) -> list[Answer]:
    """`[task(item) for item in items]` on up to `jobs` processes; all must pickle when `jobs` > 1."""
    workers = min(jobs, len(items))
    if workers < 2:
        return [task(item) for item in items]
    with ProcessPoolExecutor(workers, initializer=_one_blas_thread) as pool:
        return list(pool.map(task, items))


def _one_blas_thread() -> None:
    """At most one BLAS thread per fit, so that workers do not fight over cores."""
    threadpool_limits(limits=1, user_api="blas")
