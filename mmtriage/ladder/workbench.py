"""The bench of a triage: whatever is fitted to a table, the present model included, is fitted here.

All fits share one set of options and one deadline, and what several rungs ask for is fitted once.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from functools import cached_property
from typing import TYPE_CHECKING, Unpack

import numpy as np

from mmtriage.arrays import Array, Index
from mmtriage.data.table import Column, Table
from mmtriage.deadline import NEVER, Deadline, TimeBudgetError, deadline_in, present
from mmtriage.diagnose.exact_fit import endless, saturated
from mmtriage.diagnose.finding import Finding
from mmtriage.engine.as_given import compare_given
from mmtriage.engine.comparison import (
    BetterPointError,
    Comparison,
    compare_fits,
    prove_again,
    prove_optimum,
    run_measured,
)
from mmtriage.engine.estimates import Fit
from mmtriage.engine.if_sound import compare_if_sound
from mmtriage.engine.last_bits import REPEATS, is_cheap, repeated, repeated_by_itself
from mmtriage.engine.lme4.outcome import Lme4Failure, Lme4Run
from mmtriage.engine.lme4.transform import Transform
from mmtriage.engine.prepared import Prepared, prepare
from mmtriage.errors import UnjudgedError
from mmtriage.formula import Formula
from mmtriage.ladder.case import OtherModel
from mmtriage.model.design import Design, build_design
from mmtriage.model.fewer_rows import without_rows
from mmtriage.optimizers import OPTIMIZERS, Optimizer
from mmtriage.options import TriageOptions

if TYPE_CHECKING:
    from mmtriage.given.agreement import AgreedFit
    from mmtriage.given.record import GivenFit
    from mmtriage.ladder.emitted.commands import Commands

STATSMODELS = "statsmodels"


class Workbench:
    """A `Bench` for one table, one set of options and one deadline."""

    def __init__(self, table: Table, options: TriageOptions, given: GivenFit | None = None) -> None:
        self.table = table
        self.options = options
        self._given = given
        # That of a command has begun before it read the table.
        clock = deadline_in(options.time_budget) if present() == NEVER else present()
        self.deadline: Deadline = replace(clock, listener=options.evaluated)
        self._ml: dict[int, tuple[Prepared, Fit]] = {}
        self._compared: dict[Formula, list[Comparison]] = {}
        self._fitted: dict[Formula, list[Comparison]] = {}
        self._judged: Comparison | None = None  # of the one fit that is given
        self._without: dict[tuple[int, tuple[int, ...]], Comparison | None] = {}

    @cached_property
    def commands(self) -> Commands:
        """The code of the present model, and of others."""
        from mmtriage.ladder.emitted.commands import Commands  # here: a sound model needs no code to paste
        from mmtriage.ladder.emitted.r_table import r_reading, text_columns

        table, given = self.table, self._given
        reads = r_reading(table)
        return Commands(
            source=table.source,
            options=self.options,
            reading=table.reading,
            r_table=reads,
            texts={} if reads else text_columns(table),
            of_statsmodels=given.formula if given and given.software.name == STATSMODELS else None,
        )

    @property
    def optimizers(self) -> Sequence[Optimizer]:
        """Those of lme4's stages, as they were asked for."""
        return [OPTIMIZERS[stage] for stage in self.options.stages]

    def build(
        self,
        formula: Formula,
        columns: Mapping[str, Array] | None = None,
        **changes: Unpack[OtherModel],
    ) -> Design:
        """Build the design of a formula; `columns` {name: (n_rows,)} are added to the table."""
        spec = replace(self.options.spec, **changes)
        added = {name: Column(name=name, kind="numeric", values=v) for name, v in (columns or {}).items()}
        table = replace(self.table, columns={**self.table.columns, **added}) if added else self.table
        return build_design(table, formula, spec)

    def compare(self, design: Design) -> Comparison:
        """Fit a design as lme4 does, and to its proven optimum, once: the present model, and what it is
        written as.

        Raises:
            UnjudgedError: the criterion cannot be evaluated, or the time budget ran out.
        """
        return self._once(self._compared, design, compare_fits)

    def fit(self, design: Design) -> Comparison:
        """Fit another model to its proven optimum and, if it can be recommended, as lme4 does; once.

        Raises:
            UnjudgedError: the criterion cannot be evaluated, or has no minimum, or the time budget ran out.
        """
        return self._once(self._fitted, design, compare_if_sound, endless)

    def _once(
        self,
        made: dict[Formula, list[Comparison]],
        design: Design,
        fitted: Callable[..., Comparison],
        refused: Callable[[Design], Finding | None] = saturated,
    ) -> Comparison:
        known = made.setdefault(design.formula, [])
        for comparison in known:
            if is_same_data(comparison.prepared.design, design):
                return comparison
        known.append(self._made(design, fitted, refused))
        return known[-1]

    def _made(
        self,
        design: Design,
        fitted: Callable[..., Comparison],
        refused: Callable[[Design], Finding | None] = saturated,
    ) -> Comparison:
        found = refused(design)
        if found is not None:
            raise _unjudged(found.message)
        try:
            prepared = prepare(design, self.deadline)
            return self._known(
                fitted(
                    prepared,
                    seed=self.options.seed,
                    optimizers=self.optimizers,
                    maxfun=self.options.maxfun,
                )
            )
        except (np.linalg.LinAlgError, ArithmeticError) as failure:
            raise _unjudged(str(failure)) from failure

    def fit_without(self, design: Design, rows: Index) -> Comparison | None:
        """Fit a design without the rows at these places (k,) of it, once; None where it needs them."""
        key = id(design), tuple(design.rows[rows].tolist())
        if key not in self._without:
            fewer = without_rows(design, rows)
            self._without[key] = None if fewer is None else self._made(fewer, compare_fits)
        return self._without[key]

    def optimum_without(self, design: Design, rows: Index) -> Comparison | None:
        """Find the proven optimum alone of a design without these rows; None where it needs them."""
        fewer = without_rows(design, rows)
        return None if fewer is None else self._made(fewer, _optimum_alone)

    def repeat(self, comparison: Comparison) -> tuple[Comparison, ...] | str:
        """Repeat lme4's fit with noise of a last bit, or say why not."""
        count = self.options.repeats
        if comparison.given is not None:
            return f"the fit was made elsewhere ({comparison.given.software}): it cannot be repeated"
        if count == 0:
            return "no repeats of lme4's fit were asked for (--repeats 0)"
        if count is None and not is_cheap(comparison):
            if refits := repeated_by_itself(comparison):
                return refits
            return "lme4's fit takes too long to be repeated unasked (--repeats 4 repeats it)"
        try:
            return repeated(
                comparison,
                REPEATS if count is None else count,
                seed=self.options.seed,
                optimizers=self.optimizers,
                maxfun=self.options.maxfun,
            )
        except TimeBudgetError as stop:
            return stop.message

    def judge(self, agreed: AgreedFit) -> Comparison:
        """The fit made elsewhere, beside the proven optimum of its model, once.

        Raises:
            UnjudgedError: the criterion cannot be evaluated, or the time budget ran out.
        """
        known = self._judged
        if known is not None and is_same_data(known.prepared.design, agreed.prepared.design):
            return known
        seed = self.options.seed
        try:
            self._judged = compare_given(agreed.prepared, agreed.at, agreed.fit, agreed.told, seed=seed)
        except np.linalg.LinAlgError as failure:
            raise _unjudged(str(failure)) from failure
        return self._judged

    def prove_again(self, comparison: Comparison, met: BetterPointError) -> Comparison:
        """Prove the optimum of a model again, from a better point as well."""
        return self._known(prove_again(comparison, met, seed=self.options.seed))

    def _known(self, comparison: Comparison) -> Comparison:
        """Keep the fit for `fit_ml` if it is by ML as it is."""
        prepared = comparison.prepared
        if prepared.model.by_ml() is prepared.model:
            self._ml[id(prepared)] = (prepared, comparison.optimum_fit)
        return comparison

    def optimum(self, design: Design) -> Fit:
        """Find the proven optimum of a design, without lme4's fit."""
        _, fit = prove_optimum(prepare(design, self.deadline), {}, seed=self.options.seed)
        return fit

    def fit_ml(self, prepared: Prepared) -> Fit:
        """Find the proven optimum of a design by ML, once."""
        known = self._ml.get(id(prepared))
        if known is None:
            _, fit = prove_optimum(prepared.by_ml(), {}, seed=self.options.seed)
            known = self._ml[id(prepared)] = (prepared, fit)  # holding `prepared` keeps its id its own
        return known[1]

    # Static, because rung 3 sends it to other processes: a bench and its progress callback do not travel.
    @staticmethod
    def run(
        prepared: Prepared,
        *,
        optimizers: Sequence[Optimizer],
        maxfun: int | None,
        start: Lme4Run | None = None,
        transform: Transform | None = None,
        tolerance: float | None = None,
    ) -> Lme4Run | Lme4Failure:
        """Fit as lme4 does, and evaluate the criterion by our engine, so that rounding decides nothing."""
        return run_measured(
            prepared,
            optimizers=optimizers,
            maxfun=maxfun,
            start=start,
            transform=transform,
            tolerance=tolerance,
        )

    @staticmethod
    def run_from(prepared: Prepared, fit: Fit) -> Lme4Run | Lme4Failure:
        """Fit as glmer does from the parameters of a fit, without its first stage."""
        # Here: linear models start sooner without.
        from mmtriage.engine.lme4.glmer import fit_glmer_from

        run = fit_glmer_from(prepared.design, fit.theta, fit.beta, fit.se)
        return run if isinstance(run, Lme4Failure) else prepared.measured(run)


def is_same_data(one: Design, two: Design) -> bool:
    """Whether two designs of one formula are one: the same specification, rows and columns."""
    pairs = [(one.X, two.X), (one.y, two.y), (one.rows, two.rows)]
    pairs += [(a.Z, b.Z) for a, b in zip(one.random, two.random, strict=True)]
    return one.spec == two.spec and all(np.array_equal(a, b) for a, b in pairs)


def _optimum_alone(prepared: Prepared, *, seed: int, **_of_lme4: object) -> Comparison:
    """The proven optimum, whatever lme4's fit would be made by."""
    return Comparison.of_optimum(prepared, *prove_optimum(prepared, {}, seed=seed))


def _unjudged(reason: str) -> UnjudgedError:
    return UnjudgedError(
        f"the criterion cannot be evaluated: {reason}",
        hint="Look for infinite or extremely large values in the response and the predictors.",
    )
