"""The likelihood of generalized models against the dense oracle and differences, and what moves it not."""

from __future__ import annotations

from collections.abc import Callable
from contextlib import suppress
from dataclasses import replace
from itertools import product

import numpy as np
import pytest

from mmtriage.arrays import Array
from mmtriage.data.table import Table
from mmtriage.deadline import Deadline, TimeBudgetError
from mmtriage.engine.algebra.theta import factors_of_theta, lme4_theta
from mmtriage.engine.generalized.laid_out import LARGEST_STEP
from mmtriage.engine.generalized.model import GeneralizedModel
from mmtriage.engine.generalized.modes import Pirls
from mmtriage.engine.optimum.faces import NO_FREE, Place
from tests.engine.glmms import (
    NB_THETA,
    PAIRS,
    SHAPES,
    Glmm,
    glmm_of,
    glmm_table,
    pair_case,
    place_at,
    shape_case,
)
from tests.glmm_oracle import joint_pirls, pirls
from tests.model.tables import factor, numeric, table

EVERY = [pytest.param(*pair, nagq, id=f"{'-'.join(pair)}-{nagq}") for pair, nagq in product(PAIRS, (0, 1, 7))]
SHAPED = [pytest.param(name, nagq, id=f"{name}-{nagq}") for name, nagq in product(SHAPES, (0, 1))]
# Central differences of eighth order.
EIGHTH = {1: 4.0 / 5.0, 2: -1.0 / 5.0, 3: 4.0 / 105.0, 4: -1.0 / 280.0}


def slope_at_zero(f: Callable[[float], float], step: float) -> float:
    """f'(0)."""
    return sum(c * (f(k * step) - f(-k * step)) for k, c in EIGHTH.items()) / step


def assert_slopes_are_exact(problem: GeneralizedModel, place: Place) -> None:
    """All entries of d criterion / d F, those above the diagonal too, and d criterion / d free."""
    slopes = problem.slopes(problem.evaluate(*place))
    for t, F in enumerate(place.factors):
        step = 0.02 * max(float(np.max(np.abs(F))), 0.05)
        for i, j in np.ndindex(*F.shape):

            def along_entry(h: float, t: int = t, i: int = i, j: int = j) -> float:
                factors = [G.copy() for G in place.factors]
                factors[t][i, j] += h
                return problem.criterion(factors, place.free)

            assert slopes.factors[t][i, j] == pytest.approx(
                slope_at_zero(along_entry, step), rel=1e-7, abs=1e-7
            )
    for j in range(len(problem.free)):

        def along_free(h: float, j: int = j) -> float:
            free = place.free.copy()
            free[j] += h * problem.free_scale[j]
            return problem.criterion(place.factors, free)

        exact = slopes.free[j] * problem.free_scale[j]
        assert exact == pytest.approx(slope_at_zero(along_free, 0.01), rel=1e-7, abs=1e-7)


@pytest.mark.parametrize(("family", "link", "nagq"), EVERY)
def test_criterion_and_slopes_of_every_family_and_link(family: str, link: str, nagq: int) -> None:
    case = pair_case(family, link, nagq)
    assert case.problem.criterion(*case.place) + left_out(case) == pytest.approx(case.oracle(), rel=1e-11)
    assert_slopes_are_exact(case.problem, case.place)


def left_out(case: Glmm) -> float:
    """What ours has and lme4's criterion lacks: the saturated model, where its theta is estimated."""
    problem = case.problem
    if problem.nagq <= 1 or not problem.free.estimates_nb_theta:
        return 0.0
    return -problem.family.with_theta(NB_THETA).saturated(problem.y, problem.weights, problem.trials)


@pytest.mark.parametrize(("name", "nagq"), SHAPED)
def test_criterion_and_slopes_of_every_shape(name: str, nagq: int) -> None:
    case = shape_case(name, nagq)
    assert case.problem.criterion(*case.place) == pytest.approx(case.oracle(), rel=1e-11)
    assert_slopes_are_exact(case.problem, case.place)


