"""The command line: the only file that prints, reads the environment and exits.

Exit codes: 0 nothing at or above --fail-on, 1 a finding or a verdict at or above it, 2 the user's input is
wrong, 3 it could not be judged. stdout carries the report and nothing else. Whatever is slow to import is
imported where it is used: `mmtriage --version` answers at once.
"""

from __future__ import annotations

import itertools
import os
import shutil
import sys
import traceback
import warnings
from collections.abc import Callable, Iterator, Mapping, Sequence, Set
from contextlib import contextmanager, suppress
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Any, TypeVar

import click
from click.shell_completion import CompletionItem

from mmtriage import option_values as arguments
from mmtriage.command import completion
from mmtriage.command.progress import Ticker
from mmtriage.errors import DataError, MmtriageError, OptionError, UnjudgedError, did_you_mean
from mmtriage.model.family_names import LAPLACE, LINKS_OF, check_model
from mmtriage.options import DEFAULT_SEED, TriageOptions
from mmtriage.version import VERSION

if TYPE_CHECKING:
    from mmtriage.check.config import Config
    from mmtriage.render.settings import Plot, Settings
    from mmtriage.render.terminal import Detail
    from mmtriage.report.baseline_file import Baseline
    from mmtriage.report.document import Report
    from mmtriage.report.summary import Summary

CLEAN, INTERRUPTED = 0, 130
BY_OPTION = "--ignore on the command line"  # why a finding is accepted
MOST_NAMES = 10  # of models in a message
SVG = "svg"  # of --output: a directory of plots
FALLBACK_WIDTH = 80  # of a pipe
EXAMPLE = 'mmtriage fit data.csv "y ~ x + (1 | g)"'
Command = TypeVar("Command", bound=Callable[..., int])
Completer = Callable[[click.Context, click.Parameter, str], list[CompletionItem]]
ONE_THREAD = ("OPENBLAS_NUM_THREADS", "OMP_NUM_THREADS", "MKL_NUM_THREADS")


def main() -> None:
    """The console script."""
    for variable in ONE_THREAD:  # before NumPy is imported; one BLAS thread gives the same bytes everywhere
        os.environ.setdefault(variable, "1")
    if not sys.warnoptions:
        warnings.simplefilter("ignore")  # what matters is said in the report
    _replace_closed_streams()
    for stream in (sys.stdout, sys.stderr):
        if hasattr(stream, "reconfigure"):
            stream.reconfigure(errors="backslashreplace")  # any name can be printed in any locale
    sys.exit(run(sys.argv[1:]))


def _replace_closed_streams() -> None:
    """A stream that the shell has closed (`>&-`) is None: it becomes an empty one."""
    sys.stdin = sys.stdin or open(os.devnull, encoding="utf-8")  # noqa: SIM115
    sys.stdout = sys.stdout or open(os.devnull, "w", encoding="utf-8")  # noqa: SIM115
    sys.stderr = sys.stderr or open(os.devnull, "w", encoding="utf-8")  # noqa: SIM115


def run(argv: Sequence[str]) -> int:
    """Run one command and return its exit code."""
    try:
        _refuse_unknown_command(argv)
        result = cli.main(args=list(argv), prog_name="mmtriage", standalone_mode=False)
        return int(result or 0)
    except click.exceptions.Exit as error:
        return error.exit_code
    except click.UsageError as error:
        return _fail(_as_option_error(error, argv), argv)
    except MmtriageError as error:
        return _fail(error, argv)
    except MemoryError:
        return _fail(UnjudgedError("there is not enough memory for this table and model"), argv)
    except (KeyboardInterrupt, click.Abort):
        sys.stderr.write("Interrupted.\n")
        return INTERRUPTED
    except Exception:  # a bug keeps its traceback, and is not mistaken for a finding
        traceback.print_exc()
        return _fail(UnjudgedError("this is a bug in mmtriage; please report it with the lines above"), argv)


@click.group(no_args_is_help=False, context_settings={"help_option_names": ["-h", "--help"]})
@click.version_option(VERSION, message="%(prog)s %(version)s")
def cli() -> None:
    """Find out why a mixed model failed to converge, and which remedy works."""


