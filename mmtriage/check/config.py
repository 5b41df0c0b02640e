"""The configuration of `mmtriage check`: [tool.mmtriage] of a pyproject.toml, or a TOML file of its own.

    [tool.mmtriage]                  # defaults of all models: any option of `fit`, fail_on, ignore, select
    time_budget = 60

    [[tool.mmtriage.models]]
    name = "reaction"
    data = "data/sleepstudy.csv"     # relative to this file
    formula = "Reaction ~ Days + (Days | Subject)"
    ignore = [{code = "MM311", reason = "known; see the supplement"}]

A model's key takes the place of the default; `ignore` adds to it.
"""

from __future__ import annotations

import os
import re
import tomllib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from mmtriage.check import located as read
from mmtriage.check.entries import DEFAULTS, FIT, KEYS, NEEDED, ModelEntry, known_keys, read_model, reader
from mmtriage.check.located import Node
from mmtriage.check.places import TomlPlace, place_at, places_of
from mmtriage.errors import ConfigError, OptionError, did_you_mean
from mmtriage.options import JOBS
from mmtriage.system.limited import MEGABYTE, OverLimitError, read_file_limited, size_in_words

PYPROJECT = "pyproject.toml"
MOST_BYTES = MEGABYTE  # of a configuration: thousands of models
TABLE = ("tool", "mmtriage")
EXAMPLE = "Write [[{}]] with name, data and formula for each model; `mmtriage check --help` shows one."
WHERE = re.compile(r" \(at (?:line (\d+), column (\d+)|end of document)\)$")  # how tomllib's messages end
OF_PATHS = "A backslash begins an escape: write a path with /, or between single quotes."
OF_SYNTAX = {  # the parser's words -> what people mean who do not write TOML every day
    **dict.fromkeys(("hex value", "escape"), OF_PATHS),
    "invalid value": 'Text stands between straight quotes: "...".',
}


@dataclass(frozen=True, slots=True, kw_only=True)
class Config:
    """What is to be checked."""

    path: str  # of the file, as seen from the working directory
    models: tuple[ModelEntry, ...]
    jobs: int | None = None
    all_names: tuple[str, ...] = ()  # of the models that the file has, chosen or not


def find_config(start: Path) -> Path:
    """The nearest pyproject.toml with a table for this tool, in a directory or above it."""
    for directory in (start, *start.parents):
        path = Path(os.path.relpath(directory / PYPROJECT))
        if path.is_file() and _section(_parsed(path)[0]) is not None:
            return path
    raise OptionError(
        f"there is no [tool.mmtriage] in a {PYPROJECT} here or above",
        hint=f"{EXAMPLE.format('tool.mmtriage.models')} Or name another file with --config.",
    )


def read_config(path: Path) -> Config:
    """A configuration, checked key by key; the first mistake is raised with its line."""
    document, places = _parsed(path)
    name = str(path)
    root = Node(value=document, path=(), file=name, places=places)
    if path.name == PYPROJECT or _section(document) is not None:
        if _section(document) is None:
            raise root.error(
                "there is no [tool.mmtriage] in this file", EXAMPLE.format("tool.mmtriage.models")
            )
        root = root.child(TABLE[0]).child(TABLE[1])
    table = f"[{'.'.join(TABLE)}]" if root.path else "the file"
    keys = known_keys(root, (*DEFAULTS, "jobs", "models"), table)
    defaults = {key: node for key, node in keys.items() if key in DEFAULTS}
    for key, node in defaults.items():
        KEYS[key](node)
    jobs = reader(JOBS)(keys["jobs"]) if "jobs" in keys else None
    models = _models(root, keys, defaults, path.parent)
    return Config(path=name, models=models, jobs=jobs, all_names=tuple(model.name for model in models))


def chosen(config: Config, names: Sequence[str]) -> Config:
    """The configuration with the named models only, in its own order; no names mean all."""
    known = [model.name for model in config.models]
    for name in names:
        if name not in known:
            raise OptionError(f"there is no model `{name}` in {config.path}", hint=_hint(name, known))
    return replace(config, models=tuple(m for m in config.models if not names or m.name in names))


def with_plots(config: Config) -> Config:
    """The configuration, for an output that shows plots."""
    models = (replace(model, options=replace(model.options, plots=True)) for model in config.models)
    return replace(config, models=tuple(models))


def overridden(
    config: Config,
    *,
    fail_on: str | None,
    select: tuple[str, ...] | None,
    ignore: Mapping[str, str],
    time_budget: float | None,
) -> Config:
    """The configuration after what the command line says of all models; None leaves a key as it is."""
    models = []
    for model in config.models:
        options = model.options if time_budget is None else replace(model.options, time_budget=time_budget)
        models.append(
            replace(
                model,
                options=options,
                fail_on=fail_on or model.fail_on,
                select=model.select if select is None else select,
                ignore={**ignore, **model.ignore},  # the reason in the file is the better one
            )
        )
    return replace(config, models=tuple(models))


