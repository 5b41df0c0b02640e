"""The JSON Schemas (2020-12) of what the program prints, and of the fit that it judges, by major version."""

from __future__ import annotations

import json
from pathlib import Path

SCHEMAS = ("report", "check", "error", "fit")
MAJOR_VERSION = 1


def schema_text(name: str = "report") -> str:
    """One of `SCHEMAS`, complete: that of `check` brings those of what it holds."""
    if name != "check":
        return _shipped(name)
    schema, report = json.loads(_shipped(name)), json.loads(_shipped("report"))
    parts = report.pop("$defs")
    del report["$id"], report["$schema"]
    error = json.loads(_shipped("error"))["properties"]["error"]
    schema["$defs"] = {"report": report, "error": error, **parts}
    return json.dumps(schema, indent=2) + "\n"


def _shipped(name: str) -> str:
    return (Path(__file__).parent / f"{name}-{MAJOR_VERSION}.json").read_text(encoding="utf-8")
