"""`mmtriage explain` and `mmtriage schema`: what is written once and only printed."""

from __future__ import annotations

import click

from mmtriage.command import completion
from mmtriage.command.completion import completed
from mmtriage.command.screen import show, width


@click.command()
@click.argument("topic", nargs=-1, shell_complete=completed(completion.topics))
def explain(topic: tuple[str, ...]) -> None:
    """Say what a finding, a verdict or a rung means, how it is detected and what to do.

    TOPIC is the code or the name of a finding, a verdict, a rung, `ladder` or `judge`. Without one: a list.

    \b
      mmtriage explain MM304
      mmtriage explain far-origin
      mmtriage explain ladder
    """
    from mmtriage.explain import as_text, contents, is_topic, pages, topics

    if not topic:
        show(contents(topics(), width()))
        return
    wanted = (" ".join(topic),) if is_topic(" ".join(topic)) else topic  # "not converged" is one topic
    show(as_text([page for word in wanted for page in pages(word)], width()))


@click.command()
@click.argument(
    "name",
    default="report",
    metavar="[report|check|error|fit]",
    shell_complete=completed(completion.schemas),
)
def schema(name: str) -> None:
    """Print the JSON Schema of a report, of the summary of `check`, of an error, or of a fit to `judge`."""
    from mmtriage.option_values import one_of
    from mmtriage.report.schema import SCHEMAS, schema_text

    show(schema_text(one_of(name, SCHEMAS, "the name of a schema")))
