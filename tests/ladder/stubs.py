"""A Case whose refits are canned: rungs under test fit nothing.

Designs and models are real (they say which terms there are); how their fits ended is made up.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
import pandas as pd

from mmtriage.data.in_memory import table_from_frame
from mmtriage.data.table import Table
from mmtriage.diagnose.finding import finding
from mmtriage.diagnose.judgement import THRESHOLDS
from mmtriage.diagnose.verdict import SEVERITY_OF, Verdict, VerdictStatus
from mmtriage.engine.comparison import Comparison
from mmtriage.engine.estimates import Fit
from mmtriage.engine.generalized.model import GeneralizedModel
from mmtriage.engine.linear.identifiability import NullDirection
from mmtriage.engine.linear.model import LinearModel
from mmtriage.engine.lme4.checks import ConvergenceCheck
from mmtriage.engine.lme4.outcome import Lme4Failure, Lme4Run
from mmtriage.engine.optimum.certificate import Certificate, Multiplier
from mmtriage.engine.optimum.faces import NO_FREE, Place
from mmtriage.engine.optimum.found import Descent, Optimum
from mmtriage.engine.prepared import Prepared
from mmtriage.engine.structures.interfaces import Inward
from mmtriage.formula import Formula, parse_formula
from mmtriage.ladder.case import Case
from mmtriage.ladder.emitted.commands import Commands
from mmtriage.model.design import Design, build_design
from mmtriage.model.spec import ModelSpec
from mmtriage.optimizers import OPTIMIZERS, Optimizer
from mmtriage.options import TriageOptions


@dataclass(frozen=True, kw_only=True, eq=False)
class CannedBench:
    """A `Bench` that answers with what a test hands in."""

    table: Table
    options: TriageOptions
    commands: Commands
    build: Callable[..., Design]
    fit: Callable[[Design], Comparison]
    fit_ml: Callable[[Prepared], Fit]
    run: Callable[..., Lme4Run | Lme4Failure]
    fit_without: Callable[..., Comparison | None] = lambda design, rows: None

    @property
    def optimizers(self) -> Sequence[Optimizer]:
        """Those of the options."""
        return [OPTIMIZERS[stage] for stage in self.options.stages]

    def compare(self, design: Design) -> Comparison:
        """What is canned has lme4's fit already."""
        return self.fit(design)

    def run_from(self, prepared: Prepared, fit: Fit) -> Lme4Run | Lme4Failure:
        """A start at the optimum leads to it."""
        del prepared
        return baseline(fit.criterion)


SLOPE = "y ~ x + (1 + x | g)"
INTERCEPT = "y ~ x + (1 | g)"


def table(rows: int = 48) -> Any:
    """y, x (within groups), far (x + 2000), two-valued t, factor f of 3 levels, groups g (8) and few (3)."""
    generator = np.random.default_rng(0)
    number = np.arange(rows)
    frame = pd.DataFrame(
        {
            "y": generator.normal(size=rows),
            "x": (number % 6).astype(float),
            "far": 2000.0 + number % 6,
            "t": (number % 2).astype(float),
            "f": np.array(["a", "b", "c"])[number % 3],
            "g": [f"g{k // 6}" for k in number],
            "few": [f"few{k // 2 % 3}" for k in number],
        }
    )
    return table_from_frame(frame)


TABLE = table()


def build(formula: Formula, columns: Mapping[str, Any] | None = None) -> Design:
    assert not columns, "no columns in this stub"
    return build_design(TABLE, formula, ModelSpec())


def design_of(text: str) -> Design:
    return build(parse_formula(text))


def baseline(criterion: float = 100.0, **changes: Any) -> Lme4Run:
    """A run of an optimizer that says nothing."""
    made = Lme4Run(
        theta=np.ones(1),
        criterion=criterion,
        start=np.ones(1),
        optimizer="nloptwrap",
        status="converged",
        code=0,
        message="",
        evaluations=30,
        total_evaluations=40,
        gradient=None,
        hessian=None,
        max_abs_gradient=1e-4,
        scaled_gradient_statistic=None,
        lme4_messages=(),
        singular=False,
        restarted=False,
        moved_to_edge=(),
        check=ConvergenceCheck(
            singular=False, messages=(), codes=(), statistic=None, worst=None, eigenvalues=None
        ),
    )
    return replace(made, **changes)


def failure(error: str = "Downdated VtV is not positive definite") -> Lme4Failure:
    return Lme4Failure(
        error=error, start=np.ones(1), optimizer="nloptwrap", total_evaluations=1, lme4_messages=()
    )


