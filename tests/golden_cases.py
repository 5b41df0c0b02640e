"""The lme4 reference cases of `tests/golden` as records (see the README there for their origin)."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any

GOLDEN = Path(__file__).parent / "golden"


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
