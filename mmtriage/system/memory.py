"""How much memory is free: of the machine, of the container, and under `ulimit -v`."""

from __future__ import annotations

import math
import os
from collections.abc import Iterator
from pathlib import Path

from mmtriage.errors import UnjudgedError
from mmtriage.system.limited import size_in_words

LEAST_ADDRESSES = 550e6  # bytes of address space: NumPy, SciPy and their BLAS take them before any table does
# Of a process beside this one, with a second thread, for which the C library sets 128 MB aside.
ADDRESSES_OF_PROCESS = 720e6
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


def load_libraries() -> None:
    """Load the numerical libraries where `ulimit -v` leaves room for them, and say so where it does not.

    Each OpenBLAS takes what it works in with its first large product. Refused it, it ends the process with
    exit code 1, or waits for ever: so both are asked here, while there is room. Later they refuse in words.
    """
    free = min(_of_process(), default=math.inf)
    if free == math.inf:
        return
    if free < LEAST_ADDRESSES:
        raise UnjudgedError(
            f"the limit of address space leaves {size_in_words(free)}, and the numerical libraries alone "
            f"take {size_in_words(LEAST_ADDRESSES)}",
            hint="Raise it: ulimit -v unlimited.",
        )
    import numpy as np  # here, and below: most commands run without a limit, and some without them
    from scipy.linalg import blas

    square = np.zeros((128, 128), order="F")
    square @ square
    blas.dgemm(1.0, square, square)


def has_room_for_process() -> bool:
    """Whether a process of its own could load the numerical libraries under the limit of this one."""
    return _address_limit() >= ADDRESSES_OF_PROCESS


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
    most, pages = _address_limit(), _text(OWN).split()
    if most < math.inf and pages:
        yield most - int(pages[0]) * os.sysconf("SC_PAGE_SIZE")


def _address_limit() -> float:
    """Bytes of address space that a process may take: `ulimit -v`; infinity where nothing limits them."""
    try:
        import resource
    except ImportError:  # Windows
        return math.inf
    most, _ = resource.getrlimit(resource.RLIMIT_AS)
    return math.inf if most == resource.RLIM_INFINITY else float(most)


def _text(path: Path) -> str:
    try:
        return path.read_text(encoding="ascii")
    except OSError:  # another system, another version
        return ""
