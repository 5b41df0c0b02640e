"""The criterion in the parameters that a user names, against its profiled form and against differences."""

from __future__ import annotations

from itertools import product

import numpy as np
import pytest

from mmtriage.engine.comparison import Comparison
from mmtriage.engine.linear.model import LinearModel
from mmtriage.engine.optimum.faces import Place
from mmtriage.plotted.criterion import parameters_of
from mmtriage.plotted.surface import Parameter, Spot, Surface
from tests.plotted.fitted import cbpp, sleep

MODELS = {"linear": sleep, "generalized": cbpp}
STEP = 1e-5


def surface_of(comparison: Comparison) -> tuple[Surface, Spot]:
    """The surface, and a spot away from the optimum."""
    log_sigma = float(np.log(comparison.optimum_fit.sigma))
    place = comparison.optimum.place
    moved = Place([F * 1.3 for F in place.factors], place.free + 0.1)
    surface = Surface(comparison.prepared, log_sigma)
    return surface, Spot(moved, log_sigma + (0.2 if surface.frees_sigma else 0.0))


@pytest.mark.parametrize("model", MODELS)
def test_the_optimum_has_its_criterion(model: str) -> None:
    comparison = MODELS[model]()
    surface, _ = surface_of(comparison)
    at = Spot(comparison.optimum.place, surface.log_sigma)
    assert surface.value(at) == pytest.approx(comparison.optimum_fit.criterion, abs=1e-8)


def test_sigma_costs_what_the_likelihood_says() -> None:
    """At fixed relative covariances: nu log sigma^2 + r^2 / sigma^2."""
    comparison = sleep()
    surface, spot = surface_of(comparison)
    problem = comparison.prepared.model
    assert isinstance(problem, LinearModel)
    at = problem.evaluate(*spot.place)
    nu, r2 = problem.nu, problem.nu * problem.sigma(at) ** 2
    sigma = np.exp(spot.log_sigma)
    profiled = at.criterion - nu * (1.0 + np.log(2.0 * np.pi * r2 / nu))
    expected = profiled + nu * np.log(2.0 * np.pi * sigma**2) + r2 / sigma**2
    assert surface.value(spot) == pytest.approx(expected, abs=1e-9)


@pytest.mark.parametrize("model", MODELS)
def test_slopes_are_those_of_differences(model: str) -> None:
    surface, spot = surface_of(MODELS[model]())
    face, x, scale = surface.face(spot)
    z = x / scale
    gradient = surface.point(face, scale, z).gradient
    for i in range(len(z)):
        step = np.zeros(len(z))
        step[i] = STEP
        above, below = (surface.point(face, scale, z + side * step).value for side in (1.0, -1.0))
        assert gradient[i] == pytest.approx((above - below) / (2.0 * STEP), rel=1e-5, abs=1e-5)


@pytest.mark.parametrize("parameter", parameters_of(sleep()), ids=str)
def test_slopes_of_parameters_are_those_of_differences(parameter: Parameter) -> None:
    surface, spot = surface_of(sleep())
    face, x, scale = surface.face(spot)
    z = x / scale
    _, gradient = surface.coordinate(parameter, face, scale, z)
    for i in range(len(z)):
        step = np.zeros(len(z))
        step[i] = STEP
        above, below = (surface.coordinate(parameter, face, scale, z + side * step)[0] for side in (1, -1))
        assert gradient[i] == pytest.approx((above - below) / (2.0 * STEP), rel=1e-6, abs=1e-8)


@pytest.mark.parametrize("parameter", parameters_of(sleep()), ids=str)
def test_a_move_leaves_the_other_parameters_alone(parameter: Parameter) -> None:
    surface, spot = surface_of(sleep())
    target = 0.4 if parameter.is_correlation else 12.0
    moved = surface.move(parameter, spot, target, exactly=True)
    for other in parameters_of(sleep()):
        expected = target if other == parameter else surface.measure(other, spot)
        assert surface.measure(other, moved) == pytest.approx(expected, rel=1e-9)


def test_no_covariance_has_three_correlations_that_contradict_each_other() -> None:
    from tests.plotted.fitted import comparison

    machines = comparison("Machines.csv", "score ~ Machine + (Machine | Worker)")
    surface, spot = surface_of(machines)
    correlations = [p for p in parameters_of(machines) if p.is_correlation]
    for parameter, target in product(correlations, (-0.999, 0.999)):
        near = surface.move(parameter, spot, target, exactly=False)
        assert np.isfinite(surface.value(near))
    with pytest.raises(np.linalg.LinAlgError, match="no covariance"):
        surface.move(correlations[0], spot, -0.999, exactly=True)
