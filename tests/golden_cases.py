"""The lme4 reference cases of `tests/golden` as records (see the READMEs there for their origin)."""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any

import pytest

from mmtriage.model.lme4_versions import LME4_1_1, LME4_2

GOLDEN = Path(__file__).parent / "golden"
GLMM_EXTRA = GOLDEN / "glmm_extra"

# Cases whose path lme4 itself does not repeat: its `feval` changes when its criterion is multiplied by
# 1 + 3e-16 N(0, 1), or when the rows are permuted. The numbers are those that R came up with.
NOISE = {
    "bad_scale": "17 21",
    "crossed_maximal": "109 to 128",
    "no_group_effect": "12 14",
    "dose_latency_maximal": "66 to 80, 614, 996, 1005, 1295, 2970, 3053",
    "pastes_nested": "35 36 37",
    "pastes_sample": "35 36 37",
    "machines_interaction": "39 40 41",
    "machines_factor_slope": "212 to 356",
    "machines_factor_slope_int": "284 to 468",
    "oats": "29 30 31",
    "sleepstudy_micro": "31 32 33 34",
    "school_fixed_and_random": "4 to 16",
    "insteval": "68 74 75 76",
}
# of these, the ones where lme4's messages change as well
MESSAGES_ARE_NOISE = {
    "crossed_maximal",
    "dose_latency_maximal",
    "machines_factor_slope",
    "machines_factor_slope_int",
    "school_fixed_and_random",
}
# The same of GLMMs: the evaluations of stage 2 that R counted when the rows were permuted, eight times.
GLMM_NOISE = {
    "cbpp_olre": "416 422",
    "contraception": "358 376 412",
    "contraception_slope": "797 814 834 840 848 910",
    "grouseticks": "865 951 988 991 994 995 996 999 1003 1007 1016",  # 22 times
    "grouseticks_height": "969 to 975",
    "verbagg": "381 385 389 399 400 404",
    "toy_separation": "548 to 655",  # forty times
    "nb_infinite_theta": "98 100 102 104 110",
}
# of these, the ones where lme4's messages change as well, beyond the digits of max|grad|
GLMM_MESSAGES_ARE_NOISE = {"contraception_slope", "toy_separation"}


# Cases whose triage takes half a second and more. One worker has all tests of one (conftest.py) and triages
# it once; the others may be triaged by two workers at the same time.
HEAVY = {
    *("insteval", "dose_latency_maximal", "hsb_raw", "crossed_maximal", "sleepstudy_year"),
    *("contraception", "contraception_slope", "grouseticks", "grouseticks_height", "verbagg"),
    *("nb", "nb_large_theta", "nb_infinite_theta", "fails_binomial_log", "fails_binomial_log_downdate"),
    *("binomial_cauchit", "poisson_identity", "poisson_sqrt", "cbpp_agq0", "gamma_agq5"),
}
HEAVY_STRUCTURES = {"cbpp_ar1", "cbpp_cs", "cbpp_diag", "sleepstudy_ar1_het"}  # the same of structures.json


# Of these, the ones that take several seconds: left out unless asked for (pytest -m slow).
SLOW = {"insteval", "dose_latency_maximal", "contraception_slope", "grouseticks_height", "nb_infinite_theta"}


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class GoldenCase:
    """One model and what lme4 1.1-31 says of it."""

    id: str
    csv: Path  # the data, possibly gz-compressed
    formula: str
    factors: tuple[str, ...]  # columns to read as factors
    reml: bool
    family: str | None = None  # None: a linear mixed model
    link: str | None = None  # None: the family's default
    nagq: int = 1
    weights: str | None = None
    offset: str | None = None
    expected: Mapping[str, Any]  # the whole of expected/<id>.json

    @property
    def messages_of_2(self) -> list[str]:
        """What lme4 2.1-0 says; of a case of `golden/glmm_extra` what 1.1-31 says, in 2.x's words."""
        if self.id in _by_lme4_2():
            return list(_by_lme4_2()[self.id]["messages"])
        return [_in_words_of_2(message) for message in self.expected["messages"]]


def data_path(name: str, directory: Path = GOLDEN) -> Path:
    """Where the data file `name` is, compressed or not."""
    plain = directory / "csv" / name
    return plain if plain.exists() else plain.with_name(f"{name}.gz")


@cache
def golden_cases() -> Mapping[str, GoldenCase]:
    """All LMM cases by id, in the order of cases.json."""
    return {name: case for name, case in _cases_in(GOLDEN).items() if case.family is None}


@cache
def golden_glmms() -> Mapping[str, GoldenCase]:
    """All GLMM cases that lme4 fits, by id: those of `golden`, then those of `golden/glmm_extra`."""
    every = {**_cases_in(GOLDEN), **_cases_in(GLMM_EXTRA)}
    return {name: case for name, case in every.items() if case.family and "error" not in case.expected}


@cache
def glmms_that_fail() -> Mapping[str, GoldenCase]:
    """The GLMM cases in which glmer stops; `expected["error"]` has its words."""
    return {name: case for name, case in _cases_in(GLMM_EXTRA).items() if "error" in case.expected}


@cache
def _by_lme4_2() -> Mapping[str, Any]:
    text = (GOLDEN / "lme4_2" / "golden_expected.json").read_text(encoding="utf-8")
    found: Mapping[str, Any] = json.loads(text)
    return found


def _in_words_of_2(message: str) -> str:
    if message == LME4_1_1.scale_message:
        return LME4_2.scale_message
    has_suffix = message.startswith("Model failed to converge")
    return message + LME4_2.help_suffix if has_suffix else message


def parameters(names: Iterable[str], dear: pytest.MarkDecorator = pytest.mark.slow) -> list[Any]:
    """Names of cases for a test that triages them; those that take several seconds have the mark `dear`."""
    return [pytest.param(name, marks=dear) if name in SLOW else name for name in names]


def golden_case(case_id: str) -> GoldenCase:
    return {**golden_cases(), **golden_glmms(), **glmms_that_fail()}[case_id]


def _cases_in(directory: Path) -> dict[str, GoldenCase]:
    records = json.loads((directory / "cases.json").read_text(encoding="utf-8"))
    return {record["id"]: _read_case(record, directory) for record in records}


def _read_case(record: Mapping[str, Any], directory: Path) -> GoldenCase:
    expected = (directory / "expected" / f"{record['id']}.json").read_text(encoding="utf-8")
    return GoldenCase(
        id=record["id"],
        csv=data_path(record["csv"], directory),
        formula=record["formula"],
        factors=tuple(record.get("factors", ())),
        reml=record.get("REML", True),
        family=record.get("family"),
        link=record.get("link"),
        nagq=record.get("nAGQ", 1),
        weights=record.get("weights"),
        offset=record.get("offset"),
        expected=json.loads(expected),
    )
