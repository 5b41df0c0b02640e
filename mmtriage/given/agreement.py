"""Whether a fit made elsewhere is a fit of the model that we have built: rows, names, and its log-likelihood.

The log-likelihood that the software printed is compared with ours at the software's own parameters. Where
they agree it is the same model on the same rows, whatever else is said; where they do not, nothing is judged,
and what would explain the difference is looked for. A log-likelihood that is missing or not finite is no
evidence: then rows, levels and names decide, and the verdict says that nothing has shown that it is the same
model.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, replace

import numpy as np

from mmtriage import figures
from mmtriage.data.factors import listed
from mmtriage.deadline import NEVER, Deadline
from mmtriage.diagnose.verdict import Verdict
from mmtriage.engine.as_given import Parameters, fit_as_given
from mmtriage.engine.comparison import Elsewhere
from mmtriage.engine.estimates import Fit
from mmtriage.engine.prepared import Prepared, prepare
from mmtriage.errors import DataError
from mmtriage.given.heard import told
from mmtriage.given.placed import placed
from mmtriage.given.record import GivenFit
from mmtriage.model.design import Design

EXACT = 1e-4  # deviance units: two programs compute one linear likelihood, from 17 digits of its parameters
RELATIVE = 1e-9  # the same as a share of the criterion
LOOSE = 0.05  # lme4 prints a GLMM's at PIRLS's tolerance; a prior moves it by its density at the estimates

NOTHING_SHOWN = "nothing showed that this is the same model"


def with_doubt(verdict: Verdict) -> Verdict:
    """The verdict on a fit of which no log-likelihood has shown that it is of this model says so."""
    return replace(verdict, message=f"{verdict.message} But {NOTHING_SHOWN}.")


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class AgreedFit:
    """A fit made elsewhere, of the model that we have built, as far as can be shown."""

    prepared: Prepared
    at: Parameters
    fit: Fit  # what the model says at its parameters
    told: Elsewhere


def agreed_fit(given: GivenFit, design: Design, deadline: Deadline = NEVER) -> AgreedFit:
    """Hold a fit against the model.

    Raises:
        DataError: it is of other rows, of another model, or its parameters have no criterion.
    """
    check_rows(given, design)
    try:
        prepared = prepare(design, deadline)
        at = placed(given, prepared)
        fit = fit_as_given(prepared, at)
    except np.linalg.LinAlgError as failure:
        raise DataError(
            f"the criterion has no value at the parameters of the fit ({failure})",
            where=given.path,
            hint="Is it the same model, and are all its parameters there?",
        ) from None
    check_likelihood(given, prepared, at, fit)
    return AgreedFit(prepared=prepared, at=at, fit=fit, told=replace(told(given), is_shown=is_shown(given)))


def check_rows(fit: GivenFit, design: Design) -> None:
    """Refuse a fit of other rows.

    Raises:
        DataError: another number of rows, or other ones.
    """
    n = len(design.y)
    if fit.n is not None and fit.n != n:
        raise DataError(
            f"the fit used {figures.count(fit.n, 'row')}, and here the model uses {n:,}",
            where=fit.path,
            hint=_missing_rows(fit, design),
        )
    if fit.rows_used is None:
        return
    ours, theirs = set((design.rows + 1).tolist()), set(fit.rows_used)
    if ours != theirs:
        only = sorted(theirs ^ ours)
        which = "the fit used" if only[0] in theirs else "the fit did not use"
        raise DataError(
            f"other rows were used: {which} row {only[0]} ({figures.count(len(only), 'row')} in all differ)",
            where=f"{fit.path}, `rows_used`",
            hint="Give the whole table of the call; `subset` says which rows of it were wanted.",
        )


def _missing_rows(fit: GivenFit, design: Design) -> str:
    dropped = design.missing.rows_dropped
    if dropped and fit.n == len(design.y) + dropped:
        return f"{figures.count(dropped, 'row')} with missing values are left out here."
    return "Is it the whole table of the call, with the same subset and the same missing values?"


def tolerance(fit: GivenFit, criterion: float, *, is_linear: bool) -> float:
    """How far the software's -2 log-likelihood may lie from ours, in deviance units."""
    if fit.prior_on_fixed:
        return LOOSE
    if is_linear or fit.criterion_tight is not None:
        return max(EXACT, RELATIVE * abs(criterion))
    return LOOSE


