"""Which finding explains which: chains of made-up findings, their severities and the verdict's codes."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

import pytest

from mmtriage.diagnose import causes
from mmtriage.diagnose.causes import explain_causes, explain_refusal
from mmtriage.diagnose.finding import Finding, finding
from mmtriage.diagnose.judgement import THRESHOLDS
from mmtriage.diagnose.severity import Severity
from mmtriage.diagnose.verdict import SEVERITY_OF, Verdict, VerdictStatus

SLOPE = finding("MM101", "slope of extreme scale", terms=("(1 + x | g)",))
COLUMNS = finding("MM101", "columns of X on different scales", columns=("x", "z"))
FAR = finding("MM106", "far origin", terms=("(1 + x | g)",))
FAR_COLUMN = finding("MM106", "column of X far from zero", columns=("x",))
GRADIENT = finding("MM401", "gradient")
HESSIAN = finding("MM402", "Hessian")
SHORT = finding("MM403", "stopped short")
BUDGET = finding("MM404", "budget")


def verdict_of(status: VerdictStatus, *, gap: float | None = None) -> Verdict:
    return Verdict(
        status=status,
        severity=SEVERITY_OF[status],
        codes=(),
        message="",
        gap=gap,
        max_shift_se=None,
        thresholds=THRESHOLDS,
    )


def explained(
    status: VerdictStatus,
    findings: Sequence[Finding],
    *,
    proven: Sequence[str] = (),
    gap: float | None = None,
) -> tuple[tuple[str, ...], dict[str, tuple[Severity, tuple[str, ...]]]]:
    """The verdict's codes, and severity and causes of every finding."""
    verdict, linked = explain_causes(verdict_of(status, gap=gap), findings, proven)
    return verdict.codes, {f.code: (f.severity, f.caused_by) for f in linked}


@pytest.mark.parametrize("upstream", [SLOPE, FAR], ids=["scale", "origin"])
def test_a_suspect_column_explains_a_fit_that_stopped_short(upstream: Finding) -> None:
    codes, found = explained("not_converged", [upstream, SHORT, GRADIENT, HESSIAN])
    assert codes == (upstream.code, "MM403")
    assert found == {
        upstream.code: ("warning", ()),
        "MM403": ("info", (upstream.code,)),
        "MM401": ("info", ("MM403",)),
        "MM402": ("info", ("MM403",)),
    }


def test_what_a_rung_has_proven_is_the_cause() -> None:
    codes, found = explained("not_converged", [SLOPE, FAR, SHORT], proven=["MM106"])
    assert codes == ("MM106", "MM403")
    assert found["MM106"] == ("warning", ())
    assert found["MM101"] == ("info", ())
    assert found["MM403"] == ("info", ("MM106",))


def test_what_is_wrong_with_the_model_stands_before_what_its_numbers_do() -> None:
    constant = finding("MM304", "constant in groups", severity="warning", terms=("(1 + x | g)",))
    codes, found = explained("not_converged", [FAR, constant, SHORT], proven=["MM106"])
    assert codes == ("MM304", "MM106", "MM403")
    assert found["MM403"] == ("info", ("MM304", "MM106"))
    assert explained("false_alarm", [FAR, constant, GRADIENT])[0] == ("MM401",)


def test_a_row_that_decides_alone_explains_the_singular_terms_that_it_makes() -> None:
    outlier = finding("MM108", "row 7 decides", terms=("(1 + x | g)",))
    perfect = finding("MM311", "perfect", terms=("(1 + x | g)",))
    zero = finding("MM310", "zero", terms=("(1 | h)",))
    codes, found = explained("singular", [perfect, outlier])
    assert (codes, found["MM311"]) == (("MM108", "MM311"), ("info", ("MM108",)))
    assert explained("singular", [zero, outlier])[0] == ("MM310",)
    assert explained("not_converged", [outlier, SHORT])[0] == ("MM108", "MM403")


def test_a_number_read_as_text_explains_a_refusal_for_its_levels() -> None:
    text = finding("MM107", "text", columns=("dose",))
    refusal = finding("MM305", "too many", columns=("g",), terms=("(1 + dose | g)",))
    other = finding("MM305", "too many", columns=("g",), terms=("(1 + x | g)",))
    verdict, linked = explain_refusal(verdict_of("unidentifiable"), [text, refusal])
    assert verdict.codes == ("MM107",)
    assert [(f.severity, f.caused_by) for f in linked] == [("warning", ()), ("info", ("MM107",))]
    assert explain_refusal(verdict_of("unidentifiable"), [text, other])[1] == (text, other)


def test_what_was_not_found_cannot_be_proven() -> None:
    codes, _ = explained("not_converged", [SLOPE, SHORT], proven=["MM106"])
    assert codes == ("MM101", "MM403")


