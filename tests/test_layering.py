"""Records flow right, imports flow left: one test a rule, over the whole package.

The order of the parts is that of the map in `mmtriage/README.md`. What an explain page quotes by path
(`{engine.optimum.settling.SNAP}`) counts as an import of `explain`.
"""

import ast
import re
import sys
from collections.abc import Iterator
from graphlib import CycleError, TopologicalSorter
from pathlib import Path

import pytest

from mmtriage.ladder.walk import RUNGS
from mmtriage.render import RENDERERS

PACKAGE = Path(__file__).parent.parent / "mmtriage"
FILES = sorted(PACKAGE.rglob("*.py"))

# An import may only go to an earlier part; inside one part it follows the part's own order, if it has one.
PARTS = (
    *("errors", "arrays", "version", "deadline", "option_values", "figures", "system", "processes"),
    *("data", "formula", "model", "optimizers", "engine", "diagnose", "options", "given"),
    *("ladder",),
    *("plotted", "report", "explain", "render", "triage_table", "notebook", "in_python", "__init__"),
    *("check", "project", "command", "__main__"),
)
WITHIN = {
    "engine": (
        "algebra",
        "structures",
        "estimates",
        "optimum",
        "linear",
        "generalized",
        "lme4",
        *("prepared", "student_t", "coefficient_tests", "comparison", "if_sound", "last_bits", "as_given"),
    ),
    "given": (
        "record",
        "in_file",
        "read_fit",
        "contrasts_given",
        "asked",
        "heard",
        "placed",
        "agreement",
        "values_met",
        "making",
        "fixed_by_value",
        "random_by_value",
        "from_statsmodels",
        "write_fit",
    ),
    "ladder": (
        "records",
        "emitted",
        *("case", "printed_errors", "attempts", "against_present", "effect_changes"),
        *("lrt", "bootstrap", "by_each_optimizer", "clusters", "shares", "kept_terms", "rank"),
        "disagreement",
        "remedies",
        *("standardized_columns", "rescaled_formula", "guilty_columns"),
        *("steps", "structured_steps", "shared_variance", "unidentified", "search_down"),
        "rungs",
        *("unfitted", "walk", "if_suspect", "workbench", "judged_runs"),
    ),
    "report": (
        *("schema", "printable", "drift", "facts", "request", "roles", "exit_code", "summary", "document"),
        *("from_document", "decisions", "from_design", "from_fits", "unfinished", "seen", "refit_elsewhere"),
        "baseline_file",
    ),
    "render": (
        *("settings", "prose", "problem", "labels", "effect_words", "fact_words", "remedy_words"),
        *("sentences", "tables", "df_note", "reporting", "evidence", "since"),
        *("annotated", "overview", "console", "plots"),
        *RENDERERS.values(),
    ),
}
SIBLINGS = (  # they look alike and never at each other
    *(f"ladder.rungs.{rung.id}" for rung in RUNGS),
    *(f"render.{name}" for name in RENDERERS.values()),
)
# Library -> the only places (file or folder) that may use it.
HOMES = {
    "click": ("command",),
    "rich": ("render/console.py", "render/terminal.py", "command/progress.py"),
    "pandas": ("data", "in_python"),  # there for what it gives back
    "pyarrow": ("data",),
    "jinja2": ("render/htmldoc.py",),
    "markupsafe": ("render/htmldoc.py",),
    "matplotlib": ("render/plots",),
    "nlopt": ("optimizers",),
    "pybobyqa": ("optimizers",),
}
# A file name stands in one folder only, but for these: one idea in twins.
TWINS = {
    **{name: {"engine/linear", "engine/generalized"} for name in ("likelihood", "curvature", "model")},
    **{name: {"plotted", "render/plots"} for name in ("criterion", "effects", "levels", "fitted_lines")},
}
PUBLIC_FUNCTIONS = {"triage", "fit", "fit_robust", "write_fit"}
MOST_AT_THE_ROOT = 12


def modules() -> dict[str, Path]:
    """`engine.optimum.search` -> its file; a folder is its `__init__`."""
    found = {}
    for path in FILES:
        parts = path.relative_to(PACKAGE).with_suffix("").parts
        found[".".join(parts[:-1] if parts[-1] == "__init__" and len(parts) > 1 else parts)] = path
    return found


MODULES = modules()


def imported(path: Path, *, ours: bool) -> Iterator[str]:
    """Every module that a file imports, wherever in the file: of ours without `mmtriage.`, or the others."""
    for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
        if isinstance(node, ast.Import):
            names = [alias.name for alias in node.names]
        elif isinstance(node, ast.ImportFrom) and node.module:
            names = [f"{node.module}.{alias.name}" for alias in node.names]
        else:
            continue
        for name in names:
            if name.split(".")[0] != "mmtriage":
                if not ours:
                    yield name
            elif ours:
                yield module_of(name.removeprefix("mmtriage").removeprefix("."))


