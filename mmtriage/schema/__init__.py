"""The JSON Schemas (2020-12) of what the program prints, by major version."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

SCHEMAS = ("report", "check", "error")
PARTS = {"check": ("report", "error")}  # schema -> those that it refers to, by their $id
MAJOR_VERSION = 1


def schema_text(name: str = "report") -> str:
    """One of `SCHEMAS`, complete: the other schemas that it refers to are among its definitions."""
    if name not in PARTS:
        return _shipped(name)
    schema: dict[str, Any] = json.loads(_shipped(name))
    schema["$defs"] = {part: json.loads(_shipped(part)) for part in PARTS[name]}
    return json.dumps(schema, indent=2) + "\n"


def _shipped(name: str) -> str:
    return (Path(__file__).parent / f"{name}-{MAJOR_VERSION}.json").read_text(encoding="utf-8")
