"""The cone of covariances diag(s) C(rho) diag(s) in orthonormal columns, and the faces of its strata.

A face writes F = R diag(s) B(phi) with the columns' R (`algebra/coordinates.py`); its coordinates x are the
z of the SDs that are free (s = z where there is one SD, s_i = z_i^2 else), then phi unless rho is held. Where
fewer than two SDs are left rho means nothing and is no coordinate.

Off a stratum lead the SDs that are zero and the rho that is held: the criterion's slope along an SD or rho is
tr(G dS), which `inward` gives per unit of relative SD, or of rho. Where rho means nothing, each way off leads
to the rho at which the criterion falls most (`leaving.py`).
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from mmtriage.arrays import Array
from mmtriage.engine.algebra.coordinates import TermBasis
from mmtriage.engine.structures.covariance_factor import CovarianceFactor
from mmtriage.engine.structures.interfaces import Held, Inward, Stratum
from mmtriage.engine.structures.leaving import way_of_a_second_sd, way_of_all_sds, way_of_one_sd
from mmtriage.engine.structures.scaled import Scaled

OPEN = Held()
ANGLE_STEP = 0.5  # natural step of phi: a third of its range
LEVEL = 1e-6  # deviance units per relative SD: a slope that rounding may have made


@dataclass(frozen=True, slots=True)
class ScaledCone:
    """The covariances of one term; its columns are linearly independent."""

    structure: Scaled
    basis: TermBasis

    @property
    def interior(self) -> Held:
        """Nothing is held."""
        return OPEN

    @property
    def origin(self) -> Held:
        """All SDs are zero."""
        return Held(zeros=tuple(range(self.structure.n_sds)))

    def face(self, F: Array, stratum: Stratum) -> tuple[ScaledFace, Array]:
        """The face of a stratum, and the point on it that is near to F F'."""
        assert isinstance(stratum, Held)
        face = ScaledFace(self.structure, self.basis, stratum)
        raw = self.basis.inverse @ F
        if not self.structure.homogeneous:
            raw[list(stratum.zeros)] = 0.0
        parameters = self.structure.parameters_of(raw @ raw.T, face.column_sizes)
        sds = parameters[: self.structure.n_sds]
        z = sds if self.structure.homogeneous else np.sqrt(sds)
        phi = self.structure.correlation.angle(self.structure.rho(parameters))
        return face, np.append(z[list(face.present)], [phi] * face.has_angle)


