"""`mmtriage check`: the models that a project keeps, each with its report."""

from __future__ import annotations

import sys
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from mmtriage.command import completion
from mmtriage.command.choices import OF_CHECK, ReportOptions
from mmtriage.command.completion import completed
from mmtriage.command.flags import flags, read
from mmtriage.command.output import Output, outputs, wants_plots, write_each
from mmtriage.command.progress import progress_line
from mmtriage.command.screen import code_if_unwritten, show, wants_color, width
from mmtriage.deadline import alarm_at, deadline_in, said_while
from mmtriage.errors import OptionError
from mmtriage.option_values import Seconds, Switch, Text, option, options_of
from mmtriage.options import JOBS
from mmtriage.system.memory import load_libraries

if TYPE_CHECKING:
    from mmtriage.check.config import Config
    from mmtriage.report.baseline_file import Baseline
    from mmtriage.report.facts import Report
    from mmtriage.report.summary import Summary

MOST_NAMES = 10  # of models in a message


@dataclass(frozen=True, slots=True, kw_only=True)
class CheckOptions:
    """What is said of all models."""

    config: str | None = option(
        Text(),
        None,
        metavar="FILE",
        completion="file",
        help="TOML file that lists the models (default: the nearest pyproject.toml with [tool.mmtriage]).",
    )
    jobs: int | None = option(
        JOBS,
        None,
        short="-j",
        metavar="N",
        example="2",
        help="Models at a time; changes nothing but the time (default: 1).",
    )
    changed: bool = option(
        Switch(),
        False,
        help="With --baseline: fit those models only of which the table, formula, options or the version of "
        "mmtriage have changed.",
    )
    time_budget: float | None = option(
        Seconds(),
        None,
        metavar="SECONDS",
        example="60",
        help="For each model: report what was found by then.",
    )


@click.command()
@click.argument("name", nargs=-1, shell_complete=completed(completion.models))
@flags([*options_of(CheckOptions), *OF_CHECK.values()])
def check(name: tuple[str, ...], **given: Any) -> int:
    """Triage the models that a project keeps, side by side.

    NAME is that of a model; without one, all are checked. Each has a name, data, a formula and any option of
    `fit` in pyproject.toml, with paths relative to it:

    \b
      [[tool.mmtriage.models]]
      name = "reaction"
      data = "data/sleepstudy.csv"
      formula = "Reaction ~ Days + (Days | Subject)"
      ignore = [{code = "MM311", reason = "known; see the supplement"}]

    The exit code is the worst model's: 2 the input is wrong, then 3 it could not be judged, then 1 something
    is at or above --fail-on, then 0. One model that fails does not stop the others.
    """
    load_libraries()
    from mmtriage.check.config import with_plots
    from mmtriage.check.triage_all import check_models

    asked, of_all = read(ReportOptions, given), read(CheckOptions, given)
    config = _configuration(name, of_all, asked)
    baselines = _baselines(config, asked, of_all)
    files = _files(config, asked, baselines)
    if wants_plots({asked.format, *(output.format_name for output in files)}):
        config = with_plots(config)
    with progress_line(wanted=asked.detail != "brief") as ticker:
        progress = None if ticker is None else ticker.models
        jobs, kept = of_all.jobs or config.jobs or 1, _kept(config, baselines, of_all)
        summary = check_models(config, jobs=jobs, progress=progress, kept=kept)
    if summary.undone:
        sys.stderr.write(_how_far(summary))
    update = asked.update_baseline and not summary.undone  # a check that is half done changes none
    summary, is_kept = _since_each(summary, config, baselines, update=update)
    for model in summary.models:
        if model.traceback:
            sys.stderr.write(f"Model {model.name}:\n{model.traceback}")
    is_written = write_each(files, lambda output: {output.path: _as_file(summary, output.format_name, asked)})
    _show(summary, asked)
    return summary.exit_code if is_kept and is_written else code_if_unwritten(summary.exit_code)


