"""One value of a real baseline changed, many times: `python -m tests.report.drift.mutations [COUNT [SEED]]`.

A baseline is answered with a message that names a key, or with a comparison; and where what is compared was
changed by more than its limit, the comparison says so.
"""

from __future__ import annotations

import copy
import json
import random
import sys
from collections.abc import Iterator
from typing import Any

from mmtriage.errors import OptionError
from mmtriage.render import jsondoc
from mmtriage.report.baseline_file import compared
from mmtriage.report.facts import Report
from tests.real_reports.records import REPORTS

Path = tuple[str | int, ...]
STRANGERS: tuple[object, ...] = (
    *(None, True, False, 0, -1, 1, 3.5, -3.5, 10**400, float("inf"), float("-inf"), 1e308, -1e308),
    *("", "x", "\0", "1", "x" * 10_000, [], ["x"], [[]], [None], {}, {"x": 1}, {"models": []}),
)


def paths(value: object, here: Path = ()) -> Iterator[Path]:
    """The places of all values of a document."""
    if here:
        yield here
    if isinstance(value, dict):
        for key, each in value.items():
            yield from paths(each, (*here, key))
    elif isinstance(value, list):
        for index, each in enumerate(value):
            yield from paths(each, (*here, index))


def mutated(document: dict[str, Any], draw: random.Random) -> tuple[dict[str, Any], Path, object]:
    """The document with one value changed, gone or added; the place, and what stands there now."""
    changed = copy.deepcopy(document)
    path = draw.choice(list(paths(document)))
    holder: Any = changed
    for part in path[:-1]:
        holder = holder[part]
    last: Any = path[-1]
    old = holder[last]
    match draw.choice(("stranger", "stranger", "sign", "size", "missing", "extra")):
        case "missing":
            del holder[last]
            return changed, path, "missing"
        case "extra" if isinstance(holder, list):
            holder.append(copy.deepcopy(old))
        case "extra":
            holder[f"{last}_too"] = copy.deepcopy(old)
        case "sign" if isinstance(old, int | float) and not isinstance(old, bool):
            holder[last] = -old
        case "size" if isinstance(old, int | float) and not isinstance(old, bool):
            holder[last] = old * draw.choice((1e3, 1e-3, 1e30))
        case _:
            holder[last] = draw.choice(STRANGERS)
    return changed, path, holder[last] if last in holder or isinstance(holder, list) else None


def is_news(path: Path, before: object, after: object) -> bool:
    """Whether a comparison must say something of a change: of a verdict, an estimate or a criterion."""
    fit = path[:1] == ("reference",)
    if fit and path[-1] == "estimate" and isinstance(before, float) and isinstance(after, float):
        return abs(after - before) > abs(before)  # whose standard error is smaller
    if path == ("reference", "criterion") and isinstance(before, float) and isinstance(after, float):
        return abs(after - before) > 1
    return path in (("verdict", "status"), ("verdict", "severity")) and before != after


def wrong(report: Report, document: dict[str, Any], draw: random.Random) -> str | None:
    """What is wrong with the answer to one change; None, as it should be."""
    changed, path, now = mutated(document, draw)
    before: Any = document
    for part in path:
        before = before[part]
    try:
        drift = compared(report, json.loads(json.dumps(changed)), "base.json").drift
    except OptionError as error:
        is_named = "is damaged: " not in error.message or error.message.count("`") > 2
        return None if is_named else f"{path} = {now!r}: {error.message}"
    except Exception as error:
        return f"{path} = {now!r}: {type(error).__name__}: {error}"
    if drift is not None and not drift.changes and is_news(path, before, now):
        return f"{path} = {now!r} is no news"
    return None


def wrongs(count: int, seed: int) -> Iterator[str]:
    """What is wrong with the answers to so many changes of the reports that are kept."""
    draw = random.Random(seed)
    reports = [report for report in REPORTS.values() if report.incomplete is None]
    documents = [json.loads(jsondoc.render(report)) for report in reports]
    for number in range(count):
        which = number % len(reports)
        if (found := wrong(reports[which], documents[which], draw)) is not None:
            yield found


if __name__ == "__main__":
    count, seed = (*map(int, sys.argv[1:]), *(2000, 1)[len(sys.argv) - 1 :])
    found = list(wrongs(count, seed))
    sys.stdout.write("\n".join([*found, f"{len(found)} of {count} are wrong", ""]))
    sys.exit(bool(found))
