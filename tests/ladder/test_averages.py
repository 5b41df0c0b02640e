"""GEE and compound symmetry, where the only variance between groups is zero."""

from __future__ import annotations

from dataclasses import replace

from mmtriage.diagnose.finding import finding
from mmtriage.ladder.remedies import averages
from tests.ladder import stubs

ZERO = finding("MM310", "made up", terms=("(1 | g)",), negative_variance_wanted=True)


def test_gls_is_offered_where_the_variance_wants_to_be_negative() -> None:
    case = stubs.case(stubs.INTERCEPT)
    assert list(averages.propose(case)) == []
    (proposal,) = averages.propose(replace(case, findings=(ZERO,)))  # eight groups: too few for GEE
    remedy = proposal.remedy
    assert (remedy.id, remedy.scope, remedy.criterion) == ("gls", "advice", None)
    assert remedy.code.lme4 == (
        "m <- nlme::gls(y ~ x, data = d, correlation = nlme::corCompSymm(form = ~ 1 | g), "
        'method = "REML", na.action = na.omit)'
    )


def test_slopes_are_another_matter() -> None:
    assert list(averages.propose(replace(stubs.case(stubs.SLOPE), findings=(ZERO,)))) == []
