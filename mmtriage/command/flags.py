"""The options of commands, as click is told of them."""

from __future__ import annotations

from collections.abc import Callable
from typing import TypeVar

import click
from click.shell_completion import CompletionItem

from mmtriage.command import completion

Command = TypeVar("Command", bound=Callable[..., int])
Completer = Callable[[click.Context, click.Parameter, str], list[CompletionItem]]


def completed(words: Callable[[completion.Options, str], list[str]]) -> Completer:
    """How a shell completes an option or an argument."""

    def complete(context: click.Context, _: click.Parameter, typed: str) -> list[CompletionItem]:
        return [CompletionItem(word) for word in words(context.params, typed)]

    return complete


def a_path(kind: str) -> Completer:
    """Completed by the shell itself: "file" or "dir"."""
    return lambda _context, _parameter, typed: [CompletionItem(typed, type=kind)]


def report_options(*, fail_on: str | None, baseline: str) -> Callable[[Command], Command]:
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
            shell_complete=completed(completion.formats),
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
            shell_complete=completed(completion.levels),
            help="Exit with 1 at a finding of this severity or graver: error, warning, info or never.",
        ),
        click.option(
            "--select",
            multiple=True,
            metavar="CODES",
            shell_complete=completed(completion.codes),
            help="List the findings with these codes only, e.g. MM310,MM311 or MM3; the verdict stands.",
        ),
        click.option(
            "--ignore",
            multiple=True,
            metavar="CODES",
            shell_complete=completed(completion.codes),
            help="Accept these findings: they count as info, and so does a verdict of which all causes are.",
        ),
        click.option(
            "--baseline",
            metavar=baseline,
            shell_complete=a_path("file" if baseline == "FILE" else "dir"),
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