def is_shown(fit: GivenFit) -> bool:
    """Whether there is a log-likelihood to compare."""
    return fit.log_likelihood is not None or fit.criterion_tight is not None


def check_likelihood(fit: GivenFit, prepared: Prepared, at: Parameters, ours: Fit) -> None:
    """Refuse a fit whose log-likelihood shows that it is of another model.

    Raises:
        DataError: it differs from ours at the same parameters.
    """
    if not is_shown(fit):
        return
    allowed = tolerance(fit, ours.criterion, is_linear=prepared.design.spec.is_linear)
    difference = _difference(fit, ours)
    if abs(difference) <= allowed:
        return
    why = next((text for text, fits in _explanations(fit, prepared, at, ours, difference) if fits), None)
    raise DataError(
        f"this is another model or other data: at the parameters of the fit {fit.software.name} has a -2 "
        f"log-likelihood of {ours.criterion + difference:.6f}, and here it is {ours.criterion:.6f} "
        f"({difference:+.4g}; {allowed:.2g} is allowed)",
        where=fit.path,
        hint=why or _look_at(fit),
    )


def _difference(fit: GivenFit, ours: Fit) -> float:
    """The software's criterion less ours; a constant of the saturated model may be in it or not."""
    if fit.criterion_tight is not None:
        return fit.criterion_tight - ours.criterion
    assert fit.log_likelihood is not None
    theirs = -2.0 * fit.log_likelihood
    return min((theirs - ours.criterion, theirs - ours.criterion - ours.saturated), key=abs)


def _look_at(fit: GivenFit) -> str:
    factors = [f.name for f in fit.factors]
    parts = ["its rows", *([f"the levels of {listed(factors)}"] if factors else [])]
    parts += ["its contrasts", "its weights and offset"]
    return f"Look at {', '.join(parts)}; numbers need all their digits (17)."


def _explanations(
    fit: GivenFit, prepared: Prepared, at: Parameters, ours: Fit, difference: float
) -> Iterator[tuple[str, bool]]:
    """What would explain the difference, and whether it does, to the tolerance."""
    design, spec = prepared.design, prepared.design.spec
    allowed = tolerance(fit, ours.criterion, is_linear=spec.is_linear)
    n, p = design.X.shape

    def explains(shift: float) -> bool:
        return abs(difference - shift) <= 10 * allowed

    if fit.log_likelihood is not None:
        for factor, what in ((-2.0, "-2 times"), (2.0, "twice"), (-1.0, "minus")):
            theirs = -2.0 * fit.log_likelihood / factor
            yield (
                f"This is {what} the log-likelihood: give `log_likelihood` itself.",
                abs(theirs - ours.criterion) <= 10 * allowed,
            )
    if spec.is_linear:
        other = replace(spec, reml=not spec.reml)
        names = {True: "REML", False: "ML"}
        text = f"It would be the same by {names[other.reml]}: set `reml` to {str(other.reml).lower()}."
        yield text, _agrees(design, other, at, ours.criterion + difference, allowed)
    if design.weights is not None:
        constant = float(np.sum(np.log(design.weights)))
        yield "It leaves out the logarithms of the weights, a constant of the data.", explains(constant)
        yield (
            "It would be the same without the weights.",
            _agrees(replace(design, weights=None), spec, at, ours.criterion + difference, allowed),
        )
    if design.offset is not None:
        plain = replace(design, offset=None)
        yield (
            "It would be the same without the offset.",
            _agrees(plain, spec, at, ours.criterion + difference, allowed),
        )
    for count, what in ((n, "n"), (n - p, "(n - p)"), (p, "p")):
        yield (
            f"It differs by {what} log(2 pi): the program leaves a constant out, or counts it twice.",
            explains(-count * float(np.log(2.0 * np.pi))) or explains(count * float(np.log(2.0 * np.pi))),
        )
    if abs(difference) < 1.0:
        yield "So small a difference may come from rounded parameters: write all 17 digits.", True


def _agrees(design: Design, spec: object, at: Parameters, theirs: float, allowed: float) -> bool:
    """Whether another model has the software's criterion at these parameters."""
    try:
        other = fit_as_given(prepare(replace(design, spec=spec)), at)  # type: ignore[arg-type]
    except np.linalg.LinAlgError:
        return False
    return abs(other.criterion - theirs) <= 10 * allowed
