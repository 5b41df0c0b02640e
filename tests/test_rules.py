"""Rules for the tests themselves: none may depend on the machine, none may pass because nothing happened."""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.kernels import HANG_ON_KERNELS, hangs_on_kernels

HERE = Path(__file__).parent
MODULES = sorted(  # but for the benchmarks, which time things
    path for path in HERE.rglob("*.py") if "benchmarks" not in path.parts
)
# A clock is read for a hang that ends the run (a test that waits for a process), and by long runs by hand.
CLOCKS = {"fuzz.py", "test_processes.py", "test_rules.py", "command/interrupts.py"}


def test_no_test_reads_a_clock() -> None:
    """A busy machine is slow; steps.py counts function calls, fuzz.py evaluations."""
    reading = re.compile(r"\b(perf_counter|monotonic|process_time|time\.time)\b")
    found = {name_of(path) for path in MODULES if reading.search(path.read_text(encoding="utf-8"))}
    assert found == CLOCKS


def test_records_are_real() -> None:
    """A stand-in keeps passing when the record that it stands for has changed."""
    stand_ins = re.compile(r"\b(SimpleNamespace|MagicMock|Mock)\(")
    assert not [name_of(path) for path in MODULES if stand_ins.search(path.read_text(encoding="utf-8"))]


def test_no_test_passes_because_an_if_was_false() -> None:
    """Where checks hang on a condition, something counts that it was met."""
    checked = {name: body for name, body in every_test() if has_checks(body)}
    assert len(checked) > 1000
    assert [name for name, body in checked.items() if not any(unconditional_checks(body))] == []


def test_the_tests_of_other_kernels_are_there() -> None:
    for name in HANG_ON_KERNELS:
        assert any(hangs_on_kernels(path) for path in MODULES if HERE / name in (path, *path.parents)), name
    assert not hangs_on_kernels(HERE / "test_rules.py")


def name_of(path: Path) -> str:
    return str(path.relative_to(HERE))


def every_test() -> Iterator[tuple[str, ast.FunctionDef]]:
    """Every test, by file and name."""
    for path in MODULES:
        for node in ast.parse(path.read_text(encoding="utf-8")).body:
            if isinstance(node, ast.FunctionDef) and node.name.startswith("test_"):
                yield f"{name_of(path)}::{node.name}", node


def has_checks(test: ast.FunctionDef) -> bool:
    return any(map(is_check, ast.walk(test)))


def unconditional_checks(node: ast.AST) -> Iterator[ast.AST]:
    """The checks that no `if` of the test stands above; functions inside are run by their own rules."""
    for child in ast.iter_child_nodes(node):
        if is_check(child):
            yield child
        elif not isinstance(child, (ast.If, ast.FunctionDef, ast.Lambda)):
            yield from unconditional_checks(child)


def is_check(node: ast.AST) -> bool:
    """An assertion, a block that must raise, or a call of a function that checks by name."""
    if isinstance(node, ast.With):
        return any("raises" in ast.unparse(item.context_expr) for item in node.items)
    if isinstance(node, ast.Call):
        return re.search(r"(assert|check|snapshot|validate)", ast.unparse(node.func)) is not None
    return isinstance(node, ast.Assert)


@pytest.mark.parametrize(
    ("body", "is_found"),
    [
        ("assert x", True),
        ("for x in y:\n        assert x", True),
        ("if x:\n        assert x", False),
        ("if x:\n        return\n    assert x", True),
        ("with pytest.raises(ValueError):\n        x()", True),
        ("if x:\n        check_refusal(x)", False),
        ("x()", False),
    ],
)
def test_the_rule_sees_what_it_should(body: str, is_found: bool) -> None:
    (test,) = ast.parse(f"def test_x():\n    {body}").body
    assert any(unconditional_checks(test)) is is_found
