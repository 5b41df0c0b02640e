"""The directory of --baseline: an earlier report of each model, compared with and replaced one by one."""

from __future__ import annotations

import hashlib
from collections.abc import Collection, Iterable, Mapping
from dataclasses import replace
from pathlib import Path
from urllib.parse import quote

from mmtriage.errors import MmtriageError, OptionError
from mmtriage.report.baseline_file import WHERE, Baseline, Kept, compared, keep, open_baseline
from mmtriage.report.decisions import selected
from mmtriage.report.facts import Report
from mmtriage.report.summary import Summary
from mmtriage.system.whole_files import nameable

LONGEST = 200  # characters of a file's name: systems allow 255, and a letter of Chinese takes nine
DIGITS = 16  # of a checksum, where a name is cut short


def open_baselines(directory: Path, names: Iterable[str], *, update: bool) -> dict[str, Baseline]:
    """The files of those models that a directory has a report of; of all, where they are to be updated."""
    nameable(directory, WHERE)
    if update and not directory.exists() and directory.parent.is_dir():
        try:
            directory.mkdir()
        except OSError as error:
            raise OptionError(f"`{directory}` cannot be made: {error.strerror}", where=WHERE) from None
    if not directory.is_dir():
        problem = "is not a directory" if directory.exists() else "does not exist"
        hint = "It holds a report of each model; --update-baseline creates it."
        raise OptionError(f"`{directory}` {problem}", where=WHERE, hint=hint)
    paths = {name: nameable(file_of(directory, name), WHERE) for name in names}
    return {
        name: open_baseline(path, update=update) for name, path in paths.items() if update or path.exists()
    }


def without_model(directory: Path, names: Iterable[str]) -> list[Path]:
    """The reports in a directory that are of none of these models: of one that was renamed, or is no more."""
    known = {file_of(directory, name) for name in names}
    return sorted(path for path in directory.glob("*.json") if path not in known)


def file_of(directory: Path, name: str) -> Path:
    """Where a directory of reports keeps that of a model, whatever it is called."""
    stem = quote(name, safe=" ")
    if len(stem) > LONGEST:
        digest = hashlib.sha256(name.encode()).hexdigest()[:DIGITS]
        stem = f"{stem[: LONGEST - DIGITS - 1]}-{digest}"
    return directory / f"{stem}.json"


def compared_each(
    summary: Summary, baselines: Mapping[str, Baseline], select: Mapping[str, Collection[str] | None]
) -> Summary:
    """Each model of a summary compared with its own earlier report, if it has one.

    Args:
        baselines: name of a model -> its file.
        select: name of a model -> the codes that are listed of it, or None for all.
    """
    models = []
    for model in summary.models:
        if model.name in baselines and isinstance(model.outcome, Report):
            outcome = _compared(model.outcome, baselines[model.name], select[model.name])
            model = replace(model, outcome=outcome)
        models.append(model)
    return replace(summary, models=tuple(models))


def _compared(report: Report, baseline: Baseline, select: Collection[str] | None) -> Report | MmtriageError:
    """A report on another model stops this model, and no other."""
    try:
        found = compared(report, baseline.document, str(baseline.path))
    except OptionError as error:
        return error
    return found if select is None else selected(found, select)


def keep_each(summary: Summary, baselines: Mapping[str, Baseline]) -> tuple[Summary, tuple[Kept, ...]]:
    """Put the reports of a summary in the place of earlier ones; what came of each is for who says it."""
    models, all_kept = [], []
    for model in summary.models:
        if isinstance(model.outcome, Report):
            kept = keep(model.outcome, baselines[model.name])
            fail_on = "never" if kept.is_kept else model.fail_on
            model = replace(model, outcome=kept.report, fail_on=fail_on)
            all_kept.append(kept)
        models.append(model)
    return replace(summary, models=tuple(models)), tuple(all_kept)
