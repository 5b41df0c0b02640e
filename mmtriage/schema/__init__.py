"""The JSON Schemas (2020-12) of what the program prints, by major version."""

from __future__ import annotations

from pathlib import Path

SCHEMAS = ("report", "error")
MAJOR_VERSION = 1


def schema_text(name: str = "report") -> str:
    """One of `SCHEMAS`, as it is shipped."""
    return (Path(__file__).parent / f"{name}-{MAJOR_VERSION}.json").read_text(encoding="utf-8")
