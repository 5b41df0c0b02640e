"""What each family of distributions is: its links, the range of its mean, what it estimates beside the mean.

These are facts without arithmetic, so that the command line, completion and `explain` can read them without
importing NumPy; what a distribution computes is in `model/densities.py`. A family is added by an entry here
and an entry of the same name there. The order is the one in which families are listed to the user.
"""

from __future__ import annotations

import math
from dataclasses import dataclass


@dataclass(frozen=True, slots=True, kw_only=True)
class Distribution:
    """The facts of one family of distributions."""

    name: str  # R's
    links: tuple[str, ...]  # the links that glmer fits it with, the default first
    also_computed: tuple[str, ...] = ()  # links of R's that no function of lme4 fits it with
    convex_links: tuple[str, ...]  # of these, the links with which -log f is convex in the linear predictor
    also_called: tuple[str, ...] = ()  # other software's names, and the model's everyday name

    mean_range: tuple[float, float]  # the means that it can have lie between these
    is_discrete: bool = False  # then the edge of the range can be observed: a row whose best mean is there
    has_trials: bool = False  # the response is a share of successes, and weights count its trials
    refusal: str = ""  # R's words where a response lies outside the range
    refuses_fractions: bool = False  # lme4's log-likelihood of a count that is not whole is -Inf

    estimates_scale: bool = False  # a dispersion phi, with variance phi V(mu)
    estimates_theta: bool = False  # a parameter of the variance function, as in mu + mu^2 / theta
    allows_zero_weights: bool = True  # False where log w is part of the likelihood

    # Links under which every linear predictor is a mean of the distribution, the best known first, and what
    # the coefficients of that one are.
    safe_links: tuple[str, ...] = ()
    coefficients: str = ""

    @property
    def is_count(self) -> bool:
        """Whether the response counts something that has no upper end."""
        return self.is_discrete and not self.has_trials

    @property
    def safe_link(self) -> str | None:
        """The link to advise where another one lets the mean leave its range; None if there is none."""
        return self.safe_links[0] if self.safe_links else None

    @property
    def kind_of_density(self) -> str:
        """Families with one answer have densities of the same kind: likelihoods compare across them."""
        return "counts" if self.is_count else self.name


POSITIVE = (0.0, math.inf)
NEGATIVE_BINOMIAL = "negative.binomial"

DISTRIBUTIONS: dict[str, Distribution] = {
    distribution.name: distribution
    for distribution in (
        Distribution(
            name="gaussian",
            links=("identity", "log", "inverse", "logit", "probit", "cloglog", "cauchit"),
            convex_links=("identity",),
            also_called=("normal",),
            mean_range=(-math.inf, math.inf),
            estimates_scale=True,
            allows_zero_weights=False,
        ),
        Distribution(
            name="binomial",
            links=("logit", "probit", "cloglog", "cauchit", "log", "identity"),
            convex_links=("logit", "probit", "cloglog", "log", "identity"),
            also_called=("bernoulli", "logistic", "logit", "probit"),
            mean_range=(0.0, 1.0),
            is_discrete=True,
            has_trials=True,
            safe_links=("logit", "probit", "cloglog", "cauchit"),
            coefficients="log odds ratios",
        ),
        Distribution(
            name="poisson",
            links=("log", "sqrt", "identity"),
            convex_links=("log", "identity"),
            mean_range=POSITIVE,
            is_discrete=True,
            refusal="negative values not allowed for the 'Poisson' family",
            refuses_fractions=True,
            safe_links=("log",),
            coefficients="log ratios of means",
        ),
        Distribution(
            name="Gamma",
            links=("inverse", "log", "identity"),
            convex_links=("inverse", "log"),
            mean_range=POSITIVE,
            refusal="non-positive values not allowed for the 'Gamma' family",
            estimates_scale=True,
            safe_links=("log",),
            coefficients="log ratios of means",
        ),
        Distribution(
            name="inverse.gaussian",
            links=("1/mu^2", "log", "inverse", "identity"),
            convex_links=("1/mu^2", "inverse"),
            also_called=("wald",),
            mean_range=POSITIVE,
            refusal="positive values only are allowed for the 'inverse.gaussian' family",
            estimates_scale=True,
            safe_links=("log",),
            coefficients="log ratios of means",
        ),
        Distribution(
            name=NEGATIVE_BINOMIAL,
            links=("log",),
            convex_links=("log",),
            also_computed=("sqrt", "identity"),
            also_called=("nb", "nbinom", "nbinom1", "nbinom2", "negbin"),
            mean_range=POSITIVE,
            is_discrete=True,
            refusal="negative values not allowed for the negative binomial family",
            estimates_theta=True,
            safe_links=("log",),
            coefficients="log ratios of means",
        ),
    )
}
DEFAULT = "gaussian"  # R's and lme4's
