"""Separation (MM203): what can be done where a fixed effect has no finite maximum likelihood estimate.

No optimizer and no smaller random-effects structure helps. A weak prior does: it stands for the knowledge
that no effect is infinite (Gelman et al. 2008, Annals of Applied Statistics 2(4)). It is another estimate,
which depends on the prior, so it is advice and not measured against the likelihood.
"""

from __future__ import annotations

from mmtriage.ladder.case import Case
from mmtriage.ladder.records import Remedy


def for_separation(case: Case) -> tuple[Remedy, ...]:
    """A normal prior on the fixed effects, where they are separated."""
    if not case.is_separated:
        return ()
    formula = case.formula.to_text()
    remedy = Remedy(
        id="fixed-prior",
        rung=2,
        title="Put a weak normal prior on the fixed effects",
        scope="advice",
        clears=False,
        formula=formula,
        criterion=None,
        delta_aic=None,
        delta_bic=None,
        lrt=None,
        max_shift_se=None,
        not_comparable="a posterior mode is not a maximum of the likelihood: no AIC, BIC or likelihood ratio",
        code=case.commands.in_r(formula, kind="fixed prior"),
        changes="every fixed effect becomes finite; how large the separated ones are, the prior decides",
        caveats=(
            "say that a prior was used, and of which scale; predictors must be on scales that suit it",
            "to test a separated effect use a likelihood ratio: it is finite, a Wald test is meaningless",
        ),
    )
    return (remedy,)