@pytest.mark.parametrize("name", ["scalar slope", "offset", "proportions", "no fixed effects"])
def test_quadrature_of_other_shapes(name: str) -> None:
    predictors, family, link, options = SHAPES[name]
    if name == "offset":
        predictors, family = "x + (1 | g)", "poisson"
    response = "share" if name == "proportions" else "y"
    case = glmm_of(
        glmm_table(family, link), f"{response} ~ {predictors}", family=family, link=link, nagq=9, **options
    )
    assert case.problem.criterion(*case.place) == pytest.approx(case.oracle(), rel=1e-11)
    assert_slopes_are_exact(case.problem, case.place)


@pytest.mark.parametrize("nagq", [0, 1])
@pytest.mark.parametrize("name", ["slope", "crossed", "nested", "weights", "two terms on a factor"])
def test_modes_and_sigma_are_those_of_the_oracle(name: str, nagq: int) -> None:
    case = shape_case(name, nagq)
    at = case.problem.evaluate(*case.place)
    dense = joint_pirls(case.dense, case.theta) if nagq == 0 else pirls(case.dense, case.theta, case.beta)
    assert case.problem.users_mean(at) == pytest.approx(dense.mu, rel=1e-9)
    assert case.problem.user_beta(at) == pytest.approx(dense.beta, rel=1e-8, abs=1e-9)
    u = case.problem.units.root_penalty * at.modes.u
    assert u @ u == pytest.approx(dense.u @ dense.u, rel=1e-8)
    assert case.problem.sigma(at) == pytest.approx(dense.sigma, rel=1e-9)
    spread = np.zeros(len(case.design.y))
    for term, b in zip(case.design.random, case.problem.random_effects(at), strict=True):
        spread += np.sum(term.Z * b[term.codes], axis=1)
    fixed = case.dense.fixed_part(case.problem.user_beta(at))
    eta = case.problem.family.link.link(case.problem.users_mean(at))
    assert fixed + spread == pytest.approx(eta, abs=1e-9)


def test_conditional_covariance_is_that_of_the_penalized_system() -> None:
    for name in ("crossed", "weights"):
        case = shape_case(name)
        at = case.problem.evaluate(*case.place)
        M = np.column_stack([case.dense.random_columns(case.theta), case.design.X])
        penalty = np.diag(np.repeat([1.0, 0.0], [M.shape[1] - case.problem.p, case.problem.p]))
        whole = np.linalg.inv(M.T @ (at.modes.terms.W[:, None] * M) + penalty)
        expected = case.problem.sigma(at) ** 2 * whole[-case.problem.p :, -case.problem.p :]
        assert case.problem.conditional_covariance(at) == pytest.approx(expected, rel=1e-8)


# null directions


@pytest.mark.parametrize(("family", "link"), PAIRS)
def test_the_covariance_gradient_is_exact_in_directions_off_the_face(family: str, link: str) -> None:
    """In S the criterion is smooth at the boundary: one-sided differences in a variance at zero."""
    case = pair_case(family, link, 1)
    problem, place = case.problem, case.place
    factors = [np.array([[float(place.factors[0][0, 0]), 0.0], [0.0, 0.0]]), np.zeros((1, 1))]
    G = problem.covariance_gradient(factors, place.free)
    step = 1e-4 * float(place.factors[0][0, 0]) ** 2
    for term, N in ((0, np.array([0.6, 0.8])), (0, np.array([0.0, 1.0])), (1, np.ones(1))):
        values = []
        for times in (0, 1, 2, 3, 4):
            moved = [F.copy() for F in factors]
            S = moved[term] @ moved[term].T + times * step * np.outer(N, N)
            w, Q = np.linalg.eigh(S)
            moved[term] = Q * np.sqrt(np.maximum(w, 0.0))
            values.append(problem.criterion(moved, place.free))
        one_sided = np.dot([-25.0 / 12.0, 4.0, -3.0, 4.0 / 3.0, -0.25], values) / step
        assert N @ G[term] @ N == pytest.approx(one_sided, rel=1e-5, abs=1e-5)


