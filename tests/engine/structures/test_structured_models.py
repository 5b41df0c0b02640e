"""Models with a structured covariance: what they are equal to, what moves them not, what data can tell."""

from __future__ import annotations

import numpy as np
import pytest
from scipy.optimize import minimize

from mmtriage.arrays import Array
from mmtriage.data.table import Table
from mmtriage.engine.comparison import Comparison, compare_fits
from mmtriage.engine.generalized.model import GeneralizedModel
from mmtriage.engine.linear.kenward_roger import kenward_roger
from mmtriage.engine.linear.model import LinearModel
from mmtriage.engine.linear.satterthwaite import satterthwaite_df
from mmtriage.engine.optimum.faces import open_face
from mmtriage.engine.optimum.protocol import cones
from mmtriage.engine.prepared import Prepared, prepare
from mmtriage.engine.structures.parameter_layout import layout_of
from mmtriage.errors import FormulaError
from mmtriage.formula import parse_formula
from mmtriage.formula.structured import StructureTag, Tag
from tests.engine.designs import case_of, high_order_slope
from tests.engine.glmms import Glmm, glmm_of, glmm_table
from tests.engine.structures.covariances import COVARIANCES, random_parameters, structured_case
from tests.glmm_oracle import criterion, hessian
from tests.model.tables import design, factor, numeric, table
from tests.oracle import dense_fit

GROUPS, CELLS, EACH = 14, 3, 3


def cells(rho: float, *, sd: float = 1.0, each: int = EACH, k: int = CELLS, seed: int = 0) -> Table:
    """`each` rows of every cell; cell effects of one variance that correlate by rho within a group."""
    rng = np.random.default_rng(seed)
    C = np.full((k, k), rho) + (1.0 - rho) * np.eye(k)
    effects = sd * rng.multivariate_normal(np.zeros(k), C, size=GROUPS)
    g, f = (a.ravel() for a in np.meshgrid(np.arange(GROUPS), np.repeat(np.arange(k), each), indexing="ij"))
    return table(
        numeric("y", effects[g, f] + rng.normal(size=len(g)) + 0.3 * f),
        numeric("x", 1.0 + rng.normal(size=len(g))),
        numeric("z", rng.normal(size=len(g))),
        factor("g", [f"{code:02d}" for code in g]),
        factor("f", [f"{code}" for code in f]),
        factor("back", [f"{k - code}" for code in f]),
    )


def proven(data: Table, formula: str) -> Comparison:
    comparison = compare_fits(prepared(data, formula), seed=1)
    assert comparison.optimum.certificate.certified
    return comparison


def prepared(data: Table, formula: str) -> Prepared:
    return prepare(design(data, formula))


@pytest.mark.parametrize("homogeneous", [True, False])
@pytest.mark.parametrize("tag", ["diag", "cs", "ar1"])
@pytest.mark.parametrize("k", [2, 3])
def test_a_tag_says_of_linearity_what_its_structure_does(tag: Tag, homogeneous: bool, k: int) -> None:
    """Notes ask the tag, Kenward and Roger's method the structure."""
    written = StructureTag(tag, homogeneous=homogeneous)
    made = layout_of(design(cells(0.0, k=k), f"y ~ {written.around('0 + f | g')}").random)
    assert made.is_linear == written.is_linear(k)


def test_one_variance_and_one_correlation_are_intercepts_of_groups_and_of_cells() -> None:
    data = cells(0.5)
    one = proven(data, "y ~ f + cs(0 + f | g, hom = TRUE)")
    two = proven(data, "y ~ f + (1 | g) + (1 | g:f)")
    assert one.optimum.criterion == pytest.approx(two.optimum.criterion, abs=1e-7)
    of_cells, of_groups = (float(S[0, 0]) for S in two.optimum_fit.covariances)
    S = one.optimum_fit.covariances[0]
    assert S[0, 1] == pytest.approx(of_groups, rel=1e-4)
    assert S[0, 0] == pytest.approx(of_groups + of_cells, rel=1e-4)


def test_a_negative_correlation_is_something_that_intercepts_cannot_say() -> None:
    data = cells(-0.4)
    one = proven(data, "y ~ f + cs(0 + f | g, hom = TRUE)")
    two = proven(data, "y ~ f + (1 | g) + (1 | g:f)")
    assert one.optimum.criterion < two.optimum.criterion - 1.0
    assert one.optimum_fit.theta[-1] < -0.2


def test_an_order_of_levels_does_not_move_what_it_does_not_mean() -> None:
    """Compound symmetry has no order; an autoregression may be read from its other end."""
    data = cells(0.4, k=4)
    for tag in ("cs({})", "ar1({})", "ar1({}, hom = FALSE)"):
        one = proven(data, f"y ~ f + {tag.format('0 + f | g')}")
        other = proven(data, f"y ~ f + {tag.format('0 + back | g')}")
        assert one.optimum.criterion == pytest.approx(other.optimum.criterion, abs=1e-6)


