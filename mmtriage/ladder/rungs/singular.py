"""Rung 4: what is singular, and what becomes of the fit without it.

What it tries: names the component and its direction; refits without it, which leaves likelihood and fixed
effects where they are; with nothing random left, plain `lm`; with fewer than six levels, the factor as a
fixed effect; to keep the structure, a weak Wishart prior (df = k + 2.5, as blme) that moves the optimum off
the boundary.
Why it helps: a component at zero explains nothing; the model without it says the same with fewer parameters.
What it changes: the model, or the estimate (the prior).
When it misleads: a variance of zero in a small sample is no proof of zero. If the grouping is part of the
design, say that it was left out.
References: Bates et al. 2015, arXiv:1506.04967; Chung et al. 2015, J. Educ. Behav. Stat. 40(2); lme4
?isSingular.
"""

from __future__ import annotations

from collections.abc import Sequence

from mmtriage.diagnose.naming import term_text
from mmtriage.diagnose.singularity import Defect, defects, null_text
from mmtriage.ladder.case import Case
from mmtriage.ladder.records import Proposal, RungResult, changed_model_result
from mmtriage.ladder.remedies import averages, drop_zero, keep, wishart_prior
from mmtriage.ladder.remedies.as_fixed import as_fixed
from mmtriage.model.ranef import RandomTerm

FEW_LEVELS = 6  # of a singular factor, below which it is also tried as a fixed effect


def applies(case: Case) -> str | None:
    """Why this rung is skipped, or None: detection always runs."""
    del case
    return None


def climb(case: Case) -> RungResult:
    """Name the singular components, and fit without them."""
    found = defects(case.comparison)
    if not found:
        reason = f"no component is singular at {case.optimum_name} (judged free of scale and origin)"
        return RungResult(rung=4, id="singular", status="not_needed", reason=reason)
    said = "; ".join(_described(case.design.random[d.term], d) for d in found)
    return changed_model_result("singular", _proposals(case, found), said)


def _proposals(case: Case, found: Sequence[Defect]) -> list[Proposal]:
    terms = (case.design.random[defect.term] for defect in found)
    few = [term for term in terms if len(term.levels) < FEW_LEVELS]
    return [
        *drop_zero.propose(case),
        *as_fixed(case, few, rung=4),
        *wishart_prior.propose(case),
        *keep.propose(case),
        *averages.propose(case),
    ]


def _described(term: RandomTerm, defect: Defect) -> str:
    if defect.zero:
        return f"{term_text(term)}: zero variance of {', '.join(defect.zero)}"
    return f"{term_text(term)}: {null_text(term, defect.null)} does not vary"
