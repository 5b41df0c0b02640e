"""The lme4 reference cases of `tests/golden` as records (see the README there for their origin)."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any

GOLDEN = Path(__file__).parent / "golden"

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


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class GoldenCase:
    """One model and what lme4 1.1-31 says of it."""

    id: str
    csv: Path  # the data, possibly gz-compressed
    formula: str
    factors: tuple[str, ...]  # columns to read as factors
    reml: bool
    expected: Mapping[str, Any]  # the whole of expected/<id>.json


def data_path(name: str) -> Path:
    """Where the data file `name` is, compressed or not."""
    plain = GOLDEN / "csv" / name
    return plain if plain.exists() else plain.with_name(f"{name}.gz")


@cache
def golden_cases() -> Mapping[str, GoldenCase]:
    """All LMM cases by id, in the order of cases.json."""
    records = json.loads((GOLDEN / "cases.json").read_text(encoding="utf-8"))
    return {record["id"]: _read_case(record) for record in records}


def golden_case(case_id: str) -> GoldenCase:
    return golden_cases()[case_id]


def _read_case(record: Mapping[str, Any]) -> GoldenCase:
    expected = (GOLDEN / "expected" / f"{record['id']}.json").read_text(encoding="utf-8")
    return GoldenCase(
        id=record["id"],
        csv=data_path(record["csv"]),
        formula=record["formula"],
        factors=tuple(record.get("factors", ())),
        reml=record.get("REML", True),
        expected=json.loads(expected),
    )
