"""The criterion as a function of the parameters a user names: standard deviations and correlations.

lme4's criterion of a linear model has sigma profiled out, but an SD in the user's units is sigma times the
relative one. With sigma back in, and sigma-hat the one that was profiled out,

    d(F, sigma) = criterion(F) + nu (2 log(sigma / sigma-hat) + (sigma-hat / sigma)^2 - 1),

    d log sigma-hat / dF_t = -(sum_j h_j h_j') F_t,   h = Z'Py / sqrt(y'Py).

A generalized model has sigma 1, or one that is computed afterwards: there SDs are relative ones times the
sigma of the optimum.

A profile is traced by a trick that needs no constraint: the minimizer of d + kappa (c - target)^2 / 2 has the
least d of all points with its own value of c, so it lies on the profile of c, wherever the target is.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from mmtriage.arrays import Array
from mmtriage.engine.algebra.relative_factor import RelativeFactor
from mmtriage.engine.linear.model import LinearModel
from mmtriage.engine.optimum.certificate import face_objective, face_scale
from mmtriage.engine.optimum.faces import Face, Place, open_face
from mmtriage.engine.optimum.newton import Point
from mmtriage.engine.optimum.protocol import cones
from mmtriage.engine.prepared import Prepared

CLOSEST = 1e-10  # that a correlation comes to one


@dataclass(frozen=True, slots=True)
class Parameter:
    """An SD (`j` is None) or the correlation of columns `i` and `j` of a term."""

    term: int
    i: int
    j: int | None = None

    @property
    def is_correlation(self) -> bool:
        """Whether the parameter is a correlation."""
        return self.j is not None

    @property
    def bounds(self) -> tuple[float, float]:
        """Between which the coordinate can be."""
        farthest = float(np.arctanh(1.0 - CLOSEST))
        return (-farthest, farthest) if self.is_correlation else (0.0, np.inf)

    def coordinate(self, value: float) -> float:
        """Where the criterion is nearly quadratic: an SD itself, Fisher's z of a correlation."""
        return (
            float(np.arctanh(np.clip(value, CLOSEST - 1.0, 1.0 - CLOSEST))) if self.is_correlation else value
        )

    def value(self, coordinate: float) -> float:
        """The inverse of `coordinate`."""
        return float(np.tanh(coordinate)) if self.is_correlation else coordinate


@dataclass(frozen=True, slots=True, eq=False)
class Spot:
    """A point of the surface: a place, and log sigma where it is a parameter."""

    place: Place
    log_sigma: float


