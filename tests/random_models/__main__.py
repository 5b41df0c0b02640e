"""Random small models of all families: does every certificate hold, and is every report one story?

    python -m tests.random_models 1000 --seed 11                   # about 40 minutes of a core
    python -m tests.random_models 1000 --seed 11 --part 2/2        # every second one: for two processes
    python -m tests.random_models 1000 --seed 11 --only 17 203     # these alone, printed in full

Each certified optimum is judged by 12 starts of a dense likelihood, 50 where a group has two to six levels or
a slope. Every tenth model is triaged whole. Of the others the optimum is proven, without lme4's end among the
starts, and a report is made only of those that are not proven, or wrongly. A log of JSON lines (`--log`)
keeps what was judged: the next run goes on from there. Exit 1 if anything failed.
"""

from __future__ import annotations

import argparse
import json
import sys
import warnings
from collections import Counter
from collections.abc import Iterable
from pathlib import Path

from threadpoolctl import threadpool_limits

from tests.random_models.draw import draw
from tests.random_models.judge import Record, judged

WHOLE = 10  # every tenth model climbs the ladder


def main() -> int:
    """Judge the models that the log does not have, and print the figures of all."""
    parser = argparse.ArgumentParser(prog="python -m tests.random_models")
    parser.add_argument("models", type=int)
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--part", default="1/1", help="i/n: every n-th model")
    parser.add_argument("--log", type=Path, help="JSON lines, read and added to")
    parser.add_argument("--only", type=int, nargs="+", help="indices; printed in full, whatever the log has")
    arguments = parser.parse_args()
    part, parts = map(int, arguments.part.split("/"))
    mine = arguments.only or [i for i in range(arguments.models) if i % parts == part - 1]
    known = {} if arguments.only else known_of(arguments.log, arguments.seed)
    for index in mine:
        if index not in known:
            known[index] = record = judge_one(arguments.seed, index)
            keep(arguments.log, record)
            if record["failures"] or arguments.only:
                sys.stdout.write(json.dumps(record, indent=1 if arguments.only else None) + "\n")
                sys.stdout.flush()
    records = list(known.values())
    sys.stdout.write(figures(records))
    return int(any(record["failures"] for record in records))


def judge_one(seed: int, index: int) -> Record:
    """The record of one model."""
    with threadpool_limits(limits=1, user_api="blas"), warnings.catch_warnings():
        warnings.simplefilter("ignore")
        return {"seed": seed, **judged(draw(seed, index), climbs=index % WHOLE == 0)}


def known_of(log: Path | None, seed: int) -> dict[int, Record]:
    """What a log has of a seed."""
    if log is None or not log.exists():
        return {}
    records = map(json.loads, log.read_text(encoding="utf-8").splitlines())
    return {record["index"]: record for record in records if record["seed"] == seed}


def keep(log: Path | None, record: Record) -> None:
    """Add a record to the log."""
    if log is not None:
        with log.open("a", encoding="utf-8") as file:
            file.write(json.dumps(record) + "\n")


def figures(records: Iterable[Record]) -> str:
    """What the log comes to."""
    records = list(records)
    certified = [record for record in records if record.get("certified")]
    lines = [
        f"{len(records)} models: {dict(Counter(record['status'] for record in records))}",
        f"{len(certified)} certified, judged from {sum(r['starts'] for r in certified)} starts",
        f"{sum(bool(r['refuted']) for r in certified)} with refuted points",
        f"{sum('artefacts' in r for r in certified)} of them with more, which the likelihood refutes as well",
        f"{sum('other_mode' in r for r in certified)} lower at a mode that the triage has not met",
        f"{sum(bool(record['failures']) for record in records)} failures",
    ]
    for record in records:
        if record["status"] in ("undetermined", "unjudged"):
            lines.append(f"{record['status']}: {record['name']}: {record['reason']}")
    lines += [f"FAILED {record['name']}: {failure}" for record in records for failure in record["failures"]]
    return "\n".join(lines) + "\n"


if __name__ == "__main__":
    sys.exit(main())