def test_the_covariance_gradient_agrees_with_the_slopes_in_the_interior() -> None:
    for name in ("crossed", "two terms on a factor", "everything"):
        case = shape_case(name)
        slopes = case.problem.slopes(case.problem.evaluate(*case.place)).factors
        G = case.problem.covariance_gradient(*case.place)
        for gradient, F, slope in zip(G, case.place.factors, slopes, strict=True):
            assert gradient == pytest.approx(gradient.T)
            assert 2.0 * gradient @ F == pytest.approx(slope, rel=1e-8, abs=1e-8)


@pytest.mark.parametrize("nagq", [0, 7])
def test_the_slope_at_a_variance_of_zero_is_its_multiplier(nagq: int) -> None:
    case = pair_case("poisson", "log", nagq, predictors="x + (1 | g)")
    (G,) = case.problem.covariance_gradient([np.zeros((1, 1))], case.place.free)
    values = [case.problem.criterion([np.array([[np.sqrt(s)]])], case.place.free) for s in (0.0, 1e-6, 2e-6)]
    assert G[0, 0] == pytest.approx((4.0 * values[1] - 3.0 * values[0] - values[2]) / 2e-6, rel=1e-5)


# invariances


def criterion_of(data: Table, formula: str, like: Glmm, theta: Array, beta: Array, **options: str) -> float:
    """The criterion at lme4's theta and beta of a formula of another table."""
    spec = like.design.spec
    case = glmm_of(data, formula, family=spec.family, link=spec.link, nagq=spec.nagq, **options)
    raw = tuple(factors_of_theta(theta, case.problem.widths))
    return case.problem.criterion(*place_at(case.problem, raw, beta))


@pytest.mark.parametrize("nagq", [0, 1, 7])
@pytest.mark.parametrize(
    ("family", "link"), [("binomial", "cloglog"), ("Gamma", "inverse"), ("negative.binomial", "log")]
)
def test_rows_and_levels_in_another_order_change_nothing(family: str, link: str, nagq: int) -> None:
    case = pair_case(family, link, nagq)
    data = glmm_table(family, link)
    order = np.random.default_rng(9).permutation(data.n_rows)
    columns = []
    for name, column in data.columns.items():
        if column.kind != "factor":
            columns.append(numeric(name, list(column.values[order])))
        elif name == "t":
            columns.append(factor(name, [column.levels[int(code)] for code in column.values[order]]))
        else:
            columns.append(factor(name, [f"{(int(c) * 5 + 3) % 97:02d}" for c in column.values[order]]))
    moved = criterion_of(table(*columns), case.design.formula.to_text(), case, case.theta, case.beta)
    assert moved == pytest.approx(case.problem.criterion(*case.place), rel=1e-11)


@pytest.mark.parametrize("nagq", [0, 1])
@pytest.mark.parametrize(("family", "link"), [("binomial", "logit"), ("gaussian", "inverse")])
def test_other_units_and_origins_change_nothing(family: str, link: str, nagq: int) -> None:
    """x = (year - 1900) / 7 in both parts: beta and Lambda follow, the criterion stays."""
    case = pair_case(family, link, nagq)
    data = glmm_table(family, link)
    x = data.columns["x"].values
    other = table(*data.columns.values(), numeric("far", list(1900.0 + 7.0 * x)))
    A = np.linalg.inv(np.array([[1.0, 1900.0], [0.0, 7.0]]))  # [1, x] = [1, far] A
    raw = [A @ case.raw[0], case.raw[1]]
    moved = criterion_of(other, "y ~ far + (far | g) + (1 | h)", case, lme4_theta(raw), A @ case.beta)
    assert moved == pytest.approx(case.problem.criterion(*case.place), rel=1e-10)