@dataclass(frozen=True, slots=True, eq=False)
class Surface:
    """-2 log-likelihood or REML criterion of a model; parameters are a face's, then log sigma if free."""

    prepared: Prepared
    log_sigma: float  # at the optimum

    @property
    def frees_sigma(self) -> bool:
        """Whether sigma is a parameter of its own."""
        return isinstance(self.prepared.model, LinearModel)

    def value(self, spot: Spot) -> float:
        """The criterion d at a spot; LinAlgError is raised where it has no value."""
        model = self.prepared.model
        if not isinstance(model, LinearModel):
            return model.criterion(*spot.place)
        at = model.evaluate(*spot.place)
        lag = np.log(model.sigma(at)) - spot.log_sigma
        return float(at.criterion + model.nu * (np.exp(2.0 * lag) - 2.0 * lag - 1.0))

    def measure(self, parameter: Parameter, spot: Spot) -> float:
        """The parameter's value, in the user's units; NaN for an undefined correlation."""
        return self.slopes(parameter, spot)[0]

    def slopes(self, parameter: Parameter, spot: Spot) -> tuple[float, Array, float]:
        """The parameter, its derivative with respect to its term's F (k, k), and to log sigma."""
        F = spot.place.factors[parameter.term]
        rows = self.prepared.model.basis.terms[parameter.term].inverse
        a = rows[parameter.i]
        u, sigma = a @ F, np.exp(spot.log_sigma)
        if parameter.j is None:
            length = float(np.linalg.norm(u))
            direction = u / length if length > 0 else np.zeros_like(u)
            return float(sigma * length), sigma * np.outer(a, direction), float(sigma * length)
        b = rows[parameter.j]
        v = b @ F
        p, q = float(np.linalg.norm(u)), float(np.linalg.norm(v))
        if p == 0 or q == 0:
            return np.nan, np.zeros_like(F), 0.0
        rho = float(u @ v / (p * q))
        dF = np.outer(a, v / (p * q) - rho * u / p**2) + np.outer(b, u / (p * q) - rho * v / q**2)
        return rho, dF, 0.0

    def move(self, parameter: Parameter, spot: Spot, target: float, *, exactly: bool) -> Spot:
        """The spot with the parameter at `target` and every other SD and correlation where it was.

        Where no covariance is like that: one that is near, or if it has to be exact, LinAlgError.
        """
        basis = self.prepared.model.basis.terms[parameter.term]
        L = basis.inverse @ spot.place.factors[parameter.term]
        i, j = parameter.i, parameter.j
        sd = np.linalg.norm(L, axis=1)
        if j is None:
            wanted = target / np.exp(spot.log_sigma)
            if sd[i] > 0:
                L[i] *= wanted / sd[i]
            else:
                L = np.column_stack([L, np.eye(len(L))[:, i] * wanted])
        else:
            S = L @ L.T
            S[i, j] = S[j, i] = target * sd[i] * sd[j]
            L = _root(S, sd, exactly=exactly)
        factors = list(spot.place.factors)
        factors[parameter.term] = _square(basis.R @ L)
        return Spot(Place(factors, spot.place.free), spot.log_sigma)

    def face(self, spot: Spot) -> tuple[Face, Array, Array]:
        """The face of full rank, the parameters (m,) of a spot on it, and their natural steps (m,)."""
        model = self.prepared.model
        face, x = open_face(spot.place.factors, cones(model), spot.place.free)
        scale = face_scale(model, face, x)
        if isinstance(model, LinearModel):
            x = np.append(x, spot.log_sigma)
            scale = np.append(scale, 1.0 / np.sqrt(2.0 * model.nu))
        return face, x, scale

    def spot(self, face: Face, x: Array) -> Spot:
        """The spot at parameters (m,)."""
        place = face.place(self._covariances(x))
        return Spot(place, float(x[-1]) if self.frees_sigma else self.log_sigma)

    def _covariances(self, x: Array) -> Array:
        """The parameters of the face among those of a spot."""
        return x[:-1] if self.frees_sigma else x

    def point(self, face: Face, scale: Array, z: Array) -> Point:
        """The criterion on a face with its derivatives, in natural steps."""
        model = self.prepared.model
        if not isinstance(model, LinearModel):
            return face_objective(model, face, scale)(z)
        return _with_sigma(model, face, scale, z, self.spot(face, z * scale))

    def coordinate(self, parameter: Parameter, face: Face, scale: Array, z: Array) -> tuple[float, Array]:
        """The parameter's coordinate and its gradient (m,) in natural steps."""
        spot = self.spot(face, z * scale)
        value, dF, d_sigma = self.slopes(parameter, spot)
        matrices = [dF if t == parameter.term else np.zeros_like(F) for t, F in enumerate(spot.place.factors)]
        gradient = face.slopes(self._covariances(z * scale), matrices, np.zeros(face.n_free))
        gradient = (np.append(gradient, d_sigma) if self.frees_sigma else gradient) * scale
        if parameter.is_correlation:
            gradient = gradient / max(1.0 - value**2, CLOSEST)
        return parameter.coordinate(value), gradient


def _with_sigma(model: LinearModel, face: Face, scale: Array, z: Array, spot: Spot) -> Point:
    x = (z * scale)[:-1]
    at = model.evaluate(*spot.place)
    slopes = model.slopes(at)
    lag = np.log(model.sigma(at)) - spot.log_sigma
    excess = np.exp(2.0 * lag)
    pull = face.slopes(x, _log_sigma_slopes(at.Lambda, model.whitened(at)[:, -1:]))
    gradient = face.slopes(x, slopes.factors) + 2.0 * model.nu * (excess - 1.0) * pull

    def curvature() -> Array:
        both = np.append(pull, -1.0)
        H = 4.0 * model.nu * excess * np.outer(both, both)
        H[:-1, :-1] += model.curvature(face, x, at, slopes)
        return np.asarray(H * np.outer(scale, scale))

    return Point(
        at.criterion + model.nu * float(excess - 2.0 * lag - 1.0),
        np.append(gradient, 2.0 * model.nu * (1.0 - excess)) * scale,
        curvature,
    )


def _log_sigma_slopes(Lambda: RelativeFactor, h: Array) -> list[Array]:
    """How log sigma-hat changes with the F of each term, (k, k): the second equation in the head."""
    sums = Lambda.blocks.outer_sums(h, h)
    return Lambda.blocks.term_parts([-H @ L for H, L in zip(sums, Lambda.parts, strict=True)])


def _root(S: Array, sd: Array, *, exactly: bool) -> Array:
    """A root (k, k) of S, or of its nearest neighbor that has one."""
    unit = np.where(sd > 0, sd, 1.0)
    eigenvalues, Q = np.linalg.eigh(S / np.outer(unit, unit))
    if exactly and eigenvalues[0] < -1e-12:
        raise np.linalg.LinAlgError("no covariance has this correlation beside the others")
    return np.asarray(unit[:, None] * Q * np.sqrt(np.maximum(eigenvalues, 0.0)))


def _square(F: Array) -> Array:
    """A lower-triangular factor (k, k) with the F F' of F (k, r)."""
    upper = np.asarray(np.linalg.qr(F.T, mode="r"))
    square = np.zeros((len(F), len(F)))
    square[:, : len(upper)] = upper.T
    return square
