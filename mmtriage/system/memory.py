"""How much memory is free: of the machine, of the container, and under `ulimit -v`."""

from __future__ import annotations

import math
import os
from collections.abc import Iterator
from pathlib import Path

from mmtriage.errors import UnjudgedError
from mmtriage.system.limited import size_in_words

LEAST_ADDRESSES = 550e6  # bytes of address space: NumPy, SciPy and their BLAS take them before any table does
MEMINFO = Path("/proc/meminfo")
OWN = Path("/proc/self/statm")  # in pages; the first number is the address space in use
CGROUP_LIMITS = (  # (limit, use), of version 2 and of version 1
    (Path("/sys/fs/cgroup/memory.max"), Path("/sys/fs/cgroup/memory.current")),
    (
        Path("/sys/fs/cgroup/memory/memory.limit_in_bytes"),
        Path("/sys/fs/cgroup/memory/memory.usage_in_bytes"),
    ),
)


def free_memory() -> float:
    """Bytes that this process may still take; infinity where the system does not say."""
    return max(0.0, min((*_of_machine(), *_of_container(), *_of_process()), default=math.inf))


def refuse_too_few_addresses() -> None:
    """Say so where `ulimit -v` is so small that the numerical libraries cannot be loaded.

    They would end the process in ways of their own, or wait for ever.
    """
    free = min(_of_process(), default=math.inf)
    if free < LEAST_ADDRESSES:
        raise UnjudgedError(
            f"the limit of address space leaves {size_in_words(free)}, and the numerical libraries alone "
            f"take {size_in_words(LEAST_ADDRESSES)}",
            hint="Raise it: ulimit -v unlimited.",
        )


def _of_machine() -> Iterator[float]:
    for line in _text(MEMINFO).splitlines():
        if line.startswith("MemAvailable:"):
            yield 1024.0 * int(line.split()[1])


def _of_container() -> Iterator[float]:
    for limit, use in CGROUP_LIMITS:
        most, used = _text(limit).strip(), _text(use).strip()
        if most.isdigit() and used.isdigit():  # else `max`: there is none
            yield float(int(most) - int(used))


def _of_process() -> Iterator[float]:
    try:
        import resource
    except ImportError:  # Windows
        return
    most, _ = resource.getrlimit(resource.RLIMIT_AS)
    pages = _text(OWN).split()
    if most != resource.RLIM_INFINITY and pages:
        yield float(most - int(pages[0]) * os.sysconf("SC_PAGE_SIZE"))


def _text(path: Path) -> str:
    try:
        return path.read_text(encoding="ascii")
    except OSError:  # another system, another version
        return ""
