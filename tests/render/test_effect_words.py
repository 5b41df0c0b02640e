"""What a remedy does to the fixed effects, in words."""

from __future__ import annotations

from mmtriage.ladder.records import EffectChange
from mmtriage.render.effect_words import effect_words


def change(
    name: str,
    shift: float = 0.0,
    ratio: float = 1.0,
    t: tuple[float, float] = (2.0, 2.0),
    p: tuple[float | None, float | None] = (0.04, 0.04),
) -> EffectChange:
    return EffectChange(name=name, shift_se=shift, se_ratio=ratio, statistic=t, p_value=p)


def test_where_nothing_changes_that_is_said() -> None:
    assert effect_words([change("x")], "t") == "no fixed effect moves, no test changes its answer at 5 %"


def test_the_largest_is_named_and_the_intercept_is_told_apart() -> None:
    """`Fixed effects move by at most 0.00 SE` hid a prior that changed standard errors by 32 %."""
    words = effect_words(
        [
            change("(Intercept)", 0.4),
            change("x", 0.01),
            change("z", -0.12, 1.32, (3.0, 2.2), (0.003, 0.03)),
        ],
        "z",
    )
    assert words == (
        "`z` moves by 0.12 SE, the SE of `z` becomes 32% larger, the intercept moves by 0.40 SE, "
        "z of `z` from 3.00 to 2.20, no test changes its answer at 5 %"
    )


def test_a_test_that_changes_its_answer_is_named() -> None:
    words = effect_words([change("arm", 0.0, 1.0, (1.9, 1.9), (0.045, 0.09))], "t")
    assert words.endswith("the test of `arm` changes its answer at 5 %: p = 0.045 before, p = 0.09 after")


def test_without_p_nothing_is_said_of_tests() -> None:
    assert effect_words([change("x", 0.0, 2.4, p=(None, None))], "t") == (
        "no fixed effect moves, the SE of `x` becomes 2.4 times larger, t of `x` from 2.00 to 2.00"
    )
