"""Several models in words, once for every format: a headline, and a line for each model."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable

from mmtriage import figures
from mmtriage.diagnose.verdict import SEVERITY_OF
from mmtriage.errors import MmtriageError
from mmtriage.render import labels, since
from mmtriage.render.prose import one_line
from mmtriage.render.settings import settings_of
from mmtriage.render.tables import Grid
from mmtriage.report import roles
from mmtriage.report.exit_code import INVALID
from mmtriage.report.facts import Report
from mmtriage.report.printable import printable, printable_text
from mmtriage.report.summary import Checked, Summary

HEADER = ("model", "verdict", "cause", labels.REMEDIES.lower(), "since", "exit")
LEFT_OUT = ("cause", labels.REMEDIES.lower())  # where the screen is narrow
NOT_FITTED = "not fitted again"
ERROR, NOT_JUDGED = "Error", "Not judged"


def headline(summary: Summary) -> str:
    """How many fail: "2 of 5 models fail"."""
    total, failing = len(summary.models), len(summary.failing)
    if failing == 0:
        return "The model passes" if total == 1 else f"All {total:,} models pass"
    if total == 1:
        return "The model fails"
    return f"{failing:,} of {total:,} models {'fails' if failing == 1 else 'fail'}"


def tally(summary: Summary) -> str:
    """What came of them: "1 error, 1 not converged, 3 converged"."""
    counted = Counter(map(verdict, summary.models))
    order = (NOT_JUDGED, *(label for word in labels.STATUS_WORDS.values() for label in _labels(word)))
    errors = [figures.count(counted[ERROR], ERROR.lower())] if counted[ERROR] else []
    found = [f"{counted[label]:,} {label.lower()}" for label in order if counted[label]]
    known = [f"{summary.not_fitted:,} {NOT_FITTED}"] if summary.not_fitted else []
    return ", ".join([*errors, *found, *known])


def grid(models: Iterable[Checked], *, narrow: bool = False) -> Grid:
    """A line for each model; a narrow one leaves out causes and remedies.

    What has changed since an earlier report has a column where a model has one.
    """
    models = tuple(models)
    is_compared = any(isinstance(m.outcome, Report) and m.outcome.drift is not None for m in models)
    left_out = {*(LEFT_OUT if narrow else ()), *(() if is_compared else ("since",))}
    kept = [position for position, name in enumerate(HEADER) if name not in left_out]
    header = tuple(HEADER[position] for position in kept)
    rows = tuple(tuple(row[position] for position in kept) for row in map(_row, models))
    return Grid(header=header, rows=rows, numeric=frozenset({len(header) - 1}))


def title(model: Checked) -> str:
    """Name and verdict: "sleep: Not converged"."""
    return f"{name(model)}: {verdict(model)}"


def name(model: Checked) -> str:
    """The name as it can be shown, in one line.

    A line that begins with `::`, blanks apart, is a command to GitHub's runner wherever it is printed.
    """
    shown = one_line(printable_text(model.name))
    return f"`{shown}`" if shown.lstrip().startswith("::") else shown


def verdict(model: Checked) -> str:
    """The verdict, and whether it has been accepted."""
    if isinstance(model.outcome, MmtriageError):
        return ERROR if model.exit_code == INVALID else NOT_JUDGED
    found = model.outcome.verdict
    plain, accepted = _labels(labels.STATUS_WORDS[found.status])
    return accepted if found.severity != SEVERITY_OF[found.status] else plain


def severity(model: Checked) -> str:
    """The verdict's, for colors."""
    return model.outcome.verdict.severity if isinstance(model.outcome, Report) else "error"


def _labels(word: str) -> tuple[str, str]:
    return word, f"{word} (accepted)"


def _row(model: Checked) -> tuple[str, ...]:
    if isinstance(model.outcome, MmtriageError):
        cause, advice = model.outcome.kind, one_line(printable_text(model.outcome.message))
        changed = ""
    else:
        report = printable(model.outcome)
        codes = _codes(report, model)
        cause = ", ".join(codes)
        advice = _advice(report, codes) if model.exit_code else ""
        changed = since.brief(report, model.fail_on) if model.is_fitted else NOT_FITTED
    return name(model), verdict(model), cause, advice, changed, str(model.exit_code)


def _codes(report: Report, model: Checked) -> tuple[str, ...]:
    """The causes of the verdict, then what else fails the check."""
    fails = settings_of(model).fails
    grave = [finding for finding in roles.others(report) if fails(finding.severity)]
    return tuple(dict.fromkeys(finding.code for finding in (*roles.causes(report), *grave)))


def _advice(report: Report, codes: tuple[str, ...]) -> str:
    if report.remedies:
        return report.remedies[0].title
    return f"mmtriage explain {codes[0]}" if codes else ""
