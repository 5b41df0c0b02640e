"""Models whose remedies are run: the golden ones, the planted faults, and tables made for what those lack."""

from __future__ import annotations

import atexit
import json
import shutil
import tempfile
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from functools import cache, partial
from pathlib import Path
from typing import Any

import pandas as pd

from tests.golden_cases import glmms_that_fail, golden_cases, golden_glmms
from tests.planted.faults import PLANTS
from tests.planted.record import Case
from tests.triaged import golden_words, triaged

Columns = Mapping[str, Any]  # name -> (n,) values


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Subject:
    """One model: a table, a formula, and the words of the command."""

    name: str
    table: Callable[[], Path]
    formula: str
    words: tuple[str, ...] = ()

    @property
    def report(self) -> dict[str, Any]:
        """What is said of it; a document without remedies where it is refused as a mistake."""
        return triaged(str(self.table()), self.formula, *self.words).report


def golden(case_id: str, *words: str) -> Subject:
    case = {**golden_cases(), **golden_glmms(), **glmms_that_fail()}[case_id]
    return Subject(
        name=" ".join((case_id, *words)),
        table=lambda: case.csv,
        formula=case.formula,
        words=(*golden_words(case), *words),
    )


def all_golden() -> Iterator[Subject]:
    """Every golden model that has remedies."""
    for case_id in (*golden_cases(), *golden_glmms(), *glmms_that_fail()):
        yield golden(case_id)


def of_cases(file: Path) -> Iterator[Subject]:
    """The models of a list of public reports, as lme4 1.1 has them: the one that R here has."""
    for case in json.loads(file.read_text(encoding="utf-8")):
        yield Subject(
            name=case["id"],
            table=partial(Path, file.parent / case["csv"]),
            formula=case["formula"],
            words=(*case["args"], "--lme4", "1.1"),
        )


def planted(fault: str, variant: int, *words: str) -> Subject:
    """A planted fault, by the name of its function."""
    plant = next(plant for plant in PLANTS if plant.__name__ == fault)
    return _of_case(list(plant(0))[variant], f"{fault} {variant}", *words)


def all_planted() -> Iterator[Subject]:
    """All variants of all faults."""
    for plant in PLANTS:
        for variant, case in enumerate(plant(0)):
            yield _of_case(case, f"{plant.__name__} {variant}")


def _of_case(case: Case, name: str, *words: str) -> Subject:
    flags = {"ml": lambda ml: ("--ml",) if ml else ()}
    own = [
        word
        for key, value in case.options.items()
        for word in flags.get(key, lambda value, key=key: (f"--{key}", str(value)))(value)
    ]
    return Subject(
        name=" ".join((name, *words)),
        table=lambda: written(name, case.columns),
        formula=case.formula,
        words=(*own, *words),
    )


def made(name: str, columns: Callable[[], Columns], formula: str, *words: str, **how: Any) -> Subject:
    """A table made here; `how` goes to `DataFrame.to_csv`."""
    return Subject(name=name, table=lambda: written(name, columns(), **how), formula=formula, words=words)


def written(name: str, columns: Columns, **how: Any) -> Path:
    """The table as a file of this process."""
    path = _directory() / f"{name.replace(' ', '_')}.csv"
    if not path.exists():
        pd.DataFrame(dict(columns)).to_csv(path, index=False, **how)
    return path


@cache
def _directory() -> Path:
    directory = Path(tempfile.mkdtemp(prefix="mmtriage-emitted-"))
    atexit.register(shutil.rmtree, directory, ignore_errors=True)
    return directory
