"""The contrasts of a fit, as matrices: which of R's codings they are, and which are the user's own.

The fixed part and the random terms may be coded differently: lmer's argument `contrasts` reaches only the
fixed part. What is R's default need not be said, what is one of its other codings of the fixed part is said
as `--contrasts` says it, and everything else is taken as the matrix that it is.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np

from mmtriage.arrays import Array
from mmtriage.given.record import GivenContrast, GivenFit
from mmtriage.model.contrasts import CONTRASTS, MAX_POLY_LEVELS, Contrast, treatment

SAME = 1e-8  # of an entry: contr.poly is computed, the others are whole numbers
DEFAULT = "treatment"


@dataclass(frozen=True, slots=True, kw_only=True)
class Codings:
    """How factors became columns, by variable text."""

    named: Mapping[str, str]  # of the fixed part
    own_fixed: Mapping[str, Contrast]
    own_random: Mapping[str, Contrast]


def codings(fit: GivenFit) -> Codings:
    """The contrasts of both parts."""
    known = {contrast.factor: _coding(contrast) for contrast in fit.fixed_contrasts}
    return Codings(
        named={factor: name for factor, name in known.items() if name and name != DEFAULT},
        own_fixed=_matrices([c for c in fit.fixed_contrasts if known[c.factor] is None]),
        own_random=_matrices([c for c in fit.random_contrasts if _coding(c) != DEFAULT]),
    )


def _matrices(contrasts: Sequence[GivenContrast]) -> dict[str, Contrast]:
    return {
        contrast.factor: Contrast(matrix=np.array(contrast.matrix, dtype=np.float64), names=contrast.columns)
        for contrast in contrasts
    }


def _coding(contrast: GivenContrast) -> str | None:
    """Which of R's codings it is, columns' names included; None: the user's own."""
    k = len(contrast.matrix)
    for name, make in CONTRASTS.items():
        if name == "poly" and k > MAX_POLY_LEVELS:
            continue
        ours = treatment(["", *contrast.columns]) if name == DEFAULT else make([""] * k)
        if ours.names == contrast.columns and _same(ours.matrix, contrast):
            return name
    return None


def _same(ours: Array, theirs: GivenContrast) -> bool:
    matrix = np.array(theirs.matrix, dtype=np.float64)
    return np.shape(ours) == matrix.shape and bool(np.all(np.abs(ours - matrix) <= SAME))
