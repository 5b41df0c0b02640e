"""Whole triages of generalized models beside R's `glmer`, whole processes both, with the ratio to be reached.

    python -m tests.benchmarks.triages [TEXT]

CPU seconds (user and system) of one run each, by turns; only cases whose name contains TEXT. The tables in
`csv/` are of models that people had trouble with, rebuilt or simulated after public reports; Arabidopsis, the
snails and the others come with R packages.
"""

from __future__ import annotations

import resource
import subprocess
import sys
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from rich.console import Console
from rich.table import Table

HERE = Path(__file__).parent
TESTS = HERE.parent
GOLDEN = TESTS / "golden" / "csv"
ROOT = TESTS.parent
GROUSETICKS = ("BROOD", "INDEX", "LOCATION", "YEAR")
R_FIT = (
    'suppressMessages(library(lme4)); d <- read.csv("{path}", stringsAsFactors = TRUE); '
    "for (f in c({factors})) d[[f]] <- factor(d[[f]]); "
    "m <- suppressMessages(suppressWarnings({call})); print(logLik(m))"
)
SNAILS = (
    "cbind(final.snail.density, snails.lost) ~ crab.speciesS + crab.speciesW + crab.sizeS + crab.sizeM + "
    "snail.sizeS + crab.speciesS:crab.sizeS + crab.speciesS:crab.sizeM + crab.speciesS:snail.sizeS + "
    "crab.speciesW:snail.sizeS + crab.sizeS:snail.sizeS + crab.sizeM:snail.sizeS + "
    "crab.speciesS:crab.sizeS:snail.sizeS + crab.speciesS:crab.sizeM:snail.sizeS + (snail.size | plot)"
)


@dataclass(frozen=True)
class Triage:
    """A model that is triaged whole; `target` is the most that it may cost, in R's `glmer`s."""

    path: Path
    formula: str
    family: str
    target: float
    factors: Sequence[str] = ()

    @property
    def command(self) -> list[str]:
        """Our process."""
        factors = [word for factor in self.factors for word in ("--factor", factor)]
        fit = [sys.executable, "-m", "mmtriage", "fit", str(self.path), self.formula]
        return [*fit, "--family", self.family, *factors, "--lme4", "1.1", "--format", "json"]

    @property
    def in_r(self) -> list[str]:
        """R's process: load, read, fit once."""
        arguments = f"{self.formula}, d"
        call = f"glmer({arguments}, {self.family})"
        if self.family == "negative.binomial":
            call = f"glmer.nb({arguments})"
        factors = ", ".join(f'"{factor}"' for factor in self.factors)
        return ["Rscript", "-e", R_FIT.format(path=self.path, factors=factors, call=call)]


TRIAGES = {
    "grouseticks, cHEIGHT": Triage(
        GOLDEN / "grouseticks.csv",
        "TICKS ~ YEAR + cHEIGHT + (1|BROOD) + (1|INDEX) + (1|LOCATION)",
        "poisson",
        1.0,
        GROUSETICKS,
    ),
    "grouseticks, HEIGHT in metres": Triage(
        GOLDEN / "grouseticks.csv",
        "TICKS ~ YEAR + HEIGHT + (1|BROOD) + (1|INDEX) + (1|LOCATION)",
        "poisson",
        1.0,
        GROUSETICKS,
    ),
    "Contraception": Triage(
        GOLDEN / "Contraception.csv",
        "use ~ age + I(age^2) + urban + livch + (1|district)",
        "binomial",
        1.0,
        ("district",),
    ),
    "binary_four_slopes": Triage(
        TESTS / "golden" / "minqa" / "binary_four_slopes.csv",
        "Y ~ X*Condition + (X*Condition|subject)",
        "binomial",
        3.0,
    ),
    "factor_slopes_poisson": Triage(
        HERE / "csv" / "factor_slopes_poisson.csv",
        "total.fruits ~ nutrient*amd + rack + status + (amd*nutrient|popu)+ (amd*nutrient|gen)",
        "poisson",
        3.0,
    ),
    "nb_standard_errors": Triage(
        TESTS / "golden" / "minqa" / "nb_standard_errors.csv",
        "field_count ~ logarea + habitat + (1 | name) + (1 | fieldid)",
        "negative.binomial",
        3.0,
    ),
    "binary_alarm": Triage(
        HERE / "csv" / "binary_alarm.csv",
        "resp ~ months.c * similarity * percSem + (similarity | subj)",
        "binomial",
        3.0,
    ),
    "binomial_slow": Triage(HERE / "csv" / "binomial_slow.csv", SNAILS, "binomial", 3.0),
    "separated_interaction": Triage(
        TESTS / "proof" / "csv" / "separated_interaction.csv", "y ~ f * x + (1 | g)", "binomial", 3.0
    ),
}


def whole_triages(text: str, *, has_r: bool) -> Table:
    """Run those whose name contains `text`."""
    table = Table("whole triage", "mmtriage CPU s", "R CPU s", "ratio", "target", box=None)
    for name, triage in TRIAGES.items():
        if text not in name:
            continue
        ours = _cpu_seconds(triage.command)
        theirs = _cpu_seconds(triage.in_r) if has_r else None
        ratio = "-" if theirs is None else f"{ours / theirs:.2f}"
        told = "-" if theirs is None else f"{theirs:.1f}"
        table.add_row(name, f"{ours:.1f}", told, ratio, f"{triage.target:.1f}")
    return table


def _cpu_seconds(command: Sequence[str]) -> float:
    before = resource.getrusage(resource.RUSAGE_CHILDREN)
    done = subprocess.run(command, capture_output=True, check=False, cwd=ROOT)
    if done.returncode not in (0, 1):
        raise RuntimeError(done.stderr.decode())
    after = resource.getrusage(resource.RUSAGE_CHILDREN)
    return after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime


if __name__ == "__main__":
    Console(width=118).print(whole_triages(sys.argv[1] if len(sys.argv) > 1 else "", has_r=True))
