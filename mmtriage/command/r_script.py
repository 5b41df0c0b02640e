"""`mmtriage r`: the script by which R hands over a fit that it has made."""

from __future__ import annotations

from pathlib import Path

import click

from mmtriage.command.screen import show

SCRIPT = Path(__file__).parent / "mmtriage.R"
FUNCTIONS = "MMT_FUNCTIONS"  # stands in the script for what a formula may call here


@click.command("r")
def r() -> None:
    """Print an R script: after source(), `mmtriage(model)` judges a model fitted in R.

    \b
      mmtriage r > mmtriage.R
      Rscript -e 'source("mmtriage.R"); library(lme4); mmtriage(lmer(y ~ x + (1 | g), d))'

    It takes fits by lme4 (also lmerTest's, blme's, afex's), nlme's lme and glmmTMB, and needs base R only.
    """
    show(script())


def script() -> str:
    """The script, complete."""
    from mmtriage.formula.signatures import SIGNATURES

    known = ", ".join(f'"{name}"' for name in SIGNATURES)
    return SCRIPT.read_text(encoding="utf-8").replace(FUNCTIONS, known)
