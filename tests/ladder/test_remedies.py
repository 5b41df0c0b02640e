"""Where a remedy is made: every id has one place, and every cause its proposal."""

from __future__ import annotations

import ast
import importlib
from pathlib import Path
from typing import get_args

import mmtriage
from mmtriage.diagnose.declared import CATALOGUE
from mmtriage.ladder.records import RemedyId
from mmtriage.ladder.remedies.of_causes import OF_CAUSES

LADDER = Path(mmtriage.__file__).parent / "ladder"
OF_R = {"lm", "glm", "glm.nb"}  # named for the function of R that fits the plain model
TWICE = {"change-link"}  # also of a model that has no fit to compare it with


def ids() -> dict[str, set[str]]:
    """Id -> the files that make such a remedy: those that pass it as `id=`."""
    found: dict[str, set[str]] = {}
    for path in sorted(LADDER.rglob("*.py")):
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
            if isinstance(node, ast.keyword) and node.arg == "id":
                for part in ast.walk(node.value):
                    if isinstance(part, ast.Constant) and isinstance(part.value, str):
                        found.setdefault(part.value, set()).add(path.relative_to(LADDER).as_posix())
    return found


def test_every_remedy_is_made_in_one_place() -> None:
    known = {name for literal in get_args(RemedyId) for name in (get_args(literal) or (literal,))}
    made = {name: places for name, places in ids().items() if name in known}
    assert set(made) == known - OF_R
    assert {name for name, places in made.items() if len(places) > 1} == TWICE


def test_every_proposal_of_a_cause_has_its_file() -> None:
    files = [propose.__module__.rpartition(".")[2] for propose in OF_CAUSES]
    assert len(set(files)) == len(files)
    assert all((LADDER / "remedies" / f"{name}.py").is_file() for name in files)
    assert {propose.__name__ for propose in OF_CAUSES} == {"propose"}


def test_every_cause_is_a_finding() -> None:
    modules = [importlib.import_module(propose.__module__) for propose in OF_CAUSES]
    causes = [module.CAUSE for module in modules if hasattr(module, "CAUSE")]
    assert len(causes) > 5
    assert set(causes) <= set(CATALOGUE)
