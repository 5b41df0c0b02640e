"""A fitted model as the checks see it, with what was found before, and the means to fit another."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING

from mmtriage.diagnose.finding import Finding
from mmtriage.engine.comparison import Comparison
from mmtriage.engine.estimates import Fit
from mmtriage.formula import Formula
from mmtriage.model.design import Design

if TYPE_CHECKING:
    from mmtriage.diagnose.chance import Repeats


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Fitted:
    """What checks that require a fit, or refits, are given."""

    comparison: Comparison
    early: tuple[Finding, ...]  # what was found of the design, before the fit
    seed: int
    build: Callable[[Formula], Design]  # the design of another formula, of the same table
    optimum: Callable[[Design], Fit]  # the proven optimum of another design; it may run out of time
    repeats: Repeats | str | None = None  # of lme4's fit; or why there are none; None: not yet

    @property
    def design(self) -> Design:
        return self.comparison.prepared.design

    @property
    def fit(self) -> Fit:
        """The fit at the proven optimum."""
        return self.comparison.optimum_fit

    @property
    def is_separated(self) -> bool:
        """Whether some effect has no finite estimate."""
        return any(found.code == "MM203" for found in self.early)
