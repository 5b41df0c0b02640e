"""A seeded sample of the long fuzz run, end to end; the whole is `python -m tests.fuzz 10000 1000 2000`."""

from __future__ import annotations

import random
from collections.abc import Iterable
from pathlib import Path

import pytest

from tests import fuzz
from tests.fuzz_glmm import glmm_case

FORMULAS, TABLES, GLMMS = 160, 40, 24
SEED = 20
EVALUATIONS = 1000  # of the criterion, a case; to leave undone what takes more, and say so, is sound, too
UNJUDGED = 8  # one case in so many may need more
SLOW = ("Hsb82", "grouseticks", "schools", "crossed_maximal")  # left to the long run
NO_REMEDY = "no remedy at all"  # not every defect has one yet


def ask(*case: str) -> fuzz.Answer:
    return fuzz.ask_counted(*case, evaluations=EVALUATIONS)


def unsound(answer: fuzz.Answer, trap: Path) -> list[str]:
    found = [c for c in fuzz.complaints(answer) if NO_REMEDY not in c]
    return [*found, "code was run"] if trap.exists() else found


@pytest.mark.slow
@pytest.mark.parametrize("part", range(4))
def test_any_formula_gets_a_report_or_a_message(part: int, tmp_path: Path) -> None:
    trap = tmp_path / "trap"
    indices = (i for i in range(10 * FORMULAS) if _is_fast(*fuzz.formula_case(SEED, i, str(trap))))
    chosen = [i for _, i in zip(range(FORMULAS), indices, strict=False)][part::4]
    assert len(chosen) == FORMULAS // 4
    check_sound((fuzz.formula_case(SEED, index, str(trap)) for index in chosen), trap)


@pytest.mark.slow
def test_any_table_gets_a_report_or_a_message(tmp_path: Path) -> None:
    check_sound((fuzz.table_case(SEED, index, tmp_path) for index in range(TABLES)), tmp_path / "trap")


@pytest.mark.slow
def test_any_generalized_model_gets_a_report_or_a_message(tmp_path: Path) -> None:
    check_sound((glmm_case(SEED, index, tmp_path) for index in range(GLMMS)), tmp_path / "trap")


def check_sound(cases: Iterable[tuple[str, ...]], trap: Path) -> None:
    """Every case is sound, and few answers only say that the budget is spent."""
    asked = unjudged = 0
    for case in cases:
        answer = ask(*case)
        assert not unsound(answer, trap), (answer.argv, answer.err)
        asked += 1
        unjudged += answer.ended == "error: time-budget"
    assert asked > 0
    assert unjudged <= asked / UNJUDGED


@pytest.mark.parametrize("payload", fuzz.PAYLOADS, ids=range(len(fuzz.PAYLOADS)))
def test_no_payload_runs_or_traces_wherever_it_stands(payload: str, tmp_path: Path) -> None:
    trap = tmp_path / "trap"
    text = payload.replace("{trap}", str(trap))
    sleepstudy = next(sample.path for sample in fuzz.SAMPLE_TABLES if sample.path.endswith("sleepstudy.csv"))
    for formula in (
        text,
        f"Reaction ~ {text} + (1 | Subject)",
        f"Reaction ~ Days + (1 | {text})",
        f"Reaction ~ Days + ({text} | Subject)",
        f"{text} ~ Days + (1 | Subject)",
        f"Reaction ~ I({text}) + (1 | Subject)",
    ):
        answer = ask(sleepstudy, formula)
        assert not unsound(answer, trap), (answer.argv, answer.err)


@pytest.mark.slow
def test_the_accidents_are_accidents() -> None:
    """Most valid formulas are accepted, most mangled ones refused: else the run would prove nothing."""
    rng = random.Random(SEED)
    sample = fuzz.SAMPLE_TABLES[0]
    valid = [ask(sample.path, fuzz.random_formula(rng, sample)).code for _ in range(12)]
    assert valid.count(2) <= 4
    mangled = [fuzz.mangled_formula(rng, "Reaction ~ Days + (Days | Subject)", "trap") for _ in range(40)]
    assert sum(ask(sample.path, formula).code == 2 for formula in mangled) >= 15


def _is_fast(path: str, formula: str) -> bool:
    return not any(name in path for name in SLOW)
