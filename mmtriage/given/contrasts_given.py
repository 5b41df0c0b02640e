"""The contrasts of a fit, as matrices: which of R's codings they are."""

from __future__ import annotations

from mmtriage.errors import DataError
from mmtriage.given.record import GivenContrast, GivenFit
from mmtriage.model.contrasts import CONTRASTS, MAX_POLY_LEVELS, treatment

SAME = 1e-8  # of an entry: contr.poly is computed, the others are whole numbers
DEFAULT = "treatment"


def codings(fit: GivenFit) -> dict[str, str]:
    """The codings of the fixed part, by factor; treatment contrasts, R's own, need not be said.

    Raises:
        DataError: a matrix is none of R's four.
    """
    named = {contrast.factor: _coding(contrast, fit, "fixed") for contrast in fit.fixed_contrasts}
    for contrast in fit.random_contrasts:
        if _coding(contrast, fit, "random") != DEFAULT:
            raise _unknown(contrast, fit, "random")
    return {factor: name for factor, name in named.items() if name != DEFAULT}


def _coding(contrast: GivenContrast, fit: GivenFit, part: str) -> str:
    k = len(contrast.matrix)
    labels = [*contrast.columns, *("" for _ in range(k))][:k]
    for name, make in CONTRASTS.items():
        if name == "poly" and k > MAX_POLY_LEVELS:
            continue
        ours = treatment(["", *contrast.columns]) if name == DEFAULT else make(labels)
        if ours.matrix.shape == (k, len(contrast.columns)) and _same(ours.matrix.tolist(), contrast):
            return name
    raise _unknown(contrast, fit, part)


def _same(ours: list[list[float]], theirs: GivenContrast) -> bool:
    pairs = zip(ours, theirs.matrix, strict=True)
    return all(abs(a - b) <= SAME for row, other in pairs for a, b in zip(row, other, strict=True))


def _unknown(contrast: GivenContrast, fit: GivenFit, part: str) -> DataError:
    return DataError(
        f"the contrasts of `{contrast.factor}` are none that can be used here",
        where=f"{fit.path}, `contrasts.{part}`",
        hint="treatment, sum, helmert and poly can be used in the fixed part, treatment in random terms.",
    )