def _completed(words: Callable[[completion.Options, str], list[str]]) -> Completer:
    """How a shell completes an option or an argument."""

    def complete(context: click.Context, _: click.Parameter, typed: str) -> list[CompletionItem]:
        return [CompletionItem(word) for word in words(context.params, typed)]

    return complete


def _a_path(kind: str) -> Completer:
    """Completed by the shell itself: "file" or "dir"."""
    return lambda _context, _parameter, typed: [CompletionItem(typed, type=kind)]


def _report_options(*, fail_on: str | None, baseline: str) -> Callable[[Command], Command]:
    """What both `fit` and `check` may be told about the report.

    Args:
        fail_on: the default of --fail-on; None leaves it to the configuration.
        baseline: whether --baseline is a FILE or a DIRECTORY.
    """
    options = [
        click.option(
            "--format",
            "format_name",
            default="text",
            show_default=True,
            metavar="NAME",
            shell_complete=_completed(completion.formats),
            help="text, json, markdown, html, junit, sarif or github (annotations).",
        ),
        click.option(
            "--output",
            multiple=True,
            metavar="FORMAT:PATH",
            help="Write the report to a file as well; svg:DIR, of `fit` only: its plots. Repeatable.",
        ),
        click.option(
            "--fail-on",
            default=fail_on,
            show_default=fail_on is not None,
            metavar="LEVEL",
            shell_complete=_completed(completion.levels),
            help="Exit with 1 at a finding of this severity or graver: error, warning, info or never.",
        ),
        click.option(
            "--select",
            multiple=True,
            metavar="CODES",
            shell_complete=_completed(completion.codes),
            help="List the findings with these codes only, e.g. MM310,MM311 or MM3; the verdict stands.",
        ),
        click.option(
            "--ignore",
            multiple=True,
            metavar="CODES",
            shell_complete=_completed(completion.codes),
            help="Accept these findings: they count as info, and so does a verdict of which all causes are.",
        ),
        click.option(
            "--baseline",
            metavar=baseline,
            shell_complete=_a_path("file" if baseline == "FILE" else "dir"),
            help="An earlier JSON report: only what is new or has drifted since counts for the exit code."
            if baseline == "FILE"
            else "A directory with an earlier JSON report of each model: only what is new or has drifted "
            "since counts for the exit code.",
        ),
        click.option(
            "--update-baseline",
            is_flag=True,
            help="Put what is found now in its place, or make one; say on stderr what changes.",
        ),
        click.option(
            "-q",
            "--quiet",
            is_flag=True,
            help="Verdict, cause and first remedy only; of several models, those that fail.",
        ),
        click.option(
            "-v",
            "--verbose",
            is_flag=True,
            help="All remedies, refits and evidence; of several models, all that fail.",
        ),
        click.option(
            "--no-color",
            is_flag=True,
            help="No colour (also: NO_COLOR in the environment; FORCE_COLOR wants it in a pipe).",
        ),
    ]

    def add(command: Command) -> Command:
        for option in reversed(options):
            command = option(command)
        return command

    return add


