"""`python -m tests.planted`: the tables of verdicts, causes and false findings, and every miss.

    python -m tests.planted --seed 3 --only generalized

draws the generalized models afresh; the rules were developed with seed 0.
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


def main() -> int:
    """Print the tables, and the misses to stderr; 1 if there are any."""
    parser = argparse.ArgumentParser(prog="python -m tests.planted")
    parser.add_argument("--only", choices=("linear", "generalized"))
    parser.add_argument("--seed", type=int, default=0, help="of the generalized models")
    arguments = parser.parse_args()
    marks: list[Mark] = []
    if arguments.only != "generalized":
        marks += _marked((*faults.faults(), *healthy.healthy()))
    if arguments.only != "linear":
        seed = arguments.seed
        marks += _marked((*glmm_faults.faults(seed), *glmm_healthy.healthy(seed)))
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