@pytest.mark.parametrize(
    ("one", "other"),
    [
        ("x + (x || g)", "x + (1 | g) + (0 + x | g)"),
        ("x + (1 | b/a)", "x + (1 | a:b) + (1 | b)"),
        ("x + (1 | b/a)", "x + (1 | b) + (1 | b:a)"),
        ("x + (1 | g) + (1 | h)", "1 + (1 | h) + x + (1 | g)"),
    ],
)
def test_formulas_that_say_the_same_are_the_same(one: str, other: str) -> None:
    first = pair_case("binomial", "probit", 1, predictors=one)
    second = pair_case("binomial", "probit", 1, predictors=other)
    sizes = {"g": 0.7, "h": 0.4, "a": 0.9, "b": 0.2}
    values = []
    for case in (first, second):
        raw = tuple(
            np.array([[sizes[term.group[0]] * (2.0 if "x" in term.columns else 1.0)]])
            if ":" not in term.group
            else np.array([[sizes["a"]]])
            for term in case.design.random
        )
        values.append(case.problem.criterion(*place_at(case.problem, raw, np.array([0.1, 0.3]))))
    assert values[0] == pytest.approx(values[1], rel=1e-12)


def test_a_row_of_k_trials_is_k_rows_but_for_a_constant() -> None:
    data = glmm_table("binomial", "logit")
    hits, size = (data.columns[name].values.astype(int) for name in ("hits", "size"))
    repeated = np.repeat(np.arange(data.n_rows), size)
    outcomes = np.concatenate([[1.0] * h + [0.0] * (m - h) for h, m in zip(hits, size, strict=True)])
    x, g = data.columns["x"].values[repeated], data.columns["g"]
    single = table(
        numeric("y", list(outcomes)),
        numeric("x", list(x)),
        factor("g", [g.levels[int(code)] for code in g.values[repeated]]),
    )
    differences = []
    for theta, beta in ((0.3, (0.0, 0.1)), (1.4, (0.7, -0.4))):
        at = np.array([theta]), np.array(beta)
        like = pair_case("binomial", "logit", 1)
        together = criterion_of(data, "cbind(hits, misses) ~ x + (1 | g)", like, *at)
        differences.append(criterion_of(single, "y ~ x + (1 | g)", like, *at) - together)
    assert differences[0] == pytest.approx(differences[1], abs=1e-9)


def test_the_sign_of_a_column_of_the_factor_means_nothing() -> None:
    case = shape_case("crossed")
    turned = [F @ np.diag([-1.0] * F.shape[1]) for F in case.place.factors]
    value = case.problem.criterion(*case.place)
    assert case.fresh().criterion(turned, case.place.free) == pytest.approx(value, rel=1e-12)


# the modes


@pytest.mark.parametrize(("family", "link", "nagq"), EVERY)
def test_the_answer_hangs_on_no_earlier_evaluation(family: str, link: str, nagq: int) -> None:
    """PIRLS starts where it ended last; it must end where it would have ended anyway."""
    case = pair_case(family, link, nagq)
    first = case.problem.evaluate(*case.place)
    rng = np.random.default_rng(3)
    for size in (0.0, 3.0, 30.0):
        problem = case.fresh()
        away = [size * F for F in case.place.factors]
        free = case.place.free + 0.3 * problem.free_scale * rng.normal(size=len(problem.free))
        with suppress(np.linalg.LinAlgError):  # where means leave their range
            problem.evaluate(away, free)
        again = problem.evaluate(*case.place)
        assert again.criterion == pytest.approx(first.criterion, rel=1e-12)
        assert again.modes.u == pytest.approx(first.modes.u, abs=1e-7)
        assert again.modes.beta == pytest.approx(first.modes.beta, rel=1e-8, abs=1e-8)


def test_an_evaluation_that_fails_leaves_no_trace() -> None:
    case = pair_case("poisson", "log", 1)
    value = case.problem.criterion(*case.place)
    with pytest.raises(np.linalg.LinAlgError):
        case.problem.criterion([np.full_like(F, np.nan) for F in case.place.factors], case.place.free)
    assert case.problem.criterion(*case.place) == pytest.approx(value, rel=1e-13)


