"""The commands that there are; one more is a file beside these, and its name here."""

from __future__ import annotations

import click

from mmtriage.command.check_models import check
from mmtriage.command.fit_model import fit
from mmtriage.command.pages import explain, schema
from mmtriage.version import VERSION

COMMANDS = (fit, check, explain, schema)  # in the order in which a message lists them


@click.group(
    commands=COMMANDS, no_args_is_help=False, context_settings={"help_option_names": ["-h", "--help"]}
)
@click.version_option(VERSION, message="%(prog)s %(version)s")
def cli() -> None:
    """Find out why a mixed model failed to converge, and which remedy works."""
