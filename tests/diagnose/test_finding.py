"""A finding takes its name and severity from its declaration."""

from __future__ import annotations

from mmtriage.diagnose.finding import finding, not_assessed


def test_a_finding_takes_its_name_and_severity_from_the_catalogue() -> None:
    made = finding("MM304", "said", columns=("x",), share=0.5)
    assert (made.name, made.severity, made.caused_by) == ("slope-constant-in-group", "warning", ())
    assert made.evidence == {"share": 0.5}
    assert finding("MM304", "said", severity="error").severity == "error"


def test_what_was_not_looked_for_has_the_name_of_the_finding() -> None:
    assert not_assessed("MM405", "nobody asked").name == "optimizers-disagree"
