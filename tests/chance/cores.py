"""The same verdict on every processor, or MM409: golden and further models judged as one processor computes.

    OPENBLAS_CORETYPE=Prescott NPY_DISABLE_CPU_FEATURES="$(python -m tests.kernels Prescott)" \\
        python -m tests.chance.cores --cases FILE --log prescott.jsonl
    python -m tests.chance.cores --compare haswell.jsonl prescott.jsonl ...

The first judges every golden model, and those of a file as `shared/cases` has one, without their ladders: no
remedy changes a verdict's status but by a better point, of which there is none in them. A log of JSON lines
keeps what was judged; the next run goes on from there. The second prints where logs differ, and the counts
of every model that reports MM409 in one of them; exit 1 if a model that reports it in none has two verdicts.
"""

from __future__ import annotations

import argparse
import json
import sys
from collections import Counter
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import Any
from unittest.mock import patch

from tests.fuzz_log import Entry, Log
from tests.golden_cases import glmms_that_fail, golden_cases, golden_glmms
from tests.triaged import golden_words, ran

Judged = dict[str, Entry]  # of each model its status, whether it reports MM409, the statuses of its runs


def main() -> int:
    """Judge the models that the log does not have, or compare logs."""
    parser = argparse.ArgumentParser(prog="python -m tests.chance.cores")
    parser.add_argument("--cases", type=Path, help="cases.json of further models")
    parser.add_argument("--log", type=Path, help="JSON lines, read and added to")
    parser.add_argument("--compare", type=Path, nargs="+", help="logs, one of each processor")
    arguments = parser.parse_args()
    if arguments.compare:
        return compared({path.stem: Log(path).entries for path in arguments.compare})
    log = Log(arguments.log)
    for name, words in models(arguments.cases):
        if name not in log.entries:
            log.add({"case": name, **judged(words)})
    return 0


def models(further: Path | None) -> Iterator[tuple[str, tuple[str, ...]]]:
    """Each model's name and what follows `mmtriage fit`."""
    for cases in (golden_cases(), golden_glmms(), glmms_that_fail()):
        for name, case in cases.items():
            yield f"golden/{name}", (str(case.csv), case.formula, *golden_words(case))
    for entry in json.loads(further.read_text(encoding="utf-8")) if further else ():
        table = further.parent / entry["csv"] if further else Path()
        yield f"cases/{entry['id']}", (str(table), entry["formula"], *entry["args"])


def judged(words: Iterable[str]) -> dict[str, Any]:
    """What the report says of one model, without its ladder."""
    with patch("mmtriage.triage_table.climb_if_suspect", lambda case: ((), None)):
        report = ran("fit", *words, "--format", "json").report
    if report.get("error"):
        return {"status": report["error"]["message"], "chance": False, "runs": []}
    return {
        "status": report["verdict"]["status"],
        "chance": any(finding["code"] == "MM409" for finding in report["findings"]),
        "runs": [run["status"] for run in (report["baseline"] or {}).get("repeats") or ()],
    }


def compared(logs: dict[str, Judged]) -> int:
    """Print the models of which MM409 is reported, and those of which it is not and that differ."""
    names = set.intersection(*(set(log) for log in logs.values()))
    sys.stdout.write(f"{len(names)} models\n\n| model | {' | '.join(logs)} |\n|---|{'---|' * len(logs)}\n")
    differ = []
    for name in sorted(names):
        each = [log[name] for log in logs.values()]
        if any(one["chance"] for one in each):
            sys.stdout.write(f"| {name} | {' | '.join(map(_counts, each))} |\n")
        elif len({one["status"] for one in each}) > 1:
            differ.append(f"{name}: {', '.join(one['status'] for one in each)}\n")
    sys.stdout.write(f"\nwithout MM409 and with more than one verdict: {len(differ)}\n{''.join(differ)}")
    return int(bool(differ))


def _counts(one: dict[str, Any]) -> str:
    """`**not_converged** 4, converged 1`, the verdict in bold."""
    counted = Counter(one["runs"] or [one["status"]])
    counts = (
        f"**{status}** {n}" if status == one["status"] else f"{status} {n}" for status, n in counted.items()
    )
    return ", ".join(sorted(counts))


if __name__ == "__main__":
    sys.exit(main())
