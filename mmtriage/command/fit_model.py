"""`mmtriage fit`: one table, one formula, one report."""

from __future__ import annotations

import sys
from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from mmtriage import option_values
from mmtriage.command import completion
from mmtriage.command.choices import ReportChoices, refuse_update_of_nothing, report_choices
from mmtriage.command.complaints import refuse_extra_arguments
from mmtriage.command.flags import a_path, completed, report_options
from mmtriage.command.output import SVG, Output, outputs, wants_plots, write, write_plots
from mmtriage.command.progress import progress_line
from mmtriage.command.screen import show, wants_color, width
from mmtriage.errors import DataError
from mmtriage.model.family_names import LAPLACE, LINKS_OF, check_model
from mmtriage.options import DEFAULT_SEED, TriageOptions

if TYPE_CHECKING:
    from mmtriage.render.settings import Settings
    from mmtriage.report.baseline_file import Baseline
    from mmtriage.report.facts import Report


@click.command(context_settings={"allow_extra_args": True})
@click.argument("data", shell_complete=a_path("file"))
@click.argument("formula")
@click.option("--sep", metavar="CHAR", help="Separator of the table (default: sniffed).")
@click.option(
    "--na-values", multiple=True, metavar="A,B", help="Cells that mean missing, beside NA and the empty one."
)
@click.option(
    "--factor",
    multiple=True,
    metavar="COL[=A,B]",
    help="Treat a column as a factor; the first level listed is the reference. Repeatable.",
)
@click.option(
    "--contrasts",
    multiple=True,
    metavar="COL=CODING",
    help="Code a factor by treatment, sum, helmert or poly. Repeatable.",
)
@click.option(
    "--subset", metavar="EXPR", help="Use these rows only, as in R: \"age > 20 & site %in% c('a', 'b')\"."
)
@click.option(
    "--family",
    default="gaussian",
    show_default=True,
    metavar="NAME",
    shell_complete=completed(completion.families),
    help=f"As in R: {', '.join(LINKS_OF)}.",
)
@click.option(
    "--link",
    metavar="NAME",
    shell_complete=completed(completion.links),
    help="Link of the family (default: R's), e.g. probit.",
)
@click.option(
    "--nagq",
    metavar="N",
    help="Points of Gauss-Hermite quadrature, as glmer's nAGQ (default: 1, Laplace).",
)
@click.option(
    "--weights", metavar="COL", help="Prior weights, as lmer's; of a proportion, the number of trials."
)
@click.option("--offset", metavar="COL", help="Offset, added to the formula's own.")
@click.option("--ml", is_flag=True, help="Fit a linear mixed model by maximum likelihood (default: REML).")
@click.option(
    "--optimizer",
    metavar="NAME",
    shell_complete=completed(completion.optimizers),
    help="Optimizer of the fit to be judged (default: lme4's; for glmer one in each of two stages).",
)
@click.option("--maxfun", metavar="N", help="Its evaluation budget (default: lme4's).")
@click.option("--all-rungs", is_flag=True, help="Climb all five rungs of the ladder, whatever the verdict.")
@click.option("--keep", multiple=True, metavar="TERM", help="Never drop this random term. Repeatable.")
@click.option(
    "--bootstrap",
    default="0",
    metavar="N",
    help="Parametric bootstrap samples for the tests of dropped terms.",
)
@click.option(
    "--seed",
    default=str(DEFAULT_SEED),
    show_default=True,
    metavar="N",
    help="Seed of whatever is random.",
)
@click.option(
    "-j",
    "--jobs",
    default="1",
    show_default=True,
    metavar="N",
    help="Processes; changes nothing but the time.",
)
@click.option(
    "--time-budget",
    metavar="SECONDS",
    help="Report what was found when the time runs out.",
)
@report_options(fail_on="warning", baseline="FILE")
def fit(data: str, formula: str, **given: Any) -> int:
    """Fit a mixed model as lme4 would, judge the fit, and rank what can be done about it.

    DATA is a CSV or TSV file (plain or gzipped), a Parquet file, or - for standard input. FORMULA is lme4's,
    in quotes.

    \b
      mmtriage fit sleepstudy.csv "Reaction ~ Days + (Days | Subject)"
      mmtriage fit data.csv "y ~ x + (1|g)" --format json | jq -e '.verdict.status == "converged"'

    Exit codes: 0 nothing at or above --fail-on; 1 something is; 2 the input is wrong; 3 it could not be
    judged.
    """
    from mmtriage.render.plots import plots_of
    from mmtriage.render.settings import Settings
    from mmtriage.report.decisions import accepted, selected
    from mmtriage.report.exit_code import exit_code_of

    refuse_extra_arguments(click.get_current_context().args)
    choices = report_choices(given)
    settings = Settings(fail_on=choices.fail_on or "warning")
    baseline = _baseline(given)
    files = _files(data, given, baseline)
    plots = wants_plots({choices.format_name, *(output.format_name for output in files)})
    report = accepted(_triage(data, formula, given, choices, plots=plots), choices.ignore)
    if baseline is not None:
        report, is_kept = _since(report, baseline, update=given["update_baseline"])
        settings = replace(settings, fail_on="never") if is_kept else settings
    if choices.select is not None:
        report = selected(report, choices.select)
    if plots:
        settings = replace(settings, plots=plots_of(report))
    for output in files:
        _write(output, report, choices, settings)
    _show(report, choices, settings)
    return exit_code_of(report, settings.fail_on)


