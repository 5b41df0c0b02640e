"""Severities have one order."""

from __future__ import annotations

from mmtriage.diagnose.severity import FAIL_ON, SEVERITIES, VERDICT_SEVERITIES, is_graver
from mmtriage.diagnose.verdict import SEVERITY_OF


def test_severities_are_ordered_from_the_gravest() -> None:
    assert SEVERITIES == ("error", "warning", "info")
    assert (*SEVERITIES, "ok") == VERDICT_SEVERITIES
    assert set(SEVERITY_OF.values()) == set(VERDICT_SEVERITIES)
    assert is_graver("error", "warning")
    assert is_graver("info", "ok")
    assert not is_graver("info", "info")
    assert (*SEVERITIES, "never") == FAIL_ON
