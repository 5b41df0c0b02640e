"""What mmtriage proves of a random model, against many starts of the dense criterion.

A certified optimum fails where a point lies lower that is not among those refuted, or where the dense
criterion at the reported estimates is another number. In families with several conditional modes the
criterion is the smallest among those reached from zero and those on record in that triage, so the dense one
is told the record.
"""

from __future__ import annotations

import traceback
from collections.abc import Sequence
from contextlib import ExitStack
from typing import Any
from unittest.mock import patch

import numpy as np

from mmtriage.data.in_memory import table_from_frame
from mmtriage.diagnose.exact_fit import bottomless
from mmtriage.engine.comparison import Comparison, prove_optimum
from mmtriage.engine.estimates import Fit
from mmtriage.engine.generalized.model import GeneralizedModel
from mmtriage.engine.optimum.found import Optimum
from mmtriage.engine.prepared import Prepared, prepare
from mmtriage.errors import MmtriageError
from mmtriage.formula import parse_formula
from mmtriage.ladder.judged_runs import judged_runs
from mmtriage.ladder.workbench import Workbench
from mmtriage.options import TriageOptions
from mmtriage.report.document import report_document
from mmtriage.report.facts import Report
from mmtriage.triage_table import triage_table
from tests.contradictions import contradictions
from tests.glmm_oracle import SCALED
from tests.random_models.dense import DenseLinear, NoValueError
from tests.random_models.descend import Criterion, End, ends_of
from tests.random_models.draw import RandomModel
from tests.random_models.laplace import DenseLaplace

LOWER = 1e-5  # deviance units by which no point may lie below a certified optimum
SAME = 1e-3  # deviance units from a refuted point
SURE = 3.0  # standard errors
VALUE = 1e-5  # deviance units, or 1e-9 of the criterion: two evaluations of one point
Record = dict[str, Any]


def judged(model: RandomModel, *, climbs: bool) -> Record:
    """The record of a model: what was said of it, and what is wrong with that.

    Args:
        climbs: triage it whole. Otherwise its optimum is proven, without a start where lme4's fit ends, and
            only what is not proven, or wrongly, is triaged, but for the ladder and the repeats of lme4's fit.
    """
    if not climbs:
        record = _of_proof(model)
        if record is not None:
            return record
    record = {"index": model.index, "name": model.name, "failures": []}
    try:
        report, comparison = compared_of(model, climbs=climbs)
    except MmtriageError as refusal:
        return {**record, "status": "unjudged", "reason": str(refusal)}
    except Exception:  # whatever it is, it is what is looked for
        return {**record, "status": "traceback", "failures": [traceback.format_exc()]}
    document: dict[str, Any] = report_document(report)
    record["failures"] += contradictions(document)
    record["status"] = document["verdict"]["status"]
    record["codes"] = document["verdict"]["codes"]
    reference = document["reference"]
    if reference is None or comparison is None or not reference["certificate"]["certified"]:
        reason = document["verdict"]["message"] if reference is None else reference["certificate"]["reason"]
        return {**record, "certified": False, "reason": reason}
    return _against(model, comparison.prepared, comparison.optimum, comparison.optimum_fit, record)


def prepared_of(model: RandomModel) -> Prepared:
    """The model's likelihood, as the package lays it out."""
    bench = Workbench(table_from_frame(model.frame), TriageOptions(**model.options), None)
    return prepare(bench.build(parse_formula(model.formula)))


def _of_proof(model: RandomModel) -> Record | None:
    """The record of an optimum that is proven, and rightly; None where more has to be asked."""
    try:
        prepared = prepared_of(model)
        optimum, fit = prove_optimum(prepared, {}, seed=TriageOptions().seed)
    except Exception:  # the report, which is made then, says what it is
        return None
    if not optimum.certificate.certified or bottomless(prepared.design) is not None:
        return None
    record: Record = {"index": model.index, "name": model.name, "failures": [], "status": "proven"}
    record = _against(model, prepared, optimum, fit, record)
    return None if record["failures"] else record


def compared_of(model: RandomModel, *, climbs: bool) -> tuple[Report, Comparison | None]:
    """The report, and the fits that it is about, if there are any."""
    compared: list[Comparison] = []

    def heard(*args: Any) -> Any:
        found = judged_runs(*args)
        compared.append(found[0])
        return found

    options = TriageOptions(**model.options, repeats=None if climbs else 0)
    with ExitStack() as stack:
        stack.enter_context(patch("mmtriage.triage_table.judged_runs", heard))
        if not climbs:
            stack.enter_context(patch("mmtriage.triage_table.climb_if_suspect", lambda _case: ((), None)))
        report = triage_table(table_from_frame(model.frame), model.formula, options)
    return report, compared[-1] if compared else None