def module_of(name: str) -> str:
    """The module that a dotted name is, or is defined in."""
    while name and name not in MODULES:
        name = name.rpartition(".")[0]
    return name or "__init__"


def quoted_by_pages() -> Iterator[str]:
    """The modules of the constants that explain pages quote."""
    for page in sorted((PACKAGE / "explain" / "pages").glob("*.md")):
        for name in re.findall(r"\{([a-z_0-9.]+)\.[A-Z_0-9]+[:}]", page.read_text(encoding="utf-8")):
            yield module_of(name)


def edges() -> Iterator[tuple[str, str]]:
    """Who looks at whom."""
    for name, path in MODULES.items():
        for other in imported(path, ours=True):
            if other != name:
                yield name, other
    for other in quoted_by_pages():
        yield "explain.library", other


def part_of(module: str) -> str:
    return module.split(".")[0]


def test_every_file_is_on_the_map() -> None:
    assert {part_of(module) for module in MODULES} <= set(PARTS)
    for part, order in WITHIN.items():
        inside = {module.split(".")[1] for module in MODULES if module.startswith(f"{part}.")}
        assert inside <= set(order)


def test_imports_point_one_way() -> None:
    rank = {part: position for position, part in enumerate(PARTS)}
    wrong = [
        f"{one} imports {two}"
        for one, two in edges()
        if part_of(one) != part_of(two) and rank[part_of(two)] >= rank[part_of(one)]
    ]
    assert wrong == []


def test_imports_inside_a_part_point_one_way() -> None:
    wrong = []
    for part, order in WITHIN.items():
        rank = {room: position for position, room in enumerate(order)}
        for one, two in edges():
            if one.startswith(f"{part}.") and two.startswith(f"{part}."):
                here, there = one.split(".")[1], two.split(".")[1]
                if here != there and rank[there] >= rank[here]:
                    wrong.append(f"{one} imports {two}")
    assert wrong == []


def test_siblings_do_not_look_at_each_other() -> None:
    wrong = [
        f"{one} imports {two}"
        for one, two in edges()
        if one in SIBLINGS and two in SIBLINGS and part_of(one) == part_of(two)
    ]
    assert wrong == []


def test_there_is_no_circle() -> None:
    ahead: dict[str, set[str]] = {module: set() for module in MODULES}
    for one, two in edges():
        ahead[one].add(two)
    order = TopologicalSorter(ahead)
    try:
        order.prepare()
    except CycleError as error:
        pytest.fail(" -> ".join(map(str, error.args[1])))
    assert len(ahead) > 100


def test_libraries_stay_in_their_places() -> None:
    wrong = []
    for path in FILES:
        place = path.relative_to(PACKAGE).as_posix()
        for module in imported(path, ours=False):
            homes = HOMES.get(module.split(".")[0])
            if homes and not any(place == home or place.startswith(f"{home}/") for home in homes):
                wrong.append(f"{place} imports {module}")
    assert wrong == []


def test_nothing_below_the_command_line_prints_or_runs_text() -> None:
    wrong = []
    for path in FILES:
        place = path.relative_to(PACKAGE).as_posix()
        forbidden = {"eval", "exec", "compile"} | (set() if place.startswith("command/") else {"print"})
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
            if isinstance(node, ast.Call) and isinstance(node.func, ast.Name) and node.func.id in forbidden:
                wrong.append(f"{place} calls {node.func.id}")
    assert wrong == []


def test_a_name_stands_for_one_thing() -> None:
    """No file name in two folders, none that is also a folder, none that hides the standard library."""
    places: dict[str, set[str]] = {}
    for path in FILES:
        if path.stem not in ("__init__", "__main__"):
            places.setdefault(path.stem, set()).add(path.parent.relative_to(PACKAGE).as_posix())
    twice = {name: where for name, where in places.items() if len(where) > 1 and TWINS.get(name) != where}
    assert twice == {}
    folders = {path.parent.name for path in FILES if path.parent != PACKAGE}
    assert {name for name in places if name in folders} <= {"model"}  # of an engine: the model that is fitted
    assert {name for name in {*places, *folders} if name in sys.stdlib_module_names} == set()


def test_the_root_holds_little_and_hides_no_public_function() -> None:
    at_the_root = {path.stem for path in PACKAGE.glob("*.py")}
    assert len(at_the_root) <= MOST_AT_THE_ROOT
    children = at_the_root | {path.name for path in PACKAGE.iterdir() if path.is_dir()}
    assert children.isdisjoint(PUBLIC_FUNCTIONS)
