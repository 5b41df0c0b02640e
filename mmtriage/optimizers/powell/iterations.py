"""BOBYQA's iterations: which step is tried next, what a new value changes, when to look closer, when to stop.

A trust region step is tried as long as it is worth an evaluation. Two radii govern it: Delta, of the trust
region, follows the ratio of the reduction of f to that of the model; rho <= Delta bounds it from below and
only ever shrinks, because steps shorter than rho / 2 would spoil the points before the model is right.

    step >= rho / 2   evaluate; a point leaves the set for the new one; if the model failed, improve the
                      place of a point that is far from the best
    step < rho / 2    if the model may still be wrong on the scale of rho, improve it; if not, rho is done
                      with: reduce it, to rhoend in the end

Two remedies against bad luck: where, three times in a row, the model of least norm has a much smaller
gradient than the updated model, it replaces it; where the denominators of an update have cancelled, RESCUE.

The decisions and their numbers are Powell's (bobyqb.f), because every one of them shows in the points.
"""

from __future__ import annotations

import math

import numpy as np

from mmtriage.arrays import Array
from mmtriage.optimizers.powell.evaluations import CANCELLATION, NO_DESCENT, Evaluations, StoppedError
from mmtriage.optimizers.powell.fixed_order import dot
from mmtriage.optimizers.powell.geometry import geometry_step
from mmtriage.optimizers.powell.interpolation import (
    Interpolation,
    Lagrange,
    denominators,
    lagrange_functions,
    move_base,
    squared_distances,
    update_inverse,
)
from mmtriage.optimizers.powell.quadratic import (
    Quadratic,
    diagonal_curvature,
    forget_point,
    least_norm_model,
    move_model,
    moved_gradient,
    predicted_change,
    squared_projected_gradient,
    take_in,
)
from mmtriage.optimizers.powell.rescue import rescue
from mmtriage.optimizers.powell.trust_region import TrustStep, trust_region_step

# All of these are of Powell's Fortran, bobyqb.f.
SHORT = 0.5  # of rho: a step not worth an evaluation
FAR_FROM_BASE = 1e-3  # |step|^2 / |best|^2 at which the base moves
POOR, GOOD = 0.1, 0.7  # ratios of the reduction of f to that of the model
NEARLY_RHO = 1.5  # a trust region not larger than this is rho
FAR_AFTER_FAILURE, FAR = 2.0, 10.0  # of Delta, of rho: a point further away is moved
NEARER = 0.1  # a moved point is that much nearer
CANCELLED = 0.5  # sigma below that share of tau^2 has no digits to rely on
FEWEST_BEFORE_REDUCTION = 2  # evaluations after the last long step
ERROR_SHARE = 0.125  # of rho^2 times the curvature: errors below do not matter
BETTER_NORM, PATIENCE = 10.0, 3  # of the model of least norm, squared gradient; how often in a row
LAST_LEG, MIDDLE_LEG, REDUCTION = 16.0, 250.0, 0.1  # of rho / rhoend, and how rho shrinks before