HARD = {
    # counts near zero, an identity link: a full step makes means negative
    "identity": ("poisson", "identity", (0.0, 0.0, 1.0, 0.0, 0.0, 9.0, 0.0, 1.0, 0.0, 0.0, 30.0, 2.0), 6.0),
    # likely events, a log link and a low start: a full step makes probabilities above one
    "log": ("binomial", "log", (1.0, 1.0, 0.0, 0.0, 1.0, 0.0, 1.0, 0.0, 1.0, 0.0, 1.0, 1.0), -3.0),
    "inverse": ("Gamma", "inverse", (9.0, 80.0, 2.0, 0.3, 0.5, 0.1, 7.0, 30.0, 2.0, 0.2, 0.01, 4.0), 1.0),
}


@pytest.mark.parametrize("sd", [0.1, 0.5, 2.0])
@pytest.mark.parametrize("name", HARD)
def test_steps_out_of_the_means_range_are_halved(
    name: str, sd: float, monkeypatch: pytest.MonkeyPatch
) -> None:
    family, link, y, level = HARD[name]
    data = table(numeric("y", list(y)), factor("g", list("aaabbbcccddd")))
    case = glmm_of(data, "y ~ 1 + (1 | g)", family=family, link=link)
    case = replace(case, raw=(np.array([[sd]]),), beta=np.array([level]))
    tried = []
    modes_at = Pirls._modes_at

    def recorded(self: Pirls, *at: object) -> object:
        modes = modes_at(self, *at)  # type: ignore[arg-type]
        tried.append(modes.penalized if np.isfinite(modes.penalized) else np.inf)
        return modes

    monkeypatch.setattr(Pirls, "_modes_at", recorded)
    problem = case.fresh()
    at = problem.evaluate(*case.place)
    assert at.criterion == pytest.approx(case.oracle(), rel=1e-10)
    if sd == 2.0:  # a step led nowhere, or uphill
        assert np.any(np.array(tried)[1:] > np.minimum.accumulate(tried)[:-1] + 1e-6)


def test_a_place_without_a_mean_in_range_has_no_criterion() -> None:
    case = pair_case("binomial", "log", 1)
    with pytest.raises(np.linalg.LinAlgError):
        case.problem.criterion([np.zeros_like(F) for F in case.place.factors], case.place.free + 100.0)


def test_modes_far_out_on_the_logistic_are_found() -> None:
    """Groups of one outcome only and a relative SD of 30: the modes are at several hundred."""
    data = table(
        numeric("y", [0.0] * 8 + [1.0] * 8 + [0.0, 1.0] * 4),
        factor("g", [f"g{i // 4}" for i in range(24)]),
    )
    case = glmm_of(data, "y ~ 1 + (1 | g)", family="binomial", link="logit")
    for sd in (3.0, 30.0):
        far = replace(case, raw=(np.array([[sd]]),), beta=np.array([0.3]))
        assert case.fresh().criterion(*far.place) == pytest.approx(far.oracle(), rel=1e-9)


def test_the_deadline_is_asked() -> None:
    case = shape_case("crossed")
    late = replace(case.problem, deadline=Deadline(0.0, 1.0))
    with pytest.raises(TimeBudgetError):
        late.criterion(*case.place)
    with pytest.raises(TimeBudgetError):
        late.covariance_gradient(*case.place)


# free parameters


def test_free_parameters_are_beta_and_log_theta_in_their_own_steps() -> None:
    laplace, joint = pair_case("negative.binomial", "log", 1), pair_case("negative.binomial", "log", 0)
    assert (len(laplace.problem.free), len(joint.problem.free)) == (3, 1)
    assert (len(laplace.problem.free_scale), laplace.problem.free_scale[-1]) == (3, 1.0)
    assert laplace.place.free[-1] == pytest.approx(np.log(NB_THETA))
    assert laplace.problem.at(laplace.place.free).theta == pytest.approx(NB_THETA)
    assert pair_case("poisson", "log", 0).place.free is NO_FREE
    assert laplace.problem.basis.inverse @ laplace.place.free[:2] == pytest.approx(laplace.beta)


