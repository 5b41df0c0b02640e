"""The commands that there are; one more is a file beside these, and a line here."""

from __future__ import annotations

from collections.abc import Mapping
from importlib import import_module

import click

from mmtriage.version import VERSION

# Command -> the file of this folder that holds it, as a `click.Command` of that name. It is imported when it
# is asked for: nobody waits for the options of `fit` to read a page of `explain`.
COMMANDS: Mapping[str, str] = {
    "fit": "fit_model",
    "judge": "judge",
    "r": "r_script",
    "check": "check_models",
    "init": "new_project",
    "explain": "pages",
    "schema": "pages",
}


class Commands(click.Group):
    """The commands above."""

    def list_commands(self, _: click.Context) -> list[str]:
        """Their names, as --help has them."""
        return sorted(COMMANDS)

    def get_command(self, _: click.Context, name: str) -> click.Command | None:
        """One of them."""
        if name not in COMMANDS:
            return None
        command: click.Command = getattr(import_module(f"mmtriage.command.{COMMANDS[name]}"), name)
        return command


@click.group(cls=Commands, no_args_is_help=False, context_settings={"help_option_names": ["-h", "--help"]})
@click.version_option(VERSION, message="%(prog)s %(version)s")
def cli() -> None:
    """Find out why a mixed model failed to converge, and which remedy works."""
