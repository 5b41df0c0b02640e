"""Fits in which lme4 asks minqa's BOBYQA, where another implementation ends elsewhere.

Numbers called R's are from `Rscript tests/engine/lme4/minqa_fits.R` (lme4 1.1-31, minqa 1.2.5).
"""

from __future__ import annotations

import numpy as np
import pytest

from mmtriage.data.read_table import read_table
from mmtriage.data.reading import Reading
from mmtriage.engine.linear.model import LinearModel
from mmtriage.engine.lme4.checks import SINGULAR_MESSAGE
from mmtriage.engine.lme4.glmer import fit_glmer
from mmtriage.engine.lme4.lmer import fit_linear_model
from mmtriage.engine.lme4.outcome import Lme4Run
from mmtriage.formula import parse_formula
from mmtriage.model.design import Design, build_design
from mmtriage.model.spec import ModelSpec
from mmtriage.optimizers import OPTIMIZERS
from mmtriage.options import TriageOptions
from tests.golden_cases import GOLDEN, data_path

BOBYQA = OPTIMIZERS["bobyqa"]


def design_of(csv: str, formula: str, group: str, spec: ModelSpec) -> Design:
    local = GOLDEN / "minqa" / csv
    path = local if local.exists() else data_path(csv)
    return build_design(read_table(path, Reading(factors={group: None})), parse_formula(formula), spec)


def lmer_of(csv: str, formula: str, group: str) -> Lme4Run:
    run = fit_linear_model(LinearModel.of(design_of(csv, formula, group, ModelSpec())), optimizer=BOBYQA)
    assert isinstance(run, Lme4Run)
    return run


def glmer_of(csv: str, formula: str, group: str, spec: ModelSpec) -> Lme4Run:
    run = fit_glmer(design_of(csv, formula, group, spec))
    assert isinstance(run, Lme4Run)
    return run


def test_bobyqa_stops_where_lme4s_does_on_the_edge() -> None:
    """Py-BOBYQA, in its place, reached the optimum 0.17 below and called lme4's fit converged."""
    run = lmer_of("lme4_faithful.csv", "eruptions ~ waiting + (waiting | site)", "site")
    assert run.criterion == pytest.approx(404.559720367, abs=1e-8)
    assert (run.evaluations, run.lme4_messages) == (54, (SINGULAR_MESSAGE,))
    assert run.theta == pytest.approx([0.0, 6.2523800e-4, 1.5839633e-4], abs=1e-9)


def test_bobyqa_takes_lme4s_path_on_an_ordinary_model() -> None:
    run = lmer_of("sleepstudy.csv", "Reaction ~ Days + (Days | Subject)", "Subject")
    assert (run.evaluations, run.code, run.lme4_messages) == (98, 0, ())
    assert run.theta == pytest.approx([0.966732790, 0.015169058, 0.230909599], abs=1e-8)


def test_glmer_ends_at_the_worse_optimum_where_its_first_stage_leads() -> None:
    """NLopt's BOBYQA led stage 1 to the better one, 44.4 units below: `false alarm` of a fit nobody has."""
    spec = ModelSpec(family="Gamma", link="log")
    run = glmer_of("gamma_log_slope.csv", "y ~ x + (1 + x | g)", "g", spec)
    assert run.criterion == pytest.approx(-1898.36098, abs=1e-4)
    assert (run.singular, run.lme4_messages) == (True, (SINGULAR_MESSAGE,))


@pytest.mark.long
def test_glmer_reaches_the_optimum_of_four_slopes() -> None:
    """NLopt's BOBYQA led stage 1 3.3 units short."""
    spec = ModelSpec(family="binomial", link="logit")
    run = glmer_of("binary_four_slopes.csv", "Y ~ X * Condition + (X * Condition | subject)", "subject", spec)
    assert run.criterion == pytest.approx(2641.80813, abs=5e-3)
    assert (run.singular, run.lme4_messages) == (False, ())
    assert np.all(np.isfinite(run.theta))


def test_nlminbwrap_is_run_by_its_stand_in_under_the_stand_ins_name() -> None:
    assert TriageOptions(optimizer="nlminbwrap").stages == ("SLSQP",)
    assert TriageOptions(optimizer="nlminbwrap", family="poisson").stages == ("SLSQP", "SLSQP")


@pytest.mark.long
def test_glmer_nb_ends_with_lme4s_wrong_standard_errors() -> None:
    """R: four warnings, max|grad| 0.067, every standard error 0.00105; ours said `converged`, SE 0.367."""
    spec = ModelSpec(family="negative.binomial", link="log")
    formula = "field_count ~ logarea + habitat + (1 | name) + (1 | fieldid)"
    run = glmer_of("nb_standard_errors.csv", formula, "name", spec)
    assert run.criterion == pytest.approx(1627.8673, abs=0.01)
    assert run.nb_theta == pytest.approx(1.1317, abs=2e-3)
    assert len(run.lme4_messages) == 4
    assert all("max|grad|" in message for message in run.lme4_messages[:3])
    assert "very large eigenvalue" in run.lme4_messages[3]
    assert run.covariance_of_beta is not None
    assert np.sqrt(np.diag(run.covariance_of_beta)) == pytest.approx(np.full(8, 0.00105), rel=0.05)
