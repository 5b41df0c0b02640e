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
from mmtriage.engine.comparison import Comparison
from mmtriage.engine.generalized.model import GeneralizedModel
from mmtriage.errors import MmtriageError
from mmtriage.ladder.judged_runs import judged_runs
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
    """The record of a model: what was said of it, and what is wrong with that; `climbs` the ladder too."""
    record: Record = {"index": model.index, "name": model.name, "failures": []}
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
    return {**record, "certified": True, **_against(model, document, comparison, record["failures"])}


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
            stack.enter_context(patch("mmtriage.triage_table.walk", lambda _case: ((), None)))
        report = triage_table(table_from_frame(model.frame), model.formula, options)
    return report, compared[-1] if compared else None


def _against(model: RandomModel, document: Any, comparison: Comparison, failures: list[str]) -> Record:
    """What the dense criterion says of a certified optimum; adds to `failures`."""
    reference = document["reference"]
    criterion = float(reference["criterion"])
    dense = dense_of(model, _on_record(comparison))
    at = _reported(model, document, dense)
    try:
        own, _ = dense.expand(at)
    except NoValueError:
        own = float("nan")
    ends = ends_of(dense)
    refuted = [point["criterion"] for point in reference["certificate"]["refuted"]]
    lower = [
        end
        for end in ends
        if end.value < criterion - LOWER and not any(abs(end.value - known) < SAME for known in refuted)
    ]
    said: Record = {
        "criterion": criterion,
        "best": ends[0].value if ends else None,
        "starts": len(ends),
        "refuted": refuted,
        "modes": len(_on_record(comparison)),
    }
    if not abs(own - criterion) <= max(VALUE, 1e-9 * abs(criterion)):
        said["other_value"] = own
        if isinstance(dense, DenseLinear) or dense.family.has_one_mode:
            failures.append(f"the criterion there is {own!r}, not {criterion!r}")
    if lower:
        said["point"] = lower[0].at.tolist()
        said["engine_there"] = there = _by_the_engine(dense, lower[0], comparison, document)
        sentence = f"{lower[0].value!r} lies {criterion - lower[0].value:.3g} below"
        if refuted and all(_is_artefact(dense, end, at) for end in lower):
            said["artefacts"] = [end.value for end in lower]
        elif there < criterion - LOWER or isinstance(dense, DenseLinear) or dense.family.has_one_mode:
            failures.append(sentence)
        else:  # a mode that the engine does not reach from zero there, which the definition leaves open
            said["other_mode"] = sentence
    return said


def _is_artefact(dense: Criterion, end: End, reference: Any) -> bool:
    """Whether a lower point beside refuted ones is one of their slopes, or is itself less likely than the
    reference."""
    if not end.arrived:
        return True
    if isinstance(dense, DenseLinear) or dense.model.family in SCALED:
        return False
    numbers = np.random.default_rng(0)
    (there, error), (here, own) = (dense.sampled(at, numbers) for at in (end.at, reference))
    return there - here > SURE * float(np.hypot(error, own))


def dense_of(model: RandomModel, predictors: Sequence[Any] = ()) -> Criterion:
    """The dense criterion of a model."""
    return DenseLinear(model) if model.family == "linear" else DenseLaplace(model, predictors)


def _on_record(comparison: Comparison) -> list[Any]:
    """Predictors (n,) of the modes that this triage met, in the user's unit."""
    model = comparison.prepared.model
    if not isinstance(model, GeneralizedModel):
        return []
    return [model.units.predictor * eta + model.units.shift for eta in model.pirls.memory.predictors]


def _order(model: RandomModel, document: Any) -> list[int]:
    """For each of the report's random terms its place among the generator's."""
    known = [(term.group, term.columns) for term in model.terms]
    names = {"(Intercept)": "1"}
    return [
        known.index((term["group"], tuple(names.get(name, name) for name in term["terms"])))
        for term in document["model"]["random_terms"]
    ]


def _reported(model: RandomModel, document: Any, dense: Criterion) -> Any:
    """The reported estimates as parameters of the dense criterion."""
    reference = document["reference"]
    values, parts = list(reference["theta"]), {}
    for t in _order(model, document):
        k = len(model.terms[t].columns)
        parts[t], values = values[: k * (k + 1) // 2], values[k * (k + 1) // 2 :]
    theta = np.concatenate([parts[t] for t in range(len(parts))])
    beta = np.array([effect["estimate"] for effect in reference["fixed_effects"]])
    return dense.parameters(theta, beta, document["reference"]["family_theta"])


def _by_the_engine(dense: Criterion, end: End, comparison: Comparison, document: Any) -> float:
    """The package's own criterion at a point of the dense one's."""
    sizes = [len(term.columns) * (len(term.columns) + 1) // 2 for term in dense.model.terms]
    parts = np.split(end.at[: dense.m], np.cumsum(sizes)[:-1])
    theta = np.concatenate([parts[t] for t in _order(dense.model, document)])
    rest = end.at[dense.m :]
    beta = np.linalg.solve(dense.R, rest[: dense.p]) if len(rest) else None
    nb_theta = float(np.exp(rest[-1])) if len(rest) > dense.p else None
    model = comparison.prepared.model
    try:
        return float(model.criterion(*model.place(theta, beta, nb_theta)))
    except np.linalg.LinAlgError:
        return float("inf")
