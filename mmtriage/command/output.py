"""The files of --output: FORMAT:PATH understood, refused before any work is done, written at the end."""

from __future__ import annotations

import os
import sys
from collections.abc import Callable, Collection, Mapping, Sequence, Set
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from mmtriage.command.screen import complain
from mmtriage.errors import OptionError, UnjudgedError
from mmtriage.option_values import one_of
from mmtriage.system.whole_files import nameable, write_whole

if TYPE_CHECKING:
    from mmtriage.render.settings import Plot

SVG = "svg"  # of `fit` only: a directory of plots
WHERE = "option --output"


@dataclass(frozen=True, slots=True, kw_only=True)
class Output:
    """A report to be written to a file, beside stdout."""

    format_name: str
    path: Path
    written: str  # the path as the user wrote it, for messages


def outputs(
    values: Sequence[str],
    formats: Collection[str],
    inputs: Mapping[str, str],
    *,
    directories: Collection[str] = (),
) -> tuple[Output, ...]:
    """Files from `FORMAT:PATH`; what cannot or must not be written is refused.

    Args:
        inputs: what is read, and must not be overwritten: path -> what it is.
        directories: formats that fill a directory, which may exist or not.
    """
    result: list[Output] = []
    for value in values:
        output = _understood(value, formats)
        if output.format_name in directories:
            _refuse_a_file(output)
        else:
            _refuse_no_place_for_a_file(output)
        _refuse_a_second_report(output, result)
        _refuse_an_input(output, inputs)
        result.append(output)
    return tuple(result)


def _understood(value: str, formats: Collection[str]) -> Output:
    format_name, colon, path = value.partition(":")
    if not colon or not path or path == "-":
        hint = "Write FORMAT:PATH, such as json:report.json. For stdout use --format."
        raise OptionError(f"`{value}` is not FORMAT:PATH", where=WHERE, hint=hint)
    format_name = one_of(format_name, formats, WHERE)
    return Output(format_name=format_name, path=nameable(Path(path), WHERE), written=path)


def _refuse_a_file(output: Output) -> None:
    hint = "Give a directory; it is made if it does not exist."
    there = next(path for path in (output.path, *output.path.absolute().parents) if path.exists())
    if not there.is_dir():
        problem = "is a file" if there == output.path else f"cannot be made: `{there}` is a file"
        raise OptionError(f"`{output.written}` {problem}", where=WHERE, hint=hint)


def _refuse_no_place_for_a_file(output: Output) -> None:
    if output.path.is_dir():
        hint = "Give a file to write."
        raise OptionError(f"`{output.written}` is a directory", where=WHERE, hint=hint)
    if not output.path.parent.is_dir():
        problem = f"`{output.written}` is in a directory that does not exist"
        hint = f"Make `{output.path.parent}` first, or name another file."
        raise OptionError(problem, where=WHERE, hint=hint)


def _refuse_a_second_report(output: Output, others: Sequence[Output]) -> None:
    if any(output.path.resolve() == other.path.resolve() for other in others):
        problem = f"`{output.written}` is given twice: one report would overwrite the other"
        raise OptionError(problem, where=WHERE, hint="Give each format a file of its own.")


def _refuse_an_input(output: Output, inputs: Mapping[str, str]) -> None:
    """Two names may mean one file (a link, another directory on the way), so files are compared."""
    if not output.path.exists():
        return
    for name, what in inputs.items():
        if os.path.exists(name) and output.path.samefile(name):
            problem = f"`{output.written}` is {what} itself: the report would overwrite it"
            raise OptionError(problem, where=WHERE, hint="Give another file.")


def wants_plots(formats: Set[str]) -> bool:
    """Whether plots are to be computed: they take time, and nothing but a picture shows them."""
    from mmtriage.render.plots import HOW_TO_GET, can_draw

    if SVG in formats and not can_draw():
        problem = f"`{SVG}` needs matplotlib, which is not installed"
        raise OptionError(problem, where=WHERE, hint=f"Install it: {HOW_TO_GET}")
    return not formats.isdisjoint((SVG, "html")) and can_draw()


def write_each(files: Sequence[Output], contents: Callable[[Output], Mapping[Path, str]]) -> bool:
    """Whether all files could be written; of one that could not it is said, and the others are written.

    Args:
        contents: the texts of an output: of a directory, several.
    """
    unwritten = [output for output in files if not _is_written(output, contents(output))]
    return not unwritten


def _is_written(output: Output, contents: Mapping[Path, str]) -> bool:
    path = output.path
    try:
        if output.format_name == SVG:
            path.mkdir(parents=True, exist_ok=True)
        for path, text in contents.items():
            write_whole(path, text)
    except OSError as error:
        complain(UnjudgedError(f"`{path}` cannot be written: {error.strerror}", where=WHERE))
        return False
    return True


def of_plots(directory: Path, plots: Sequence[Plot]) -> dict[Path, str]:
    """A file for each plot."""
    if not plots:
        sys.stderr.write("There is nothing to plot: the model was not fitted.\n")
    return {directory / f"{plot.name}.svg": plot.svg for plot in plots}
