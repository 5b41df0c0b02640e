"""The order of remedies."""

from __future__ import annotations

import itertools
from dataclasses import replace
from typing import Any, cast

from mmtriage.ladder.rank import ranked
from mmtriage.ladder.records import Code, Remedy, RemedyId, RungResult


def remedy(name: str, **changes: Any) -> Remedy:
    made = Remedy(
        id=cast("RemedyId", name),  # here any name will do: only their order matters
        rung=2,
        title=name,
        scope="changes_model",
        clears=True,
        formula=name,
        criterion=100.0,
        delta_aic=0.0,
        delta_bic=0.0,
        lrt=None,
        loss=1.0,
        max_shift_se=0.1,
        not_comparable=None,
        code=Code(mmtriage=None, lme4=None),
        cost=10,
    )
    return replace(made, **changes)


def order(*remedies: Remedy) -> list[str]:
    result = RungResult(rung=2, id="simplify", status="improved", reason="", remedies=remedies)
    return [r.id for r in ranked([result])]


def test_each_key_decides_in_its_turn() -> None:
    """Each remedy is better than the next by one key, and worse by all that follow."""
    best_first = (
        remedy("h", scope="same_model", delta_aic=9.0, max_shift_se=9.0, cost=99),
        remedy("0", scope="same_model", clears=False, delta_aic=-9.0, max_shift_se=0.0, cost=0),
        remedy("k", scope="advice", clears=False, order=0, delta_aic=None, max_shift_se=9.0, cost=99),
        remedy("g", delta_aic=0.0, max_shift_se=9.0, cost=99),
        remedy("f", delta_aic=0.5, max_shift_se=0.0, cost=99),
        remedy("e", delta_aic=0.5, max_shift_se=0.05, cost=1),
        remedy("b", delta_aic=0.5, max_shift_se=0.05, cost=2),
        remedy("c", delta_aic=0.5, max_shift_se=0.05, cost=2),
        remedy("d", delta_aic=None, loss=None, max_shift_se=0.0, cost=0),
        remedy("lm", delta_aic=-9.0),
        remedy("wishart-prior", delta_aic=-9.0),
        remedy("as-fixed", delta_aic=-9.0),
        remedy("a", clears=False, delta_aic=-9.0, max_shift_se=0.0, cost=0),
        remedy("i", delta_aic=10.1, max_shift_se=0.0, cost=0),  # rejected by the data
    )
    for arranged in (best_first, best_first[::-1], best_first[4:] + best_first[:4]):
        assert order(*arranged) == [r.id for r in best_first]


def test_the_order_is_total() -> None:
    same = [remedy(name) for name in "cab"]
    assert {tuple(order(*arranged)) for arranged in itertools.permutations(same)} == {("a", "b", "c")}


def test_ranks_count_from_one() -> None:
    result = RungResult(
        rung=2, id="simplify", status="improved", reason="", remedies=(remedy("a"), remedy("b"))
    )
    assert [r.rank for r in ranked([result])] == [1, 2]
    assert ranked([]) == ()


def test_rounding_of_the_optimum_does_not_decide() -> None:
    assert order(remedy("a", delta_aic=1e-9, cost=5), remedy("b", delta_aic=-1e-9, cost=3)) == ["b", "a"]


def test_without_an_aic_the_loss_of_fit_decides() -> None:
    one, two = remedy("a", delta_aic=None, loss=1.0), remedy("b", delta_aic=None, loss=0.5)
    assert order(one, two) == ["b", "a"]


def test_steps_follow_from_the_scope() -> None:
    result = RungResult(
        rung=2,
        id="simplify",
        status="improved",
        reason="",
        remedies=(remedy("a"), remedy("b", scope="same_model")),
    )
    assert [(r.id, r.step) for r in ranked([result])] == [("b", 1), ("a", 2)]


def test_the_same_model_from_two_rungs_is_one_remedy() -> None:
    assert order(remedy("simplify", formula="m"), remedy("drop-zero", formula="m")) == ["simplify"]


def test_of_the_same_model_twice_the_one_that_clears_is_listed() -> None:
    assert order(remedy("simplify", formula="m", clears=False), remedy("drop-zero", formula="m")) == [
        "drop-zero"
    ]


def test_two_remedies_of_one_formula_are_two() -> None:
    names = ("rescale", "allfit", "maxfun", "wishart-prior")
    assert set(order(*(remedy(name, formula="m") for name in names))) == set(names)