def test_a_column_may_have_any_unit_where_it_has_an_sd_of_its_own() -> None:
    data = cells(0.4)
    one = proven(data, "y ~ x + z + cs(1 + x + z | g)")
    other = proven(data, "y ~ x + z + cs(1 + I(20 * x) + z | g)")
    moved = proven(data, "y ~ x + z + cs(1 + I(x - 5) + z | g)")
    assert one.optimum.criterion == pytest.approx(other.optimum.criterion, abs=1e-6)
    assert abs(one.optimum.criterion - moved.optimum.criterion) > 1e-3


def test_groups_that_do_not_differ_have_their_optimum_at_zero() -> None:
    data = cells(0.0, sd=0.0, seed=6)
    for tag in ("cs({})", "cs({}, hom = TRUE)", "ar1({})"):
        comparison = compare_fits(prepared(data, f"y ~ f + {tag.format('0 + f | g')}"), seed=1)
        certificate = comparison.optimum.certificate
        assert comparison.is_singular
        assert certificate.certified or "not decided" in certificate.reason


@pytest.mark.parametrize(
    ("tag", "each", "k", "count"),
    [
        ("cs({}, hom = TRUE)", 1, 4, 1),  # SD, rho and sigma from two moments
        ("cs({}, hom = TRUE)", 2, 4, 0),
        ("cs({})", 1, 4, 0),
        ("diag({}, hom = TRUE)", 1, 4, 1),
        ("diag({}, hom = TRUE)", 2, 4, 0),
        ("ar1({})", 1, 4, 0),
        ("ar1({})", 1, 2, 1),
        ("ar1({}, hom = FALSE)", 1, 4, 0),
    ],
)
def test_what_a_design_can_tell_apart(tag: str, each: int, k: int, count: int) -> None:
    found = prepared(cells(0.4, each=each, k=k), f"y ~ f + {tag.format('0 + f | g')}").null
    assert len(found) == count
    assert all(direction.includes_residual for direction in found)


def test_dependent_columns_are_refused() -> None:
    data = cells(0.4)
    with pytest.raises(FormulaError, match="depend on each other linearly"):
        prepared(data, "y ~ f + cs(1 + x + I(2 * x) | g)")


def test_very_many_columns_are_refused() -> None:
    n = 200
    data = table(
        numeric("y", np.random.default_rng(1).normal(size=n)),
        factor("g", [f"{i % 2}" for i in range(n)]),
        factor("f", [f"{i // 2:03d}" for i in range(n)]),
    )
    with pytest.raises(FormulaError, match="more than 60"):
        prepared(data, "y ~ 1 + ar1(0 + f | g)")


@pytest.mark.parametrize("tag", COVARIANCES)
@pytest.mark.parametrize("seed", [1, 2])
def test_no_search_of_the_dense_criterion_ends_lower(tag: str, seed: int) -> None:
    """L-BFGS-B in lme4's own box, on a criterion that knows nothing of the engine."""
    case = structured_case(tag, seed=seed)
    layout = case.problem.layout
    comparison = compare_fits(prepare(case.design), seed=1)
    assert comparison.optimum.certificate.certified
    k = layout.widths[0]

    def dense(parameters: Array) -> float:
        sigmas = [COVARIANCES[tag](parameters, k)]
        return dense_fit(case.design.y, case.design.X, case.blocks, sigmas, reml=True).criterion

    start = random_parameters(case, np.random.default_rng(seed))
    bounds = list(zip(layout.lower, layout.upper, strict=True))
    found = minimize(dense, start, method="L-BFGS-B", bounds=bounds, options={"maxiter": 40})
    assert comparison.optimum.criterion <= found.fun + 1e-6


def test_degrees_of_freedom_do_not_depend_on_how_a_covariance_is_written() -> None:
    data = cells(0.4)
    one = proven(data, "y ~ x + us(1 + x | g)")
    other = proven(data, "y ~ x + cs(1 + x | g)")
    found = []
    for comparison in (one, other):
        assert isinstance(comparison.prepared.model, LinearModel)
        found.append(satterthwaite_df(comparison.prepared.model, comparison.optimum_fit.theta))
    assert found[1] == pytest.approx(found[0], rel=1e-4)


