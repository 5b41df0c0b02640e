"""`mmtriage check`: the models that a project keeps, each with its report."""

from __future__ import annotations

import sys
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from mmtriage import option_values
from mmtriage.command import completion
from mmtriage.command.choices import ReportChoices, refuse_update_of_nothing, report_choices
from mmtriage.command.flags import a_path, completed, report_options
from mmtriage.command.output import Output, outputs, write
from mmtriage.command.progress import progress_line
from mmtriage.command.screen import INTERRUPTED, show, wants_color, width

if TYPE_CHECKING:
    from mmtriage.check.config import Config
    from mmtriage.report.baseline_file import Baseline
    from mmtriage.report.summary import Summary

MOST_NAMES = 10  # of models in a message


@click.command()
@click.argument("name", nargs=-1, shell_complete=completed(completion.models))
@click.option(
    "--config",
    metavar="FILE",
    shell_complete=a_path("file"),
    help="TOML file that lists the models (default: the nearest pyproject.toml with [tool.mmtriage]).",
)
@click.option(
    "-j", "--jobs", metavar="N", help="Models at a time; changes nothing but the time (default: 1)."
)
@click.option("--time-budget", metavar="SECONDS", help="For each model: report what was found by then.")
@report_options(fail_on=None, baseline="DIRECTORY")
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
    from mmtriage.check.triage_all import InterruptedCheckError, check_models

    choices = report_choices(given)
    config = _configuration(name, given, choices)
    baselines = _baselines(config, given)
    jobs = option_values.whole_number(given["jobs"], "--jobs", least=1) or config.jobs or 1
    files = _files(config, given, baselines)
    try:
        with progress_line(wanted=choices.detail != "brief") as progress:
            summary = check_models(config, jobs=jobs, progress=progress)
    except InterruptedCheckError as stop:
        sys.stderr.write(_how_far(stop.done, stop.undone))
        return INTERRUPTED
    summary = _since_each(summary, config, baselines, update=given["update_baseline"])
    for model in summary.models:
        if model.traceback:
            sys.stderr.write(f"Model {model.name}:\n{model.traceback}")
    for output in files:
        write(output.path, _as_file(summary, output.format_name, choices))
    _show(summary, choices)
    return summary.exit_code


def _configuration(names: Sequence[str], given: Mapping[str, Any], choices: ReportChoices) -> Config:
    """The named models, after what the command line says of all."""
    from mmtriage.check.config import chosen, find_config, overridden, read_config

    path = Path(given["config"]) if given["config"] is not None else find_config(Path.cwd())
    return overridden(
        chosen(read_config(path), names),
        fail_on=choices.fail_on,
        select=choices.select,
        ignore=choices.ignore,
        time_budget=option_values.seconds(given["time_budget"], "--time-budget"),
    )


def _baselines(config: Config, given: Mapping[str, Any]) -> dict[str, Baseline]:
    """The files in the directory of --baseline, read before any work is done."""
    from mmtriage.check.baselines import open_baselines

    refuse_update_of_nothing(given)
    if given["baseline"] is None:
        return {}
    names = [model.name for model in config.models]
    return open_baselines(Path(given["baseline"]), names, update=given["update_baseline"])


def _files(config: Config, given: Mapping[str, Any], baselines: Mapping[str, Baseline]) -> tuple[Output, ...]:
    """The files of --output, which must not be what is read."""
    from mmtriage.render import RENDERERS

    inputs = {config.path: "the configuration", **{model.data: "a table" for model in config.models}}
    inputs |= {str(kept.path): "a baseline" for kept in baselines.values()}
    return outputs(given["output"], RENDERERS, inputs)


def _since_each(
    summary: Summary, config: Config, baselines: Mapping[str, Baseline], *, update: bool
) -> Summary:
    """The models compared with earlier reports, and these replaced if that is wanted."""
    from mmtriage.check.baselines import compared_each, keep_each

    if not update:
        return compared_each(summary, baselines, {model.name: model.select for model in config.models})
    kept, said = keep_each(summary, baselines)
    sys.stderr.write(said)
    return kept


def _how_far(done: Sequence[str], undone: Sequence[str]) -> str:
    """What an interrupted check has and has not done."""
    lines = [f"Interrupted: {len(done)} of {len(done) + len(undone)} models were checked."]
    for label, names in (("Checked", done), ("Not checked", undone)):
        if names:
            more = f" and {len(names) - MOST_NAMES} more" if len(names) > MOST_NAMES else ""
            lines.append(f"  {label}: {', '.join(names[:MOST_NAMES])}{more}")
    return "\n".join(lines) + "\n"


def _show(summary: Summary, choices: ReportChoices) -> None:
    if choices.format_name == "text":
        from mmtriage.render import terminal

        color = wants_color(no_color=choices.no_color)
        show(terminal.render_all(summary, width=width(), color=color, detail=choices.detail))
    else:
        show(_as_file(summary, choices.format_name, choices))


def _as_file(summary: Summary, format_name: str, choices: ReportChoices) -> str:
    """A format as it goes into a file; only the text is longer or shorter as the user likes."""
    if format_name == "text":
        from mmtriage.render import terminal

        return terminal.render_all(summary, detail=choices.detail)
    from mmtriage.render import render_all

    return render_all(summary, format_name)
