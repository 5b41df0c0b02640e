"""The pages for maintainers tell the truth: what they name exists, and the map has every part."""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.test_layering import PARTS

ROOT = Path(__file__).parent.parent
PACKAGE = ROOT / "mmtriage"
MAP = PACKAGE / "README.md"
CONTRIBUTING = ROOT / ".github" / "CONTRIBUTING.md"
PAGES = {MAP: (PACKAGE, ROOT), CONTRIBUTING: (ROOT,)}  # page -> where its paths begin
TEXT = {page: page.read_text(encoding="utf-8") for page in PAGES}
ENDINGS = (".py", ".md", ".json", ".R", "/")
KINDS = (
    *(
        "option",
        "reader",
        "finding",
        "remedy",
        "function",
        "family",
        "optimizer",
        "format",
        "rung",
        "command",
    ),
)


def quoted(text: str) -> Iterator[str]:
    """What stands between backticks, outside of blocks of code."""
    yield from re.findall(r"`([^`\n]+)`", re.sub(r"^```.*?^```", "", text, flags=re.M | re.S))


def paths(text: str) -> list[str]:
    """The files and folders that a text names."""
    return [name for name in quoted(text) if re.fullmatch(r"[\w./*-]+", name) and is_path(name)]


def is_path(name: str) -> bool:
    return name.endswith(ENDINGS) or "/" in name


def found(name: str, page: Path) -> list[Path]:
    """The files that a page means; the map says a folder once, and then names of its files alone."""
    starts = [path for start in PAGES[page] for path in start.glob(name.rstrip("/"))]
    return starts or ([*PACKAGE.rglob(name.rstrip("/"))] if page == MAP else [])


def lists() -> dict[str, str]:
    """Kind -> the list of what one touches to add one."""
    _, _, text = TEXT[CONTRIBUTING].partition("## To add ...")
    pieces = re.split(r"^\*\*an? ([^*]+)\*\*", text, flags=re.M)
    return {name.split()[0]: body for name, body in zip(pieces[1::2], pieces[2::2], strict=True)}


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.name)
def test_every_path_exists(page: Path) -> None:
    named = paths(TEXT[page])
    assert len(named) > 40
    assert [name for name in named if not found(name, page)] == []


def test_the_map_has_every_part() -> None:
    named = {name for name in paths(TEXT[MAP]) if (PACKAGE / name).exists()}
    parts = {f"{part}.py" if (PACKAGE / f"{part}.py").is_file() else f"{part}/" for part in PARTS}
    there = {
        f"{path.name}/" if path.is_dir() else path.name
        for path in PACKAGE.iterdir()
        if path.suffix == ".py" or (path / "__init__.py").is_file()
    }
    assert parts == there
    assert parts <= named
    rooms = {
        f"engine/{path.name}/" for path in (PACKAGE / "engine").iterdir() if (path / "__init__.py").is_file()
    }
    assert rooms <= named


def test_there_is_a_list_for_each_kind_of_addition() -> None:
    assert tuple(lists()) == KINDS
    assert all(len(paths(body)) >= 2 for body in lists().values())


@pytest.mark.parametrize("kind", KINDS)
def test_a_list_names_what_is_in_its_files(kind: str) -> None:
    """After the path of a file, a name in capitals or of a class is one that the file has."""
    named = 0
    file: Path | None = None
    for name in quoted(lists()[kind]):
        if is_path(name):
            (file, *_) = found(name, CONTRIBUTING)
        elif re.fullmatch(r"_?[A-Z]\w+", name) and file is not None and file.is_file():
            named += 1
            assert re.search(rf"\b{name}\b", file.read_text(encoding="utf-8")), f"{file} has no {name}"
    assert named or kind == "format"


def test_every_module_that_is_run_by_hand_can_be_run() -> None:
    modules = set(re.findall(r"python -m (tests\.[\w.]+)", TEXT[CONTRIBUTING]))
    assert len(modules) > 4
    for name in modules:
        file = ROOT / name.replace(".", "/")
        main = file / "__main__.py" if file.is_dir() else file.with_suffix(".py")
        assert 'if __name__ == "__main__":' in main.read_text(encoding="utf-8"), name


def test_every_switch_of_the_tests_exists(pytestconfig: pytest.Config) -> None:
    for switch in re.findall(r"pytest (--[a-z-]+)", TEXT[CONTRIBUTING]):
        assert pytestconfig.getoption(switch) is not None


def test_every_folder_of_tests_is_explained() -> None:
    """A layer of tests that nobody has explained protects something that nobody knows of."""
    _, _, table = TEXT[CONTRIBUTING].partition("## What each layer")
    table, _, _ = table.partition("Markers:")
    named = set(paths(table))
    folders = {f"tests/{path.parent.name}" for path in ROOT.glob("tests/*/__init__.py")}
    assert folders - {"tests/benchmarks"} - named == set()
