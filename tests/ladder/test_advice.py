"""What is advised of whole models: the remedies of a triage, in their order."""

from __future__ import annotations

from io import StringIO
from unittest.mock import patch

import numpy as np
import pandas as pd
import pytest

import mmtriage
from mmtriage.ladder.emitted.commands import Commands
from mmtriage.ladder.remedies.keep import false_rejections
from mmtriage.options import TriageOptions
from mmtriage.report.facts import Report
from tests.planted import faults
from tests.random_models.draw import draw


def trial(effect: float = 0.3) -> pd.DataFrame:
    """Twelve clusters of fifteen rows without differences; the arm is given to whole clusters."""
    rng = np.random.default_rng(4)
    cluster = np.repeat(np.arange(12), 15)
    y = rng.normal(size=180)
    y -= np.array([y[cluster == c].mean() for c in range(12)])[cluster]
    arm = np.where(cluster % 2 == 0, "ctl", "trt")
    return pd.DataFrame({"y": y + effect * (arm == "trt"), "arm": arm, "cluster": [f"c{c}" for c in cluster]})


def ids(report: Report) -> list[str]:
    return [remedy.id for remedy in report.remedies]


def test_where_the_grouping_is_the_design_the_model_is_kept() -> None:
    """Plain lm came first, which rejects a true null hypothesis in up to 19 % of such trials."""
    report = mmtriage.triage(trial(), "y ~ arm + (1 | cluster)")
    assert report.verdict.status == "singular"
    assert ids(report)[:2] == ["keep", "lm"]
    keep, lm = report.remedies[:2]
    assert "12 levels" in keep.caveats[0]
    assert 'ddf = "Kenward-Roger"' in str(keep.code.lme4)
    assert "rejects a true null hypothesis too often" in lm.caveats[0]
    arm = next(e for e in report.reference.fixed_effects if e.name == "armtrt")  # type: ignore[union-attr]
    assert (round(arm.df or 0), arm.df_method, arm.between) == (10, "Kenward-Roger", "cluster")
    assert report.verdict.usable is not None
    assert "count rows" in report.verdict.usable.tests.reason


def test_a_test_that_takes_rows_as_independent() -> None:
    assert false_rejections(0.0, 15) == pytest.approx(0.05, abs=1e-6)
    assert false_rejections(0.088, 15) == pytest.approx(0.19, abs=0.005)
    assert false_rejections(1.0, 4) == pytest.approx(0.327, abs=1e-3)  # z / 2


def test_groups_that_never_change_their_answer_are_the_observations() -> None:
    """There was no advice at all."""
    rng = np.random.default_rng(1)
    g = np.repeat(np.arange(20), 4)
    y = rng.integers(0, 2, 20)[g]
    table = pd.DataFrame({"y": y, "x": rng.normal(size=80), "g": [f"g{v}" for v in g]})
    report = mmtriage.triage(table, "y ~ x + (1 | g)", family="binomial")
    assert report.verdict.status == "unidentifiable"
    assert ids(report)[0] == "one-row"
    assert report.remedies[0].formula == "y ~ x_mean"
    assert str(report.remedies[0].code.lme4).endswith("m <- glm(y ~ x_mean, data = d, family = binomial)")


def test_a_refused_structure_is_searched_downwards() -> None:
    """Of `(a * b | g)` with a row per cell `(1 | g)` alone was offered, and lm because "nothing can be"."""
    rng = np.random.default_rng(2)
    rows = [(g, a, b) for g in range(15) for a in "pqr" for b in "st"]
    effect = rng.normal(size=15)
    cell = {(g, a): rng.normal() for g in range(15) for a in "pqr"}
    y = [2 * effect[g] + 1.5 * cell[g, a] + rng.normal() for g, a, b in rows]
    table = pd.DataFrame(rows, columns=["g", "a", "b"]).assign(y=y, g=lambda d: "g" + d["g"].astype(str))
    report = mmtriage.triage(table, "y ~ a * b + (a * b | g)")
    assert report.verdict.codes[0] == "MM305"
    first = report.remedies[0]
    assert first.clears
    assert "g:a" in str(first.formula) or "a" in str(first.formula).split("|")[0].split("(")[-1]
    assert "lm" not in ids(report)


