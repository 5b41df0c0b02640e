"""Records flow right, imports flow left: the layers of the package, and which library is used where."""

import ast
from collections.abc import Iterator
from pathlib import Path

import pytest

PACKAGE = Path(__file__).parent.parent / "mmtriage"
FILES = sorted(PACKAGE.rglob("*.py"))

# An import may only go to a lower number; inside one part it is free.
RANK = {
    **dict.fromkeys(("version", "errors", "schema", "ticker", "parallel"), 0),
    **dict.fromkeys(("deadline", "data", "formula", "family_names"), 1),
    **dict.fromkeys(("options", "arguments"), 2),
    "model": 2,
    "optimizers": 3,
    "engine": 4,
    "diagnose": 5,
    **dict.fromkeys(("ladder", "drift"), 6),
    "curves": 7,
    **dict.fromkeys(("report", "explain"), 8),
    **dict.fromkeys(("facts", "accept", "checked"), 9),
    **dict.fromkeys(("render", "session"), 10),
    **dict.fromkeys(("__init__", "baselines", "check"), 11),
    "completion": 12,
    "cli": 13,
    "__main__": 14,
}
# What may look further up all the same: Jupyter asks a report itself how it is shown.
UPWARD = {("report", "mmtriage.render.htmldoc")}
# Library -> the only places (file or folder) that may use it.
HOMES = {
    "click": ("cli.py",),
    "rich": ("render/console.py", "render/terminal.py"),
    "pandas": ("data", "__init__.py"),  # there only as the type of an argument
    "pyarrow": ("data",),
    "jinja2": ("render/htmldoc.py",),
    "markupsafe": ("render/htmldoc.py",),
    "matplotlib": ("render/plots",),
    "nlopt": ("optimizers",),
    "pybobyqa": ("optimizers",),
}


def imports(path: Path) -> Iterator[str]:
    """Every module that a file imports, wherever in the file."""
    for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
        if isinstance(node, ast.Import):
            yield from (alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom) and node.module:
            yield from (
                [f"{node.module}.{alias.name}" for alias in node.names]
                if node.module == "mmtriage"
                else [node.module]
            )


def part_of(module: str) -> str:
    """`mmtriage.engine.lmm` belongs to `engine`; what the package itself defines, to `__init__`."""
    name = [*module.split("."), "__init__"][1]
    return name if name in RANK else "__init__"


@pytest.mark.parametrize("path", FILES, ids=lambda path: str(path.relative_to(PACKAGE)))
def test_imports_point_one_way(path: Path) -> None:
    own = path.relative_to(PACKAGE).parts[0].removesuffix(".py")
    for module in imports(path):
        is_ours = module.split(".")[0] == "mmtriage" and part_of(module) != own
        if is_ours and (own, module) not in UPWARD:
            assert RANK[part_of(module)] < RANK[own], f"{own} imports {module}"


@pytest.mark.parametrize("path", FILES, ids=lambda path: str(path.relative_to(PACKAGE)))
def test_libraries_stay_in_their_places(path: Path) -> None:
    place = path.relative_to(PACKAGE).as_posix()
    for module in imports(path):
        homes = HOMES.get(module.split(".")[0])
        assert homes is None or any(place == home or place.startswith(f"{home}/") for home in homes), module


@pytest.mark.parametrize("path", FILES, ids=lambda path: str(path.relative_to(PACKAGE)))
def test_nothing_below_the_command_line_prints_or_runs_text(path: Path) -> None:
    calls = [
        node.func.id
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8")))
        if isinstance(node, ast.Call) and isinstance(node.func, ast.Name)
    ]
    forbidden = {"eval", "exec", "compile"} if path.name == "cli.py" else {"eval", "exec", "compile", "print"}
    assert not forbidden & set(calls)
