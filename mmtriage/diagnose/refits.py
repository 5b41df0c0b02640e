"""What is asked of a fitted generalized model, beside what is asked of every model."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import replace

import numpy as np

from mmtriage.deadline import TimeBudgetError
from mmtriage.diagnose.dispersion import dispersion_findings
from mmtriage.diagnose.extreme import extreme_findings
from mmtriage.diagnose.finding import Finding, NotAssessed, not_assessed
from mmtriage.diagnose.laplace_bias import quadrature_findings, why_not_assessed
from mmtriage.diagnose.pirls_failure import pirls_findings
from mmtriage.diagnose.zeros import zero_findings
from mmtriage.engine.comparison import Comparison
from mmtriage.engine.estimates import Fit
from mmtriage.model.design import Design
from mmtriage.model.families import is_glmm


def generalized_findings(
    comparison: Comparison, findings: Sequence[Finding], optimum: Callable[[Design], Fit], *, seed: int
) -> tuple[list[Finding], list[NotAssessed]]:
    """Findings of a generalized fit, and what could not be asked of it; nothing of a linear one.

    Args:
        findings: those of the design, separation among them.
        optimum: the reference of another design, for refits.
    """
    design = comparison.prepared.design
    if not is_glmm(design.spec):
        return [], []
    found = [
        *pirls_findings(comparison, findings),
        *dispersion_findings(comparison),
        *zero_findings(comparison, seed=seed),
    ]
    left: list[NotAssessed] = []
    try:
        found += extreme_findings(comparison, findings, lambda other: optimum(other).criterion)
    except (TimeBudgetError, np.linalg.LinAlgError):
        found += extreme_findings(comparison, findings)
    if why_not_assessed(design) is not None:
        return found, left
    if any(f.code == "MM203" for f in findings):
        return found, [not_assessed("MM503", "separated responses have no estimate that could move")]
    if not comparison.optimum.certificate.certified:
        return found, [not_assessed("MM503", "there is no proven optimum to compare quadrature with")]

    def by_quadrature(points: int) -> Fit:
        return optimum(replace(design, spec=replace(design.spec, nagq=points)))

    try:
        found += quadrature_findings(design, comparison.optimum_fit, by_quadrature)
    except TimeBudgetError as stop:
        left.append(not_assessed("MM503", stop.message))
    except np.linalg.LinAlgError as failure:
        left.append(not_assessed("MM503", f"the fit by quadrature fails: {failure}"))
    return found, left
