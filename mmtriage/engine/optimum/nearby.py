"""Whether a search that ended above the proven optimum has ended at another optimum, or nowhere special.

Both have a higher criterion. But from a local optimum the criterion rises in every direction, so the
optimizer has done what an optimizer can do; what it shows is that the model has several optima. One that
stopped on a slope has failed. To tell them apart, Newton's method on exact derivatives goes on from there: if
it gains next to nothing, and what it reaches can be certified, there is an optimum.
"""

from __future__ import annotations

import numpy as np

from mmtriage.engine.optimum.certificate import Certificate, polish_and_certify
from mmtriage.engine.optimum.faces import Place, open_face
from mmtriage.engine.optimum.protocol import Likelihood, cones
from mmtriage.engine.optimum.settling import FacePoint, escape, minimize_on, settle


def is_curved(certificate: Certificate) -> bool:
    """Whether the point is an optimum from which the criterion rises in every direction."""
    return certificate.certified and not certificate.flat_directions


def curved_optimum_near(likelihood: Likelihood, place: Place, *, within: float) -> float | None:
    """The criterion of a certified, curved optimum at most `within` deviance units below a place, or None."""
    face, x = open_face(place.factors, cones(likelihood), place.free)
    try:
        began = likelihood.criterion(*place)
        found = minimize_on(likelihood, face, x)
        if not found.value >= began - within:
            return None
        at = settle(likelihood, FacePoint(face, found.x, found.value))
        if not at.value >= began - within:
            return None
        is_free = escape(likelihood, at) is None
        _, certificate = polish_and_certify(likelihood, at.face, at.x, saddle_free=is_free)
    except np.linalg.LinAlgError:
        return None
    return at.value if is_curved(certificate) else None