def test_what_is_separated_without_random_effects_too_is_no_remedy() -> None:
    table = pd.read_csv(
        StringIO("y,x,g\n" + "".join(f"{int(i % 10 > 4)},{i % 10},g{i // 10}\n" for i in range(60)))
    )
    report = mmtriage.triage(table, "y ~ x + (1 | g)", family="binomial")
    assert report.verdict.status == "unidentifiable"
    assert ids(report)[0] == "fixed-prior"
    assert "glm" not in ids(report)


def test_where_lme4_does_not_start_it_is_told_where_the_optimum_is() -> None:
    """R 4.2: a log-binomial model that stops with NaN from its own start ends at its optimum from there."""
    options = TriageOptions(family="binomial", link="log")
    commands = Commands(source="d.csv", options=options)
    code = commands.in_r("y ~ x + (1 | g)", start=np.array([0.5]), beta=np.array([-0.123456789, 1.0]))
    assert code.lme4 == (
        'm <- glmer(y ~ x + (1 | g), data = d, family = binomial("log"), '
        "start = list(theta = c(0.5), fixef = c(-0.12345679, 1)), "
        "control = glmerControl(nAGQ0initStep = FALSE))"
    )


def scattered_shares(seed: int) -> pd.DataFrame:
    """96 shares of 24 trials whose means are near 1, and scatter more than a binomial's."""
    rng = np.random.default_rng(seed)
    x = np.tile([0.0, 1.0], 48)
    means = np.exp(-0.25 + 0.08 * x) * np.exp(rng.normal(0, 0.16, 96))
    yes = rng.binomial(24, np.clip(means, 0.05, 0.995))
    return pd.DataFrame({"yes": yes, "no": 24 - yes, "x": x, "g": np.repeat([f"s{i}" for i in range(24)], 4)})


@pytest.mark.slow
@pytest.mark.parametrize(
    ("seed", "starts", "said"),
    [
        (0, True, "started at its optimum R stops with an error, too (PIRLS loop resulted in NaN value)"),
        (6, False, "from its own start R stops with an error (PIRLS loop resulted in NaN value)"),
    ],
)
def test_where_r_stops_even_at_the_optimum_it_is_said(seed: int, starts: bool, said: str) -> None:
    """R 4.2: glmer stops in these words at the row effect; of seed 6 also at the present model's optimum."""
    report = mmtriage.triage(
        scattered_shares(seed), "cbind(yes, no) ~ x + (1 | g)", family="binomial", link="log"
    )
    assert report.verdict.status == "not_converged"
    assert ("start" in ids(report)) == starts
    row_effect = next(remedy for remedy in report.remedies if remedy.id == "observation-level")
    assert said in " ".join(row_effect.caveats)


def test_where_effects_reproduce_any_response_fewer_of_them_are_advised() -> None:
    """Gamma, 12 rows: the levels of g:h reproduce them, those of g do not. There was no remedy at all."""
    model = draw(63, 33)
    report = mmtriage.triage(model.frame, model.formula, **model.options)
    assert (report.verdict.status, report.verdict.codes) == ("unidentifiable", ("MM407",))
    assert [remedy.formula for remedy in report.remedies] == ["y ~ x + z + (1 | g)"]


def test_a_gradient_warning_goes_with_tighter_stop_rules() -> None:
    """lme4's own first advice, and the only repair that leaves columns and optimizer alone."""
    commands = Commands(source="d.csv", options=TriageOptions())
    assert commands.in_r("y ~ x + (x | g)", kind="tight").lme4 == (
        "m <- lmer(y ~ x + (x | g), data = d, REML = TRUE, control = "
        "lmerControl(optCtrl = list(xtol_rel = 1e-12, xtol_abs = 1e-12, ftol_abs = 1e-12)))"
    )


def test_tighter_stop_rules_are_given_up_where_they_do_not_arrive() -> None:
    """They have no end but rounding: on `dose_latency_maximal` that is 70,000 evaluations, and no optimum."""
    case = next(case for case in faults.faults(0) if case.name == "dose lies 300 SDs from zero")
    assert "tight-stop" in ids(case.triage())
    with patch("mmtriage.ladder.remedies.stop_rules.MANY", 40):
        assert "tight-stop" not in ids(case.triage())