def _configuration(names: Sequence[str], of_all: CheckOptions, asked: ReportOptions) -> Config:
    """The named models, after what the command line says of all."""
    from mmtriage.check.config import chosen, find_config, overridden, read_config

    path = Path(of_all.config) if of_all.config is not None else find_config(Path.cwd())
    with alarm_at(deadline_in(of_all.time_budget)), said_while(f"`{path}` was read"):
        config = read_config(path)
    return overridden(
        chosen(config, names),
        fail_on=asked.fail_on,
        select=asked.select or None,
        ignore=asked.reasons,
        time_budget=of_all.time_budget,
    )


def _baselines(config: Config, asked: ReportOptions, of_all: CheckOptions) -> dict[str, Baseline]:
    """The files in the directory of --baseline, read before any work is done."""
    from mmtriage.check.baselines import open_baselines, without_model
    from mmtriage.report.printable import printable_text

    if asked.baseline is None:
        if of_all.changed:
            hint = "Name it: --baseline reports --changed"
            raise OptionError("--changed needs to know what was there before", hint=hint)
        return {}
    directory, names = Path(asked.baseline), [model.name for model in config.models]
    baselines = open_baselines(directory, names, update=asked.update_baseline)
    for file in without_model(directory, config.all_names):
        sys.stderr.write(printable_text(f"Baseline {file}: no model of {config.path} has this name\n"))
    return baselines


def _kept(config: Config, baselines: Mapping[str, Baseline], of_all: CheckOptions) -> Mapping[str, Report]:
    """The earlier reports of the models that --changed leaves alone."""
    if not of_all.changed:
        return {}
    from mmtriage.check.unchanged import unchanged

    return unchanged(config.models, baselines)


def _files(config: Config, asked: ReportOptions, baselines: Mapping[str, Baseline]) -> tuple[Output, ...]:
    """The files of --output, which must not be what is read."""
    from mmtriage.render import RENDERERS

    inputs = {
        config.path: "the configuration",
        **{model.data: "a table" for model in config.models if model.data is not None},
        **{model.fit: "a fit" for model in config.models if model.fit is not None},
    }
    inputs |= {str(kept.path): "a baseline" for kept in baselines.values()}
    return outputs(asked.output, RENDERERS, inputs)


def _since_each(
    summary: Summary, config: Config, baselines: Mapping[str, Baseline], *, update: bool
) -> tuple[Summary, bool]:
    """The models compared with earlier reports or put in their place, and whether all could be written."""
    from mmtriage.check.baselines import compared_each, keep_each
    from mmtriage.render import since

    if not update:
        selects = {model.name: model.select for model in config.models}
        return compared_each(summary, baselines, selects), True
    summary, all_kept = keep_each(summary, baselines)
    for kept in all_kept:
        sys.stderr.write(since.kept(kept))
    return summary, all(kept.outcome != "unwritten" for kept in all_kept)


def _how_far(summary: Summary) -> str:
    """What an interrupted check has and has not done."""
    undone = summary.undone
    done = [model.name for model in summary.models if model.name not in undone]
    lines = [f"Interrupted: {len(done)} of {len(summary.models)} models were checked."]
    for label, names in (("Checked", done), ("Not checked", undone)):
        if names:
            more = f" and {len(names) - MOST_NAMES} more" if len(names) > MOST_NAMES else ""
            lines.append(f"  {label}: {', '.join(names[:MOST_NAMES])}{more}")
    return "\n".join(lines) + "\n"


def _show(summary: Summary, asked: ReportOptions) -> None:
    if asked.format == "text":
        from mmtriage.render import terminal

        color = wants_color(no_color=asked.no_color)
        show(terminal.render_all(summary, width=width(), color=color, detail=asked.detail))
    else:
        show(_as_file(summary, asked.format, asked))


def _as_file(summary: Summary, format_name: str, asked: ReportOptions) -> str:
    """A format as it goes into a file; only the text is longer or shorter as the user likes."""
    if format_name == "text":
        from mmtriage.render import terminal

        return terminal.render_all(summary, detail=asked.detail)
    from mmtriage.render import render_all

    return render_all(summary, format_name)
