"""`python -m tests.planted`: the tables of verdicts, causes and false findings, and every miss.

    python -m tests.planted --seed 3 --only generalized
    python -m tests.planted --seed 3 --only healthy --sets 3
    python -m tests.planted --seed 3 --part 2/2 --log FILE         # every second one: for two processes

draws the generalized models afresh, or three sets of healthy ones; the rules were developed with seed 0. A
log of JSON lines keeps what was marked: the next run goes on from there, and the tables are of all it has.
"""

from __future__ import annotations

import argparse
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from tests.fuzz_log import Log
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
    parser.add_argument("--part", default="1/1", help="i/n: every n-th model")
    parser.add_argument("--log", type=Path, help="JSON lines, read and added to")
    arguments = parser.parse_args()
    part, parts = map(int, arguments.part.split("/"))
    marks: list[Mark] = []
    seeds = range(arguments.seed, arguments.seed + arguments.sets)
    for kind, (planted, sound) in KINDS.items():
        if arguments.only in (None, kind, "healthy"):
            planted_here = () if arguments.only == "healthy" else planted(arguments.seed)
            cases = {
                **{f"{kind} {arguments.seed} {case.title}: {case.name}": case for case in planted_here},
                **{f"{kind} {seed} healthy: {case.name}": case for seed in seeds for case in sound(seed)},
            }
            chosen = {name: case for name, case in cases.items() if case.title.startswith(arguments.fault)}
            known = _marked(chosen, list(chosen)[part - 1 :: parts], arguments.log)
            sys.stdout.write(f"{table(known)}\n\n")
            marks += known
    return int(any(m.false or not (m.verdict and m.cause) for m in marks))


def _marked(cases: dict[str, Case], mine: Sequence[str], log: Path | None) -> list[Mark]:
    """The marks of all cases that the log has, and of mine, which are added to it."""
    kept = Log(log)
    known = {name: entry["mark"] for name, entry in kept.entries.items() if name in cases}
    marks = {name: Mark(case=cases[name], **plain) for name, plain in known.items()}
    for name in mine:
        if name in marks:
            continue
        report = cases[name].triage()
        marks[name] = new = mark(cases[name], report)
        said = (
            f"{report.verdict.status} {report.verdict.codes} {[(f.code, f.severity) for f in loud(report)]}"
        )
        if not (new.verdict and new.cause) or new.false:
            sys.stderr.write(f"{name}: {said}\n")
        kept.add({"case": name, "mark": _plain(new), "said": said})
    return list(marks.values())


def _plain(new: Mark) -> dict[str, Any]:
    """A mark without its case."""
    return {name: getattr(new, name) for name in Mark.__dataclass_fields__ if name != "case"}


if __name__ == "__main__":
    sys.exit(main())
