"""The models of a configuration, side by side: a report for each, or the error that there is none."""

from __future__ import annotations

import traceback
from collections.abc import Callable, Mapping
from contextlib import suppress
from dataclasses import dataclass

from mmtriage.check.config import Config
from mmtriage.check.entries import ModelEntry
from mmtriage.check.entry_question import question_of_entry
from mmtriage.deadline import alarm_at, deadline_in
from mmtriage.errors import InterruptedTriageError, MmtriageError, UnjudgedError
from mmtriage.processes import MEMORY_HINT, Died, run_each
from mmtriage.report.decisions import accepted, selected
from mmtriage.report.facts import Report
from mmtriage.report.summary import Checked, Summary

NOTHING_KEPT: Mapping[str, Report] = {}
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
    progress: Callable[[int, int], None] | None = None,
    kept: Mapping[str, Report] = NOTHING_KEPT,
    task: Callable[[ModelEntry], Answer] | None = None,
) -> Summary:
    """Triage every model on up to `jobs` processes; `jobs` changes nothing but the time.

    An interrupt (KeyboardInterrupt) ends the processes, and is the outcome of the models that were not done.

    Args:
        progress: told how many models are done, of how many.
        kept: name of a model -> the earlier report that is its report, for it asks the same.
        task: what is done for each model; `triage_entry` unless a test has something else in mind.
    """
    models = [model for model in config.models if model.name not in kept]
    done: dict[int, Answer | Died] = {}

    def on_answer(index: int, answer: Answer | Died) -> None:
        done[index] = answer
        if progress is not None:
            progress(len(done), len(models))

    if progress is not None:
        progress(0, len(models))
    with suppress(KeyboardInterrupt):
        run_each(task or triage_entry, models, jobs=jobs, on_answer=on_answer)
    undone = Answer(outcome=InterruptedTriageError(NOT_DONE))
    answers = {model.name: done.get(index, undone) for index, model in enumerate(models)}
    return Summary(models=tuple(_checked(config, model, answers, kept) for model in config.models))


def triage_entry(model: ModelEntry) -> Answer:
    """Triage one model, in a process of its own; whatever goes wrong is its answer."""
    from mmtriage.triage_table import triage_table

    try:
        with alarm_at(deadline_in(model.options.time_budget)):
            asked = question_of_entry(model)
            report = triage_table(asked.table, asked.formula, asked.options, asked.given)
    except MmtriageError as error:
        return Answer(outcome=error)
    except MemoryError:
        return Answer(outcome=UnjudgedError(NOT_ENOUGH_MEMORY))
    except Exception:  # a bug must not stop the other models; its traceback is not lost
        return Answer(outcome=UnjudgedError(BUG), traceback=traceback.format_exc())
    report = accepted(report, model.ignore)
    return Answer(outcome=report if model.select is None else selected(report, model.select))


def _checked(
    config: Config, model: ModelEntry, answers: Mapping[str, Answer | Died], kept: Mapping[str, Report]
) -> Checked:
    answer = answers[model.name] if model.name in answers else Answer(outcome=kept[model.name])
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
        is_fitted=model.name in answers,
    )
