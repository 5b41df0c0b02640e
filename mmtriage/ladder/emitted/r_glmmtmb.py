"""A remark on how glmmTMB says a model with a structured covariance: it has had these longer than lme4.

Its `cs` has an SD for each column and its `ar1` one for all, as they are by default in lme4 2.x. Other
variances have other names there, or none in older versions; weights of a linear model mean something else;
and with one of those nothing is said.
"""

from __future__ import annotations

import re

from mmtriage.formula import parse_formula
from mmtriage.formula.structured import UNSTRUCTURED, StructureTag
from mmtriage.ladder.emitted.r_call import call_arguments
from mmtriage.model.family_names import LAPLACE
from mmtriage.options import TriageOptions

SAME = (UNSTRUCTURED, StructureTag("cs"), StructureTag("ar1", homogeneous=True))


def r_glmmtmb(options: TriageOptions, formula: str) -> list[str]:
    """The remark; none where every term is unstructured, or glmmTMB would fit another model."""
    spec = options.spec
    if not re.search(r"\b(cs|ar1)\(", formula):
        return []
    structures = {bar.structure for bar in parse_formula(formula).random}
    if structures == {UNSTRUCTURED} or not structures <= set(SAME):
        return []
    is_same = spec.r_function == "lmer" or (spec.r_function == "glmer" and spec.nagq == LAPLACE)
    if not is_same or spec.distribution.estimates_scale != spec.is_linear:
        return []
    if options.weights is not None and spec.is_linear:
        return []
    return [f"# by glmmTMB: m <- glmmTMB::glmmTMB({', '.join(call_arguments(options, formula, 'mixed'))})"]
