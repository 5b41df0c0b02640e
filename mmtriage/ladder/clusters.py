"""Whether optimizers agree: first whether they reach one criterion, then whether with one set of parameters.

A run within 0.01 deviance units of the best criterion known, that of the proven optimum included, has
reached the optimum; any other stands at another local optimum, if one is proven there, or has failed, and
says nothing about the model. Of those that reached the best the parameters are compared, in Sigma and beta
and never in theta. Different parameters at the same criterion mean that the data do not determine them,
unless the proven optimum is curved: then the criterion does rise between them, and some have stopped just
short of it. A variance that one run puts at zero and another at next to nothing is the same variance, so
covariances are compared on the scale of standard deviations that matter.
"""

from __future__ import annotations

from collections.abc import Collection, Sequence
from dataclasses import dataclass
from typing import Literal

import numpy as np

from mmtriage.arrays import Array
from mmtriage.diagnose.verdict import GAP

SAME_BETA = 0.05  # standard errors within which fixed effects are the same
SAME_SIGMA = 0.2  # share of its size within which a (co)variance is the same: 10 % of an SD, as the verdict

Agreement = Literal["agree", "one_kind", "just_short", "not_identified", "disagree", "no_evidence"]


@dataclass(frozen=True, slots=True, eq=False)
class Candidate:
    """Where one optimizer ended."""

    name: str
    kind: str  # of its `Optimizer`
    criterion: float  # infinite: it failed with an error
    beta: Array  # (p,)
    covariances: tuple[Array, ...]  # per term (k, k)


@dataclass(frozen=True, slots=True)
class ClusterVerdict:
    """What the optimizers say together."""

    agreement: Agreement
    reached: tuple[str, ...]  # within `GAP` of the best criterion known
    elsewhere: tuple[str, ...]  # at another local optimum, proven and curved, with a higher criterion
    failed: tuple[str, ...]  # everything else
    kinds: int  # different kinds among those that reached it
    beta_spread: float | None  # largest spread of a fixed effect in the best cluster, SE
    sigma_spread: float | None  # largest spread of a covariance entry, share of the term's largest variance


def adjudicate(
    candidates: Sequence[Candidate],
    optimum: Candidate,
    se: Array,
    negligible: Sequence[Array] | None = None,
    *,
    is_curved: bool = False,
    elsewhere: Collection[str] = (),
) -> ClusterVerdict:
    """Compare the ends of several optimizers with each other and with the optimum.

    Args:
        candidates: where each optimizer ended.
        optimum: the proven one; a witness for the parameters, but not one of the optimizers.
        se: standard errors at the optimum, (p,).
        negligible: per term, the standard deviations (k,) below which a random effect is as good as absent;
            with None every difference counts, however small.
        is_curved: whether the criterion is proven to rise from the optimum in every direction.
        elsewhere: names of those that ended at another proven, curved optimum.
    """
    finite = [c.criterion for c in candidates if np.isfinite(c.criterion)]
    best = min([optimum.criterion, *finite])
    reached = [c for c in candidates if c.criterion <= best + GAP]
    others = [c.name for c in candidates if c not in reached]
    at_others = tuple(name for name in others if name in elsewhere)
    failed = tuple(name for name in others if name not in elsewhere)
    if not reached:
        return ClusterVerdict("no_evidence", (), at_others, failed, 0, None, None)
    together = [*reached, optimum] if optimum.criterion <= best + GAP else reached
    beta = _beta_spread(together, se)
    sigma = _sigma_spread(together, negligible)
    kinds = len({c.kind for c in reached})
    names = tuple(c.name for c in reached)
    agreement: Agreement
    if beta > SAME_BETA or sigma > SAME_SIGMA:
        agreement = "just_short" if is_curved else "not_identified"
    elif others:
        agreement = "disagree"
    elif kinds < 2:
        agreement = "one_kind"
    else:
        agreement = "agree"
    return ClusterVerdict(agreement, names, at_others, failed, kinds, beta, sigma)


def _beta_spread(candidates: Sequence[Candidate], se: Array) -> float:
    if not len(se):
        return 0.0
    stacked = np.array([c.beta for c in candidates])
    return float(np.max(np.ptp(stacked, axis=0) / se))


def _sigma_spread(candidates: Sequence[Candidate], negligible: Sequence[Array] | None) -> float:
    """The largest spread of an entry of Sigma, relative to the standard deviations that it belongs to."""
    worst = 0.0
    floors = negligible or [np.zeros(len(S)) for S in candidates[0].covariances]
    for floor, *matrices in zip(floors, *(c.covariances for c in candidates), strict=True):
        stacked = np.array(matrices)
        sd = np.maximum(np.sqrt(np.max(np.einsum("njj->nj", stacked), axis=0)), floor)
        size = np.outer(sd, sd)
        spread = np.ptp(stacked, axis=0)
        worst = max(worst, float(np.max(np.divide(spread, size, out=np.zeros_like(spread), where=size > 0))))
    return worst
