"""`mmtriage fit`: one table, one formula, one report."""

from __future__ import annotations

import sys
from collections.abc import Callable, Mapping
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from mmtriage.command.choices import OF_FIT, ReportOptions
from mmtriage.command.complaints import refuse_extra_arguments
from mmtriage.command.completion import Given, completed
from mmtriage.command.flags import flags, read, said_of_flags, verbatim
from mmtriage.command.output import SVG, Output, of_plots, outputs, wants_plots, write_each
from mmtriage.command.progress import progress_line, shown_on
from mmtriage.command.screen import INTERRUPTED, code_if_unwritten, complain, show, wants_color, width
from mmtriage.data.reading import Reading
from mmtriage.deadline import Deadline, alarm_at, deadline_in, said_while
from mmtriage.diagnose.severity import DEFAULT_FAIL_ON
from mmtriage.errors import DataError, InterruptedTriage, UnjudgedError
from mmtriage.model.family_names import check_model
from mmtriage.options import OPTIONS, TriageOptions
from mmtriage.system.memory import load_libraries

if TYPE_CHECKING:
    from mmtriage.render.settings import Settings
    from mmtriage.report.baseline_file import Baseline, Kept
    from mmtriage.report.facts import Report


@click.command(context_settings={"allow_extra_args": True})
@click.argument("data", shell_complete=completed("file"))
@click.argument("formula")
@flags([*OPTIONS, *OF_FIT.values()])
def fit(data: str, formula: str, **given: Any) -> int:
    """Fit a mixed model as lme4 would, judge the fit, and rank what can be done about it.

    DATA is a text (CSV, TSV), a workbook, a file of SPSS, Stata, SAS, Parquet or Feather, packed or not; or -
    for standard input. FORMULA is lme4's, in quotes.

    \b
      mmtriage fit sleepstudy.csv "Reaction ~ Days + (Days | Subject)"
      mmtriage fit data.csv "y ~ x + (1|g)" --format json | jq -e '.verdict.status == "converged"'

    Exit codes: 0 nothing at or above --fail-on; 1 something is; 2 the input is wrong; 3 it could not be
    judged; 130 it was interrupted.
    """
    refuse_extra_arguments(click.get_current_context().args)
    asked = read(ReportOptions, given)
    reading = replace(read(Reading, given), verbatim=verbatim(Reading, given))
    options = _options(given)

    def triaged(plots: bool) -> Report:
        return _triage(data, formula, reading, replace(options, plots=plots), asked)

    return reported(triaged, {data: "the table"}, asked, deadline_in(options.time_budget))


def reported(
    triaged: Callable[[bool], Report], inputs: Mapping[str, str], asked: ReportOptions, deadline: Deadline
) -> int:
    """Triage, compare with an earlier report, write every output, and return the exit code.

    Args:
        triaged: makes the report; it is told whether plots are wanted.
        inputs: what is read, and must not be overwritten: path -> what it is.
        deadline: of all that is read, triaged and drawn.
    """
    from mmtriage.render.plots import plots_in_time
    from mmtriage.render.settings import Settings
    from mmtriage.report.decisions import accepted, selected
    from mmtriage.report.exit_code import exit_code_of

    load_libraries()
    settings = Settings(fail_on=asked.fail_on or DEFAULT_FAIL_ON)
    with alarm_at(deadline):
        baseline = _baseline(asked)
        files = _files(inputs, asked, baseline)
        plots = wants_plots({asked.format, *(output.format_name for output in files)})
        report, stopped = _as_far_as_it_came(triaged, plots)
    report = accepted(report, asked.reasons)
    is_written = True
    if baseline is not None and stopped is None:  # half a report is no news
        report, kept = _since(report, baseline, update=asked.update_baseline)
        settings = replace(settings, fail_on="never") if kept and kept.is_kept else settings
        is_written = kept is None or kept.outcome != "unwritten"
    if asked.select:
        report = selected(report, asked.select)
    if plots:
        with alarm_at(deadline):
            drawn, undrawn = plots_in_time(report)
        settings = replace(settings, plots=drawn, plot_remarks=undrawn)
    is_written &= write_each(files, lambda output: _contents(output, report, asked, settings))
    _show(report, asked, settings)
    code = exit_code_of(report, settings.fail_on) if stopped is None else stopped
    return code if is_written else code_if_unwritten(code)


