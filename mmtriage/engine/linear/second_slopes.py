"""Second derivatives of a linear model's criterion, kept for where they are asked for again.

A fit of lme4 and the proven optimum are mostly the same to four digits, and tests are made for both: each
would take 2m gradients, which in a large model is a third of the search. InstEval's theta differ by 2e-5 of
themselves, its degrees of freedom by 3e-6.
"""

from __future__ import annotations

from collections.abc import Callable

import numpy as np

from mmtriage.arrays import Array

NEAR = 1e-4  # of each theta: degrees of freedom, which are compared to 1e-3, differ by about as much


class SecondSlopes:
    """Matrices (m, m) by theta (m,), those of theta nearly the same taken for one."""

    def __init__(self) -> None:
        self._known: list[tuple[Array, Array]] = []

    def at(self, theta: Array, made: Callable[[], Array]) -> Array:
        """What is known near theta, or what is `made` there."""
        for known, matrix in self._known:
            if np.all(np.abs(theta - known) <= NEAR * np.abs(known)):
                return matrix
        self._known.append((theta, made()))
        return self._known[-1][1]
