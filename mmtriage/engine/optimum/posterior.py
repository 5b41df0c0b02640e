"""Maximum a posteriori covariances under blme's weak Wishart prior.

Reference: Chung et al. (2015), J. Educ. Behav. Stat. 40(2).

The prior on each term's relative covariance S (k, k) is Wishart with k + 2.5 degrees of freedom and infinite
scale: p(S) ~ |S|^0.75, so the criterion gains -2 log p = -1.5 log|S| per term. It keeps S off its boundary
and is otherwise nearly flat. The determinant in other columns differs by a constant, so the mode does not
depend on units.
"""

from __future__ import annotations

import numpy as np

from mmtriage.arrays import Array
from mmtriage.engine.optimum.certificate import face_objective, face_scale
from mmtriage.engine.optimum.faces import Face, Place, open_face
from mmtriage.engine.optimum.newton import Minimum, Point, minimize
from mmtriage.engine.optimum.protocol import Likelihood, cones, supports
from mmtriage.engine.structures.covariance_factor import covariance_factors
from mmtriage.engine.structures.unstructured import RankFace

EXTRA_DF = 2.5  # blme's default: df = k + 2.5
OPEN_SD = 0.3  # relative SD a direction at zero starts from


def prior_mode(likelihood: Likelihood, place: Place) -> tuple[Place, Minimum]:
    """The posterior mode, started from `place`, and how the search went."""
    full = supports(likelihood)
    opened = [at.opened(OPEN_SD) for at in covariance_factors(place.factors, full)]
    face, x = open_face(opened, cones(likelihood), place.free)
    scale = face_scale(likelihood, face, x)
    diagonal = _diagonal(face)
    power = (EXTRA_DF - 1.0) * diagonal
    of_data = face_objective(likelihood, face, scale)

    def posterior(z: Array) -> Point:
        if np.any(z[diagonal] == 0.0):
            raise np.linalg.LinAlgError("the prior has no density at a singular covariance")
        point = of_data(z)
        own = np.where(diagonal, z, 1.0)
        return Point(
            point.value - 2.0 * float(np.sum(power * np.log(np.abs(own)))),
            point.gradient - 2.0 * power / own,
            lambda: point.curvature() + np.diag(2.0 * power / own**2),
        )

    found = minimize(posterior, x / scale)
    return face.place(found.x * scale), found


def _diagonal(face: Face) -> Array:
    """Which parameters stand on the diagonal of their term's triangle."""
    of_terms = []
    for term in face.terms:
        assert isinstance(term, RankFace)  # `wishart_prior` asks: blme knows no structured covariance
        of_terms.append(term.is_diagonal)
    return np.concatenate([*of_terms, np.zeros(face.n_free, dtype=bool)])
