"""What is offered for a negative binomial whose weights make no likelihood, and what is not."""

from __future__ import annotations

import pandas as pd
import pytest

import mmtriage
from tests.emitted.tables import weighted


@pytest.mark.slow
def test_the_fit_without_weights_is_offered_and_nothing_that_keeps_them() -> None:
    frame = pd.DataFrame(weighted())
    report = mmtriage.triage(frame, "y ~ x + (1 | g)", family="negative.binomial", weights="w")
    assert report.verdict.status == "unidentifiable"
    assert report.verdict.codes[0] == "MM407"
    first = report.remedies[0]
    assert (first.id, first.clears) == ("without-weights", True)
    assert first.effects == ()  # against an estimate that is none
    assert first.delta_aic is None
    assert not {"glm.nb", "fixed-prior"} & {remedy.id for remedy in report.remedies}
