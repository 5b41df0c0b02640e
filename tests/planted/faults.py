"""All planted faults, in the order of their codes."""

from __future__ import annotations

from collections.abc import Callable, Iterator

from tests.planted import faults_data, faults_fixed, faults_optimum, faults_structure
from tests.planted.record import Case

PLANTS: tuple[Callable[[int], Iterator[Case]], ...] = (
    faults_data.predictor_scale,
    faults_data.response_scale,
    faults_data.constant_response,
    faults_data.missing_rows,
    faults_data.numeric_grouping,
    faults_data.far_origin,
    faults_data.nearly_numeric,
    faults_data.outlier,
    faults_fixed.rank_deficient,
    faults_fixed.collinear,
    faults_fixed.mirrored,
    faults_fixed.uncentered_slope,
    faults_fixed.unsuited_family,
    faults_structure.too_few_levels,
    faults_structure.one_level,
    faults_structure.observation_level,
    faults_structure.constant_slope_unidentifiable,
    faults_structure.constant_slope_identifiable,
    faults_structure.thin_slope,
    faults_structure.too_many_effects,
    faults_structure.singletons,
    faults_structure.nesting,
    faults_structure.confounded,
    faults_structure.also_fixed,
    faults_optimum.zero_variance,
    faults_optimum.perfect_correlation,
    faults_optimum.lost_rank,
    faults_fixed.slope_alone,
    faults_optimum.nearly_perfect,
    faults_optimum.budget,
    faults_optimum.several_optima,
    faults_optimum.flat,
)


def faults(seed: int = 0) -> Iterator[Case]:
    """Eight variants of each fault."""
    for plant in PLANTS:
        yield from plant(seed)
