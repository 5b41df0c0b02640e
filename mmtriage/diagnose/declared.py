"""Every finding, declared once: its name, its severity, what it takes to look for it, and who looks.

    code, name, severity   as reports print them; codes are API, never reused and never renamed
    requires               what there must be before the question can be asked (see `Requires`)
    check                  the function that looks: its module in this folder (in `ladder` where the rungs are
                           required) and its name; findings share one where one look tells them apart
    verdicts               the verdicts that name the finding among their reasons
    model                  the kind of model that is asked at all (see `ModelKind`)

The checks run in the order of the table (`run_checks`), and findings stand in a report in this order. What is
"not assessed" of a model that cannot be fitted, the catalogue that `explain`, completion and SARIF list, and
the codes that a verdict rests on follow from the table. So a new finding is a row here, the check that the
row names, a page in `explain/pages`, and a test.

Where there is no fit to ask, MM407 and MM408 are looked for all the same, by `exact_fit` and `pirls_failure`.
And rung 1 may prove MM101 or MM106 of columns that break no rule (`ladder.guilty_columns`).

Nothing here imports more than the standard library: `mmtriage explain` and shell completion answer at once.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal, TypeAlias

from mmtriage.diagnose.severity import Severity
from mmtriage.diagnose.verdict import VerdictStatus
from mmtriage.model.spec import ModelSpec

Requires: TypeAlias = Literal[
    "design",  # a design; an error among these means that lme4 would refuse it, or has nothing to fit
    "accepted",  # a design that lme4 would fit
    "fit",  # lme4's fit beside the proven optimum
    "refits",  # optima of other models beside that, each as costly as the first
    "verdict",  # the verdict on them, and the fit of fewer rows
    "ladder",  # what the rungs have tried
]
ModelKind: TypeAlias = Literal[
    "any",
    "linear",
    "generalized",
    "with scale",  # generalized, and how much the response scatters is estimated beside its mean
    "without scale",  # generalized, and the mean alone says how much the response scatters
    "counts",  # generalized, of counts without a limit
]


@dataclass(frozen=True, slots=True)
class Declaration:
    """One finding of the catalogue."""

    code: str  # "MM304"
    name: str  # "slope-constant-in-group"
    severity: Severity  # when the finding stands alone
    requires: Requires
    check: str  # "structure.constant_slopes"
    verdicts: tuple[VerdictStatus, ...] = ()
    model: ModelKind = "any"

    @property
    def group(self) -> str:
        """`MM3` of `MM304`: one of GROUPS."""
        return self.code[:3]

    def is_asked_of(self, spec: ModelSpec) -> bool:
        """Whether a model is asked at all."""
        match self.model:
            case "any":
                return True
            case "linear":
                return spec.is_linear
            case "generalized":
                return not spec.is_linear
            case "with scale":
                return not spec.is_linear and spec.distribution.estimates_scale
            case "without scale":
                return not spec.distribution.estimates_scale
            case "counts":
                return spec.distribution.is_count


GROUPS = {  # how codes begin -> what these findings are about
    "MM1": "data",
    "MM2": "fixed effects",
    "MM3": "random effects",
    "MM4": "optimum",
    "MM5": "distribution of the response",
}

_STRUCTURE: tuple[VerdictStatus, ...] = ("unidentifiable",)
_BOUNDARY: tuple[VerdictStatus, ...] = ("singular",)
_ALARM: tuple[VerdictStatus, ...] = ("false_alarm",)
_WRONG_SE: tuple[VerdictStatus, ...] = ("wrong_se",)
_SHORT: tuple[VerdictStatus, ...] = ("not_converged",)
_NO_FIT: tuple[VerdictStatus, ...] = ("undetermined", *_SHORT)

DECLARED = (
    Declaration("MM302", "one-level-grouping", "error", "design", "grouping.refusals", _STRUCTURE),
    Declaration("MM303", "observation-level", "error", "design", "grouping.refusals", _STRUCTURE),
    Declaration("MM305", "too-many-random-effects", "error", "design", "grouping.refusals", _STRUCTURE),
    Declaration("MM103", "constant-response", "error", "design", "contents.constant_response", _STRUCTURE),
    Declaration("MM102", "response-scale", "info", "design", "scale.response_scale", model="linear"),
    Declaration("MM104", "missing-rows", "info", "design", "contents.missing_rows"),
    Declaration("MM105", "numeric-grouping", "warning", "design", "contents.numeric_grouping"),
    Declaration("MM107", "nearly-numeric", "warning", "design", "nearly_numeric.strange_cells"),
    Declaration("MM101", "predictor-scale", "info", "design", "scale.predictor_scale"),
    Declaration("MM106", "far-origin", "info", "design", "scale.far_origin"),
    Declaration("MM201", "rank-deficient", "warning", "design", "fixed.rank_deficient"),
    Declaration("MM202", "collinear", "warning", "design", "fixed.collinear"),
    Declaration("MM204", "uncentred-slope", "info", "design", "fixed.uncentered_slopes"),
    Declaration("MM206", "family", "warning", "design", "family_chosen.unsuited_family"),
    Declaration(
        "MM313", "slope-without-fixed-effect", "warning", "design", "slopes_alone.slopes_without_mean"
    ),
    Declaration(
        "MM207", "few-events", "warning", "accepted", "family_chosen.few_events", model="without scale"
    ),
    Declaration(
        "MM203", "separation", "error", "accepted", "separation.separated", _STRUCTURE, "generalized"
    ),
    Declaration("MM301", "too-few-levels", "info", "fit", "grouping.small_groups"),
    Declaration("MM306", "singleton-groups", "info", "fit", "grouping.small_groups"),
    Declaration(
        "MM304", "slope-constant-in-group", "warning", "fit", "structure.constant_slopes", _STRUCTURE
    ),
    Declaration("MM308", "confounded-components", "error", "fit", "structure.confounded", _STRUCTURE),
    Declaration("MM309", "grouping-also-fixed", "error", "fit", "structure.confounded", _STRUCTURE),
    Declaration("MM310", "zero-variance", "warning", "fit", "singularity.singular_terms", _BOUNDARY),
    Declaration("MM311", "perfect-correlation", "warning", "fit", "singularity.singular_terms", _BOUNDARY),
    Declaration("MM312", "covariance-rank", "warning", "fit", "singularity.singular_terms", _BOUNDARY),
    Declaration("MM314", "nearly-singular", "info", "fit", "singularity.nearly_singular"),
    Declaration("MM403", "stopped-short", "error", "fit", "convergence.stopped_short", _SHORT),
    Declaration("MM406", "several-optima", "warning", "fit", "convergence.several_optima"),
    Declaration(
        "MM411", "several-modes", "warning", "fit", "several_modes.several_modes", model="generalized"
    ),
    Declaration("MM407", "flat-direction", "error", "fit", "convergence.flat_direction", _STRUCTURE),
    Declaration("MM401", "gradient", "warning", "fit", "convergence.gradient_test", _ALARM),
    Declaration("MM402", "hessian", "warning", "fit", "convergence.hessian_test", _ALARM),
    Declaration("MM409", "hangs-on-rounding", "warning", "fit", "repeats.hangs_on_rounding"),
    Declaration("MM410", "standard-errors", "error", "fit", "standard_errors.printed_errors", _WRONG_SE),
    Declaration("MM404", "budget-exhausted", "warning", "fit", "convergence.spent_budget", _SHORT + _ALARM),
    Declaration("MM408", "pirls-failure", "error", "fit", "pirls_failure.failed_fit", _NO_FIT, "generalized"),
    Declaration(
        "MM501", "overdispersion", "warning", "fit", "dispersion.overdispersed", model="without scale"
    ),
    Declaration("MM502", "zero-inflation", "warning", "fit", "zeros.zero_inflated", model="counts"),
    Declaration("MM205", "extreme-coefficient", "warning", "fit", "extreme.implausible", model="generalized"),
    Declaration(
        "MM503", "laplace-bias", "warning", "refits", "laplace_bias.off_quadrature", model="generalized"
    ),
    Declaration(
        "MM102", "response-scale", "info", "refits", "response_unit.unit_of_response", model="with scale"
    ),
    Declaration("MM307", "nesting", "warning", "refits", "nesting.reused_labels"),
    Declaration("MM108", "outlier", "warning", "verdict", "outliers.outlying_rows", model="linear"),
    Declaration("MM405", "optimizers-disagree", "warning", "ladder", "disagreement.disagreement"),
)

# Of a code that is found in two ways, of two kinds of models, the first declaration.
_FIRST = {declared.code: declared for declared in reversed(DECLARED)}
CATALOGUE = {code: _FIRST[code] for code in sorted(_FIRST)}


def reasons_for(status: VerdictStatus) -> tuple[str, ...]:
    """The codes that a verdict of this status may name among its reasons."""
    return tuple(code for code, declared in CATALOGUE.items() if status in declared.verdicts)


STRUCTURAL = reasons_for("unidentifiable")  # as errors: no optimizer and no software can repair them
SINGULAR = reasons_for("singular")
