"""lme4's fit repeated with noise of a last bit: where its answer hangs on rounding, one run is no answer.

Two computers, or two BLAS libraries on one, add the same numbers in another order, and so would the rows of
a table in another order. What that does to a fit is seen by doing it again on data that differ by as little:
the response of a linear model moves by one unit in the last place of each value, up, down or not at all; that
of a generalized one may be 0 or 1, so its offset moves, by 1e-15 of a standard normal.

A search over the theta of a negative binomial refits all but the same model again and again: where it is too
dear to be repeated, its own last refits are repeats that cost nothing.

The reference is proven once. Each repeat ends somewhere else, or not, and is compared with that same optimum.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

import numpy as np

from mmtriage.engine.comparison import Comparison
from mmtriage.engine.lme4.outcome import Lme4Failure, Lme4Run
from mmtriage.engine.lme4.run import Model, fit_like_lme4
from mmtriage.model.design import Design
from mmtriage.optimizers import Optimizer

REPEATS = 4  # beside the run without noise
OFFSET_NOISE = 1e-15  # standard deviation of what is added to an offset
# Work of a run, counted in entries of X and Z that its evaluations touch: below, a run takes well under a
# second on any computer of today. Counts do not hang on the clock.
CHEAP = 6e6
OVERHEAD = 3000  # entries whose work an evaluation costs whatever the size of the table
PASSES = 5  # through all rows, that an evaluation of a generalized model makes


def is_cheap(comparison: Comparison) -> bool:
    """Whether a run of lme4 costs so little that it can be repeated without anybody noticing."""
    return comparison.lme4 is not None and work_of(comparison, comparison.lme4) <= CHEAP


def work_of(comparison: Comparison, run: Lme4Run) -> float:
    """What a run has cost: evaluations times entries of X and Z."""
    design = comparison.prepared.design
    columns = design.X.shape[1] + sum(len(term.columns) for term in design.random)
    passes = PASSES if design.spec.is_approximated else 1
    return float(run.total_evaluations * passes * (len(design.y) * columns + OVERHEAD))


def repeated(
    comparison: Comparison,
    count: int,
    *,
    seed: int,
    optimizers: Sequence[Optimizer] | None = None,
    maxfun: int | None = None,
) -> tuple[Comparison, ...]:
    """The same comparison for each of so many runs with noise.

    Raises BetterPointError where one of them ends below the reference.
    """
    model = comparison.prepared.model
    made = []
    for number in range(1, count + 1):
        noisy = _with_noise(model, np.random.default_rng([seed, number]))
        run = fit_like_lme4(noisy, optimizers=optimizers, maxfun=maxfun)
        made.append(_compared(comparison, run, f"run {number} with noise of a last bit"))
    return tuple(made)


def repeated_by_itself(comparison: Comparison) -> tuple[Comparison, ...]:
    """The same comparison for each of the refits that the search has made of all but the same model.

    Raises BetterPointError where one of them ends below the reference.
    """
    refits = () if comparison.lme4 is None else comparison.lme4.refits
    return tuple(_compared(comparison, run, f"refit {i} before the last") for i, run in enumerate(refits, 1))


def _compared(comparison: Comparison, run: Lme4Run | Lme4Failure, label: str) -> Comparison:
    """A run in the place of the one that is repeated."""
    beside = comparison.beside(run)
    if beside.lme4 is not None and beside.lme4_fit is not None:
        comparison.pass_by(label, comparison.prepared.place_of(beside.lme4), beside.lme4_fit.criterion)
    return beside


def _with_noise(model: Model, random: np.random.Generator) -> Model:
    """The same model of data that differ by a last bit; its criterion is not asked for by glmer's run."""
    design = noisy_design(model.design, random)
    if design.spec.is_linear:
        return type(model).of(design, model.deadline)
    return replace(model, design=design)


def noisy_design(design: Design, random: np.random.Generator) -> Design:
    """The design with a response, or an offset, that differs by a last bit."""
    n = len(design.y)
    if design.spec.is_linear:
        return replace(design, y=design.y + np.spacing(design.y) * random.integers(-1, 2, size=n))
    offset = np.zeros(n) if design.offset is None else design.offset
    return replace(design, offset=offset + OFFSET_NOISE * random.standard_normal(n))
