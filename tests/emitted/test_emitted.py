"""What reports offer to paste, run: the commands by `mmtriage`, the R code by lme4 where Rscript has it.

`EMITTED=all` adds the remedy that is slow to bring out; `python -m tests.emitted` runs the code of every
golden model and of every planted fault.
"""

from __future__ import annotations

import os
from functools import cache
from typing import get_args

import pytest

from mmtriage.ladder import records
from tests.emitted import commands, lme4
from tests.emitted.choice import CHOSEN
from tests.emitted.remedies import Emitted, emitted
from tests.emitted.subjects import Subject
from tests.emitted.tables import EVEN

pytestmark = pytest.mark.slow

SAME_OR_SMALLER = (records.SameModelId, records.SmallerId)
IDS = [
    name
    for names in (*SAME_OR_SMALLER, records.OtherId, records.MarginalId, records.GeneralizedId)
    for name in get_args(names)
]
ALL = os.environ.get("EMITTED") == "all"
SLOW = ("poisson",)  # needs 12 seconds
ELSEWHERE = dict.fromkeys(("by-lme4", "without-prior"), "of fits made elsewhere: tests/given")
RUN = [name for name in IDS if ALL or name not in SLOW]


@cache
def pieces() -> tuple[Emitted, ...]:
    return tuple(emitted((*CHOSEN, EVEN) if ALL else CHOSEN))


@pytest.mark.parametrize("subject", CHOSEN, ids=lambda subject: subject.name)
def test_a_command_ends_as_its_remedy_claims(subject: Subject) -> None:
    ours = [one for one in emitted([subject]) if one.remedy["code"]["mmtriage"]]
    assert [f"{one.name}: {said}" for one in ours for said in commands.complaints(one)] == []


def test_lme4_finds_what_its_remedy_claims() -> None:
    reason = lme4.missing_packages()
    if reason is not None:
        pytest.skip(reason)
    theirs = [one for one in pieces() if one.remedy["code"]["lme4"]]
    assert {one.remedy["id"] for one in theirs} == set(RUN) - {*ELSEWHERE, "keep"}  # `keep` has no code
    rows = lme4.run_in_r(theirs)
    assert [
        f"{one.name}: {said}"
        for one, row in zip(theirs, rows, strict=True)
        for said in lme4.complaints(one, row)
    ] == []


@pytest.mark.parametrize("name", IDS)
def test_every_remedy_is_among_what_is_run(name: str) -> None:
    if name not in RUN:
        pytest.skip("takes 12 seconds: set EMITTED=all")
    if name in ELSEWHERE:
        pytest.skip(ELSEWHERE[name])
    assert any(one.remedy["id"] == name for one in pieces())


def test_every_remedy_has_code_to_paste() -> None:
    without = [one for one in pieces() if not any(one.remedy["code"].values())]
    assert [one.name for one in without if one.remedy["scope"] != "advice"] == []
