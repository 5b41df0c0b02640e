"""Emitted code, one record per remedy, and what a run of it must find."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from functools import cached_property
from itertools import pairwise
from typing import Any

import numpy as np

from mmtriage.data.read_table import read_table
from mmtriage.data.reading import Reading
from mmtriage.formula import parse_formula
from mmtriage.model.design import build_design
from mmtriage.model.spec import ModelSpec
from mmtriage.option_values import Levels
from tests.emitted.subjects import Subject
from tests.triaged import triaged

FINE = ("converged", "false_alarm")  # the fit is at its optimum, whatever lme4 says of it
SAME = "same_model"


@dataclass(frozen=True, kw_only=True, eq=False)
class Emitted:
    """A remedy of a model, with the code to paste."""

    subject: Subject
    report: dict[str, Any]  # of the model as it was
    remedy: dict[str, Any]

    @property
    def name(self) -> str:
        return f"{self.subject.name}: {self.remedy['rank']} {self.remedy['id']}"

    @property
    def keeps_model(self) -> bool:
        return bool(self.remedy["scope"] == SAME)

    @property
    def linear(self) -> bool:
        model = self.report["model"]
        return bool(model["family"] == "gaussian" and model["link"] == "identity")

    @property
    def restricted(self) -> bool:
        return bool(self.report["model"]["method"] == "REML")

    @cached_property
    def criterion(self) -> float | None:
        """What the emitted model's criterion must be; None where the remedy has none.

        A rescaled model has the REML criterion of the present one, but for 2 log|A| of `X A`.
        """
        criterion: float | None = self.remedy["criterion"]
        if criterion is None or self.remedy["id"] != "rescale" or not self.restricted:
            return criterion
        return criterion + self._log_det(self.remedy["formula"]) - self._log_det(self.subject.formula)

    def present_aic(self, *, by_ml: bool) -> float:
        """AIC of the present model."""
        report = self.report
        if by_ml and self.restricted:
            report = triaged(
                str(self.subject.table()), self.subject.formula, *self.subject.words, "--ml"
            ).report
        aic: float = report["reference"]["aic"]
        return aic

    def _log_det(self, formula: str) -> float:
        """log|X'X|."""
        pairs = list(pairwise(self.subject.words))
        listed, missing, subsets = (
            [value for word, value in pairs if word == flag]
            for flag in ("--factor", "--na-values", "--subset")
        )
        reading = Reading(factors=Levels().read(listed), na_values=tuple(missing))
        table = read_table(self.subject.table(), reading)
        spec = ModelSpec(subset=subsets[0] if subsets else None)
        X = build_design(table, parse_formula(formula), spec).X
        return float(np.linalg.slogdet(X.T @ X)[1])


def emitted(subjects: Iterable[Subject]) -> Iterator[Emitted]:
    """The remedies of models."""
    for subject in subjects:
        report = subject.report
        for remedy in report.get("remedies", ()):
            yield Emitted(subject=subject, report=report, remedy=remedy)