class Descent:
    """Points, model, radii and what the decisions remember."""

    def __init__(
        self,
        evaluate: Evaluations,
        points: Interpolation,
        model: Quadratic,
        *,
        rhobeg: float,
        rhoend: float,
    ) -> None:
        self.evaluate, self.points, self.model = evaluate, points, model
        self.delta = self.rho = rhobeg
        self.rhoend = rhoend
        self.length = 0.0  # of the last trust region step
        self.ratio = -1.0  # of the last reduction to the predicted one
        self.errors = (0.0, 0.0, 0.0)  # of the last predictions, latest first
        self.last_long = self.last_rescue = evaluate.count  # when a step was longer than rho, and RESCUE
        self.runs_of_least_norm = 0
        self.extra: tuple[Array, float] | None = None  # a last step that was evaluated only at the end
        self._move_gradient(points.centre)

    def iterate(self) -> bool:
        """One trust region step and what follows from it; False at the end."""
        tried = trust_region_step(self.points, self.model, self.delta)
        self.length = min(self.delta, math.sqrt(tried.squared))
        if self.length < SHORT * self.rho:
            limit = FAR * self.rho
            is_improved = self._may_be_wrong(tried) and self._improve(limit * limit, was_short=True)
            return is_improved or self._reduce(tried)
        if self._succeeds(tried):
            return True
        failed, limit = FAR_AFTER_FAILURE * self.delta, FAR * self.rho
        if self._improve(max(failed * failed, limit * limit), was_short=False):
            return True
        return self.ratio > 0.0 or max(self.delta, self.length) > self.rho or self._reduce(None)

    def _succeeds(self, tried: TrustStep) -> bool:
        """Evaluate a long step; False if the reduction is less than a tenth of the model's."""
        points, model = self.points, self.model
        target = tried.point - self._settle_base(tried.squared)
        at = lagrange_functions(points, tried.step)
        leaving = self._leaving(at, points.centre, with_best=False)
        if leaving is None:
            self._rescue()
            return True
        value = self.evaluate(points, target)
        least, predicted = points.least, predicted_change(model, tried.step, at.products)
        change = value - least
        self._note_error(change - predicted)
        if not predicted < 0.0:
            raise StoppedError(NO_DESCENT)
        self._adapt_radius(change / predicted)
        if change < 0.0:
            leaving = self._leaving(at, target, with_best=True) or leaving
        self._replace(leaving, at, target, value, tried.step, change - predicted)
        self._compare_with_least_norm()
        return value <= least + POOR * predicted  # true as well where the difference is below rounding

    def _leaving(self, at: Lagrange, target: Array, *, with_best: bool) -> tuple[int, float] | None:
        """The point that the new one replaces, and sigma; None if sigma has cancelled.

        Far from `target`, the best point to be, is a reason to leave.
        """
        sigma, tau = denominators(self.points, at), at.values[: len(self.points.Y)]
        far = squared_distances(self.points, target) / (self.delta * self.delta)
        weight = np.maximum(1.0, far * far)
        if not with_best:
            weight[self.points.best] = 0.0
        scores = weight * sigma
        k = int(scores.argmax())
        if not scores[k] > CANCELLED * float((weight * (tau * tau)).max()):
            return None
        return k, float(sigma[k])

    def _replace(
        self,
        leaving: tuple[int, float],
        at: Lagrange,
        target: Array,
        value: float,
        step: Array,
        residual: float,
    ) -> None:
        """Let the new point take the place of another, in H, in the model and in the set."""
        points, model = self.points, self.model
        k, sigma = leaving
        is_better, centre = value < points.least, points.centre.copy()
        update_inverse(points, k, at, sigma)
        forget_point(model, points, k)
        points.Y[k], points.values[k] = target, value
        take_in(model, points, k, centre, residual)
        if is_better:
            points.best = k
            self._move_gradient(step)

    def _move_gradient(self, step: Array) -> None:
        self.model.gradient = moved_gradient(self.model, self.points, step)

    def _note_error(self, error: float) -> None:
        self.errors = (abs(error), *self.errors[:2])
        if self.length > self.rho:
            self.last_long = self.evaluate.count

    def _adapt_radius(self, ratio: float) -> None:
        self.ratio = ratio
        half = 0.5 * self.delta
        if ratio <= POOR:
            self.delta = min(half, self.length)
        elif ratio <= GOOD:
            self.delta = max(half, self.length)
        else:
            self.delta = max(half, self.length + self.length)
        self._not_nearly_rho()

    def _not_nearly_rho(self) -> None:
        if self.delta <= NEARLY_RHO * self.rho:
            self.delta = self.rho

    def _compare_with_least_norm(self) -> None:
        points, model = self.points, self.model
        other = least_norm_model(points)
        ours = squared_projected_gradient(points, model.gradient)
        theirs = squared_projected_gradient(points, other.gradient)
        self.runs_of_least_norm += 1
        if ours < BETTER_NORM * theirs:
            self.runs_of_least_norm = 0
        if self.runs_of_least_norm >= PATIENCE:
            model.gradient, model.implicit = other.gradient, other.implicit
            model.explicit = np.zeros_like(model.explicit)
            self.runs_of_least_norm = 0

    def _may_be_wrong(self, tried: TrustStep) -> bool:
        """Whether a step is short although the model may have an error that matters at a distance of rho."""
        if self.evaluate.count <= self.last_long + FEWEST_BEFORE_REDUCTION:
            return True
        error, rho = max(self.errors), self.rho
        if tried.curvature > 0.0 and error > ERROR_SHARE * rho * rho * tried.curvature:
            return True
        points, slope = self.points, error / rho
        walls = zip(tried.point == points.lower, tried.point == points.upper, strict=True)
        for j, (on_lower, on_upper) in enumerate(walls):
            inward = float(tried.gradient[j]) * (-1.0 if on_upper else 1.0)
            if (on_lower or on_upper) and inward < slope:
                inward += 0.5 * diagonal_curvature(self.model, points, j) * rho
                if inward < slope:
                    return True
        return False

    def _improve(self, limit: float, *, was_short: bool) -> bool:
        """Move the point furthest from the best, if its squared distance is more than `limit`."""
        distances = squared_distances(self.points, self.points.centre)
        k = int(distances.argmax())
        if not distances[k] > limit:
            return False
        distance = math.sqrt(distances[k])
        if was_short:
            self.delta = min(NEARER * self.delta, 0.5 * distance)
            self._not_nearly_rho()
        radius = max(min(NEARER * distance, self.delta), self.rho)
        self._settle_base(radius * radius)
        while not self._is_moved(k, radius):
            if self._rescue():
                break
        return True

    def _is_moved(self, k: int, radius: float) -> bool:
        """Put point k where its Lagrange function is large; False if the denominator has cancelled."""
        points = self.points
        found = geometry_step(points, k, radius)
        target = found.on_line
        step, at, sigma = self._sigma_at(target, k, found.alpha)
        if found.cauchy_squared > 0.0 and sigma < found.cauchy_squared:
            target = found.cauchy
            step, at, sigma = self._sigma_at(target, k, found.alpha)
        if not sigma > CANCELLED * float(at.values[k] * at.values[k]):
            return False
        value = self.evaluate(points, target)
        residual = value - points.least - predicted_change(self.model, step, at.products)
        self._note_error(residual)
        self._replace((k, sigma), at, target, value, step, residual)
        return True

    def _sigma_at(self, target: Array, k: int, alpha: float) -> tuple[Array, Lagrange, float]:
        step = target - self.points.centre
        at = lagrange_functions(self.points, step)
        tau = float(at.values[k])
        return step, at, tau * tau + alpha * at.beta

    def _settle_base(self, squared: float) -> Array:
        """Move the base to the best point if that is far for a step of this square; by how much, (n,)."""
        centre = self.points.centre.copy()
        if not squared <= FAR_FROM_BASE * dot(centre, centre):
            return np.zeros_like(centre)
        move_model(self.model, self.points, centre, share=-0.5)
        move_base(self.points)
        return centre

    def _rescue(self) -> bool:
        """Whether points were evaluated to make H anew."""
        if self.evaluate.count <= self.last_rescue:
            raise StoppedError(CANCELLATION)
        self.last_long, best = self.evaluate.count, self.points.best
        is_renewed = rescue(self.points, self.model, self.delta, self.evaluate)
        self.last_rescue = self.evaluate.count
        if is_renewed:
            self.last_long = self.evaluate.count
            if self.points.best != best:
                self._move_gradient(self.points.centre)
        return is_renewed

    def _reduce(self, tried: TrustStep | None) -> bool:
        """A smaller rho; False if there is none, after evaluating a step that had been too short for it."""
        if self.rho <= self.rhoend:
            if tried is not None:
                value = self.evaluate(self.points, tried.point)
                self.extra = self.evaluate.position(self.points, tried.point), value
            return False
        self.delta, ratio = 0.5 * self.rho, self.rho / self.rhoend
        if ratio <= LAST_LEG:
            self.rho = self.rhoend
        else:
            self.rho = math.sqrt(ratio) * self.rhoend if ratio <= MIDDLE_LEG else REDUCTION * self.rho
        self.delta = max(self.delta, self.rho)
        self.last_long = self.evaluate.count
        return True
