"""Failures of glmer's inner iteration (MM408), and why.

PIRLS stops with an error where a step leads to means that do not exist, or to no convergence. The reasons,
in the order in which they are looked for: the link lets the linear predictor leave the range of the mean
(shown by the first steps without random effects, or by what the random effects add at the optimum); the
responses are separated; the link alone; the scale of the predictors. What is not found is not guessed.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np

from mmtriage import figures
from mmtriage.arrays import Array, Mask
from mmtriage.diagnose.finding import Finding, finding
from mmtriage.diagnose.fitted import Fitted
from mmtriage.engine.estimates import Fit
from mmtriage.engine.lme4.checks import DOWNDATED
from mmtriage.engine.lme4.glmer_pirls import NO_DESCENT, NOT_A_NUMBER, TOO_MANY_STEPS
from mmtriage.model.design import Design
from mmtriage.model.families import Family, family_of
from mmtriage.model.linear_predictor import linear_predictor
from mmtriage.model.tall import least_squares

ERRORS = (NOT_A_NUMBER, NO_DESCENT, TOO_MANY_STEPS, DOWNDATED)  # what lme4 says when PIRLS fails
FIRST_STEPS = 10  # of the iteration without random effects
COMMON = 1.96  # standard deviations of the random effects that 5 % of groups exceed
SCALES = ("MM101", "MM106")  # findings that make a predictor's scale or origin a suspect


@dataclass(frozen=True, slots=True, eq=False)
class _Escape:
    """Rows whose linear predictor leaves the range of the mean."""

    rows: Mask  # (n,)
    side: int  # the sign that it should have
    driver: str | None  # the column that takes them there
    when: str


def failed_fit(fitted: Fitted) -> list[Finding]:
    """MM408 where lme4's fit stopped with an error of PIRLS."""
    error = fitted.comparison.lme4_error
    if error is None or not is_pirls_error(error):
        return []
    return [pirls_failure(fitted.design, error, fitted.early, fitted.fit)]


def is_pirls_error(error: str) -> bool:
    """Whether an error of glmer comes from its inner iteration."""
    return any(said in error for said in ERRORS)


def pirls_failure(design: Design, error: str, findings: Sequence[Finding], fit: Fit | None) -> Finding:
    """MM408 with its reason; `fit` is the proven optimum if there is one."""
    found = _reason(design, f"glmer's inner iteration fails ({error})", findings, fit)
    return replace(found, evidence={**found.evidence, "error": error})


def _reason(design: Design, lead: str, findings: Sequence[Finding], fit: Fit | None) -> Finding:
    present = {f.code: f for f in reversed(findings)}
    side = family_of(design.spec).eta_sign
    escape = None if side is None else _first_escape(design, side) or _later_escape(design, side, fit)
    if escape is not None:
        return _left_range(design, lead, escape)
    if "MM203" in present:
        message = f"{lead}: the responses are separated"
        found = finding("MM408", message, columns=present["MM203"].columns, reason="separation")
        return replace(found, caused_by=("MM203",))
    if side is not None:
        message = f"{lead}: nothing keeps the {design.spec.link} link's linear predictor {_sign(side)}"
        return finding("MM408", message, reason="link")
    if design.spec.distribution.has_trials and design.spec.link not in design.spec.distribution.safe_links:
        message = f"{lead}: nothing keeps the {design.spec.link} link's mean between 0 and 1"
        return finding("MM408", message, reason="link")
    scale = [present[code] for code in SCALES if code in present]
    if scale:
        columns = tuple(dict.fromkeys(name for f in scale for name in f.columns))
        message = f"{lead}: the predictors' scale or origin is the only suspect"
        return replace(
            finding("MM408", message, columns=columns, reason="scale"), caused_by=tuple(f.code for f in scale)
        )
    message = f"{lead}: neither the link nor the responses nor the predictors' scale gives a reason"
    return finding("MM408", message, reason="unknown")


def _sign(side: int) -> str:
    return "positive" if side > 0 else "negative"


def _left_range(design: Design, lead: str, escape: _Escape) -> Finding:
    numbers = design.row_numbers[escape.rows].tolist()
    by = f", mostly by `{escape.driver}`" if escape.driver else ""
    message = (
        f"{lead}: the {design.spec.link} link lets the mean leave its range; {escape.when} the linear "
        f"predictor of {figures.count(len(numbers), 'row')} ({figures.rows(numbers)}) is not "
        f"{_sign(escape.side)}{by}"
    )
    columns = (escape.driver,) if escape.driver else ()
    return finding("MM408", message, columns=columns, reason="link", rows_out_of_range=len(numbers))


def _first_escape(design: Design, side: int) -> _Escape | None:
    """Where the first steps without random effects leave the range of the mean."""
    family = family_of(design.spec)
    weights = design.row_weights
    offset = np.zeros(len(design.y)) if design.offset is None else design.offset
    mu = family.start(design.y, weights)
    eta = family.link.link(mu)
    for _ in range(FIRST_STEPS):
        beta = _step(design, family, weights, eta, offset)
        if beta is None:
            return None
        eta = design.X @ beta + offset
        out = side * eta <= 0.0
        if np.any(out):
            when = "in the first steps, without random effects,"
            return _Escape(out, side, _driver(design, beta, out, side), when)
    return None


def _step(design: Design, family: Family, weights: Array, eta: Array, offset: Array) -> Array | None:
    """One step of weighted least squares for beta (p,)."""
    mu, slope = family.link.inverse(eta), family.link.slope(eta)
    root = np.sqrt(weights) * np.abs(slope) / np.sqrt(family.variance(mu))
    target = eta - offset + (design.y - mu) / slope
    if not np.all(np.isfinite(root)) or not np.all(np.isfinite(target)):
        return None
    return least_squares(design.X * root[:, None], target * root)


def _later_escape(design: Design, side: int, fit: Fit | None) -> _Escape | None:
    """Where random effects of ordinary size leave the range of the mean, at the optimum."""
    if fit is None:
        return None
    eta = linear_predictor(design, fit.beta)
    variance = np.zeros(len(eta))
    for term, S in zip(design.random, fit.covariances, strict=True):
        variance += np.einsum("ij,jk,ik->i", term.Z, S, term.Z)
    out = side * eta <= COMMON * np.sqrt(variance)
    if not np.any(out):
        return None
    when = f"with random effects of {COMMON} standard deviations"
    return _Escape(out, side, _driver(design, fit.beta, out, side), when)


def _driver(design: Design, beta: Array, out: Mask, side: int) -> str | None:
    """The column of X that takes the rows furthest from the others."""
    if not np.any(~out) or not len(beta):
        return None
    shift = -side * beta * (design.X[out].mean(axis=0) - design.X[~out].mean(axis=0))
    worst = int(np.argmax(shift))
    return design.fixed_names[worst] if shift[worst] > 0 else None