def test_columns_of_x_are_no_suspects_of_a_linear_mixed_model() -> None:
    """lme4's rule on X: scaling X never moves theta."""
    codes, found = explained("not_converged", [COLUMNS, SHORT])
    assert codes == ("MM403",)
    assert found == {"MM101": ("info", ()), "MM403": ("error", ())}


def test_columns_of_x_are_a_cause_only_where_an_attempt_proves_it() -> None:
    codes, found = explained("not_converged", [COLUMNS, FAR_COLUMN, SHORT])
    assert codes == ("MM403",)
    codes, found = explained("false_alarm", [COLUMNS, FAR_COLUMN, GRADIENT], proven=["MM101"])
    assert codes == ("MM101", "MM401")
    assert found["MM401"] == ("info", ("MM101",))


def test_a_budget_explains_a_short_fit_where_no_column_does() -> None:
    codes, found = explained("not_converged", [SHORT, BUDGET])
    assert codes == ("MM404", "MM403")
    assert found == {"MM403": ("info", ("MM404",)), "MM404": ("warning", ())}


def test_an_exhausted_budget_beside_a_suspect_column_is_its_consequence() -> None:
    _, found = explained("not_converged", [SLOPE, SHORT, BUDGET])
    assert found["MM404"] == ("info", ("MM101",))


def test_a_lesser_optimum_explains_a_fit_that_lies_at_it() -> None:
    several = finding("MM406", "two optima", criteria=(83.474, 83.525), optima=2, reference=83.474)
    codes, found = explained("not_converged", [SHORT, several], gap=0.051)
    assert codes == ("MM406", "MM403")
    assert found == {"MM403": ("info", ("MM406",)), "MM406": ("warning", ())}
    elsewhere, _ = explained("not_converged", [SHORT, several], gap=3.0)
    assert elsewhere == ("MM403",)


def test_an_edge_explains_a_short_fit_where_nothing_else_does() -> None:
    zero = finding("MM310", "zero variance")
    codes, found = explained("not_converged", [SHORT, zero])
    assert codes == ("MM310", "MM403")
    assert found["MM403"] == ("info", ("MM310",))


def test_a_short_fit_without_a_suspect_stands_alone() -> None:
    codes, found = explained("not_converged", [SHORT])
    assert (codes, found) == (("MM403",), {"MM403": ("error", ())})


def test_a_false_alarm_makes_its_warnings_notes() -> None:
    codes, found = explained("false_alarm", [GRADIENT, HESSIAN])
    assert codes == ("MM401", "MM402")
    assert found == {"MM401": ("info", ()), "MM402": ("info", ())}


def test_a_false_alarm_that_rescaling_clears_has_a_cause() -> None:
    codes, found = explained("false_alarm", [SLOPE, GRADIENT], proven=["MM101"])
    assert codes == ("MM101", "MM401")
    assert found == {"MM101": ("info", ()), "MM401": ("info", ("MM101",))}


def test_an_unidentifiable_model_is_its_errors_and_what_they_do() -> None:
    found_by = [
        replace(finding("MM304", "constant slope"), severity="error"),
        finding("MM308", "confounded"),
        GRADIENT,
        finding("MM301", "few levels"),
    ]
    codes, found = explained("unidentifiable", found_by)
    assert codes == ("MM304", "MM308")
    assert found["MM401"] == ("info", ("MM304", "MM308"))
    assert found["MM301"] == ("info", ())


def test_a_constant_slope_that_is_only_a_warning_is_not_a_cause() -> None:
    codes, _ = explained("unidentifiable", [finding("MM304", "constant"), finding("MM308", "confounded")])
    assert codes == ("MM308",)


def test_where_a_flat_ridge_ends_is_chance() -> None:
    confounded = finding("MM308", "confounded", terms=("(1 | g)", "(1 | a)"))
    zero = finding("MM310", "zero variance", terms=("(1 | a)",))
    other = finding("MM311", "perfect correlation", terms=("(1 + x | h)",))
    _, found = explained("unidentifiable", [confounded, zero, other])
    assert found["MM310"] == ("info", ("MM308",))
    assert found["MM311"] == ("warning", ())


def test_a_singular_covariance_explains_failed_checks() -> None:
    codes, found = explained("singular", [finding("MM310", "zero"), finding("MM311", "perfect"), HESSIAN])
    assert codes == ("MM310", "MM311")
    assert found["MM310"] == ("warning", ())
    assert found["MM402"] == ("info", ("MM310", "MM311"))


