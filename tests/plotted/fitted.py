"""Comparisons to follow the criterion of, each fitted once."""

from __future__ import annotations

from functools import cache

from mmtriage.data.read_table import read_table
from mmtriage.data.reading import Reading
from mmtriage.deadline import NEVER, Deadline
from mmtriage.engine.comparison import Comparison, compare_fits
from mmtriage.engine.prepared import prepare
from mmtriage.formula import parse_formula
from mmtriage.model.design import build_design
from mmtriage.model.spec import ModelSpec
from tests.triaged import SAMPLES

SLEEP = "sleepstudy.csv", "Reaction ~ Days + (Days | Subject)"
CBPP = "cbpp.csv", "cbind(incidence, size - incidence) ~ period + (1 | herd)"


@cache
def comparison(name: str, formula: str, *, family: str = "gaussian", reml: bool = True) -> Comparison:
    """lme4's fit and the optimum of a model."""
    factors = dict.fromkeys(("herd", "period") if name.startswith("cbpp") else ())
    table = read_table(str(SAMPLES / name), Reading(factors=factors))
    link = "identity" if family == "gaussian" else "logit"
    spec = ModelSpec(family=family, link=link, reml=reml and family == "gaussian")
    return compare_fits(prepare(build_design(table, parse_formula(formula), spec), NEVER), seed=0)


def sleep(*, reml: bool = True) -> Comparison:
    return comparison(*SLEEP, reml=reml)


def cbpp() -> Comparison:
    return comparison(*CBPP, family="binomial")


def out_of_time(of: Comparison) -> Comparison:
    """The same trial, its time budget spent."""
    from dataclasses import replace

    model = replace(of.prepared.model, deadline=Deadline(0.0, 1.0))
    return replace(of, prepared=replace(of.prepared, model=model))
