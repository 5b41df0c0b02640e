"""What differs between the two lme4 that people have: today's 2.x, and 1.1-31 to 1.1-35 before it.

Criterion, optimizers, stop rules and standard errors of an ordinary fit are the same. What is not (measured
on 50 models with 2.1-0 and 1.1-31; the rest is read in their sources):

* 2.x takes no derivatives, and so tests none, from 10,000 rows on, from 10 covariance parameters of `lmer` or
  20 parameters of `glmer` on, and where the fit is singular. A glmer without them has its standard errors
  from the penalized least squares of its last iteration (RX), and for the first two reasons it does not even
  say that it is singular;
* 2.x multiplies the standard deviations of random effects of Gamma, inverse Gaussian and gaussian-with-a-link
  models by no sigma;
* 2.x starts the first iteration of a Gamma model from the mean of y in every row, not from y;
* some words.
"""

from __future__ import annotations

from dataclasses import dataclass

DEFAULT_VERSION = "2"


@dataclass(frozen=True, slots=True, kw_only=True)
class Lme4Version:
    """One lme4. Limits are the first number for which no derivatives are taken."""

    name: str  # "2"
    shown: str  # "2.x"
    most_rows: int | None  # check.conv.nobsmax
    most_of_lmer: int | None  # check.conv.nparmax of lmerControl(), parameters of theta
    most_of_glmer: int | None  # that of glmerControl(), of theta and beta
    takes_singular: bool  # whether derivatives are taken of a singular fit
    multiplies_by_sigma: bool  # the SDs of random effects of a generalized model with a scale
    starts_at_mean: bool  # a Gamma model, its first iteration
    allfit_starts_at_fit: bool  # allFit() by default: start_from_mle = TRUE
    scale_message: str  # check.scaleX
    help_suffix: str  # of the words on gradient and negative eigenvalues


LME4_1_1 = Lme4Version(
    name="1.1",
    shown="1.1",
    most_rows=None,
    most_of_lmer=None,
    most_of_glmer=None,
    takes_singular=True,
    multiplies_by_sigma=True,
    starts_at_mean=False,
    allfit_starts_at_fit=False,
    scale_message="Some predictor variables are on very different scales: consider rescaling",
    help_suffix="",
)
LME4_2 = Lme4Version(
    name="2",
    shown="2.x",
    most_rows=10_000,
    most_of_lmer=10,
    most_of_glmer=20,
    takes_singular=False,
    multiplies_by_sigma=False,
    starts_at_mean=True,
    allfit_starts_at_fit=True,
    scale_message="Some predictor variables are on very different scales: consider rescaling. \n"
    "You may also use (g)lmerControl(autoscale = TRUE) to improve numerical stability.",
    help_suffix="\n  See ?lme4::convergence and ?lme4::troubleshooting.",
)

VERSIONS: dict[str, Lme4Version] = {version.name: version for version in (LME4_2, LME4_1_1)}