def test_natural_steps_are_standard_errors_beside_random_effects_of_sd_one() -> None:
    case = pair_case("binomial", "probit", 1)
    terms = case.problem.basis.terms
    unit = lme4_theta([basis.inverse for basis in terms])
    mode = joint_pirls(case.dense, unit)
    at = case.problem.evaluate([np.eye(len(b.R)) for b in terms], case.problem.free_of(mode.beta, None))
    R = case.problem.basis.R
    errors = np.sqrt(np.diag(R @ case.problem.conditional_covariance(at) @ R.T))
    assert case.problem.free_scale == pytest.approx(errors, rel=1e-6)


def test_where_random_effects_leave_the_means_range_steps_do_without_them() -> None:
    """Means of exp(eta) with random effects of SD 1 are no probabilities."""
    problem = pair_case("binomial", "log", 1).problem
    assert np.all(problem.free_scale > 0)
    assert np.all(problem.free_scale * np.max(np.abs(problem.rows.X), axis=0) <= LARGEST_STEP)


@pytest.mark.parametrize(("family", "link"), [("gaussian", "inverse"), ("poisson", "sqrt")])
def test_where_a_search_starts_hangs_on_no_earlier_evaluation(family: str, link: str) -> None:
    """These have modes on both sides of zero: PIRLS, begun where it ended last, stays on its side."""
    problem = pair_case(family, link, 1).problem
    zero = [np.zeros((k, k)) for k in problem.widths]
    first = problem.joint_mode(zero)
    problem.pirls.memory.beta = -first.beta
    again = problem.joint_mode(zero)
    assert again.penalized == pytest.approx(first.penalized, rel=1e-12)
    assert again.eta == pytest.approx(first.eta, rel=1e-9)


def test_a_negative_binomial_of_huge_theta_is_poisson() -> None:
    data = glmm_table("poisson", "log")
    nb, poisson = (
        glmm_of(data, "y ~ x + (x | g)", family=family, link="log")
        for family in ("negative.binomial", "poisson")
    )
    value = poisson.problem.criterion(*poisson.place)
    free = np.append(poisson.place.free, np.log(1e9))
    at = nb.problem.evaluate(poisson.place.factors, free)
    assert at.criterion == pytest.approx(value, rel=1e-7)
    assert nb.problem.slopes(at).free[-1] == pytest.approx(0.0, abs=1e-5)


@pytest.mark.parametrize("nagq", [0, 1])
def test_the_slope_in_log_theta_holds_from_small_to_large(nagq: int) -> None:
    case = pair_case("negative.binomial", "log", nagq)
    for log_theta in (-2.0, 0.0, 3.0, 8.0):
        free = case.place.free.copy()
        free[-1] = log_theta
        assert_slopes_are_exact(case.problem, Place(case.place.factors, free))


def test_zero_weights_leave_rows_out() -> None:
    data = glmm_table("poisson", "log")
    kept = np.arange(data.n_rows) % 6 != 0
    weighted = table(*data.columns.values(), numeric("keep", list(kept.astype(float))))
    like = pair_case("poisson", "log", 1)
    fewer = []
    for name, column in data.columns.items():
        if column.kind == "factor":
            fewer.append(factor(name, [column.levels[int(code)] for code in column.values[kept]]))
        else:
            fewer.append(numeric(name, list(column.values[kept])))
    at = like.theta, like.beta
    formula = like.design.formula.to_text()
    without = criterion_of(table(*fewer), formula, like, *at)
    assert criterion_of(weighted, formula, like, *at, weights="keep") == pytest.approx(without, rel=1e-12)
