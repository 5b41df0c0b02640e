"""From the words of a command line to an exit code, whatever happens in between.

Exit codes: 0 nothing at or above --fail-on, 1 a finding or a verdict at or above it, 2 the user's input is
wrong, 3 it could not be judged, 130 the user has interrupted it.
"""

from __future__ import annotations

import itertools
import os
import sys
import traceback
import warnings
from collections.abc import Sequence
from pathlib import Path

import click

from mmtriage.command.complaints import as_option_error, refuse_unknown_command
from mmtriage.command.group import COMMANDS, cli
from mmtriage.command.interrupts import hold_interrupts, let_interrupts_through
from mmtriage.command.screen import INTERRUPTED, Patient, code_at_the_end, complain, show
from mmtriage.errors import InterruptedTriageError, MmtriageError, OptionError, UnjudgedError
from mmtriage.system.limited import MEGABYTE, OverLimitError, read_file_limited
from mmtriage.system.own_lines import silence_libraries

A_SHELL_ASKS = "_MMTRIAGE_COMPLETE"  # variable of click's completion, which gives no words
ONE_THREAD = ("OPENBLAS_NUM_THREADS", "OMP_NUM_THREADS", "MKL_NUM_THREADS")


def main() -> None:
    """The console script."""
    for variable in ONE_THREAD:  # before NumPy is imported; one BLAS thread gives the same bytes everywhere
        os.environ.setdefault(variable, "1")
    if not sys.warnoptions:
        warnings.simplefilter("ignore")  # what matters is said in the report
    hold_interrupts()
    _replace_closed_streams()
    silence_libraries()
    for stream in (sys.stdout, sys.stderr):
        if hasattr(stream, "reconfigure"):
            stream.reconfigure(errors="backslashreplace")  # any name can be printed in any locale
    sys.stdout, sys.stderr = stdout, _ = Patient(sys.stdout), Patient(sys.stderr)
    code = run(sys.argv[1:])
    hold_interrupts()
    sys.exit(code_at_the_end(stdout, code))


def _replace_closed_streams() -> None:
    """A stream that the shell has closed (`>&-`) is None: it becomes an empty one."""
    sys.stdin = sys.stdin or open(os.devnull, encoding="utf-8")  # noqa: SIM115
    sys.stdout = sys.stdout or open(os.devnull, "w", encoding="utf-8")  # noqa: SIM115
    sys.stderr = sys.stderr or open(os.devnull, "w", encoding="utf-8")  # noqa: SIM115


def run(argv: Sequence[str]) -> int:
    """Run one command and return its exit code."""
    try:
        let_interrupts_through()
        argv = words_in_file(argv)
        if not argv and A_SHELL_ASKS not in os.environ:
            sys.stderr.write(cli.get_help(click.Context(cli, info_name="mmtriage")) + "\n")
            return OptionError.exit_code
        refuse_unknown_command(argv, COMMANDS)
        result = cli.main(args=list(argv), prog_name="mmtriage", standalone_mode=False)
        return int(result or 0)
    except click.exceptions.Exit as error:
        return error.exit_code
    except click.UsageError as error:
        return _fail(as_option_error(error, argv, cli), argv)
    except MmtriageError as error:
        return _fail(error, argv)
    except MemoryError:
        return _fail(UnjudgedError("there is not enough memory for this table and model"), argv)
    except (KeyboardInterrupt, click.Abort):
        sys.stderr.write("Interrupted.\n")
        _say_in_format(InterruptedTriageError("interrupted before there was anything to report"), argv)
        return INTERRUPTED
    except Exception:  # a bug keeps its traceback, and is not mistaken for a finding
        traceback.print_exc()
        return _fail(UnjudgedError("this is a bug in mmtriage; please report it with the lines above"), argv)


def words_in_file(argv: Sequence[str]) -> Sequence[str]:
    """The words of a command that stand in a file, one a line: `mmtriage @FILE`.

    A program that calls this one, as R does, need not know how a shell would quote a formula.
    """
    if len(argv) != 1 or not argv[0].startswith("@"):
        return argv
    try:
        return read_file_limited(Path(argv[0][1:]), MEGABYTE).decode("utf-8").splitlines()
    except OverLimitError as error:
        raise OptionError(f"{error} in {argv[0][1:]}, and words of a command are fewer") from None
    except (OSError, ValueError) as error:
        reason = getattr(error, "strerror", None) or "it is not text in UTF-8"
        raise OptionError(f"the words of the command in {argv[0][1:]} cannot be read: {reason}") from None


def _fail(error: MmtriageError, argv: Sequence[str]) -> int:
    """One message on stderr; the same on stdout where a program expects to read a report."""
    complain(error)
    _say_in_format(error, argv)
    return error.exit_code


def _say_in_format(error: MmtriageError, argv: Sequence[str]) -> None:
    """The error on stdout where a program expects to read a report."""
    if (format_name := _wanted_format(argv)) != "text":
        from mmtriage.render import ERROR_FORMATS, render_error

        if format_name in ERROR_FORMATS:
            show(render_error(error, format_name))


def _wanted_format(argv: Sequence[str]) -> str:
    """The value of --format, read off the raw words, for they may be what is wrong."""
    given = [word.partition("=")[2] for word in argv if word.startswith("--format=")]
    given += [value for option, value in itertools.pairwise(argv) if option == "--format"]
    return given[-1] if given else "text"
