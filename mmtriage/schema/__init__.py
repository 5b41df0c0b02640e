"""The JSON Schemas (2020-12) of what the program prints: `report` and `error`, by major version."""

from __future__ import annotations

from pathlib import Path
from typing import Literal

SchemaName = Literal["report", "error"]
MAJOR_VERSION = 1


def schema_text(name: SchemaName = "report") -> str:
    """The schema as it is shipped."""
    return (Path(__file__).parent / f"{name}-{MAJOR_VERSION}.json").read_text(encoding="utf-8")
