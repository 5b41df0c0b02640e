"""`mmtriage r`: complete, self-contained, and (where Rscript is found) true of a fit made there and then."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from mmtriage.formula.signatures import SIGNATURES
from tests.triaged import ROOT, ran

RSCRIPT = shutil.which("Rscript")
needs_r = pytest.mark.skipif(RSCRIPT is None, reason="no Rscript")

FITS = {
    "lmer": ("lmer(Reaction ~ Days + (Days | Subject), sleepstudy)", "converged"),
    "sum contrasts": (
        'lmer(Reaction ~ f + (1 | Subject), transform(sleepstudy, f = C(factor(Days %% 3), "contr.sum")))',
        "converged",
    ),
    "a function of one's own": ("lmer(Reaction ~ own(Days) + (1 | Subject), sleepstudy)", "converged"),
    "offset, weights, subset, missing": (
        "lmer(Reaction ~ Days + (1 | Subject), gaps, offset = Days, weights = Days + 1, subset = Days > 1)",
        "converged",
    ),
    "quadrature": (
        "glmer(cbind(incidence, size - incidence) ~ period + (1 | herd), cbpp, binomial, nAGQ = 9)",
        "converged",
    ),
}


def script() -> str:
    return ran("r").text


def test_the_script_knows_every_function_of_formulas_and_needs_no_package() -> None:
    text = script()
    assert "MMT_FUNCTIONS" not in text
    assert all(f'"{name}"' in text for name in SIGNATURES)
    assert "library(" not in text


def in_r(code: str, directory: Path) -> str:
    program = directory / "mmtriage"
    environment = f"PYTHONPATH='{ROOT}' OPENBLAS_NUM_THREADS=1"
    program.write_text(f'#!/bin/sh\n{environment} exec {sys.executable} -m mmtriage "$@"\n', encoding="utf-8")
    program.chmod(0o755)
    (directory / "mmtriage.R").write_text(script(), encoding="utf-8")
    head = (
        f'options(mmtriage.exe = "{program}"); source("{directory}/mmtriage.R"); own <- function(x) x / 2\n'
    )
    lme4 = "suppressMessages(library(lme4)); gaps <- sleepstudy; gaps$Reaction[7] <- NA\n"
    assert RSCRIPT is not None
    (directory / "run.R").write_text(head + lme4 + code, encoding="utf-8")
    done = subprocess.run(
        [RSCRIPT, str(directory / "run.R")], capture_output=True, text=True, check=True, env={**os.environ}
    )
    return done.stdout


@needs_r
@pytest.mark.slow
@pytest.mark.parametrize("name", FITS)
def test_a_fit_made_in_r_is_judged(name: str, tmp_path: Path) -> None:
    fit, status = FITS[name]
    out = in_r(f"r <- mmtriage({fit}, view = FALSE); cat(r$verdict$status, r$baseline$source)", tmp_path)
    assert out.endswith(f"{status} given")


@needs_r
@pytest.mark.slow
def test_what_cannot_be_judged_is_an_error_of_r_with_the_reason(tmp_path: Path) -> None:
    code = (
        "said <- function(e) tryCatch(e, mmtriage_error = function(e) print(conditionMessage(e)))\n"
        "said(mmtriage(lm(Reaction ~ Days, sleepstudy)))\n"
        "m <- lmer(Reaction ~ Days + (1 | Subject), sleepstudy)\n"
        "said(mmtriage(m, data = transform(sleepstudy, Reaction = Reaction + 1 / (1 + Days))))\n"
        "said(mmtriage(list(m, m)))\n"
        "sleepstudy$m <- cbind(sleepstudy$Days, sqrt(sleepstudy$Days))\n"
        "said(mmtriage(lmer(Reaction ~ m + (1 | Subject), sleepstudy)))\n"
    )
    out = in_r(code, tmp_path)
    assert "this is a list of 2 fits: judge one" in out
    assert "the column m of the data is a matrix of 2 columns" in out
    assert "not an object of class lm" in out
    assert "this is another model or other data" in out


@needs_r
@pytest.mark.slow
def test_a_fit_is_judged_as_it_was_made(tmp_path: Path) -> None:
    """Its theta held or estimated, its data as they were then, its weights under the name that they have."""
    code = (
        "f <- TICKS ~ cHEIGHT + (1 | BROOD)\n"
        "taken <- function(m) .mmt_fit(m, NULL, NULL, NULL)\n"
        "cat(taken(glmer(f, grouseticks, MASS::negative.binomial(theta = 1)))$fit$nb_theta_estimated, '')\n"
        "cat(taken(glmer.nb(f, data = grouseticks))$fit$nb_theta_estimated, '')\n"
        "d <- sleepstudy; d$w <- 1 + d$Days\n"
        "own <- lmer(Reaction ~ Days + (1 | Subject), d, weights = w)\n"
        "made <- lmer(Reaction ~ Days + (1 | Subject), d, weights = 1 / w)\n"
        "cat(taken(own)$fit$weights, unlist(taken(made)$made), '')\n"
        "d$Reaction <- 2 * d$Reaction\n"
        "cat(taken(own)$table$Reaction[1])\n"
    )
    assert in_r(code, tmp_path).splitlines()[-1] == "FALSE TRUE w 1/w 249.56"
