"""Named constants and docstrings of the package, read from its source.

A page quotes the thresholds of the code, and `explain` must answer at once. Importing the modules that hold
them would load SciPy first; their source says the same, and literals need no running.
"""

from __future__ import annotations

import ast
import string
from collections.abc import Mapping, Sequence
from functools import cache
from pathlib import Path
from typing import Any

PACKAGE = Path(__file__).parent.parent


def filled(text: str) -> str:
    """The text with `{diagnose.scale.FAR_ORIGIN}` and the like replaced by the constants' values."""
    return _Filler().format(text)


def constant(name: str) -> Any:
    """The literal that a module assigns to a name, e.g. `diagnose.scale.FAR_ORIGIN`.

    Raises:
        LookupError: there is no such module or name.
    """
    module, _, variable = name.rpartition(".")
    return _literals(module)[variable]


def docstring(module: str) -> str:
    """The docstring of a module, e.g. of `ladder.rungs.rescale`."""
    return ast.get_docstring(_tree(module)) or ""


class _Filler(string.Formatter):
    """`str.format` whose fields are constants of the package."""

    def get_field(self, field_name: str, args: Sequence[Any], kwargs: Mapping[str, Any]) -> tuple[Any, str]:
        return constant(field_name), field_name

    def format_field(self, value: Any, format_spec: str) -> str:
        if isinstance(value, tuple):
            return ", ".join(str(item) for item in value)
        return format(value, format_spec or "g")


@cache
def _literals(module: str) -> dict[str, Any]:
    """The names that a module binds to literals, and their values."""
    found = {}
    for node in _tree(module).body:
        match node:
            case (
                ast.Assign(targets=[ast.Name(id=name)], value=value)
                | ast.AnnAssign(target=ast.Name(id=name), value=ast.expr() as value)
            ):
                if _is_literal(value):
                    found[name] = ast.literal_eval(value)
    return found


def _is_literal(value: ast.expr) -> bool:
    allowed = (ast.Constant, ast.UnaryOp, ast.USub, ast.Tuple, ast.Load)
    return all(isinstance(node, allowed) for node in ast.walk(value))


@cache
def _tree(module: str) -> ast.Module:
    path = PACKAGE.joinpath(*module.split(".")).with_suffix(".py")
    if not path.is_file():
        raise LookupError(f"there is no module {module}")
    return ast.parse(path.read_text(encoding="utf-8"))