@pytest.mark.parametrize(
    ("structured", "ordinary"),
    [
        ("y ~ f + cs(0 + f | g, hom = TRUE)", "y ~ f + (1 | g) + (1 | g:f)"),
        ("y ~ f + diag(0 + f | g, hom = TRUE)", "y ~ f + (1 | g:f)"),
        ("y ~ x + cs(1 + x | g)", "y ~ x + (1 + x | g)"),
        ("y ~ x + ar1(1 + x | g, hom = FALSE)", "y ~ x + (1 + x | g)"),
    ],
)
def test_kenward_and_rogers_method_does_not_depend_on_it_either(structured: str, ordinary: str) -> None:
    """That of ordinary terms is held against pbkrtest and the dense algebra."""
    data, found = cells(0.4), []
    for formula in (structured, ordinary):
        comparison = proven(data, formula)
        assert isinstance(comparison.prepared.model, LinearModel)
        test = kenward_roger(comparison.prepared.model, comparison.optimum_fit.factors)
        assert test is not None
        found.append(test)
    assert found[0].df == pytest.approx(found[1].df, rel=1e-4)
    assert found[0].se == pytest.approx(found[1].se, rel=1e-5)


def test_kenward_and_rogers_method_is_for_linear_covariances() -> None:
    for tag in (*COVARIANCES, "diag({})", "us({})"):
        for k, columns in ((2, "1 + x | g"), (3, "1 + x + z | g")):
            problem = prepared(cells(0.4), f"y ~ x + {tag.format(columns)}").model
            assert isinstance(problem, LinearModel)
            (bar,) = parse_formula(f"y ~ {tag.format(columns)}").random
            assert bar.structure.is_linear(k) == problem.layout.is_linear
            at = problem.basis.relative_factor(problem.layout.factors(problem.layout.start))
            assert (kenward_roger(problem, at) is not None) == problem.layout.is_linear


def of_cells(tag: str, nagq: int = 1) -> Glmm:
    data = glmm_table("poisson", "log", n=120)
    return glmm_of(data, f"y ~ x + {tag.format('0 + t | g')}", family="poisson", nagq=nagq)


GENERALIZED = [tag for tag in COVARIANCES if not tag.startswith("diag")]


def dense_criterion(glmm: Glmm, tag: str, parameters: Array, beta: Array) -> float:
    S = COVARIANCES[tag](parameters, glmm.problem.widths[0])
    L = np.asarray(np.linalg.cholesky(S), dtype=np.float64)
    return criterion(glmm.dense, L.T[np.triu_indices(len(L))], beta, glmm.problem.nagq)


@pytest.mark.parametrize("nagq", [0, 1])
@pytest.mark.parametrize("tag", GENERALIZED)
def test_a_generalized_criterion_is_that_of_the_dense_oracle(tag: str, nagq: int) -> None:
    glmm = of_cells(tag, nagq)
    parameters = np.where(np.isinf(glmm.problem.layout.upper), 0.8, 0.3)
    ours = glmm.problem.criterion(*glmm.problem.place(parameters, glmm.beta))
    assert ours == pytest.approx(dense_criterion(glmm, tag, parameters, glmm.beta), abs=1e-7)


@pytest.mark.parametrize("tag", GENERALIZED)
def test_a_generalized_gradient_is_that_of_high_order_differences(tag: str) -> None:
    glmm = of_cells(tag)
    problem = glmm.problem
    parameters = np.where(np.isinf(problem.layout.upper), 0.8, 0.3)
    place = problem.place(parameters, glmm.beta)
    face, x = open_face(place.factors, cones(problem), place.free)
    ours = face.slopes(x, *problem.expand(*face.place(x)).slopes)
    for i, move in enumerate(np.eye(face.size)):
        values = [problem.criterion(*face.place(x + j * 1e-3 * move)) for j in (-2, -1, 1, 2)]
        assert ours[i] == pytest.approx(high_order_slope(values, 1e-3), rel=1e-5, abs=1e-5)


def test_standard_errors_are_those_of_the_dense_hessian() -> None:
    """In (SD, rho, beta), of which the errors of beta do not depend."""
    tag = "cs({}, hom = TRUE)"
    glmm = of_cells(tag)
    comparison = compare_fits(prepare(glmm.design), seed=1)
    assert comparison.optimum.certificate.certified
    assert not comparison.is_singular
    fit = comparison.optimum_fit
    m = len(fit.theta)
    at = np.concatenate([fit.theta, fit.beta])
    H = hessian(lambda v: dense_criterion(glmm, tag, v[:m], v[m:]), at, np.full(len(at), 2e-3))
    assert isinstance(comparison.prepared.model, GeneralizedModel)
    assert fit.se == pytest.approx(np.sqrt(np.diag(2.0 * np.linalg.inv(H))[m:]), rel=1e-4)


def test_the_criterion_of_lme4s_parameters_is_that_of_the_place() -> None:
    case = case_of(cells(0.4), "y ~ f + cs(0 + f | g)")
    parameters = np.array([0.7, 1.1, 0.9, -0.3])
    S = COVARIANCES["cs({})"](parameters, 3)
    root = np.asarray(np.linalg.cholesky(S), dtype=np.float64)
    assert prepare(case.design).objective(parameters) == pytest.approx(case.dense([root]).criterion, abs=1e-8)
