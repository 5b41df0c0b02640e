"""What `fit` and `check` are both told about the report, beside the files that it is written to."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from mmtriage.command import completion
from mmtriage.diagnose.severity import DEFAULT_FAIL_ON, FAIL_ON
from mmtriage.errors import OptionError
from mmtriage.option_values import Choice, Switch, Text, Texts, option, options_of

if TYPE_CHECKING:
    from mmtriage.render.terminal import Detail

BY_OPTION = "--ignore on the command line"  # why a finding is accepted


def _formats() -> Collection[str]:
    from mmtriage.render import RENDERERS

    return RENDERERS


def _levels() -> Collection[str]:
    return FAIL_ON


class Codes:
    """Codes of findings, from lists with commas; names and beginnings of codes do as well."""

    is_repeatable = True

    def read(self, words: Sequence[str]) -> tuple[str, ...]:
        from mmtriage.report.decisions import codes_of

        listed = [part.strip() for word in words for part in word.split(",")]
        return tuple(code for part in listed for code in codes_of(part, ""))

    def check(self, value: object) -> None:
        Texts().check(value)

    def write(self, value: Sequence[str]) -> list[str]:
        return [",".join(value)] if value else []


@dataclass(frozen=True, slots=True, kw_only=True)
class ReportOptions:
    """How the report is shown, which findings count, and what it is compared with."""

    format: str = option(
        Choice(_formats),
        "text",
        metavar="NAME",
        shows_default=True,
        help="text, json, markdown, html, junit, sarif, github (annotations) or gitlab (code quality).",
    )
    output: tuple[str, ...] = option(
        Texts(),
        (),
        metavar="FORMAT:PATH",
        help="Write the report to a file as well; svg:DIR, of `fit` only: its plots. Repeatable.",
    )
    fail_on: str | None = option(
        Choice(_levels),
        None,
        metavar="LEVEL",
        help="Exit with 1 at a finding of this severity or graver: error, warning, info or never.",
    )
    select: tuple[str, ...] = option(
        Codes(),
        (),
        metavar="CODES",
        completion=completion.codes,
        help="List the findings with these codes only, e.g. MM310,MM311 or MM3; the verdict stands.",
    )
    ignore: tuple[str, ...] = option(
        Codes(),
        (),
        metavar="CODES",
        completion=completion.codes,
        help="Accept these findings: they count as info, and so does a verdict of which all causes are.",
    )
    baseline: str | None = option(
        Text(),
        None,
        metavar="FILE",
        completion="file",
        help="An earlier JSON report: only what is new or has drifted since counts for the exit code.",
    )
    update_baseline: bool = option(
        Switch(), False, help="Put what is found now in its place, or make one; say on stderr what changes."
    )
    quiet: bool = option(
        Switch(),
        False,
        short="-q",
        help="Verdict, cause and first remedy only; of several models, those that fail.",
    )
    verbose: bool = option(
        Switch(),
        False,
        short="-v",
        help="All remedies, refits and evidence; of several models, all that fail.",
    )
    no_color: bool = option(
        Switch(),
        False,
        help="No colour (also: NO_COLOR in the environment; FORCE_COLOR wants it in a pipe).",
    )

    def __post_init__(self) -> None:
        if self.quiet and self.verbose:
            raise OptionError("-q and -v contradict each other", hint="Give one of them.")
        if self.update_baseline and self.baseline is None:
            hint = "Name it: --baseline report.json --update-baseline"
            raise OptionError("--update-baseline needs to know which file to write", hint=hint)

    @property
    def detail(self) -> Detail:
        """How long the text is."""
        return "brief" if self.quiet else "full" if self.verbose else "normal"

    @property
    def reasons(self) -> Mapping[str, str]:
        """Why findings are accepted: code -> reason."""
        return dict.fromkeys(self.ignore, BY_OPTION)


REPORT = {item.name: item for item in options_of(ReportOptions)}
OF_FIT = {**REPORT, "fail_on": replace(REPORT["fail_on"], default=DEFAULT_FAIL_ON, shows_default=True)}
OF_CHECK = {  # what fails a model is left to the configuration
    **REPORT,
    "baseline": replace(
        REPORT["baseline"],
        metavar="DIRECTORY",
        completion="dir",
        help="A directory with an earlier JSON report of each model: only what is new or has drifted since "
        "counts for the exit code.",
    ),
}
