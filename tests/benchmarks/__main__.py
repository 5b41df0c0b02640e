"""Time this tool, and lme4 where Rscript with lme4 is found, in one run; print ratios of time and memory.

    python -m tests.benchmarks [--quick] [--only TEXT]

Whole processes and short fits are timed as the best of three; a reference fit is timed inside a process of
its own (design, cross-products, all starts, certificate), lme4's default `lmer()` or `glmer()` call likewise,
and glmmTMB's where R has it. A ratio above 1 says that this tool is faster, or smaller; of whole triages
(`triages.py`) it is the other way round, beside the target.
"""

from __future__ import annotations

import argparse
import json
import shutil
import subprocess
import sys
import tempfile
import time
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from rich.console import Console
from rich.table import Table

from tests.benchmarks.cases import CASES, GENERALIZED_CASES, Case
from tests.benchmarks.triages import TRIAGES, whole_triages

HERE = Path(__file__).parent
ROOT = HERE.parent.parent
SLEEPSTUDY = ROOT / "sample_data" / "sleepstudy.csv"
FORMULA = "Reaction ~ Days + (Days | Subject)"
REPEATS = 3
R_FIT = (
    'suppressMessages(library(lme4)); d <- read.csv("{path}"); d$Subject <- factor(d$Subject); '
    "m <- lmer({formula}, d); print(summary(m))"
)
R_ALLFIT = R_FIT + "; print(summary(allFit(m, verbose = FALSE))$llik)"


def main() -> None:
    parser = argparse.ArgumentParser(prog="python -m tests.benchmarks")
    parser.add_argument("--quick", action="store_true", help="leave the large cases out")
    parser.add_argument("--only", default="", help="cases whose name contains this")
    chosen = parser.parse_args()
    console = Console(width=118)
    has_r = _has_package("lme4")
    if not has_r:
        console.print("Rscript with lme4 is not found: this tool is timed alone.")
    if not chosen.only or chosen.only in "whole process":
        console.print(_whole_processes(has_r))
    if not chosen.only or chosen.only in "diagnosis":
        console.print(_diagnosis())

    def wanted(cases: Sequence[Case]) -> list[Case]:
        return [c for c in cases if chosen.only in c.name and not (chosen.quick and c.size == "large")]

    if cases := wanted(CASES):
        console.print(_reference_fits(cases, has_r))
    if cases := wanted(GENERALIZED_CASES):
        console.print(_generalized_fits(cases, has_r))
    if not chosen.quick and any(chosen.only in name for name in TRIAGES):
        console.print(whole_triages(chosen.only, has_r=has_r))


def _whole_processes(has_r: bool) -> Table:
    table = Table("whole process, sleepstudy", "mmtriage s", "R s", "ratio", box=None)
    fit = [sys.executable, "-m", "mmtriage", "fit", str(SLEEPSTUDY), FORMULA]
    rows = (
        ("fit; Rscript: load, read, lmer once", fit, R_FIT),
        ("fit --all-rungs; Rscript: lmer + allFit", [*fit, "--all-rungs"], R_ALLFIT),
    )
    for label, ours, theirs in rows:
        mine = _best_seconds(ours)
        script = theirs.format(path=SLEEPSTUDY, formula=FORMULA)
        other = _best_seconds(["Rscript", "-e", script]) if has_r else None
        table.add_row(label, f"{mine:.2f}", _number(other), _ratio(other, mine))
    return table


def _diagnosis() -> Table:
    """All findings, judgement and facts, against lme4's path to its own fit."""
    table = Table("diagnosis without the ladder", "s", "baseline fit s", box=None)
    insteval = CASES[0]
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "table.csv"
        insteval.write(path)
        cases = (
            ("sleepstudy", SLEEPSTUDY, FORMULA, ()),
            (insteval.name, path, insteval.formula, insteval.factors),
        )
        for name, source, formula, factors in cases:
            command = [sys.executable, "-m", "tests.benchmarks.diagnosis", str(source), formula, *factors]
            answer = _json(command)
            table.add_row(name, _number(answer["diagnosis"]), _number(answer["baseline"]))
    return table