def comparison(
    design: Design,
    *,
    criterion: float = 100.0,
    gap: float | None = 0.0,
    ranks: tuple[int, ...] | None = None,
    null: tuple[NullDirection, ...] = (),
    certified: bool = True,
    shift: float = 0.0,
    **of_baseline: Any,
) -> Comparison:
    """A model with its optimum at `criterion`, its baseline `gap` above, covariances of the ranks given."""
    widths = tuple(len(term.columns) for term in design.random)
    ranks = widths if ranks is None else ranks
    fit = fit_of(design, criterion, ranks, shift)
    place = Place(fit.factors, NO_FREE)
    run = None if gap is None else baseline(criterion + gap, **of_baseline)
    return Comparison(
        prepared=prepared(design, null),
        lme4=run,
        lme4_fit=None if gap is None else replace(fit, criterion=criterion + gap),
        lme4_error="Downdated VtV is not positive definite" if gap is None else None,
        optimum=Optimum(
            place=place,
            criterion=criterion,
            certificate=certificate(widths, ranks, certified=certified),
            start="template",
            descents=(Descent("template", place, criterion, place, ranks, 9, None, 0),),
            gradients=9,
            runaway=False,
        ),
        optimum_fit=fit,
        seconds=0.0,
    )


def prepared(design: Design, null: tuple[NullDirection, ...]) -> Prepared:
    model = LinearModel.of(design) if design.spec.is_linear else GeneralizedModel.of(design)
    return Prepared(model, null, None)


def fit_of(design: Design, criterion: float, ranks: tuple[int, ...], shift: float = 0.0) -> Fit:
    """beta of 1 + `shift` SE of 0.5; the first columns of each covariance at variance 1, the rest at 0."""
    p = design.X.shape[1]
    factors = tuple(
        np.diag([1.0] * rank + [0.0] * (len(term.columns) - rank))
        for rank, term in zip(ranks, design.random, strict=True)
    )
    count = sum(k * (k + 1) // 2 for k in (len(term.columns) for term in design.random))
    return Fit(
        criterion=criterion,
        df=p + count + 1,
        n=len(design.y),
        theta=np.ones(count),
        factors=factors,
        sigma=1.0,
        beta=np.ones(p) + 0.5 * shift,
        vcov=0.25 * np.eye(p),
        covariances=tuple(F @ F.T for F in factors),
        shares=tuple(0.1 for _ in factors),
    )


def certificate(widths: tuple[int, ...], ranks: tuple[int, ...], *, certified: bool) -> Certificate:
    multipliers = tuple(
        Multiplier(term=t, value=2.0, along=Inward(2.0, np.eye(k)[:, -1]))
        for t, (k, rank) in enumerate(zip(widths, ranks, strict=True))
        if rank < k
    )
    return Certificate(
        certified=certified,
        reason="made up",
        newton_decrement=0.0,
        min_eigenvalue_free=1.0,
        max_eigenvalue_free=2.0,
        negative_direction=None,
        flat_directions=(),
        hessian=None,
        multipliers=multipliers,
        strata=ranks,
        ranks=ranks,
    )


def case(
    present: Comparison | str = SLOPE,
    *,
    status: VerdictStatus = "not_converged",
    run: Callable[..., Lme4Run | Lme4Failure] | None = None,
    fit: Callable[[Design], Comparison] | None = None,
    codes: tuple[str, ...] = (),
    **options: Any,
) -> Case:
    """A case; a refit that was not canned is an error."""
    present = comparison(design_of(present), gap=5.0) if isinstance(present, str) else present
    chosen = TriageOptions(**options)
    verdict = Verdict(
        status=status,
        severity=SEVERITY_OF[status],
        codes=(),
        message="",
        gap=present.gap,
        max_shift_se=0.0,
        thresholds=THRESHOLDS,
    )

    def fit_ml(of: Prepared) -> Fit:
        """By ML each covariance parameter is worth one deviance unit."""
        count = sum(k * (k + 1) // 2 for k in of.model.widths)
        return fit_of(of.design, 100.0 - count, tuple(of.model.widths))

    return Case(
        comparison=present,
        verdict=verdict,
        findings=tuple(finding(code, "made up") for code in codes),
        bench=CannedBench(
            options=chosen,
            commands=Commands(source="d.csv", options=chosen),
            table=TABLE,
            build=build,
            fit=fit or _no_fit,
            fit_ml=fit_ml,
            run=run or _no_run,
        ),
    )


def on_bench(case: Case, **changes: Any) -> Case:
    """The case with other answers, another table or other options on its bench."""
    bench: Any = case.bench
    return replace(case, bench=replace(bench, **changes))


def _no_fit(design: Design) -> Comparison:
    raise AssertionError(f"no fit of {design.formula.to_text()} is canned")


def _no_run(*_: object, **__: object) -> Lme4Run:
    raise AssertionError("no run is canned")
