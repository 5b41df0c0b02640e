"""The remedies that follow from a named cause rather than from a rung's own search.

    nest, recode, drop-aliased      labels reused within a factor, collinear and aliased predictors
    read-missing, check-rows        text among numbers, rows that decide alone
    add-fixed                       a slope without its fixed effect
    cross-level, as-fixed           a slope variance at zero, a factor of few levels
    change-link, quadrature         failures of PIRLS, a biased Laplace approximation
    poisson, negative-binomial,
    observation-level               scatter that is not the family's
    fixed-prior, firth,
    without-level, one-row          separation
    tight-stop                      a stop rule that ends too early
    without-prior                   a prior that the estimates are under
    without-weights                 weights of a negative binomial
    start                           failures of PIRLS from lme4's own start

Each is tried and measured like the rest, and asks the findings itself whether it has anything to propose. All
are listed with rung 2, since they write another formula or another model.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator

from mmtriage.deadline import TimeBudgetError
from mmtriage.errors import MmtriageError
from mmtriage.ladder.case import Case
from mmtriage.ladder.records import Proposal
from mmtriage.ladder.remedies import (
    add_fixed,
    as_fixed,
    change_link,
    check_rows,
    cross_level,
    drop_aliased,
    firth,
    fixed_prior,
    more_points,
    negative_binomial,
    nest,
    observation_level,
    one_row,
    poisson,
    read_missing,
    recode,
    start_values,
    stop_rules,
    without_level,
    without_prior,
    without_weights,
)

OF_CAUSES: tuple[Callable[[Case], Iterator[Proposal]], ...] = (
    read_missing.propose,
    check_rows.propose,
    add_fixed.propose,
    start_values.propose,
    stop_rules.propose,
    without_prior.propose,
    without_weights.propose,
    one_row.propose,
    nest.propose,
    cross_level.propose,
    as_fixed.propose,
    drop_aliased.propose,
    recode.propose,
    change_link.propose,
    poisson.propose,
    negative_binomial.propose,
    observation_level.propose,
    more_points.propose,
    fixed_prior.propose,
    firth.propose,
    without_level.propose,
)


def of_causes(case: Case) -> Iterator[Proposal]:
    """What the findings of a case call for."""
    for propose in OF_CAUSES:
        try:
            yield from propose(case)
        except TimeBudgetError:
            raise
        except MmtriageError:  # the formula cannot be built on this table: it cannot be offered
            continue