def _reference_fits(cases: Sequence[Case], has_r: bool) -> Table:
    table = Table(
        "reference fit, certified",
        "s",
        "gradients",
        "MB",
        "lme4 s",
        "evals",
        "MB",
        "time ratio",
        "memory ratio",
        "lme4 minus ours",
        box=None,
    )  # fmt: skip
    for case in cases:
        with tempfile.TemporaryDirectory() as folder:
            path = Path(folder) / "table.csv"
            case.write(path)
            ours = _ours(case, path)
            theirs = _theirs("lme4", case, path) if has_r else None
        table.add_row(
            case.name + ("" if ours["certified"] else " (NOT CERTIFIED)"),
            _number(ours["seconds"]),
            str(ours["gradients"]),
            f"{ours['peak_mb']:.0f}",
            *_beside(ours, theirs),
        )
    return table


def _generalized_fits(cases: Sequence[Case], has_r: bool) -> Table:
    """GLMMs beside glmer and glmmTMB."""
    has_tmb = has_r and _has_package("glmmTMB")
    headers = (
        "s",
        "gradients",
        "lme4 s",
        "evals",
        "ratio",
        "glmmTMB s",
        "ratio",
        "lme4 - ours",
        "TMB - ours",
    )
    table = Table("reference fit of a GLMM, certified", *headers, box=None)
    for case in cases:
        with tempfile.TemporaryDirectory() as folder:
            path = Path(folder) / "table.csv"
            case.write(path)
            ours = _ours(case, path)
            lme4 = _theirs("lme4", case, path) if has_r else None
            tmb = _theirs("glmmTMB", case, path) if has_tmb else None
        table.add_row(
            case.name + ("" if ours["certified"] else " (NOT CERTIFIED)"),
            _number(ours["seconds"]),
            str(ours["gradients"]),
            _number(None if lme4 is None else lme4["seconds"]),
            "-" if lme4 is None else str(lme4["evaluations"]),
            _ratio(None if lme4 is None else lme4["seconds"], ours["seconds"]),
            _number(None if tmb is None else tmb["seconds"]),
            _ratio(None if tmb is None else tmb["seconds"], ours["seconds"]),
            *("-" if r is None else f"{r['criterion'] - ours['criterion']:.2g}" for r in (lme4, tmb)),
        )
    return table


def _ours(case: Case, path: Path) -> dict[str, Any]:
    arguments = [str(path), case.formula, case.family, *case.factors]
    return _json([sys.executable, "-m", "tests.benchmarks.ours", *arguments])


def _theirs(package: str, case: Case, path: Path) -> dict[str, Any]:
    arguments = [package, str(path), case.formula, case.family, *case.factors]
    return _json(["Rscript", str(HERE / "lme4.R"), *arguments])


def _beside(ours: dict[str, Any], theirs: dict[str, Any] | None) -> tuple[str, ...]:
    if theirs is None:
        return ("-",) * 6
    return (
        _number(theirs["seconds"]),
        str(theirs["evaluations"]),
        f"{theirs['peak_mb'] or float('nan'):.0f}",
        _ratio(theirs["seconds"], ours["seconds"]),
        _ratio(theirs["peak_mb"], ours["peak_mb"]),
        f"{theirs['criterion'] - ours['criterion']:.2g}",
    )


def _has_package(name: str) -> bool:
    if shutil.which("Rscript") is None:
        return False
    asked = ["Rscript", "-e", f"library({name})"]
    return subprocess.run(asked, capture_output=True, check=False).returncode == 0


def _best_seconds(command: Sequence[str]) -> float:
    seconds = []
    for _ in range(REPEATS):
        began = time.perf_counter()
        subprocess.run(command, capture_output=True, check=True, cwd=ROOT)
        seconds.append(time.perf_counter() - began)
    return min(seconds)


def _json(command: Sequence[str]) -> dict[str, Any]:
    done = subprocess.run(command, capture_output=True, check=True, cwd=ROOT, text=True)
    answer: dict[str, Any] = json.loads(done.stdout.splitlines()[-1])
    return answer


def _number(value: float | None) -> str:
    return "-" if value is None else f"{value:.3g}"


def _ratio(theirs: float | None, ours: float) -> str:
    return "-" if theirs is None else f"{theirs / ours:.2g}"


if __name__ == "__main__":
    main()