def _against(model: RandomModel, prepared: Prepared, optimum: Optimum, fit: Fit, record: Record) -> Record:
    """The record with what the dense criterion says of a certified optimum."""
    criterion, modes, failures = fit.criterion, on_record(prepared), record["failures"]
    dense = dense_of(model, modes)
    at = _reported(prepared, fit, dense)
    has_one_mode = isinstance(dense, DenseLinear) or dense.family.has_one_mode
    try:
        own = dense.value(at, _predictor(prepared, optimum))
    except NoValueError:
        own = float("nan")
    ends = ends_of(dense)
    refuted = [point.criterion for point in optimum.refuted]
    lower = [
        end
        for end in ends
        if end.value < criterion - LOWER
        and not any(abs(end.value - known) < SAME for known in refuted)
        and _is_seen_again(dense, end, criterion)
    ]
    said: Record = {
        **record,
        "certified": True,
        "criterion": criterion,
        "best": float(ends[0].value) if ends else None,
        "starts": len(ends),
        "refuted": refuted,
        "modes": len(modes),
    }
    if not abs(own - criterion) <= max(VALUE, 1e-9 * abs(criterion)):
        said["other_value"] = own
        if has_one_mode:
            failures.append(f"the criterion there is {own!r}, not {criterion!r}")
    if lower:
        said["point"] = lower[0].at.tolist()
        said["engine_there"] = there = _by_the_engine(prepared, lower[0], dense)
        sentence = f"{float(lower[0].value)!r} lies {criterion - lower[0].value:.3g} below"
        if refuted and all(not end.arrived or is_less_likely(dense, end.at, at) for end in lower):
            said["artefacts"] = [float(end.value) for end in lower]
        elif there < criterion - LOWER or has_one_mode:
            failures.append(sentence)
        else:  # a mode that the engine does not reach from zero there, which the definition leaves open
            said["other_mode"] = sentence
    return said


def _is_seen_again(dense: Criterion, end: End, criterion: float) -> bool:
    """Whether an end lies lower also without the evaluations that led to it.

    At the edge of the means' range a descent carries effects with it that are no mode.
    """
    try:
        return dense.value(end.at) < criterion - LOWER
    except NoValueError:
        return True


def _predictor(prepared: Prepared, optimum: Optimum) -> Any:
    """Where the package has the mode at its optimum, (n,) in the user's unit; None for a linear model."""
    model = prepared.model
    if not isinstance(model, GeneralizedModel):
        return None
    return model.units.predictor * model.evaluate(*optimum.place).modes.eta + model.units.shift


def is_less_likely(dense: Criterion, there: Any, reference: Any) -> bool:
    """Whether the likelihood itself, by sampling, is surely lower at a point than at the reference."""
    if isinstance(dense, DenseLinear) or dense.model.family in SCALED:
        return False
    numbers = np.random.default_rng(0)
    (value, error), (here, own) = (dense.sampled(at, numbers) for at in (there, reference))
    return value - here > SURE * float(np.hypot(error, own))


def dense_of(model: RandomModel, predictors: Sequence[Any] = ()) -> Criterion:
    """The dense criterion of a model."""
    return DenseLinear(model) if model.family == "linear" else DenseLaplace(model, predictors)


def on_record(prepared: Prepared) -> list[Any]:
    """Predictors (n,) of the modes that this triage met, in the user's unit."""
    model = prepared.model
    if not isinstance(model, GeneralizedModel):
        return []
    return [model.units.predictor * eta + model.units.shift for eta in model.pirls.memory.predictors]


def _order(prepared: Prepared, dense: Criterion) -> list[int]:
    """For each of the package's random terms its place among the generator's."""
    known = [(term.group, term.columns) for term in dense.model.terms]
    return [
        known.index((term.group, tuple(name.replace("(Intercept)", "1") for name in term.columns)))
        for term in prepared.design.random
    ]


def _reported(prepared: Prepared, fit: Fit, dense: Criterion) -> Any:
    """The estimates as parameters of the dense criterion."""
    return parameters_of(prepared, dense, fit.theta, fit.beta, fit.nb_theta)


def parameters_of(prepared: Prepared, dense: Criterion, theta: Any, beta: Any, nb_theta: float | None) -> Any:
    """lme4's parameters as those of the dense criterion."""
    order, values, parts = _order(prepared, dense), theta, {}
    for t in order:
        k = len(dense.model.terms[t].columns)
        parts[t], values = values[: k * (k + 1) // 2], values[k * (k + 1) // 2 :]
    in_order = np.concatenate([parts[t] for t in range(len(parts))])
    return dense.parameters(in_order, beta, nb_theta)


def _by_the_engine(prepared: Prepared, end: End, dense: Criterion) -> float:
    """The package's own criterion at a point of the dense one's."""
    sizes = [len(term.columns) * (len(term.columns) + 1) // 2 for term in dense.model.terms]
    parts = np.split(end.at[: dense.m], np.cumsum(sizes)[:-1])
    theta = np.concatenate([parts[t] for t in _order(prepared, dense)])
    rest = end.at[dense.m :]
    beta = np.linalg.solve(dense.R, rest[: dense.p]) if len(rest) else None
    nb_theta = float(np.exp(rest[-1])) if len(rest) > dense.p else None
    try:
        return float(prepared.model.criterion(*prepared.model.place(theta, beta, nb_theta)))
    except np.linalg.LinAlgError:
        return float("inf")
