"""A family as glmer knows it: a distribution with its link, and theta where it has one.

The distribution's facts are in `model/distributions.py`, its functions in `model/densities.py`; this module
puts prior weights, trials, link and theta to them.
"""

from __future__ import annotations

import math
from dataclasses import dataclass, replace

import numpy as np

from mmtriage.arrays import Array, Mask
from mmtriage.errors import OptionError, did_you_mean
from mmtriage.model.densities import DENSITIES, Counted, Density
from mmtriage.model.distributions import DISTRIBUTIONS, Distribution
from mmtriage.model.likelihoods import digamma_error
from mmtriage.model.links import LINKS, Link
from mmtriage.model.simulation import Circumstances
from mmtriage.model.spec import ModelSpec

FIRST_THETA = 1.0  # of a negative binomial, until it is estimated


@dataclass(frozen=True, slots=True)
class Family:
    """A distribution with its link; y, mu, weights and trials are (n,), weights include the trials."""

    name: str
    link: Link
    theta: float | None = None  # of the negative binomial: V = mu + mu^2 / theta

    @property
    def distribution(self) -> Distribution:
        """The facts of the distribution."""
        return DISTRIBUTIONS[self.name]

    @property
    def is_convex(self) -> bool:
        """Whether the negative log-likelihood is convex in the linear predictor, and so has one minimum."""
        return self.link.name in self.distribution.convex_links

    @property
    def eta_sign(self) -> int | None:
        """The sign that a linear predictor must have for its mean to exist; None where any will do."""
        lowest, highest = self.distribution.mean_range
        if highest == 1.0:
            return self.link.side_of_shares
        return self.link.side_of_positive if lowest == 0.0 else None

    @property
    def _density(self) -> Density:
        return DENSITIES[self.name]

    @property
    def _theta(self) -> float:
        return math.nan if self.theta is None else self.theta

    @np.errstate(all="ignore")
    def variance(self, mu: Array) -> Array:
        """V(mu), (n,)."""
        return self._density.variance(mu, self._theta)

    @np.errstate(all="ignore")
    def variance_slope(self, mu: Array) -> Array:
        """dV/dmu, (n,)."""
        return self._density.variance_slope(mu, self._theta)

    @np.errstate(all="ignore")
    def deviance(self, y: Array, mu: Array, weights: Array) -> Array:
        """Each row's part of the deviance, (n,), as R's `dev.resids`; NaN where mu is out of range."""
        return weights * self._density.deviance(y, mu, self._theta)

    @np.errstate(all="ignore")
    def criterion(self, y: Array, mu: Array, weights: Array, trials: Array | None) -> float:
        """A(mu) of `model/densities.py`; NaN where R's density is NaN because mu is out of range."""
        density = self._density
        if density.profile is not None:
            return density.profile(float(np.sum(self.deviance(y, mu, weights))), y, weights)[0]
        if not self.has_mean(mu):
            return math.nan
        counted = self.counted(y, weights, trials)
        total = density.saturated(y, counted, weights, self._theta)
        total += float(np.sum(self.deviance(counted.y, mu, counted.weights)))
        if density.surplus is not None:
            total += 2 * float(np.sum(density.surplus(y, mu, weights, self._theta)))
        return total

    @np.errstate(all="ignore")
    def profile(self, deviance: float, y: Array, weights: Array) -> tuple[float, float]:
        """A at the best scale for a deviance, and its slope in the deviance; of an estimated scale only."""
        assert self._density.profile is not None
        return self._density.profile(deviance, y, weights)

    @np.errstate(all="ignore")
    def criterion_slope(self, y: Array, mu: Array, weights: Array, trials: Array | None) -> Array:
        """dA/dmu, (n,); where the scale is estimated, also through phi."""
        density = self._density
        if density.profile is not None:
            _, factor = density.profile(float(np.sum(self.deviance(y, mu, weights))), y, weights)
            return factor * weights * density.deviance_slope(y, mu, self._theta)
        counted = self.counted(y, weights, trials)
        slope = counted.weights * density.deviance_slope(counted.y, mu, self._theta)
        if density.surplus_slope is not None:
            slope = slope + density.surplus_slope(y, mu, weights, self._theta)
        return slope

    @np.errstate(all="ignore")
    def saturated(self, y: Array, weights: Array, trials: Array | None) -> float:
        """A at mu = y; where the scale is fixed this is A less the deviance, else it is NaN.

        It leaves the deviance of A for rounded counts, y = round(m y) / round(m), and for weights that only
        multiply one product of the negative binomial: there A less the deviance changes (little) with mu.
        """
        return self._density.saturated(y, self.counted(y, weights, trials), weights, self._theta)

    def excess_kurtosis(self, mu: Array, trials: Array) -> Array:
        """Of a response of this mean, (n,): the fourth standardized moment less the normal one."""
        return self._density.excess_kurtosis(mu, trials)

    def chance_of_zero(self, mu: Array) -> Array:
        """Of a count of this mean, (n,)."""
        return self._density.chance_of_zero(mu, self._theta)

    def has_mean(self, mu: Array) -> bool:
        """Whether every mu (n,) is a mean that the distribution can have, or is on the edge of those."""
        return bool(np.all(self.has_means(mu)))

    def has_means(self, mu: Array) -> Mask:
        """The same of each column of mu (n, N), or of all of mu (n,)."""
        lowest, highest = self.distribution.mean_range
        inside = np.isfinite(mu) if math.isinf(lowest) else (mu >= lowest) & (mu <= highest)
        return np.asarray(np.all(inside, axis=0))

    def start(self, y: Array, weights: Array, trials: Array | None = None) -> Array:
        """The mu that glmer starts from, (n,): R's `mustart`; of `cbind()` it leaves prior weights out."""
        return self._density.start(y, weights if trials is None else trials)

    def draw(
        self,
        mu: Array,
        generator: np.random.Generator,
        sigma: float = 1.0,
        weights: Array | None = None,
        trials: Array | None = None,
    ) -> Array:
        """A response (n,) with means mu; see `model/simulation.py`."""
        at = Circumstances(
            generator=generator, sigma=sigma, weights=weights, trials=trials, theta=self._theta
        )
        return self._density.draw(mu, at)

    def with_theta(self, theta: float) -> Family:
        """The negative binomial with this theta."""
        return replace(self, theta=theta)

    @np.errstate(all="ignore")
    def theta_slope(self, y: Array, mu: Array, weights: Array) -> float:
        """dA / d log theta of the negative binomial, without cancellation for a large theta."""
        theta = self._theta
        relative = (y - mu) / (mu + theta)
        size = np.full_like(y, theta)
        terms = relative - np.log1p(relative) + digamma_error(size) - digamma_error(size + y)
        extra = (weights - 1) * (np.log(mu + theta) + (y + theta) / (mu + theta))
        return 2 * theta * float(np.sum(terms + extra))

    @np.errstate(all="ignore")
    def deviance_theta_slope(self, y: Array, mu: Array, weights: Array) -> Array:
        """d deviance / d log theta of the negative binomial, (n,)."""
        relative = (y - mu) / (mu + self._theta)
        return 2 * weights * self._theta * (relative - np.log1p(relative))

    def counted(self, y: Array, weights: Array, trials: Array | None) -> Counted:
        """The response and weights as lme4's density is given them.

        The trials of a share are its weights, unless `cbind()` counted more than one in some row.
        """
        size = trials if trials is not None and np.any(trials > 1) else weights
        return self._density.counted(y, weights, size)


def family_of(spec: ModelSpec) -> Family:
    """The family of a model; the negative binomial has theta 1 until it is estimated.

    Raises:
        OptionError: no such family, or the family does not take the link.
    """
    if spec.family not in DISTRIBUTIONS:
        raise OptionError(
            f"the family `{spec.family}` is not known",
            where="option --family",
            hint=did_you_mean(spec.family, DISTRIBUTIONS) or f"Known are: {', '.join(DISTRIBUTIONS)}.",
        )
    distribution = spec.distribution
    available = (*distribution.links, *distribution.also_computed)
    if spec.link not in available:
        raise OptionError(
            f"link `{spec.link}` not available for the {spec.family} family",
            where="option --link",
            hint=did_you_mean(spec.link, available) or f"Available links are: {', '.join(available)}.",
        )
    theta = spec.held_nb_theta or FIRST_THETA
    return Family(spec.family, LINKS[spec.link], theta if distribution.estimates_theta else None)
