"""Where lme4's answer hangs on rounding: R's runs under noise of a last bit beside ours.

    python -m tests.chance.measured        prints the table that tests/README.md quotes

`noise.R` made R's runs. A run is counted as `short` (more than 0.01 above the proven optimum), `said` (it
arrives, and lme4 says something all the same) or `silent`; and by isSingular. Fisher's exact test asks
whether both come from one distribution.
"""

from __future__ import annotations

import csv
import sys
from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Literal

import numpy as np
from scipy.stats import fisher_exact

from mmtriage.data.read_table import read_table
from mmtriage.data.reading import Reading
from mmtriage.engine.comparison import compare_fits
from mmtriage.engine.last_bits import repeated
from mmtriage.engine.prepared import prepare
from mmtriage.formula.normal_form import parse_formula
from mmtriage.ladder.workbench import Workbench
from mmtriage.options import TriageOptions

HERE = Path(__file__).parent
ROOT = HERE.parents[1]
SHORT = 0.01  # deviance units
RUNS = 40
SEED = 20261127
MODELS = {
    "soybean": (
        HERE / "soybean.csv",
        "log(weight) ~ poly(Time, 2) * Variety + (poly(Time, 2) | Plot)",
        "Plot",
    ),
    "sleepstudy_micro": (
        ROOT / "sample_data" / "sleepstudy_micro.csv",
        "Reaction ~ Days_micro + (Days_micro | Subject)",
        "Subject",
    ),
    "crossed_maximal": (
        ROOT / "sample_data" / "crossed_maximal.csv",
        "y ~ cond + (1 + cond | subject) + (1 + cond | item)",
        "subject",
    ),
    "math_wave": (HERE / "math_wave.csv", "mem ~ age + (age | id)", "id"),
    "four_groups_slope": (ROOT / "tests" / "proof" / "csv" / "four_groups_slope.csv", "y ~ x + (x | g)", "g"),
}


@dataclass(frozen=True)
class Run:
    """How one run ended."""

    gap: float
    is_singular: bool
    says_something: bool

    @property
    def status(self) -> Literal["short", "said", "silent"]:
        if self.gap > SHORT:
            return "short"
        return "said" if self.says_something else "silent"


def runs_in_r(name: str, optimum: float) -> list[Run]:
    """Those that `noise.R` made; the gap is to our proven optimum."""
    with (HERE / "r_runs.csv").open(encoding="utf-8", newline="") as file:
        return [
            Run(float(row["criterion"]) - optimum, row["singular"] == "TRUE", row["said"] == "TRUE")
            for row in csv.DictReader(file)
            if row["model"] == name
        ]


def our_runs(name: str) -> tuple[list[Run], float]:
    """Ours, of lme4 1.1 as R's are, without the one that has no noise; and the criterion of the optimum."""
    path, formula, group = MODELS[name]
    bench = Workbench(read_table(path, Reading(factors={group: None})), TriageOptions(lme4="1.1"))
    comparison = compare_fits(prepare(bench.build(parse_formula(formula))), seed=SEED)
    optimum = comparison.optimum_fit.criterion
    runs = []
    for noisy in repeated(comparison, RUNS, seed=SEED):
        assert noisy.lme4 is not None
        assert noisy.lme4_fit is not None
        gap = noisy.lme4_fit.criterion - optimum
        runs.append(Run(gap, noisy.lme4.singular, bool(noisy.lme4.lme4_messages)))
    return runs, optimum


def same_distribution(ours: Iterable[object], theirs: Iterable[object]) -> float:
    """The p-value of Fisher's exact test for two lists of answers; 1 where there is one answer only."""
    counts = Counter(ours), Counter(theirs)
    answers = sorted(set(counts[0]) | set(counts[1]), key=str)
    if len(answers) < 2:
        return 1.0
    table = np.array([[count[answer] for answer in answers] for count in counts])
    return float(fisher_exact(table).pvalue)


def main() -> None:
    """Print the table."""
    sys.stdout.write("| model | | ours | R's | p |\n|---|---|---|---|---|" + "\n")
    for name in MODELS:
        ours, optimum = our_runs(name)
        theirs = runs_in_r(name, optimum)
        _print_row(name, "status", [run.status for run in ours], [run.status for run in theirs])
        singular = [run.is_singular for run in ours], [run.is_singular for run in theirs]
        _print_row("", "isSingular", *singular)


def _print_row(name: str, what: str, ours: list[Any], theirs: list[Any]) -> None:
    counted = [Counter(answers).most_common() for answers in (ours, theirs)]
    shown = [", ".join(f"{count} {answer}" for answer, count in each) for each in counted]
    p = same_distribution(ours, theirs)
    sys.stdout.write(f"| {name} | {what} | {shown[0]} | {shown[1]} | {p:.3f} |\n")


if __name__ == "__main__":
    main()
