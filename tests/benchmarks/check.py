"""`mmtriage check` on 200 models: how much faster are two processes, and do they say the same?

    python -m tests.benchmarks.check [repeats]

Twenty simulated tables, ten models each: linear and generalized, sound and singular. Only an idle machine of
two cores gives a ratio worth quoting; the load is printed beside it.
"""

from __future__ import annotations

import json
import os
import subprocess
import sys
import tempfile
import time
from pathlib import Path

import numpy as np

ROOT = Path(__file__).parents[2]
TABLES, GROUPS, ROWS = 20, 30, 600
FORMULAS = {  # formula -> further keys
    "y ~ x + (1 | g)": "",
    "y ~ x + (x | g)": "",
    "y ~ x + (x || g)": "",
    "y ~ x + z + (1 | g) + (1 | h)": "",
    "y ~ x * z + (x | g)": "ml = true",
    "y ~ z + (z | g)": "",
    "log(y) ~ x + (1 | g)": "",
    "y ~ x + (1 | h)": "",
    "count ~ x + (1 | g)": 'family = "poisson"',
    "win ~ x + (1 | g)": 'family = "binomial"',
}


def main(repeats: int) -> None:
    with tempfile.TemporaryDirectory() as directory:
        write(Path(directory))
        seconds: dict[int, float] = {}
        texts: dict[int, str] = {}
        for _ in range(repeats):
            for jobs in (1, 2):
                text, elapsed = run(Path(directory), jobs)
                assert texts.setdefault(jobs, text) == text, "two runs differ"
                seconds[jobs] = min(elapsed, seconds.get(jobs, np.inf))
                print(f"-j {jobs}: {elapsed:6.2f} s   load {os.getloadavg()[0]:.1f}", flush=True)
    same = "the same bytes" if texts[1] == texts[2] else "DIFFERENT BYTES"
    print(f"200 models, best of {repeats}: {seconds[1]:.2f} s and {seconds[2]:.2f} s; ", end="")
    print(f"-j 2 is {seconds[1] / seconds[2]:.2f} times as fast; {same}")


def write(directory: Path) -> None:
    """The tables and a configuration."""
    lines = ["[tool.mmtriage]", 'fail_on = "never"']
    for table in range(TABLES):
        simulated(np.random.default_rng(table), directory / f"d{table}.csv")
        for position, (formula, keys) in enumerate(FORMULAS.items()):
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


def run(directory: Path, jobs: int) -> tuple[str, float]:
    """One check: its reports without `timing`, and its seconds."""
    started = time.perf_counter()
    done = subprocess.run(
        [sys.executable, "-m", "mmtriage", "check", "-j", str(jobs), "--format", "json"],
        cwd=directory,
        env={**os.environ, "PYTHONPATH": str(ROOT)},
        capture_output=True,
        text=True,
        check=True,
    )
    elapsed = time.perf_counter() - started
    document = json.loads(done.stdout)
    for model in document["models"]:
        del model["report"]["timing"]
    return json.dumps(document), elapsed


if __name__ == "__main__":
    main(int(sys.argv[1]) if len(sys.argv) > 1 else 3)
