"""`python -m tests.planted`: the tables of verdicts, causes and false findings, and every miss.

    python -m tests.planted --seed 3 --only generalized
    python -m tests.planted --seed 3 --only healthy --sets 3

draws the generalized models afresh, or three sets of healthy ones; the rules were developed with seed 0.
"""

from __future__ import annotations

import argparse
import sys
from collections.abc import Iterable

from tests.planted import faults, healthy
from tests.planted.glmm import faults as glmm_faults
from tests.planted.glmm import healthy as glmm_healthy
from tests.planted.record import Case
from tests.planted.score import Mark, loud, mark, table

KINDS = {
    "linear": (faults.faults, healthy.healthy),
    "generalized": (glmm_faults.faults, glmm_healthy.healthy),
}


def main() -> int:
    """Print the tables, and the misses to stderr; 1 if there are any."""
    parser = argparse.ArgumentParser(prog="python -m tests.planted")
    parser.add_argument("--only", choices=("linear", "generalized", "healthy"))
    parser.add_argument("--seed", type=int, default=0, help="of all models")
    parser.add_argument("--sets", type=int, default=1, help="of healthy models, each with a seed of its own")
    parser.add_argument("--fault", default="", help="only faults whose line in the table begins so")
    arguments = parser.parse_args()
    marks: list[Mark] = []
    seeds = range(arguments.seed, arguments.seed + arguments.sets)
    for kind, (planted, sound) in KINDS.items():
        if arguments.only in (None, kind, "healthy"):
            planted_here = () if arguments.only == "healthy" else planted(arguments.seed)
            cases = [*planted_here, *(case for seed in seeds for case in sound(seed))]
            marks += _marked([case for case in cases if case.title.startswith(arguments.fault)])
    return int(any(m.false or not (m.verdict and m.cause) for m in marks))


def _marked(cases: Iterable[Case]) -> list[Mark]:
    marks = []
    for case in cases:
        report = case.triage()
        marks.append(mark(case, report))
        if not (marks[-1].verdict and marks[-1].cause) or marks[-1].false:
            found = [(f.code, f.severity) for f in loud(report)]
            said = f"{case.title}: {case.name}: {report.verdict.status} {report.verdict.codes} {found}"
            sys.stderr.write(f"{said}\n")
    sys.stdout.write(f"{table(marks)}\n\n")
    return marks


if __name__ == "__main__":
    sys.exit(main())