def _as_far_as_it_came(triaged: Callable[[bool], Report], plots: bool) -> tuple[Report, int | None]:
    """The report, and the exit code of whatever ended it before its end; None where nothing did."""
    from mmtriage.report.facts import Report

    try:
        return triaged(plots), None
    except InterruptedTriage as stop:
        if not isinstance(stop.so_far, Report):
            raise
        sys.stderr.write("\nInterrupted.\n")
        return stop.so_far, INTERRUPTED
    except UnjudgedError as error:
        if not isinstance(error.so_far, Report):
            raise
        complain(error)
        return error.so_far, error.exit_code


def _options(given: Given) -> TriageOptions:
    """The options of the triage; on the command line `--nagq 1` asks for an integral too, default or not."""
    options = read(TriageOptions, given)
    if given["nagq"] is not None:
        with said_of_flags(TriageOptions):
            check_model(options.family, options.link, options.nagq, reml=options.reml)
    return options


def _baseline(asked: ReportOptions) -> Baseline | None:
    """The file of --baseline, read before any work is done."""
    if asked.baseline is None:
        return None
    from mmtriage.report.baseline_file import open_baseline

    with said_while(f"`{asked.baseline}` was read"):
        return open_baseline(Path(asked.baseline), update=asked.update_baseline)


def _files(inputs: Mapping[str, str], asked: ReportOptions, baseline: Baseline | None) -> tuple[Output, ...]:
    """The files of --output, which must not be what is read."""
    from mmtriage.render import RENDERERS

    inputs = {**inputs, **({} if baseline is None else {str(baseline.path): "the baseline"})}
    return outputs(asked.output, [*RENDERERS, SVG], inputs, directories=(SVG,))


def _triage(
    data: str, formula: str, reading: Reading, options: TriageOptions, asked: ReportOptions
) -> Report:
    if data == "-" and sys.stdin.isatty():
        raise DataError(
            "there is nothing on standard input", hint="Pipe a table into the command, or name a file."
        )

    from mmtriage.formula import parse_formula

    parse_formula(formula)  # what is wrong with it is said before anybody waits for NumPy or a table

    from mmtriage.data.read_table import read_table
    from mmtriage.triage_table import triage_table

    table = read_table(data, reading)
    with progress_line(wanted=asked.detail != "brief") as ticker:
        return triage_table(table, formula, shown_on(ticker, options))


def _since(report: Report, baseline: Baseline, *, update: bool) -> tuple[Report, Kept | None]:
    """The report compared with an earlier one, and what came of putting it in the place of that."""
    from mmtriage.render import since
    from mmtriage.report.baseline_file import compared, keep

    if not update:
        return compared(report, baseline.document, str(baseline.path)), None
    kept = keep(report, baseline)
    sys.stderr.write(since.kept(kept))
    return kept.report, kept


def _contents(output: Output, report: Report, asked: ReportOptions, settings: Settings) -> Mapping[Path, str]:
    if output.format_name == SVG:
        return of_plots(output.path, settings.plots or ())
    return {output.path: _as_file(report, output.format_name, asked, settings)}


def _show(report: Report, asked: ReportOptions, settings: Settings) -> None:
    if asked.format == "text":
        from mmtriage.render import terminal

        color = wants_color(no_color=asked.no_color)
        show(terminal.render(report, settings, width=width(), color=color, detail=asked.detail))
    else:
        show(_as_file(report, asked.format, asked, settings))


def _as_file(report: Report, format_name: str, asked: ReportOptions, settings: Settings) -> str:
    """A format as it goes into a file; only the text is longer or shorter as the user likes."""
    if format_name == "text":
        from mmtriage.render import terminal

        return terminal.render(report, settings, detail=asked.detail)
    from mmtriage.render import render

    return render(report, format_name, settings)