def _models(
    root: Node, keys: Mapping[str, Node], defaults: Mapping[str, Node], directory: Path
) -> tuple[ModelEntry, ...]:
    header = ".".join((*map(str, root.path), "models"))
    if "models" not in keys:
        raise root.error("there are no models", EXAMPLE.format(header))
    node = keys["models"]
    if not isinstance(node.value, list):
        raise node.error(
            f"`models` must be a list of tables, and is {read.described(node.value)}",
            f"Each model begins with [[{header}]], in double brackets.",
        )
    if not node.value:
        raise node.error("`models` is empty", EXAMPLE.format(header))
    models: dict[str, ModelEntry] = {}
    for table in node.items():
        model = _model(table, defaults, directory)
        if model.name in models:
            raise table.child(_written(table, "name")).error(
                f"the name `{model.name}` is taken by the model of line {models[model.name].line}",
                "Give each model a name of its own.",
            )
        models[model.name] = model
    return tuple(models.values())


def _model(table: Node, defaults: Mapping[str, Node], directory: Path) -> ModelEntry:
    own = known_keys(table, tuple(KEYS), "a model")
    for key in ("name",) if FIT in own else NEEDED:
        if key not in own:
            called = f"model `{own['name'].value}`" if "name" in own else "a model"
            hint = "Every model needs name, data and formula, or name and the file of a fit."
            raise table.error(f"{called} has no `{key}`", hint)
    if FIT in own and "formula" in own:
        raise own["formula"].error("a fit has its formula", "Leave it out: it stands in the file of the fit.")
    data, fit = (_file(own[key], directory) if key in own else None for key in ("data", FIT))
    return read_model(table, defaults, own, data, fit)


def _file(node: Node, directory: Path) -> str:
    """A file, as seen from the working directory."""
    name = read.text(node)
    if name == "-":
        raise node.error("a model cannot be read from standard input", "Name a file.")
    return str(directory / name)


def _written(table: Node, key: str) -> str:
    """A key as the file spells it: with hyphens, maybe."""
    written: list[str] = [word for word in table.value if word.replace("-", "_") == key]
    return written[0]


def _hint(name: str, known: Sequence[str]) -> str:
    if name.endswith(".toml"):
        return f"To read models from this file: mmtriage check --config {name}"
    shown = ", ".join(known[:10]) + (", ..." if len(known) > 10 else "")
    return did_you_mean(name, known) or f"The models are: {shown}."


def _section(document: Mapping[str, Any]) -> object | None:
    tool = document.get(TABLE[0])
    return tool.get(TABLE[1]) if isinstance(tool, dict) else None


def _parsed(path: Path) -> tuple[dict[str, Any], dict[tuple[str | int, ...], TomlPlace]]:
    return parsed(config_text(path), str(path))


def parsed(text: str, name: str) -> tuple[dict[str, Any], dict[tuple[str | int, ...], TomlPlace]]:
    """The document that a text is, and where each of its keys stands; `name` is the file's, for messages."""
    try:
        return tomllib.loads(text), places_of(text)
    except tomllib.TOMLDecodeError as error:
        raise _syntax_error(str(error), text, name) from None
    except RecursionError:
        raise ConfigError("the file is nested too deeply", where=name) from None
    except ValueError:  # Python refuses to read a number of 5,000 digits
        raise ConfigError("a number of the file has thousands of digits", where=name) from None


def config_text(path: Path, where: str = "option --config") -> str:
    """What stands in the file of a configuration; `where` says who has named it."""
    name = str(path)
    try:
        stored = read_file_limited(path, MOST_BYTES)
    except OverLimitError:
        raise OptionError(
            f"`{name}` has more than {size_in_words(MOST_BYTES)}",
            where=where,
            hint="Give the file that lists the models.",
        ) from None
    except FileNotFoundError:
        near = sorted(entry.name for entry in path.parent.iterdir()) if path.parent.is_dir() else []
        raise OptionError(
            f"there is no file `{name}`", where=where, hint=did_you_mean(path.name, near)
        ) from None
    except IsADirectoryError:
        raise OptionError(
            f"`{name}` is a directory", where=where, hint="Give the file that lists the models."
        ) from None
    except (OSError, ValueError) as error:  # ValueError: a NUL character in the path
        reason = error.strerror if isinstance(error, OSError) else str(error)
        raise OptionError(f"`{name}` cannot be read: {reason}", where=where) from None
    try:
        text = stored.removeprefix(b"\xef\xbb\xbf").decode("utf-8")  # editors of Windows put the mark there
    except UnicodeDecodeError as error:
        line = stored.count(b"\n", 0, error.start) + 1
        raise ConfigError(
            f"the text is not UTF-8: byte 0x{stored[error.start]:02x} cannot be decoded",
            where=f"{name}, line {line}",
            hint="TOML files are UTF-8.",
        ) from None
    return text.replace("\r\n", "\n")  # as tomllib does: places count characters of the same text


def _syntax_error(said: str, text: str, name: str) -> ConfigError:
    """The parser's words, which end with the place; at the end of the document it is the last line."""
    found = WHERE.search(said)
    at = len(text.rstrip())
    if found and found[1]:
        begins = [0, *(newline.end() for newline in re.finditer("\n", text))]
        at = begins[int(found[1]) - 1] + int(found[2]) - 1
    place = place_at(text, at, at + 1)
    message = WHERE.sub("", said).rstrip(".").replace("Cannot overwrite a value", "the key is given twice")
    return ConfigError(
        f"this is not TOML: {message[:1].lower()}{message[1:]}",
        where=f"{name}, line {place.line}",
        hint=next((hint for word, hint in OF_SYNTAX.items() if word in message.lower()), None),
        text=place.text,
        span=place.span,
    )