def test_reused_labels_explain_the_zero_variance_of_their_factor() -> None:
    reused = finding("MM307", "reused labels", terms=("(1 | b)",))
    zero = finding("MM310", "zero variance", terms=("(1 | b)",))
    codes, found = explained("singular", [zero, reused])
    assert codes == ("MM307", "MM310")
    assert found == {"MM310": ("info", ("MM307",)), "MM307": ("warning", ())}


@pytest.mark.parametrize("status", ["converged", "undetermined"])
def test_other_verdicts_have_no_chain(status: VerdictStatus) -> None:
    codes, found = explained(status, [SLOPE, FAR])
    assert (codes, found) == ((), {"MM101": ("info", ()), "MM106": ("info", ())})


def test_no_finding_is_its_own_cause() -> None:
    _, linked = explain_causes(verdict_of("not_converged"), [BUDGET, SHORT, SLOPE, FAR, GRADIENT], [])
    assert all(f.code not in f.caused_by for f in linked)


def test_the_failure_of_the_inner_iteration_explains_a_fit_that_is_not_there() -> None:
    failure = finding("MM408", "PIRLS fails, the link leaves the range")
    codes, found = explained("not_converged", [failure, SHORT])
    assert codes == ("MM408", "MM403")
    assert found == {"MM408": ("error", ()), "MM403": ("info", ("MM408",))}


def test_no_optimum_and_no_fit_are_both_the_failure_of_the_inner_iteration() -> None:
    codes, found = explained("undetermined", [finding("MM408", "PIRLS fails"), SHORT])
    assert codes == ("MM408",)
    assert found == {"MM408": ("error", ()), "MM403": ("info", ("MM408",))}


def test_a_scale_that_the_inner_iteration_fails_of_is_no_remark() -> None:
    failure = replace(finding("MM408", "PIRLS fails, scale", columns=("x",)), caused_by=("MM101",))
    codes, found = explained("not_converged", [COLUMNS, failure, SHORT])
    assert codes == ("MM101", "MM408", "MM403")
    assert found["MM101"] == ("warning", ())


def test_several_optima_on_a_ridge_are_the_ridge() -> None:
    constant = finding("MM304", "constant slope", severity="error", terms=("(x | g)",))
    codes, found = explained("unidentifiable", [constant, finding("MM406", "several optima")])
    assert codes == ("MM304",)
    assert found["MM406"] == ("info", ("MM304",))


def test_what_was_found_where_a_search_without_end_stopped_is_no_finding_of_its_own() -> None:
    separation = finding("MM203", "separated", terms=("x",))
    _, found = explained("unidentifiable", [separation, finding("MM310", "zero"), finding("MM406", "optima")])
    assert found["MM310"] == found["MM406"] == ("info", ("MM203",))


def test_what_a_finding_knows_of_its_own_cause_is_kept() -> None:
    separation = finding("MM203", "separated", terms=("x",))
    extreme = replace(finding("MM205", "extreme", terms=("x",)), caused_by=("MM203",))
    failure = replace(finding("MM408", "PIRLS fails, separated"), caused_by=("MM203",))
    codes, found = explained("unidentifiable", [separation, extreme, failure, SHORT])
    assert codes == ("MM203",)
    assert found["MM205"] == found["MM408"] == ("info", ("MM203",))
    assert found["MM203"] == ("error", ())


@pytest.mark.parametrize(("column", "first"), [("x", ("MM205", "MM410")), ("z", ("MM410",))])
def test_a_coefficient_without_a_size_explains_its_own_wrong_standard_error(
    column: str, first: tuple[str, ...]
) -> None:
    errors = finding("MM410", "standard error of x", columns=("x",))
    codes, _ = explained("wrong_se", [errors, finding("MM205", "implausible", columns=(column,))])
    assert codes == first


@pytest.mark.parametrize(("thetas", "first"), [((836.0, 0.33), "MM403"), (None, "MM310")])
def test_another_theta_of_a_negative_binomial_is_no_fault_of_a_variance_at_zero(
    thetas: tuple[float, float] | None, first: str
) -> None:
    short = finding("MM403", "stopped short", nb_thetas=thetas)
    codes, _ = explained("not_converged", [finding("MM310", "a variance of zero"), short], gap=1177.0)
    assert codes[0] == first


def test_the_docstring_prints_the_graph() -> None:
    said = str(causes.__doc__)
    assert "    not_converged   pirls-failure, after what explains it\n" in said
    assert "    the roots -> stopped-short\n" in said
    assert "    the roots -> optimizers-disagree (unless wrong_se)\n" in said
    assert "    stopped-short -> gradient, hessian (under not_converged)\n" in said
    assert (
        "    nesting -> zero-variance, perfect-correlation, covariance-rank (unless unidentifiable, of the "
        "same term)\n"
    ) in said
    assert said.count(" -> ") == len(causes.ARROWS)
