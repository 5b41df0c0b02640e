"""MM102 of generalized models with a scale: lme4's criterion hangs on the unit of the response.

lme4 adds |u|^2 to the criterion as it stands, where a likelihood has it over the dispersion (see
`engine/generalized/units.py`). For Gamma that is no matter, since its dispersion has no unit. For a Gaussian
with a link and an inverse Gaussian it is: in another unit the same data have another optimum.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, replace

import numpy as np

from mmtriage.arrays import Array
from mmtriage.diagnose.finding import Said, finding, not_assessed
from mmtriage.diagnose.fitted import Fitted
from mmtriage.engine.estimates import Fit
from mmtriage.engine.generalized.units import hangs_on_unit, predictor_in_unit
from mmtriage.engine.structures.covariance_factor import CovarianceFactor
from mmtriage.model.design import Design
from mmtriage.model.families import family_of

UNITS = {1e3: "a thousandth of its unit", 1e-3: "a thousand times its unit"}  # by what makes the numbers
OTHER_UNITS = tuple(UNITS)
SE_CHANGE = 0.05  # relative, that is material


@dataclass(frozen=True, slots=True)
class Answer:
    """What the optimum in one unit says."""

    unit: float  # numbers of the response are so many times the user's
    singular: bool
    se: Array  # (p,) relative to the unit of the predictor


def unit_of_response(fitted: Fitted) -> list[Said]:
    """MM102: a warning where the unit decides, else info."""
    design = fitted.design
    if not hangs_on_unit(family_of(design.spec)):
        return []
    if not fitted.comparison.optimum.certificate.certified:
        return [not_assessed("MM102", "there is no proven optimum that another unit could move")]
    here = _answer(1.0, fitted.fit, design)
    there = [_answer(k, fitted.optimum(_in_unit(design, k)), design) for k in OTHER_UNITS]
    if not all(np.all(np.isfinite(answer.se)) for answer in there):
        return [not_assessed("MM102", "in another unit no optimum was found that could be compared")]
    moved = [(answer, texts) for answer in there if (texts := list(_differences(here, answer, design)))]
    said = "; ".join(f"in {UNITS[answer.unit]} {' and '.join(texts)}" for answer, texts in moved)
    lead = (
        f"lme4's criterion of the {design.spec.family} family with the {design.spec.link} link hangs on the "
        "unit of the response, since the penalty of the random effects is not divided by the dispersion"
    )
    harmless = "a thousand times it and a thousandth of it change no standard error by more than 5 %"
    return [
        finding(
            "MM102",
            f"{lead}: {said}" if moved else f"{lead}; {harmless}",
            severity="warning" if moved else "info",
            units=OTHER_UNITS,
            singular=tuple(answer.singular for answer in there),
            se_ratios=tuple(_largest_ratio(here, answer) for answer in there),
            threshold=SE_CHANGE,
        )
    ]


def _in_unit(design: Design, k: float) -> Design:
    """The same data, the response k times as large."""
    factor, _ = predictor_in_unit(family_of(design.spec), k)
    offset = None if design.offset is None else design.offset * factor
    return replace(design, y=design.y * k, offset=offset)


def _answer(k: float, fit: Fit, design: Design) -> Answer:
    singular = any(CovarianceFactor(F, len(F)).singular_values[-1] == 0.0 for F in fit.factors if F.size)
    factor, _ = predictor_in_unit(family_of(design.spec), k)
    return Answer(k, singular, fit.se / abs(factor))


def _differences(here: Answer, there: Answer, design: Design) -> Iterator[str]:
    if here.singular != there.singular:
        yield "the optimum is singular" if there.singular else "the optimum is not singular"
    ratios = np.abs(np.log(there.se / here.se))
    worst = int(np.argmax(ratios)) if len(ratios) else 0
    if len(ratios) and ratios[worst] > np.log1p(SE_CHANGE):
        name = design.fixed_names[worst]
        yield (
            f"the standard error of `{name}` is {there.se[worst]:.3g} instead of {here.se[worst]:.3g}, "
            "converted to the present unit"
        )


def _largest_ratio(here: Answer, there: Answer) -> float:
    ratios = there.se / here.se
    return float(ratios[np.argmax(np.abs(np.log(ratios)))]) if len(ratios) else 1.0
