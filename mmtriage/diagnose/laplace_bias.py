"""Laplace bias (MM503): the same model by adaptive Gauss-Hermite quadrature, and how far the estimates move.

Laplace replaces the integral over a group's effect by its value at one point. With a handful of 0/1 answers
per group and a large variance between groups the two differ (Lesaffre & Spiessens 2001); with 25 points
the integral is as good as exact. It takes a single scalar random term, and a family without a scale: of
others lme4 integrates the deviance as if the scale were 1, so that 25 points estimate another model.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import replace

import numpy as np

from mmtriage.arrays import Array
from mmtriage.diagnose.finding import Finding, Said, finding, not_assessed
from mmtriage.diagnose.fitted import Fitted
from mmtriage.diagnose.naming import term_text
from mmtriage.diagnose.verdict import SD_CHANGE
from mmtriage.engine.comparison import Comparison
from mmtriage.engine.estimates import Fit
from mmtriage.engine.structures.covariance_factor import in_users_columns
from mmtriage.model.design import Design
from mmtriage.model.family_names import FINE_POINTS, LAPLACE
from mmtriage.model.spec import CONDITIONAL

MATERIAL_SHIFT = 0.1  # standard errors: below, no reader would call it a change
WHOLE = 1e-3  # distance from a whole number at which R's binomial() warns of counts that are none


def off_quadrature(fitted: Fitted) -> Sequence[Said]:
    """MM503, from the same model's optimum by quadrature."""
    design = fitted.design
    if fitted.comparison.optimum.refuted:
        return [refuted_optimum(fitted.comparison)]
    reason = why_not_assessed(design) or _why_nothing_can_move(fitted)
    if reason is not None:
        return [not_assessed("MM503", reason)]
    try:
        exact = fitted.optimum(replace(design, spec=replace(design.spec, nagq=FINE_POINTS)))
    except np.linalg.LinAlgError as failure:
        return [not_assessed("MM503", f"the fit by quadrature fails: {failure}")]
    found = laplace_bias(design, fitted.fit, exact)
    return [] if found is None else [found]


def why_not_assessed(design: Design) -> str | None:
    """Why MM503 cannot be asked of a generalized model; None where it can."""
    if design.spec.estimates_nb_theta:
        return "glmer.nb has no quadrature"
    if design.spec.distribution.estimates_scale:
        return "lme4's quadrature takes the scale of this family to be 1: no better than Laplace"
    if design.spec.nagq > LAPLACE:
        return "the fit is by quadrature itself"
    if len(design.random) > 1 or len(design.random[0].columns) > 1:
        return "quadrature takes a single scalar random term"
    if design.spec.distribution.has_trials and _has_rounded_successes(design):
        return (
            "lme4's Laplace criterion rounds successes and trials that are not whole numbers, its quadrature "
            "does not: the two differ for that alone"
        )
    return None


def _why_nothing_can_move(fitted: Fitted) -> str | None:
    """Why a fit has no estimates that quadrature could move; None where it has."""
    if fitted.is_separated:
        return "separated responses have no estimate that could move"
    if not fitted.comparison.optimum.certificate.certified:
        return "there is no proven optimum to compare quadrature with"
    return None


def _has_rounded_successes(design: Design) -> bool:
    """Whether binomial()'s aic, which only the Laplace criterion has, scores other counts than the data's."""
    trials = design.row_weights
    return any(bool(np.any(np.abs(n - np.rint(n)) > WHOLE)) for n in (trials, trials * design.y))


def refuted_optimum(comparison: Comparison) -> Finding:
    """MM503 where the search found an optimum that only the Laplace approximation has."""
    optimum, terms = comparison.optimum, comparison.prepared.design.random
    lower = optimum.refuted[0]
    basis = comparison.prepared.model.basis.terms
    there, here = (_sds(in_users_columns(at.factors, basis)) for at in (lower.place, optimum.place))
    message = (
        f"the Laplace approximation has an optimum at {lower.criterion:.6f}, with SDs of {_listed(there)}, "
        f"that {lower.method} refutes: it is an artefact. The best one confirmed is at "
        f"{optimum.criterion:.6f}, with SDs of {_listed(here)}"
    )
    return finding(
        "MM503",
        message,
        columns=tuple(dict.fromkeys(term.group for term in terms)),
        terms=tuple(term_text(term) for term in terms),
        refuted=tuple(r.criterion for r in optimum.refuted),
        confirmed=optimum.criterion,
        sd_refuted=tuple(there),
        sd_confirmed=tuple(here),
        method=lower.method,
    )


def _sds(factors: Sequence[Array]) -> list[float]:
    """Standard deviations of all random effects; a family without a scale has no residual to multiply by."""
    return [float(sd) for F in factors for sd in np.sqrt(np.sum(F * F, axis=1))]


def _listed(sds: Sequence[float]) -> str:
    return ", ".join(f"{sd:.3g}" for sd in sds)


def laplace_bias(design: Design, laplace: Fit, exact: Fit) -> Finding | None:
    """MM503 from two fits of one model with a scalar term, the second by quadrature."""
    # Both distances are measured at the fit that is judged, as those of remedies are: one number for each.
    shifts = np.abs(laplace.beta - exact.beta) / laplace.se if len(exact.beta) else np.zeros(0)
    worst = int(np.argmax(shifts)) if len(shifts) else None
    shift = 0.0 if worst is None else float(shifts[worst])
    sd, sd_exact = (float(np.sqrt(fit.covariances[0][0, 0])) for fit in (laplace, exact))
    change = abs(sd - sd_exact) / sd if sd > 0 else math.inf if sd_exact > 0 else 0.0
    if shift <= MATERIAL_SHIFT and change <= SD_CHANGE:
        return None
    term = design.random[0]
    moved = []
    if shift > MATERIAL_SHIFT and worst is not None:
        name = design.fixed_names[worst]
        moved.append(f"`{name}` by {shift:.2g} SE ({laplace.beta[worst]:.4g} to {exact.beta[worst]:.4g})")
    if change > SD_CHANGE:
        share = f" by {change:.0%}" if math.isfinite(change) else ""
        moved.append(f"the SD of `{term_text(term)}`{share} ({sd:.4g} to {sd_exact:.4g})")
    method = "the fit with nAGQ = 0" if design.spec.nagq == CONDITIONAL else "the Laplace approximation"
    message = (
        f"{method} is too rough here: quadrature with {FINE_POINTS} points, the same model better "
        f"approximated, moves {' and '.join(moved)}"
    )
    return finding(
        "MM503",
        message,
        columns=(term.group,),
        terms=(term_text(term),),
        points=FINE_POINTS,
        max_shift_se=shift,
        sd_laplace=sd,
        sd_quadrature=sd_exact,
        threshold_se=MATERIAL_SHIFT,
        threshold_sd=SD_CHANGE,
    )
