"""What NumPy must leave alone to compute as an older processor would: `python -m tests.kernels Prescott`.

Without a processor it prints where the tests are that hang on it. `python -m tests.kernels --own Haswell`
exits with 0 where this machine computes as that processor does anyway, so that nothing more can be seen.

OpenBLAS has kernels of its own for every kind of processor, which add in another order, and takes those that
OPENBLAS_CORETYPE names. NumPy has three levels of its loops; its names for the upper two changed with 2.4.
"""

from __future__ import annotations

import sys
from functools import cache
from importlib import import_module
from pathlib import Path

from numpy._core import _multiarray_umath as compiled  # type: ignore[attr-defined]
from threadpoolctl import threadpool_info

HERE = Path(__file__).parent
# The tests that hang on how sums are added up: whatever is compared with lme4's digits or counts, or as text.
# Those of them that are not slow have the marker `kernels`.
HANG_ON_KERNELS = (
    *("test_golden.py", "test_golden_glmm.py", "test_verdicts.py", "test_exact_fit.py", "test_oracle.py"),
    *("engine/lme4", "optimizers", "real_reports", "test_docs.py"),
)

AVX512 = {
    *("X86_V4", "AVX512F", "AVX512CD", "AVX512_SKX"),
    *("AVX512_CLX", "AVX512_CNL", "AVX512_ICL", "AVX512_SPR"),
}
AVX2 = {"X86_V3", "AVX2", "FMA3"}
ABOVE: dict[str, set[str]] = {
    "Prescott": AVX512 | AVX2,  # SSE3
    "Sandybridge": AVX512 | AVX2,  # AVX
    "Haswell": AVX512,  # AVX2 and FMA
    "SkylakeX": set(),  # AVX-512
}


@cache
def hangs_on_kernels(path: Path) -> bool:
    """Whether the tests of a file do."""
    return any((HERE / name) in (path, *path.parents) for name in HANG_ON_KERNELS)


def disabled(core: str) -> str:
    """NPY_DISABLE_CPU_FEATURES for a processor: those names that this NumPy knows and this processor has."""
    features = compiled.__cpu_features__
    return " ".join(name for name in compiled.__cpu_dispatch__ if name in ABOVE[core] and features[name])


def is_own(core: str) -> bool:
    """Whether OpenBLAS takes that processor's kernels here, and NumPy has nothing above them."""
    for module in ("numpy.linalg", "scipy.linalg"):  # each brings an OpenBLAS of its own
        import_module(module)
    kernels = {library["architecture"] for library in threadpool_info() if "architecture" in library}
    return kernels == {core} and not disabled(core)


if __name__ == "__main__":
    if sys.argv[1:2] == ["--own"]:
        sys.exit(not is_own(sys.argv[2]))
    words = [disabled(sys.argv[1])] if len(sys.argv) > 1 else [f"tests/{name}" for name in HANG_ON_KERNELS]
    sys.stdout.write(" ".join(words) + "\n")
