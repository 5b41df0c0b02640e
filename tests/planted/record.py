"""What a planted case is: a table, a formula, and what must be said of them."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

import numpy as np
import pandas as pd

import mmtriage
from mmtriage.report.facts import Report

FINE = ("converged", "false_alarm")  # the fit is at its optimum, whatever lme4 says of it


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Case:
    """One simulated data set with one planted fault, or none."""

    name: str
    fault: str  # code, or "healthy"
    columns: Mapping[str, np.ndarray]  # name -> (n,) numbers or labels
    formula: str
    statuses: tuple[str, ...]  # verdicts that are right
    kind: str = ""  # of the fault, where it has several
    severity: str | tuple[str, ...] = (
        "error"  # right ones of the planted finding, in the light of the verdict
    )
    heads: tuple[str, ...] = ()  # codes that are right at the head; the fault itself unless given
    blamed: bool = False  # must the verdict name the fault first, though it is not grave?
    also: tuple[str, ...] = ()  # further codes above info that the plant makes true
    options: Mapping[str, Any] = field(default_factory=dict)  # of `triage`

    @property
    def title(self) -> str:
        """The fault's line in the table."""
        return f"{self.fault} {self.kind}".strip()

    @property
    def primary(self) -> tuple[str, ...]:
        """Index of which one must be at the head."""
        return self.heads or (self.fault,)

    def frame(self) -> pd.DataFrame:
        """The table as a user would hand it in."""
        return pd.DataFrame(dict(self.columns))

    def triage(self) -> Report:
        """The report on it."""
        return mmtriage.triage(self.frame(), self.formula, **self.options)
