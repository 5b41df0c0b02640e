"""`mmtriage check` on 200 models, beside one Rscript; are two processes faster, and do they say the same?

    python -m tests.benchmarks.check [repeats]

Twenty simulated tables, ten models each: linear and generalized, sound and singular. Where there is R, one
script fits all of them with lme4 and prints their summaries. Only an idle machine of two cores gives seconds
worth quoting; the load is printed beside them, and CPU seconds hang less on it.
"""

from __future__ import annotations

import json
import os
import resource
import shutil
import subprocess
import sys
import tempfile
import time
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np

ROOT = Path(__file__).parents[2]
TABLES, GROUPS, ROWS = 20, 30, 600
FORMULAS = {  # formula -> further keys of the configuration, and R's call
    "y ~ x + (1 | g)": ("", "lmer({})"),
    "y ~ x + (x | g)": ("", "lmer({})"),
    "y ~ x + (x || g)": ("", "lmer({})"),
    "y ~ x + z + (1 | g) + (1 | h)": ("", "lmer({})"),
    "y ~ x * z + (x | g)": ("ml = true", "lmer({}, REML = FALSE)"),
    "y ~ z + (z | g)": ("", "lmer({})"),
    "log(y) ~ x + (1 | g)": ("", "lmer({})"),
    "y ~ x + (1 | h)": ("", "lmer({})"),
    "count ~ x + (1 | g)": ('family = "poisson"', "glmer({}, family = poisson)"),
    "win ~ x + (1 | g)": ('family = "binomial"', "glmer({}, family = binomial)"),
}


@dataclass(frozen=True, slots=True)
class Cost:
    """What a process and those that it started took."""

    seconds: float
    cpu: float

    def __str__(self) -> str:
        return f"{self.seconds:6.2f} s, CPU {self.cpu:6.2f} s"


def main(repeats: int) -> None:
    with tempfile.TemporaryDirectory() as directory:
        write(Path(directory))
        costs: dict[str, Cost] = {}
        texts: dict[str, str] = {}
        ways = {"-j 1": checked(1), "-j 2": checked(2)}
        if shutil.which("Rscript") is not None:
            ways["one Rscript"] = ["Rscript", "-e", r_script()]
        for _ in range(repeats):
            for way, command in ways.items():
                text, cost = run(Path(directory), command)
                if way != "one Rscript":
                    text = without_clock(text)
                    assert texts.setdefault(way, text) == text, "two runs differ"
                costs[way] = min(cost, costs.get(way, cost), key=lambda cost: cost.seconds)
                print(f"{way}: {cost}   load {os.getloadavg()[0]:.1f}", flush=True)
    same = "the same bytes" if texts["-j 1"] == texts["-j 2"] else "DIFFERENT BYTES"
    print(f"200 models, best of {repeats}:")
    for way, cost in costs.items():
        print(f"  {way:12}{cost}")
    print(f"-j 2 is {costs['-j 1'].seconds / costs['-j 2'].seconds:.2f} times as fast; {same}")


def checked(jobs: int) -> list[str]:
    """The command that triages all models."""
    return [sys.executable, "-m", "mmtriage", "check", "-j", str(jobs), "--format", "json"]


def r_script() -> str:
    """R code that fits the same models and prints what a user would look at."""
    calls = [call.format(f"{formula}, d") for formula, (_, call) in FORMULAS.items()]
    fits = "; ".join(f"print(summary({call}))" for call in calls)
    read = 'd <- read.csv(paste0("d", i, ".csv")); d$g <- factor(d$g); d$h <- factor(d$h)'
    return f"suppressMessages(library(lme4)); for (i in 0:{TABLES - 1}) {{ {read}; {fits} }}"


def write(directory: Path) -> None:
    """The tables and a configuration."""
    lines = ["[tool.mmtriage]", 'fail_on = "never"']
    for table in range(TABLES):
        simulated(np.random.default_rng(table), directory / f"d{table}.csv")
        for position, (formula, (keys, _)) in enumerate(FORMULAS.items()):
            lines += ["[[tool.mmtriage.models]]", f'name = "m{table}.{position}"', f'data = "d{table}.csv"']
            lines += [f'formula = "{formula}"', keys]
    (directory / "pyproject.toml").write_text("\n".join(lines) + "\n")


def simulated(generator: np.random.Generator, path: Path) -> None:
    """Rows in groups `g` of real differences, and `h` of none."""
    g, h = generator.integers(0, GROUPS, ROWS), generator.integers(0, 12, ROWS)
    x, z = generator.normal(size=(2, ROWS))
    b = generator.normal(size=(2, GROUPS)) * np.array([[1.0], [0.5]])
    eta = 0.3 * x + 0.5 * b[0, g] + 0.3 * b[1, g] * x
    y = 20 + 2 * eta + generator.normal(size=ROWS)
    count = generator.poisson(np.exp(0.5 + eta))
    win = (generator.random(ROWS) < 1 / (1 + np.exp(-eta))).astype(int)
    rows = zip(y, x, z, g, h, count, win, strict=True)
    body = "".join(f"{a!s},{b!s},{c!s},g{d},h{e},{f},{i}\n" for a, b, c, d, e, f, i in rows)
    path.write_text(f"y,x,z,g,h,count,win\n{body}")


def run(directory: Path, command: Sequence[str]) -> tuple[str, Cost]:
    """What a command prints, and what it costs."""
    began, before = time.perf_counter(), cpu_of_children()
    done = subprocess.run(
        command,
        cwd=directory,
        env={**os.environ, "PYTHONPATH": str(ROOT)},
        capture_output=True,
        text=True,
        check=True,
    )
    return done.stdout, Cost(time.perf_counter() - began, cpu_of_children() - before)


def cpu_of_children() -> float:
    """CPU seconds of processes that have ended."""
    usage = resource.getrusage(resource.RUSAGE_CHILDREN)
    return usage.ru_utime + usage.ru_stime


def without_clock(text: str) -> str:
    """The reports of a check without `timing`."""
    document = json.loads(text)
    for model in document["models"]:
        del model["report"]["timing"]
    return json.dumps(document)


if __name__ == "__main__":
    main(int(sys.argv[1]) if len(sys.argv) > 1 else 3)