@dataclass(frozen=True, slots=True)
class ScaledFace:
    """Smooth coordinates of one stratum."""

    structure: Scaled
    basis: TermBasis
    stratum: Held

    @property
    def present(self) -> tuple[int, ...]:
        """The SDs that are not zero."""
        return tuple(i for i in range(self.structure.n_sds) if i not in self.stratum.zeros)

    @property
    def columns(self) -> int:
        """How many columns of the term vary."""
        return self.structure.width if self.structure.homogeneous and self.present else len(self.present)

    @property
    def has_meaningful_rho(self) -> bool:
        """Whether there is a rho, and two columns that vary."""
        return self.structure.has_rho and self.columns > 1

    @property
    def has_angle(self) -> bool:
        """Whether rho is free and means something."""
        return self.has_meaningful_rho and self.stratum.rho is None

    @property
    def size(self) -> int:
        """Number of coordinates."""
        return len(self.present) + self.has_angle

    @property
    def rank(self) -> int:
        """Of S, where SDs and rho are not at further bounds."""
        if not self.has_meaningful_rho or self.stratum.rho is None:
            return self.columns
        return self.structure.correlation.rank(self.columns, self.stratum.rho)

    @property
    def is_open(self) -> bool:
        """Whether nothing is held."""
        return self.stratum == OPEN

    @property
    def column_sizes(self) -> Array:
        """Root mean squares of the user's columns, (k,)."""
        return np.asarray(np.sqrt(np.sum(self.basis.R**2, axis=0)))

    def sds(self, x: Array) -> Array:
        """s (k,) at the coordinates."""
        if self.structure.homogeneous:
            return np.full(self.structure.width, x[0] if self.present else 0.0)
        s = np.zeros(self.structure.width)
        s[list(self.present)] = x[: len(self.present)] ** 2
        return s

    def angle(self, x: Array) -> float:
        """phi at the coordinates; that of rho = 0 where rho means nothing."""
        if self.has_angle:
            return float(x[-1])
        held = self.stratum.rho if self.has_meaningful_rho else None
        return self.structure.correlation.angle(0.0 if held is None else held)

    def factor(self, x: Array) -> Array:
        """F (k, k)."""
        F: Array = (self.basis.R * self.sds(x)) @ self.structure.correlation.root(self.angle(x))[0]
        return F

    def slopes(self, x: Array, D: Array) -> Array:
        """`<D, F_i>`, (size,)."""
        return np.asarray(np.einsum("iab,ab->i", self._tangents(x), D))

    def _tangents(self, x: Array) -> Array:
        """F_i (size, k, k)."""
        B, dB, _ = self.structure.correlation.root(self.angle(x))
        tangents = [self.basis.R @ part for part in self._by_sd(x, B)]
        if self.has_angle:
            tangents.append((self.basis.R * self.sds(x)) @ dB)
        return np.array(tangents).reshape(self.size, *self.basis.R.shape)

    def _by_sd(self, x: Array, B: Array) -> list[Array]:
        """d(diag(s) B)/dz, (k, k) for each SD that is present."""
        if self.structure.homogeneous:
            return [B] * len(self.present)
        own = np.arange(self.structure.width)[:, None]
        return [np.where(own == i, 2.0 * z * B, 0.0) for i, z in zip(self.present, x, strict=False)]

    def scales(self, x: Array, natural: float) -> Array:
        """Of an SD what adds a natural step to its column, of phi `ANGLE_STEP`."""
        sizes = np.where(self.column_sizes > 0.0, self.column_sizes, 1.0)
        if self.structure.homogeneous:
            own = np.full(len(self.present), natural / np.linalg.norm(sizes) * np.sqrt(len(sizes)))
        else:
            own = 0.5 * np.sqrt(natural / sizes[list(self.present)])
        return np.append(own, [ANGLE_STEP] * self.has_angle)

    def carry(self, x: Array, F: Array, h: Array, out: Array) -> None:
        """`dS h` = (F_i F' + F F_i') h."""
        through = h @ F
        for i, T in enumerate(self._tangents(x)):
            out[:, :, i] += through @ T.T + (h @ T) @ F.T

    def bend(self, x: Array, F: Array, D: Array) -> Array:
        """`2 tr(G F_i F_j') + <D, F_ij>`, G from D = 2 G F, which null directions of F know nothing of."""
        T = self._tangents(x)
        G = CovarianceFactor(F, len(F)).covariance_slope(D)
        bend: Array = 2.0 * np.einsum("iab,jab->ij", T, G @ T)
        B, dB, ddB = self.structure.correlation.root(self.angle(x))
        user = self.basis.R.T @ D  # D by the entries of diag(s) B
        if not self.structure.homogeneous:
            for a, i in enumerate(self.present):
                bend[a, a] += 2.0 * float(user[i] @ B[i])
        if self.has_angle:
            crossed = [float(np.vdot(user, part)) for part in self._by_sd(x, dB)]
            bend[:-1, -1] += crossed
            bend[-1, :-1] += crossed
            bend[-1, -1] += float(np.vdot(user, self.sds(x)[:, None] * ddB))
        return bend

    def _near(self, x: Array, least: float) -> list[tuple[float, int | None, float | None]]:
        """Distance, the SD or the bound of rho, of all that are nearer than `least`; the nearest first."""
        reach = np.abs(self.sds(x)) * self.column_sizes
        if self.structure.homogeneous:
            found: list[tuple[float, int | None, float | None]] = [(float(np.max(reach)), 0, None)] * len(
                self.present
            )
        else:
            found = [(float(reach[i]), i, None) for i in self.present]
        bounds = self.structure.correlation.bounds
        if self.has_angle and bounds is not None:
            gaps = self.structure.correlation.gaps(float(x[-1]))
            found += [
                (gap * float(np.max(reach)), None, bound) for gap, bound in zip(gaps, bounds, strict=True)
            ]
        return sorted((item for item in found if item[0] < least), key=lambda item: item[0])

    def near_bounds(self, x: Array, F: Array, least: float) -> list[float]:
        """Relative SDs by which SDs and rho are from their bounds."""
        del F
        return [distance for distance, _, _ in self._near(x, least)]

    def closed(self, x: Array, F: Array, count: int) -> Held:
        """The nearest are held too."""
        del F
        taken = self._near(x, np.inf)[:count]
        zeros = {*self.stratum.zeros, *(i for _, i, _ in taken if i is not None)}
        rho = next((bound for _, _, bound in taken if bound is not None), self.stratum.rho)
        return Held(tuple(sorted(zeros)), rho)

    def inward(self, x: Array, F: Array, G: Array) -> list[Inward]:
        """The ways off: a direction's first entries are the moves of SDs by the step, the last that of phi.

        Where rho means nothing the last is no move, but the phi that the way leads to.
        """
        del F
        user = self.basis.R.T @ G @ self.basis.R
        if self.structure.has_rho and not self.has_meaningful_rho:
            return self._off_one_column(x, user) if self.present else [self._off_origin(user)]
        if not self.present:
            return [self._off_origin(user)]
        phi = self.angle(x)
        B, _, _ = self.structure.correlation.root(phi)
        own = user * (B @ B.T) @ self.sds(x)
        ways = [self._of_sd(i, 2.0 * float(own[i]), 0.0) for i in self.stratum.zeros]
        return ways if self.stratum.rho is None else [*ways, self._of_rho(x, user, phi)]

    def _of_sd(self, i: int, slope: float, phi: float) -> Inward:
        """A way off by one SD, its slope given in the user's units."""
        size = max(float(self.column_sizes[i]), np.finfo(float).tiny)
        direction = np.append(np.eye(self.structure.n_sds)[i] / size, phi)
        return Inward(slope / size, direction, is_decided=abs(slope / size) > LEVEL)

    def _of_rho(self, x: Array, user: Array, phi: float) -> Inward:
        """The way off the bound of rho."""
        s, rho, bounds = self.sds(x), self.stratum.rho, self.structure.correlation.bounds
        assert rho is not None
        assert bounds is not None
        side = 1.0 if rho == bounds[0] else -1.0
        slope = side * float(s @ (user * self.structure.correlation.slope(rho)) @ s)
        reach = float(np.max(np.abs(s) * self.column_sizes))
        direction = np.append(np.zeros(self.structure.n_sds), side / reach)
        return Inward(slope, direction, is_decided=abs(slope) > LEVEL)

    def _off_one_column(self, x: Array, user: Array) -> list[Inward]:
        """Ways off where one column alone varies."""
        (j,) = self.present
        s, correlation = self.sds(x), self.structure.correlation
        ways = []
        for i in self.stratum.zeros:
            slope, rho = way_of_a_second_sd(user[i], j, i, correlation)
            ways.append(self._of_sd(i, 2.0 * slope * float(s[j]), correlation.angle(rho)))
        return ways

    def _off_origin(self, user: Array) -> Inward:
        """The way off S = 0, its slope per unit of relative variance."""
        sizes, correlation = self.column_sizes, self.structure.correlation
        if self.structure.homogeneous:
            way = way_of_one_sd(user, correlation)
            scale = float(np.linalg.norm(sizes))
            moves = np.array([1.0 / scale])
            return Inward(
                way.slope / scale**2,
                np.append(moves, correlation.angle(way.rho)),
                is_decided=abs(way.slope) / scale**2 > LEVEL,
            )
        way = way_of_all_sds(user / np.outer(sizes, sizes), correlation)
        moves = way.direction / np.linalg.norm(way.direction) / sizes
        return Inward(way.slope, np.append(moves, correlation.angle(way.rho)), is_decided=way.is_decided)

    def opened(self, along: Inward) -> Held:
        """What moves is held no more."""
        moves = along.direction[:-1] != 0.0
        zeros = tuple(i for i in self.stratum.zeros if not moves[i])
        is_held = self.has_meaningful_rho and along.direction[-1] == 0.0
        return Held(zeros, self.stratum.rho if is_held else None)

    def moved(self, x: Array, F: Array, along: Inward, step: float) -> Array:
        """F (k, k) a step along a way off."""
        del F
        moves = step * along.direction
        s = self.sds(x) + (moves[0] if self.structure.homogeneous else moves[:-1])
        is_absolute = self.structure.has_rho and not self.has_meaningful_rho
        phi = float(along.direction[-1]) if is_absolute else self.angle(x) + float(moves[-1])
        found: Array = (self.basis.R * s) @ self.structure.correlation.root(phi)[0]
        return found
