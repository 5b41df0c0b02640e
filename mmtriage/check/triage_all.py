"""The models of a configuration, side by side: a report for each, or the error that there is none."""

from __future__ import annotations

import traceback
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass
from functools import lru_cache

from mmtriage.check.config import Config
from mmtriage.check.entries import ModelEntry
from mmtriage.data.read_table import read_table
from mmtriage.data.reading import Reading
from mmtriage.data.table import Table
from mmtriage.errors import InterruptedTriageError, MmtriageError, UnjudgedError
from mmtriage.processes import MEMORY_HINT, Died, run_each
from mmtriage.report.decisions import accepted, selected
from mmtriage.report.facts import Report
from mmtriage.report.summary import Checked, Summary

KEPT_TABLES = 4  # per process; models that share a table stand together as a rule
NOT_ENOUGH_MEMORY = "there is not enough memory for this table and model"
NOT_DONE = "not checked: it was interrupted before"
BUG = "this is a bug in mmtriage; please report it with the traceback"


@dataclass(frozen=True, slots=True, kw_only=True)
class Answer:
    """What a process sends back."""

    outcome: Report | MmtriageError
    traceback: str | None = None  # of a bug


def check_models(
    config: Config,
    *,
    jobs: int,
    progress: Callable[[str], None] | None = None,
    task: Callable[[ModelEntry], Answer] | None = None,
) -> Summary:
    """Triage every model on up to `jobs` processes; `jobs` changes nothing but the time.

    An interrupt (KeyboardInterrupt) ends the processes, and is the outcome of the models that were not done.

    Args:
        progress: told how many models are done.
        task: what is done for each model; `triage_entry` unless a test has something else in mind.
    """
    models = config.models
    done: dict[int, Answer | Died] = {}

    def on_answer(index: int, answer: Answer | Died) -> None:
        done[index] = answer
        if progress is not None:
            progress(f"{len(done)}/{len(models)} models")

    if progress is not None:
        progress(f"0/{len(models)} models")
    with suppress(KeyboardInterrupt):
        run_each(task or triage_entry, models, jobs=jobs, on_answer=on_answer)
    undone = Answer(outcome=InterruptedTriageError(NOT_DONE))
    checked = [_checked(config, model, done.get(index, undone)) for index, model in enumerate(models)]
    return Summary(models=tuple(checked))


def triage_entry(model: ModelEntry) -> Answer:
    """Triage one model, in a process of its own; whatever goes wrong is its answer."""
    try:
        report = _judged(model) if model.fit is not None else _triaged(model)
    except MmtriageError as error:
        return Answer(outcome=error)
    except MemoryError:
        return Answer(outcome=UnjudgedError(NOT_ENOUGH_MEMORY))
    except Exception:  # a bug must not stop the other models; its traceback is not lost
        return Answer(outcome=UnjudgedError(BUG), traceback=traceback.format_exc())
    report = accepted(report, model.ignore)
    return Answer(outcome=report if model.select is None else selected(report, model.select))


def _triaged(model: ModelEntry) -> Report:
    from mmtriage.triage_table import triage_table

    assert model.data is not None  # of a model without the file of a fit both are needed
    assert model.formula is not None
    return triage_table(_table(model.data, model.reading), model.formula, model.options)


def _judged(model: ModelEntry) -> Report:
    """A fit made elsewhere, in place of one that is imitated."""
    from mmtriage.given.asked import options_of_fit, table_path, with_factors
    from mmtriage.given.read_fit import read_fit
    from mmtriage.triage_table import triage_table

    assert model.fit is not None
    given = read_fit(model.fit)
    options = options_of_fit(given, model.options, model.said)
    table = with_factors(_table(table_path(given, model.data), model.reading), given)
    return triage_table(table, given.formula, options, given)


@lru_cache(maxsize=KEPT_TABLES)
def _table(source: str, reading: Reading) -> Table:
    """Read a table, which several models may share."""
    return read_table(source, reading)


def _checked(config: Config, model: ModelEntry, answer: Answer | Died) -> Checked:
    if isinstance(answer, Died):
        problem = f"the process that worked on this model {answer}"
        answer = Answer(outcome=UnjudgedError(problem, hint=MEMORY_HINT))
    return Checked(
        name=model.name,
        path=config.path,
        line=model.line,
        fail_on=model.fail_on,
        outcome=answer.outcome,
        traceback=answer.traceback,
    )