@cli.command(context_settings={"allow_extra_args": True})
@click.argument("data", shell_complete=_a_path("file"))
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
    shell_complete=_completed(completion.families),
    help=f"As in R: {', '.join(LINKS_OF)}.",
)
@click.option(
    "--link",
    metavar="NAME",
    shell_complete=_completed(completion.links),
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
    shell_complete=_completed(completion.optimizers),
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
@_report_options(fail_on="warning", baseline="FILE")
def fit(data: str, formula: str, **options: Any) -> int:
    """Fit a mixed model as lme4 would, judge the fit, and rank what can be done about it.

    DATA is a CSV or TSV file (plain or gzipped), a Parquet file, or - for standard input. FORMULA is lme4's,
    in quotes.

    \b
      mmtriage fit sleepstudy.csv "Reaction ~ Days + (Days | Subject)"
      mmtriage fit data.csv "y ~ x + (1|g)" --format json | jq -e '.verdict.status == "converged"'

    Exit codes: 0 nothing at or above --fail-on; 1 something is; 2 the input is wrong; 3 it could not be
    judged.
    """
    from mmtriage.render import RENDERERS
    from mmtriage.render.plots import plots_of
    from mmtriage.render.settings import Settings
    from mmtriage.report.decisions import accepted, selected
    from mmtriage.report.summary import exit_code

    _refuse_extra_arguments(click.get_current_context().args)
    format_name = arguments.one_of(options["format_name"], RENDERERS, "option --format")
    settings = Settings(fail_on=arguments.one_of(options["fail_on"], arguments.FAIL_ON, "option --fail-on"))
    baseline = _baseline(options)
    inputs = {data: "the table", **({} if baseline is None else {str(baseline.path): "the baseline"})}
    outputs = arguments.outputs(options["output"], [*RENDERERS, SVG], inputs, directories=(SVG,))
    plots = _wants_plots({format_name, *(output.format_name for output in outputs)})
    detail = _detail(quiet=options["quiet"], verbose=options["verbose"])
    select, ignore = _codes(options, "select"), _codes(options, "ignore")
    report = _triage(data, formula, options, plots=plots)
    if ignore is not None:
        report = accepted(report, dict.fromkeys(ignore, BY_OPTION))
    if baseline is not None:
        report, is_kept = _since(report, baseline, update=options["update_baseline"])
        settings = replace(settings, fail_on="never") if is_kept else settings
    if select is not None:
        report = selected(report, select)
    if plots:
        settings = replace(settings, plots=plots_of(report))
    for output in outputs:
        if output.format_name == SVG:
            _write_plots(output, settings.plots)
        else:
            _write(output, _as_file(report, output.format_name, detail, settings))
    if format_name == "text":
        _print(_on_screen(report, detail, no_color=options["no_color"]))
    else:
        _print(_as_file(report, format_name, detail, settings))
    return exit_code(report, settings.fail_on)


@cli.command()
@click.argument("name", nargs=-1, shell_complete=_completed(completion.models))
@click.option(
    "--config",
    metavar="FILE",
    shell_complete=_a_path("file"),
    help="TOML file that lists the models (default: the nearest pyproject.toml with [tool.mmtriage]).",
)
@click.option(
    "-j", "--jobs", metavar="N", help="Models at a time; changes nothing but the time (default: 1)."
)
@click.option("--time-budget", metavar="SECONDS", help="For each model: report what was found by then.")
@_report_options(fail_on=None, baseline="DIRECTORY")
def check(name: tuple[str, ...], **options: Any) -> int:
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
    from mmtriage.render import RENDERERS, render_all, terminal

    format_name = arguments.one_of(options["format_name"], RENDERERS, "option --format")
    detail = _detail(quiet=options["quiet"], verbose=options["verbose"])
    config = _configuration(name, options)
    baselines = _baselines(config, options)
    jobs = arguments.whole_number(options["jobs"], "--jobs", least=1) or config.jobs or 1
    inputs = {config.path: "the configuration", **{model.data: "a table" for model in config.models}}
    inputs |= {str(kept.path): "a baseline" for kept in baselines.values()}
    outputs = arguments.outputs(options["output"], RENDERERS, inputs)
    try:
        with _progress(wanted=not options["quiet"]) as progress:
            summary = check_models(config, jobs=jobs, progress=progress)
    except InterruptedCheckError as stop:
        sys.stderr.write(_how_far(stop.done, stop.undone))
        return INTERRUPTED
    summary = _since_each(summary, config, baselines, update=options["update_baseline"])
    for model in summary.models:
        if model.traceback:
            sys.stderr.write(f"Model {model.name}:\n{model.traceback}")
    for output in outputs:
        is_text = output.format_name == "text"
        _write(
            output,
            terminal.render_all(summary, detail=detail)
            if is_text
            else render_all(summary, output.format_name),
        )
    if format_name == "text":
        color = not options["no_color"] and _wants_color()
        _print(terminal.render_all(summary, width=_width(), color=color, detail=detail))
    else:
        _print(render_all(summary, format_name))
    return summary.exit_code


@cli.command()
@click.argument("topic", nargs=-1, shell_complete=_completed(completion.topics))
def explain(topic: tuple[str, ...]) -> int:
    """Say what a finding, a verdict or a rung means, how it is detected and what to do.

    TOPIC is the code or the name of a finding, a verdict, a rung, or `ladder`. Without one: a list of all.

    \b
      mmtriage explain MM304
      mmtriage explain far-origin
      mmtriage explain ladder
    """
    from mmtriage.explain import as_text, contents, is_topic, pages, topics

    if not topic:
        _print(contents(topics(), _width()))
        return CLEAN
    wanted = (" ".join(topic),) if is_topic(" ".join(topic)) else topic  # "not converged" is one topic
    _print(as_text([page for word in wanted for page in pages(word)], _width()))
    return CLEAN


@cli.command()
@click.argument(
    "name",
    default="report",
    metavar="[report|check|error]",
    shell_complete=_completed(completion.schemas),
)
def schema(name: str) -> int:
    """Print the JSON Schema of a report, of the summary of `check`, or of an error object."""
    from mmtriage.report.schema import SCHEMAS, schema_text

    _print(schema_text(arguments.one_of(name, SCHEMAS, "the name of a schema")))
    return CLEAN


def _configuration(names: Sequence[str], options: dict[str, Any]) -> Config:
    """The named models, after what the command line says of all."""
    from mmtriage.check.config import chosen, find_config, overridden, read_config

    fail_on, ignore = options["fail_on"], _codes(options, "ignore") or ()
    if fail_on is not None:
        arguments.one_of(fail_on, arguments.FAIL_ON, "option --fail-on")
    path = Path(options["config"]) if options["config"] is not None else find_config(Path.cwd())
    return overridden(
        chosen(read_config(path), names),
        fail_on=fail_on,
        select=_codes(options, "select"),
        ignore=dict.fromkeys(ignore, BY_OPTION),
        time_budget=arguments.seconds(options["time_budget"], "--time-budget"),
    )


def _codes(options: dict[str, Any], name: str) -> tuple[str, ...] | None:
    """The codes that --select or --ignore names; None if it was not given."""
    from mmtriage.report.decisions import codes_of

    given: Sequence[str] = options[name]
    words = [word.strip() for value in given for word in value.split(",")]
    return tuple(code for word in words for code in codes_of(word, f"option --{name}")) if given else None


def _baseline(options: dict[str, Any]) -> Baseline | None:
    """The file of --baseline, read before any work is done."""
    from mmtriage.report.baseline_file import open_baseline

    _refuse_update_of_nothing(options)
    if options["baseline"] is None:
        return None
    return open_baseline(Path(options["baseline"]), update=options["update_baseline"])


def _refuse_update_of_nothing(options: dict[str, Any]) -> None:
    if options["update_baseline"] and options["baseline"] is None:
        hint = "Name it: --baseline report.json --update-baseline"
        raise OptionError("--update-baseline needs to know which file to write", hint=hint)


def _since(report: Report, baseline: Baseline, *, update: bool) -> tuple[Report, bool]:
    """The report compared with an earlier one, and whether it has taken its place."""
    from mmtriage.report.baseline_file import compared, keep

    if not update:
        return compared(report, baseline.document, str(baseline.path)), False
    kept = keep(report, baseline)
    sys.stderr.write(kept.said)
    return kept.report, kept.is_kept


def _baselines(config: Config, options: dict[str, Any]) -> dict[str, Baseline]:
    """The files in the directory of --baseline, read before any work is done."""
    from mmtriage.check.baselines import open_baselines

    _refuse_update_of_nothing(options)
    if options["baseline"] is None:
        return {}
    names = [model.name for model in config.models]
    return open_baselines(Path(options["baseline"]), names, update=options["update_baseline"])


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


def _triage(data: str, formula: str, options: dict[str, Any], *, plots: bool) -> Report:
    """Check every option before any work is done, then read and triage."""
    factors = arguments.factors(options["factor"])
    chosen = _triage_options(options)
    if data == "-" and sys.stdin.isatty():
        raise DataError(
            "there is nothing on standard input", hint="Pipe a table into the command, or name a file."
        )

    from mmtriage.data import read_table
    from mmtriage.triage_table import triage_table

    table = read_table(
        data, sep=options["sep"], na_values=arguments.na_values(options["na_values"]), factors=factors
    )
    with _progress(wanted=not options["quiet"]) as progress:
        return triage_table(
            table,
            formula,
            replace(chosen, progress=progress, reading=_reading_words(options), plots=plots),
        )


def _reading_words(options: dict[str, Any]) -> tuple[str, ...]:
    """How the table was read, as words of a command that reads it again."""
    words = [] if options["sep"] is None else ["--sep", options["sep"]]
    for flag, name in (("--na-values", "na_values"), ("--factor", "factor")):
        given = options[name] or ()
        for value in (given,) if isinstance(given, str) else given:
            words += [flag, value]
    return tuple(words)


def _triage_options(options: dict[str, Any]) -> TriageOptions:
    family, link, reml = options["family"], options["link"], not options["ml"]
    nagq = arguments.whole_number(options["nagq"], "--nagq", least=0)
    check_model(family, link, nagq, reml=reml, dashes="--")
    optimizer = options["optimizer"]
    if optimizer is not None:
        from mmtriage.optimizers import OPTIMIZERS

        arguments.one_of(optimizer, OPTIMIZERS, "option --optimizer")
    return TriageOptions(
        family=family,
        link=link,
        nagq=LAPLACE if nagq is None else nagq,
        reml=reml,
        weights=options["weights"],
        offset=options["offset"],
        subset=options["subset"],
        contrasts=arguments.contrasts(options["contrasts"]),
        optimizer=optimizer,
        maxfun=arguments.whole_number(options["maxfun"], "--maxfun", least=1),
        all_rungs=options["all_rungs"],
        keep=options["keep"],
        bootstrap=arguments.whole_number(options["bootstrap"], "--bootstrap", least=0) or 0,
        seed=arguments.whole_number(options["seed"], "--seed", least=0) or 0,
        jobs=arguments.whole_number(options["jobs"], "--jobs", least=1) or 1,
        time_budget=arguments.seconds(options["time_budget"], "--time-budget"),
    )


def _detail(*, quiet: bool, verbose: bool) -> Detail:
    if quiet and verbose:
        raise OptionError("-q and -v contradict each other", hint="Give one of them.")
    return "brief" if quiet else "full" if verbose else "normal"


def _as_file(report: Report, format_name: str, detail: Detail, settings: Settings) -> str:
    """A format as it goes into a file; only the text is longer or shorter as the user likes."""
    if format_name == "text":
        from mmtriage.render import terminal

        return terminal.render(report, settings, detail=detail)
    from mmtriage.render import render

    return render(report, format_name, settings)


def _on_screen(report: Report, detail: Detail, *, no_color: bool) -> str:
    from mmtriage.render import terminal

    return terminal.render(report, width=_width(), color=not no_color and _wants_color(), detail=detail)


def _wants_color() -> bool:
    """What the environment says: NO_COLOR (no-color.org) before FORCE_COLOR before what stdout is."""
    if os.environ.get("NO_COLOR"):
        return False
    if os.environ.get("FORCE_COLOR", "0") not in ("", "0"):
        return True
    return sys.stdout.isatty() and os.environ.get("TERM") != "dumb"


def _width() -> int:
    """COLUMNS, or the terminal's width, or a width that any pager can show."""
    return shutil.get_terminal_size((FALLBACK_WIDTH, 24)).columns


def _write(output: arguments.Output, text: str) -> None:
    try:
        output.path.write_text(text, encoding="utf-8")
    except OSError as error:
        raise OptionError(
            f"`{output.path}` cannot be written: {error.strerror}", where="option --output"
        ) from None


def _wants_plots(formats: Set[str]) -> bool:
    """Whether plots are to be computed: they take time, and nothing but a picture shows them."""
    from mmtriage.render.plots import HOW_TO_GET, can_draw

    if SVG in formats and not can_draw():
        raise OptionError(
            f"`{SVG}` needs matplotlib, which is not installed",
            where="option --output",
            hint=f"Install it: {HOW_TO_GET}",
        )
    return not formats.isdisjoint((SVG, "html")) and can_draw()


def _write_plots(output: arguments.Output, plots: Sequence[Plot]) -> None:
    """A file for each plot, in a directory that is made if need be."""
    try:
        output.path.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise OptionError(
            f"`{output.path}` cannot be made: {error.strerror}", where="option --output"
        ) from None
    for plot in plots:
        _write(replace(output, path=output.path / f"{plot.name}.svg"), plot.svg)
    if not plots:
        sys.stderr.write("There is nothing to plot: the model was not fitted.\n")


def _print(text: str) -> None:
    """Write to stdout; a reader that has had enough (`| head`) is no error."""
    try:
        sys.stdout.write(text)
        sys.stdout.flush()
    except OSError as error:
        # Whatever is still buffered must go somewhere when the interpreter closes stdout.
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        if not isinstance(error, BrokenPipeError):
            raise UnjudgedError(f"the report cannot be written: {error.strerror}", where="stdout") from None


def _fail(error: MmtriageError, argv: Sequence[str]) -> int:
    """One message on stderr; the same on stdout where a program expects to read a report."""
    from mmtriage.render.problem import render_error as in_words

    sys.stderr.write(in_words(error, width=_width()))
    if (format_name := _wanted_format(argv)) != "text":
        from mmtriage.render import ERROR_FORMATS, render_error

        if format_name in ERROR_FORMATS:
            with suppress(UnjudgedError):  # of a stdout that cannot be written
                _print(render_error(error, format_name))
    return error.exit_code


def _wanted_format(argv: Sequence[str]) -> str:
    """Read off the raw words, for they may be what is wrong."""
    given = [word.partition("=")[2] for word in argv if word.startswith("--format=")]
    given += [value for option, value in itertools.pairwise(argv) if option == "--format"]
    return given[-1] if given else "text"


def _first_word(argv: Sequence[str]) -> str | None:
    return next((word for word in argv if not word.startswith("-")), None)


def _refuse_unknown_command(argv: Sequence[str]) -> None:
    word = _first_word(argv)
    if word is None or word in cli.commands:
        return
    if os.path.exists(word):
        raise OptionError(
            f"`{word}` is not a command", hint=f'To triage a model: mmtriage fit {word} "FORMULA"'
        )
    hint = did_you_mean(word, cli.commands) or f"The commands are: {', '.join(cli.commands)}."
    raise OptionError(f"`{word}` is not a command", hint=hint)


def _refuse_extra_arguments(extra: Sequence[str]) -> None:
    if extra:
        hint = f"Put the formula in quotes. For example: {EXAMPLE}"
        raise OptionError(f"`{extra[0]}` is one argument too many", hint=hint)


def _as_option_error(error: click.UsageError, argv: Sequence[str]) -> OptionError:
    """Click's complaint in our words."""
    if isinstance(error, click.NoSuchOption):
        command = error.ctx.command if error.ctx else cli
        known = [name for parameter in command.params for name in parameter.opts if name.startswith("--")]
        path = error.ctx.command_path if error.ctx else "mmtriage"
        hint = did_you_mean(error.option_name, (*known, "--help")) or f"`{path} --help` lists them."
        return OptionError(f"there is no option `{error.option_name}`", hint=hint)
    if isinstance(error, click.MissingParameter) and error.param is not None:
        return OptionError(f"{error.param.human_readable_name} is missing", hint=f"For example: {EXAMPLE}")
    message = error.format_message().rstrip(".")
    hint = f"`mmtriage {_first_word(argv) or 'fit'} --help` says how it is used."
    return OptionError(message[:1].lower() + message[1:], hint=hint)


@contextmanager
def _progress(*, wanted: bool) -> Iterator[Callable[[str], None] | None]:
    """Something to tell what is being done, or None where nobody would see it."""
    if not (wanted and sys.stderr.isatty()):
        yield None
        return
    ticker = Ticker(sys.stderr, width=_width() - 1)
    try:
        yield ticker.say
    finally:
        ticker.clear()
