"""What is to be fitted, beside data and formula: the options of lme4's `lmer` and `glmer`, and what follows.

Code that treats linear and generalized models differently asks for the property that makes the difference
(`spec.has_p_values`, `spec.optimizes_beta`), not for the name of the model.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Literal

from mmtriage.model.distributions import DEFAULT, DISTRIBUTIONS, Distribution
from mmtriage.model.family_names import LAPLACE, is_linear
from mmtriage.model.lme4_versions import DEFAULT_VERSION, VERSIONS, Lme4Version

if TYPE_CHECKING:
    from mmtriage.model.contrasts import Contrast

CONDITIONAL = 0  # quadrature points: beta is found together with the conditional modes, by PIRLS alone

Method = Literal["REML", "ML", "Laplace", "AGQ", "PIRLS"]
RFunction = Literal["lmer", "glmer", "glmer.nb"]


@dataclass(frozen=True, slots=True, kw_only=True)
class ModelSpec:
    """The model's options; names of columns and expressions are still text."""

    family: str = DEFAULT
    link: str = "identity"
    reml: bool = True
    nagq: int = LAPLACE
    weights: str | None = None  # a column or an expression
    offset: str | None = None  # added to the formula's own offset() terms
    subset: str | None = None  # an expression, e.g. "age > 20 & site %in% c('a', 'b')"
    contrasts: Mapping[str, str] = field(default_factory=dict)  # of the fixed part, as lmer's `contrasts`
    # Matrices by variable text, of a fit made elsewhere; they come before `contrasts` and R's defaults.
    own_fixed: Mapping[str, Contrast] = field(default_factory=dict)
    own_random: Mapping[str, Contrast] = field(default_factory=dict)
    held_nb_theta: float | None = None  # of a negative binomial whose theta is given; None: it is estimated
    lme4: str = DEFAULT_VERSION  # whose fit is meant: a key of VERSIONS

    @property
    def distribution(self) -> Distribution:
        """The facts of the family."""
        return DISTRIBUTIONS[self.family]

    @property
    def estimates_nb_theta(self) -> bool:
        """Whether the family is a negative binomial whose theta is to be found."""
        return self.distribution.estimates_theta and self.held_nb_theta is None

    @property
    def is_linear(self) -> bool:
        """Whether the model is linear in its coefficients, with normal errors: `lmer` fits it."""
        return is_linear(self.family, self.link)

    @property
    def version(self) -> Lme4Version:
        """The lme4 that is meant."""
        return VERSIONS[self.lme4]

    @property
    def scales_random_effects(self) -> bool:
        """Whether lme4 prints theta times sigma as the standard deviations of random effects."""
        return self.is_linear or (self.version.multiplies_by_sigma and self.distribution.estimates_scale)

    def is_checked(self, rows: int, parameters: int) -> bool:
        """Whether lme4 tests a fit with so many rows, and parameters in its last stage."""
        most = self.version.most_of_lmer if self.is_linear else self.version.most_of_glmer
        few = self.version.most_rows is None or rows < self.version.most_rows
        return few and (most is None or parameters < most)

    @property
    def r_function(self) -> RFunction:
        """The function of lme4 that fits the model."""
        if self.is_linear:
            return "lmer"
        return "glmer.nb" if self.estimates_nb_theta else "glmer"

    @property
    def r_control(self) -> Literal["lmerControl", "glmerControl"]:
        """The function of lme4 that makes the settings of `r_function`."""
        return "lmerControl" if self.is_linear else "glmerControl"

    @property
    def r_plain(self) -> Literal["lm", "glm", "glm.nb"]:
        """The function of R that fits the model without its random effects."""
        if self.is_linear:
            return "lm"
        return "glm.nb" if self.estimates_nb_theta else "glm"

    @property
    def method(self) -> Method:
        """What is optimized, and how far it is approximated."""
        if not self.is_approximated:
            return "REML" if self.reml else "ML"
        if self.nagq == CONDITIONAL:
            return "PIRLS"
        return "Laplace" if self.nagq == LAPLACE else "AGQ"

    @property
    def is_approximated(self) -> bool:
        """Whether the likelihood is an integral without a closed form.

        Then the conditional modes are found by iteration (PIRLS), which can fail, and which lme4 ends sooner
        than this program does; every evaluation goes through all rows.
        """
        return not self.is_linear

    @property
    def quadrature_points(self) -> int | None:
        """Points of the integral over a group's random effects; None where it has a closed form."""
        return self.nagq if self.is_approximated else None

    @property
    def optimizes_beta(self) -> bool:
        """Whether lme4's optimizer moves beta as well as theta.

        A linear mixed model finds beta by least squares, and a generalized one with nAGQ = 0 together with
        the conditional modes: there no scale or origin of X can hinder the optimizer.
        """
        return self.is_approximated and self.nagq != CONDITIONAL

    @property
    def takes_differences(self) -> bool:
        """Whether lme4 takes derivatives where its optimizer ended, and tests them: not for nAGQ = 0."""
        return self.nagq != CONDITIONAL

    @property
    def has_p_values(self) -> bool:
        """Whether lme4 prints p-values of the coefficients: by z, not by t, whose df lmerTest adds."""
        return not self.is_linear

    @property
    def statistic(self) -> Literal["t", "z"]:
        """What lme4 calls a coefficient over its standard error; where a scale is estimated, t.

        Its p-value is by the normal distribution all the same, where lme4 prints one.
        """
        return "t" if self.distribution.estimates_scale else "z"

    @property
    def has_icc(self) -> bool:
        """Whether the response is the sum of random effects and a residual: then each has its share."""
        return self.is_linear
