"""Curvature of a generalized model's criterion, borrowed from its working linear model.

At the modes the data look like a linear model with response eta + (y - mu) / mu', known residual variances
1 / W and the same random effects. With h = Z's and P-free projections of its V = W^-1 + Z S Z',

    H_bb = 2 X'V^-1 X,  H_bx = 2 X'V^-1 Z V_x,  V_x = dS_x h,
    H_xy = V_x'Z'V^-1 Z V_y + H_xb H_bb^-1 H_by / 2:

this is average information (`linear/curvature.py`), joined with beta so that profiling beta out gives it
back. What the weights do as eta moves is left out; the search makes up for it from its exact gradients.
"""

from __future__ import annotations

import numpy as np

from mmtriage.arrays import Array
from mmtriage.engine.generalized.evaluation import GeneralizedEvaluation
from mmtriage.engine.optimum.covariance_slopes import add_bends, directions
from mmtriage.engine.optimum.faces import Face, Place

NB_STEP = 1e-3  # of log theta, for the curvature of the negative binomial's own likelihood


def working_information(face: Face, x: Array, at: GeneralizedEvaluation, slopes: Place) -> Array:
    """Approximate Hessian (m, m) in the parameters of `face`, free ones last; beta must be one of them."""
    rows, W = at.pirls.rows, at.modes.terms.W
    m = face.size - face.n_free
    h = rows.Zt @ at.modes.terms.score
    V = directions(face, x, at.Lambda, h)
    ZV = rows.Z @ V
    right = W[:, None] * np.hstack([ZV, rows.X])
    half = at.factor.forward(at.Lambda.transposed(rows.Zt @ right))
    joint = np.hstack([ZV, rows.X]).T @ right - half.T @ half  # [Z V, X]'V^-1 [Z V, X]
    joint *= _deviance_weight(at)
    H = np.zeros((face.size, face.size))
    beta = slice(m, m + at.free.p)
    cross, fixed = joint[:m, m:], joint[m:, m:]
    H[beta, beta] = 2.0 * fixed
    H[:m, beta] = 2.0 * cross
    H[beta, :m] = 2.0 * cross.T
    H[:m, :m] = joint[:m, :m] + cross @ np.linalg.lstsq(fixed, cross.T, rcond=None)[0]
    add_bends(H, face, x, at.Lambda.terms, slopes.factors)
    if at.free.estimates_nb_theta:
        H[-1, -1] = _nb_theta_curvature(at)
    return 0.5 * (H + H.T)


def _deviance_weight(at: GeneralizedEvaluation) -> float:
    """dA/dD: what a unit of deviance counts, the inverse dispersion where that is estimated."""
    if not at.family.distribution.estimates_scale:
        return 1.0
    _, weight = at.family.profile(at.modes.terms.deviance, at.pirls.y, at.pirls.weights)
    return weight


def _nb_theta_curvature(at: GeneralizedEvaluation) -> float:
    """d^2 A / d (log theta)^2 at fixed means, kept positive."""
    theta = at.family.theta or 1.0
    slopes = [
        at.family.with_theta(theta * float(np.exp(side * NB_STEP))).theta_slope(
            at.pirls.y, at.modes.terms.mu, at.pirls.weights
        )
        for side in (1.0, -1.0)
    ]
    return max(abs(slopes[0] - slopes[1]) / (2.0 * NB_STEP), 1e-3)
