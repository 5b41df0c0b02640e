"""MM408: why glmer's inner iteration fails, on models that fail in lme4."""

from __future__ import annotations

import pytest

from mmtriage.diagnose.finding import Finding, finding
from mmtriage.diagnose.pirls_failure import failed_fit, is_pirls_error, pirls_failure
from mmtriage.diagnose.run_checks import of_accepted, of_design
from mmtriage.model.families import family_of
from mmtriage.model.spec import ModelSpec
from tests.diagnose.generalized import counts, proven
from tests.diagnose.planted import fitted
from tests.diagnose.test_separation import golden
from tests.golden_cases import golden_case

NAN_ERROR = "PIRLS loop resulted in NaN value"


def failure_of(case_id: str) -> Finding:
    design = golden(case_id)
    error = golden_case(case_id).expected["error"]
    return pirls_failure(design, error, [*of_design(design), *of_accepted(design)], None)


def test_rows_that_leave_the_range_of_the_mean_are_named_with_their_column() -> None:
    found = failure_of("fails_poisson_identity")
    assert found.message == (
        f"glmer's inner iteration fails ({NAN_ERROR}): the identity link lets the mean leave its range; in "
        "the first steps, without random effects, the linear predictor of 12 rows (5, 15, 29, 41, 84, ...) "
        "is not positive, mostly by `x`"
    )
    assert (found.severity, found.columns, found.evidence["reason"]) == ("error", ("x",), "link")


@pytest.mark.parametrize(
    ("case_id", "sign"),
    [
        ("fails_gamma_inverse", "positive"),
        ("fails_gamma_identity", "positive"),
        ("fails_binomial_log", "negative"),
        ("fails_binomial_log_downdate", "negative"),
    ],
)
def test_the_link_is_the_reason_where_it_can_leave_the_range(case_id: str, sign: str) -> None:
    found = failure_of(case_id)
    assert found.evidence["reason"] == "link"
    assert sign in found.message


def test_separation_is_the_reason_where_the_link_cannot_be() -> None:
    found = failure_of("fails_separation")
    assert found.message == (
        "glmer's inner iteration fails (pwrssUpdate did not converge in (maxit) iterations): the responses "
        "are separated"
    )
    assert (found.columns, found.caused_by) == (("x",), ("MM203",))


def test_the_scale_is_a_suspect_where_nothing_else_is() -> None:
    scale = finding("MM101", "wild", columns=("x",))
    found = pirls_failure(counts(1), NAN_ERROR, [scale], None)
    assert found.message == (
        f"glmer's inner iteration fails ({NAN_ERROR}): the predictors' scale or origin is the only suspect"
    )
    assert (found.columns, found.caused_by) == (("x",), ("MM101",))


def test_a_reason_that_is_not_found_is_not_guessed() -> None:
    found = pirls_failure(counts(1), NAN_ERROR, [], None)
    assert found.message == (
        f"glmer's inner iteration fails ({NAN_ERROR}): neither the link nor the responses nor the "
        "predictors' scale gives a reason"
    )
    assert found.caused_by == ()


def test_only_errors_of_the_inner_iteration_are_explained() -> None:
    assert not is_pirls_error("cannot find valid starting values: please specify some")
    assert failed_fit(fitted(proven(counts(1)))) == []
    assert failed_fit(fitted(proven(counts(1), error="something else"))) == []
    (found,) = failed_fit(fitted(proven(counts(1), error=NAN_ERROR)))
    assert found.code == "MM408"


@pytest.mark.parametrize(
    ("family", "link", "side"),
    [
        ("binomial", "log", -1),
        ("binomial", "logit", None),
        ("poisson", "identity", 1),
        ("poisson", "sqrt", None),
        ("Gamma", "inverse", 1),
        ("inverse.gaussian", "1/mu^2", 1),
        ("gaussian", "inverse", None),
    ],
)
def test_the_side_on_which_means_exist(family: str, link: str, side: int | None) -> None:
    assert family_of(ModelSpec(family=family, link=link)).eta_sign == side
