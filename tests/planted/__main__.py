"""`python -m tests.planted`: the table of verdicts, causes and false findings, and every miss."""

from __future__ import annotations

import sys

from tests.planted.faults import faults
from tests.planted.healthy import healthy
from tests.planted.score import Mark, loud, mark, table


def main() -> int:
    """Print the table, and the misses to stderr; 1 if there are any."""
    marks: list[Mark] = []
    for case in (*faults(), *healthy()):
        report = case.triage()
        marks.append(mark(case, report))
        if not (marks[-1].verdict and marks[-1].cause) or marks[-1].false:
            found = [(f.code, f.severity) for f in loud(report)]
            said = f"{case.fault}: {case.name}: {report.verdict.status} {report.verdict.codes} {found}"
            sys.stderr.write(f"{said}\n")
    sys.stdout.write(f"{table(marks)}\n")
    return int(any(m.false or not (m.verdict and m.cause) for m in marks))


if __name__ == "__main__":
    sys.exit(main())
