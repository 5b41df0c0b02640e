"""Where a search for the optimum starts, where each descent led, and the optimum that is found."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field

from mmtriage.arrays import Array
from mmtriage.engine.optimum.certificate import Certificate
from mmtriage.engine.optimum.faces import NO_FREE, Place
from mmtriage.engine.structures.interfaces import Stratum

DISTINCT_OPTIMUM = 1e-2  # deviance units between optima that count as several


@dataclass(frozen=True, slots=True, eq=False)
class Start:
    """A named starting point: factors (k, k) per term in orthonormal coordinates, free parameters."""

    label: str
    factors: Sequence[Array]
    free: Array = field(default_factory=lambda: NO_FREE)


@dataclass(frozen=True, slots=True, eq=False)
class Descent:
    """Where one start led."""

    label: str
    began: Place
    criterion: float
    place: Place
    strata: tuple[Stratum, ...]  # what each term's covariance holds
    gradients: int
    joined: str | None  # label of the earlier descent whose optimum it ran into
    saddles: int  # saddle points escaped on the way
    arrived: bool = True  # at a stationary point, not where rounding or a limit ended the search


@dataclass(frozen=True, slots=True, eq=False)
class Refuted:
    """An optimum of an approximate criterion that a better approximation does not have."""

    criterion: float
    place: Place
    method: str  # "quadrature with 25 points"


@dataclass(frozen=True, slots=True, eq=False)
class Optimum:
    """The optimum of a model."""

    place: Place
    criterion: float
    certificate: Certificate
    start: str  # label of the start that led here
    descents: tuple[Descent, ...]
    gradients: int  # gradient evaluations over all starts
    runaway: bool  # the criterion falls without end as the residual variance goes to zero
    refuted: tuple[Refuted, ...] = ()  # lower ones, the best first

    @property
    def factors(self) -> Sequence[Array]:
        """F (k, k) of each term at the optimum."""
        return self.place.factors

    @property
    def distinct_optima(self) -> int:
        """Local optima found, this one included."""
        return len(self.optima)

    @property
    def optima(self) -> tuple[float, ...]:
        """Criteria of the distinct local optima, the best first; of this one as it stands here."""
        # Where the criterion has lost its digits, the descent that led here saw it at another value.
        return tuple(self.criterion if end.label == self.start else end.criterion for end in self.ends)

    @property
    def ends(self) -> tuple[Descent, ...]:
        """A descent to each of the distinct local optima, the best first."""
        return distinct_ends(self.descents, self.start)

    @property
    def lowest(self) -> float:
        """The lowest criterion of an optimum, refuted or not."""
        return min([self.criterion, *(r.criterion for r in self.refuted)])


def distinct_ends(descents: Sequence[Descent], reference: str) -> tuple[Descent, ...]:
    """A descent to each of the distinct local optima, the best first.

    Those that gave up on the way count for none, but for the one with the label `reference`.
    """
    ends = [d for d in descents if d.joined is None and (d.arrived or d.label == reference)]
    ends.sort(key=lambda d: d.criterion)
    pairs = zip([None, *ends], ends, strict=False)
    return tuple(d for last, d in pairs if not last or d.criterion - last.criterion > DISTINCT_OPTIMUM)
