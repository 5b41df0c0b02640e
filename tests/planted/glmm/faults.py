"""All faults planted in generalized models, in the order of their codes."""

from __future__ import annotations

from collections.abc import Callable, Iterator

from tests.planted.glmm import distribution, separation, structure
from tests.planted.record import Case

PLANTS: tuple[Callable[[int], Iterator[Case]], ...] = (
    structure.fixed_scale,
    structure.slope_scale,
    structure.far_origin,
    separation.threshold,
    separation.level,
    separation.combination,
    separation.empty_cell,
    separation.pure_groups,
    separation.extreme,
    distribution.observation_level,
    structure.constant_slope,
    structure.constant_slope_of_many,
    structure.confounded,
    structure.also_fixed,
    structure.zero_variance,
    structure.perfect_correlation,
    structure.budget,
    structure.endless_theta,
    distribution.pirls,
    distribution.few_events,
    distribution.shares_alone,
    distribution.overdispersion,
    distribution.mild_overdispersion,
    distribution.zero_inflation,
    distribution.laplace_bias,
)


def faults(seed: int = 0) -> Iterator[Case]:
    """Eight variants of each fault."""
    for plant in PLANTS:
        yield from plant(seed)
