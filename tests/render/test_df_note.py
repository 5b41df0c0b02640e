"""What is said of degrees of freedom below the estimates."""

from __future__ import annotations

from tests.triaged import SAMPLES, ran

MODEL = (str(SAMPLES / "Dyestuff2.csv"), "Yield ~ 1 + (1 | Batch)")


def said(*options: str) -> str:
    return " ".join(ran("fit", *MODEL, *options).text.split())


def test_a_mean_of_groups_without_variance_is_tested_by_the_groups() -> None:
    text = said()
    assert "The intercept is a mean over the levels of `Batch`, whose variance is estimated as zero" in text
    assert "(lmerTest: 29.0 df, p < 0.001)" in text


def test_by_ml_there_is_none_and_the_report_says_what_to_do() -> None:
    assert "is for REML: fit without --ml" in said("--ml")


def test_none_prints_neither_df_nor_p() -> None:
    assert "lmerTest" not in said("--ddf", "none")
