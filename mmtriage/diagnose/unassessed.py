"""What was not looked for, and why: "not assessed" is not "passed"."""

from __future__ import annotations

from mmtriage.diagnose import dispersion, laplace_bias, nesting, zeros
from mmtriage.diagnose.extreme import has_limit
from mmtriage.diagnose.finding import NotAssessed, not_assessed
from mmtriage.engine.comparison import Comparison
from mmtriage.model.design import Design
from mmtriage.model.families import NEGATIVE_BINOMIAL, is_glmm

AFTER_A_FIT = (
    *("MM304", "MM306", "MM307", "MM308", "MM309", "MM310", "MM311", "MM312"),
    *("MM401", "MM402", "MM403", "MM404", "MM405", "MM406", "MM407"),
)
AFTER_A_GENERALIZED_FIT = ("MM205", "MM408", "MM501", "MM502", "MM503")


def unassessed(comparison: Comparison, *, compared: bool) -> tuple[NotAssessed, ...]:
    """What was not assessed of a fitted model; `compared` says whether rung 3 compared optimizers."""
    found = []
    if comparison.lme4 is None:
        found += [not_assessed(code, "lme4 made no fit to be tested") for code in ("MM401", "MM402")]
    elif comparison.lme4.singular:
        reason = "lme4 does not test gradient and Hessian of a fit that it calls singular"
        found += [not_assessed(code, reason) for code in ("MM401", "MM402")]
    if not compared:
        found.append(not_assessed("MM405", "the other optimizers were not run (--all-rungs runs them)"))
    uncertain = nesting.why_not_assessed(comparison.prepared.design)
    if uncertain is not None:
        found.append(not_assessed("MM307", uncertain))
    return (*found, *_of_generalized(comparison.prepared.design))


def _of_generalized(design: Design) -> list[NotAssessed]:
    """What a generalized model's family, link or weights leave no way to ask."""
    if not is_glmm(design.spec):
        return []
    family, link = design.spec.family, design.spec.link
    reasons: dict[str, str | None] = {"MM503": laplace_bias.why_not_assessed(design)}
    if not has_limit(family, link):
        reasons["MM205"] = f"coefficients have no size of their own on the {link} scale of this family"
    if family in ("poisson", "binomial", NEGATIVE_BINOMIAL):
        reasons["MM501"] = dispersion.why_not_assessed(design)
    if family in ("poisson", NEGATIVE_BINOMIAL):
        reasons["MM502"] = zeros.why_not_assessed(design)
    return [not_assessed(code, reason) for code, reason in sorted(reasons.items()) if reason is not None]


def unassessed_without_fit(design: Design) -> tuple[NotAssessed, ...]:
    """What was not assessed of a model that cannot be fitted."""
    codes = (*AFTER_A_FIT, *(AFTER_A_GENERALIZED_FIT if is_glmm(design.spec) else ()))
    return tuple(not_assessed(code, "the model cannot be fitted") for code in codes)
