"""What `fit` and `check` are both told about the report, understood before any work is done."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from mmtriage.diagnose.severity import FAIL_ON
from mmtriage.errors import OptionError
from mmtriage.option_values import one_of

if TYPE_CHECKING:
    from mmtriage.render.terminal import Detail

BY_OPTION = "--ignore on the command line"  # why a finding is accepted


@dataclass(frozen=True, slots=True, kw_only=True)
class ReportChoices:
    """How long the report on stdout is, in which format, and which findings count."""

    format_name: str
    detail: Detail
    fail_on: str | None  # None: what the configuration says
    select: tuple[str, ...] | None  # codes; None: all
    ignore: Mapping[str, str]  # code -> reason
    no_color: bool


def report_choices(given: Mapping[str, Any]) -> ReportChoices:
    """The choices from the options of a command."""
    from mmtriage.render import RENDERERS

    fail_on = given["fail_on"]
    return ReportChoices(
        format_name=one_of(given["format_name"], RENDERERS, "option --format"),
        detail=_detail(quiet=given["quiet"], verbose=given["verbose"]),
        fail_on=None if fail_on is None else one_of(fail_on, FAIL_ON, "option --fail-on"),
        select=_codes(given["select"], "option --select") or None,
        ignore=dict.fromkeys(_codes(given["ignore"], "option --ignore"), BY_OPTION),
        no_color=given["no_color"],
    )


def _detail(*, quiet: bool, verbose: bool) -> Detail:
    if quiet and verbose:
        raise OptionError("-q and -v contradict each other", hint="Give one of them.")
    return "brief" if quiet else "full" if verbose else "normal"


def _codes(values: Sequence[str], where: str) -> tuple[str, ...]:
    """The codes of findings that lists with commas name."""
    from mmtriage.report.decisions import codes_of

    words = [word.strip() for value in values for word in value.split(",")]
    return tuple(code for word in words for code in codes_of(word, where))


def refuse_update_of_nothing(given: Mapping[str, Any]) -> None:
    """--update-baseline alone does not say which file to write."""
    if given["update_baseline"] and given["baseline"] is None:
        hint = "Name it: --baseline report.json --update-baseline"
        raise OptionError("--update-baseline needs to know which file to write", hint=hint)