def _baseline(given: Mapping[str, Any]) -> Baseline | None:
    """The file of --baseline, read before any work is done."""
    from mmtriage.report.baseline_file import open_baseline

    refuse_update_of_nothing(given)
    if given["baseline"] is None:
        return None
    return open_baseline(Path(given["baseline"]), update=given["update_baseline"])


def _files(data: str, given: Mapping[str, Any], baseline: Baseline | None) -> tuple[Output, ...]:
    """The files of --output, which must not be what is read."""
    from mmtriage.render import RENDERERS

    inputs = {data: "the table", **({} if baseline is None else {str(baseline.path): "the baseline"})}
    return outputs(given["output"], [*RENDERERS, SVG], inputs, directories=(SVG,))


def _triage(
    data: str, formula: str, given: Mapping[str, Any], choices: ReportChoices, *, plots: bool
) -> Report:
    """Check every option before any work is done, then read and triage."""
    factors = option_values.factors(given["factor"])
    chosen = _triage_options(given)
    if data == "-" and sys.stdin.isatty():
        raise DataError(
            "there is nothing on standard input", hint="Pipe a table into the command, or name a file."
        )

    from mmtriage.data.read_table import read_table
    from mmtriage.triage_table import triage_table

    table = read_table(
        data, sep=given["sep"], na_values=option_values.na_values(given["na_values"]), factors=factors
    )
    with progress_line(wanted=choices.detail != "brief") as progress:
        return triage_table(
            table, formula, replace(chosen, progress=progress, reading=_reading_words(given), plots=plots)
        )


def _reading_words(given: Mapping[str, Any]) -> tuple[str, ...]:
    """How the table was read, as words of a command that reads it again."""
    words = [] if given["sep"] is None else ["--sep", given["sep"]]
    for flag, name in (("--na-values", "na_values"), ("--factor", "factor")):
        for value in given[name]:
            words += [flag, value]
    return tuple(words)


def _triage_options(given: Mapping[str, Any]) -> TriageOptions:
    family, link, reml = given["family"], given["link"], not given["ml"]
    nagq = option_values.whole_number(given["nagq"], "--nagq", least=0)
    check_model(family, link, nagq, reml=reml, dashes="--")
    optimizer = given["optimizer"]
    if optimizer is not None:
        from mmtriage.optimizers import OPTIMIZERS

        option_values.one_of(optimizer, OPTIMIZERS, "option --optimizer")
    return TriageOptions(
        family=family,
        link=link,
        nagq=LAPLACE if nagq is None else nagq,
        reml=reml,
        weights=given["weights"],
        offset=given["offset"],
        subset=given["subset"],
        contrasts=option_values.contrasts(given["contrasts"]),
        optimizer=optimizer,
        maxfun=option_values.whole_number(given["maxfun"], "--maxfun", least=1),
        all_rungs=given["all_rungs"],
        keep=given["keep"],
        bootstrap=option_values.whole_number(given["bootstrap"], "--bootstrap", least=0) or 0,
        seed=option_values.whole_number(given["seed"], "--seed", least=0) or 0,
        jobs=option_values.whole_number(given["jobs"], "--jobs", least=1) or 1,
        time_budget=option_values.seconds(given["time_budget"], "--time-budget"),
    )


def _since(report: Report, baseline: Baseline, *, update: bool) -> tuple[Report, bool]:
    """The report compared with an earlier one, and whether it has taken its place."""
    from mmtriage.render import since
    from mmtriage.report.baseline_file import compared, keep

    if not update:
        return compared(report, baseline.document, str(baseline.path)), False
    kept = keep(report, baseline)
    sys.stderr.write(since.kept(kept))
    return kept.report, kept.is_kept


def _write(output: Output, report: Report, choices: ReportChoices, settings: Settings) -> None:
    if output.format_name == SVG:
        write_plots(output.path, settings.plots)
    else:
        write(output.path, _as_file(report, output.format_name, choices, settings))


def _show(report: Report, choices: ReportChoices, settings: Settings) -> None:
    if choices.format_name == "text":
        from mmtriage.render import terminal

        color = wants_color(no_color=choices.no_color)
        show(terminal.render(report, width=width(), color=color, detail=choices.detail))
    else:
        show(_as_file(report, choices.format_name, choices, settings))


def _as_file(report: Report, format_name: str, choices: ReportChoices, settings: Settings) -> str:
    """A format as it goes into a file; only the text is longer or shorter as the user likes."""
    if format_name == "text":
        from mmtriage.render import terminal

        return terminal.render(report, settings, detail=choices.detail)
    from mmtriage.render import render

    return render(report, format_name, settings)
