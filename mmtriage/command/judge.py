"""`mmtriage judge`: a fit made elsewhere, judged as it is."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, Any

import click
from click.core import ParameterSource

from mmtriage.command.choices import OF_FIT, ReportOptions
from mmtriage.command.complaints import refuse_extra_arguments
from mmtriage.command.completion import completed
from mmtriage.command.fit_model import reported
from mmtriage.command.flags import flags, read, said_of_flags, verbatim
from mmtriage.command.progress import progress_line, shown_on
from mmtriage.data.reading import Reading
from mmtriage.deadline import deadline_in
from mmtriage.option_values import options_of
from mmtriage.options import OPTIONS, TriageOptions

if TYPE_CHECKING:
    from mmtriage.report.facts import Report


@click.command(context_settings={"allow_extra_args": True})
@click.argument("fit", shell_complete=completed("file"))
@click.argument("data", required=False, shell_complete=completed("file"))
@flags([*OPTIONS, *OF_FIT.values()])
def judge(fit: str, data: str | None, **given: Any) -> int:
    """Judge a fit made elsewhere, by its own parameters, standard errors and messages.

    FIT is a JSON file that says what was fitted and where it ended (`mmtriage schema fit`,
    `mmtriage explain judge`). DATA is the whole table of the call; it need not be named where the file does.

    \b
      mmtriage judge fit.json data.csv

    What was fitted stands in the file: an option that says otherwise is refused. Exit codes are those of
    `fit`; 2 also where the fit is shown to be of another model or of other data.
    """
    context = click.get_current_context()
    refuse_extra_arguments(context.args)
    asked = read(ReportOptions, given)
    said = frozenset(
        item.name
        for item in options_of(TriageOptions)
        if context.get_parameter_source(item.key) == ParameterSource.COMMANDLINE
    )
    reading = replace(read(Reading, given), verbatim=verbatim(Reading, given))
    options = read(TriageOptions, given)

    def triaged(plots: bool) -> Report:
        from mmtriage.data.read_table import read_table
        from mmtriage.given.asked import options_of_fit, table_path, with_factors
        from mmtriage.given.read_fit import read_fit
        from mmtriage.triage_table import triage_table

        made = read_fit(fit)
        with said_of_flags(TriageOptions):
            chosen = replace(options_of_fit(made, options, said), plots=plots)
        table = with_factors(read_table(table_path(made, data), reading), made)
        with progress_line(wanted=asked.detail != "brief") as ticker:
            return triage_table(table, made.formula, shown_on(ticker, chosen), made)

    inputs = {fit: "the fit", **({} if data is None else {data: "the table"})}
    return reported(triaged, inputs, asked, deadline_in(options.time_budget))
