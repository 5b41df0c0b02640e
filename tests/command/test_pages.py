"""`mmtriage schema`; `explain` has tests of its own."""

from __future__ import annotations

from mmtriage.report.schema import schema_text
from tests.command.running import Result, Run


def test_schema_prints_what_is_shipped(mmtriage: Run) -> None:
    assert mmtriage("schema") == Result(0, schema_text("report"), "")
    assert mmtriage("schema", "error") == Result(0, schema_text("error"), "")
