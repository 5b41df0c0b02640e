"""The keys of a configuration, of a model or above all models, and how their values are read.

A key is the option of `fit` with underscores, as in Python; hyphens, as on the command line, do as well.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from functools import partial
from typing import Any, TypeVar

from mmtriage.check import located as read
from mmtriage.check.located import Node
from mmtriage.data.reading import Reading
from mmtriage.diagnose.severity import DEFAULT_FAIL_ON, FAIL_ON
from mmtriage.errors import OptionError, did_you_mean
from mmtriage.option_values import (
    CONTRASTS,
    Cells,
    Choice,
    Codings,
    Factors,
    Levels,
    Meaning,
    Seconds,
    Switch,
    Text,
    Texts,
    WholeNumber,
    options_of,
)
from mmtriage.options import OPTIONS, TriageOptions
from mmtriage.report.decisions import codes_of

Answer = TypeVar("Answer")
Value = TypeVar("Value")
Record = TypeVar("Record")
Reader = Callable[[Node], Any]


def reader(meaning: Meaning[Any]) -> Reader:
    """What reads the value of an option from a configuration: of TOML's own types, and as the option asks."""
    typed = _of_type(meaning)

    def checked(node: Node) -> Any:
        value = typed(node)
        _as_option(node, meaning.check, value)
        return value

    return checked


def _of_type(meaning: Meaning[Any]) -> Reader:
    """What reads it where types are TOML's own."""
    match meaning:
        case Text():
            return read.text
        case Texts() | Cells():
            return read.strings
        case Choice():
            return lambda node: read.one_of(node, meaning.known())
        case Switch():
            return lambda node: read.flag(node) == meaning.to
        case WholeNumber():
            return partial(read.whole_number, least=meaning.least)
        case Seconds():
            return read.seconds
        case Levels():
            return _factors
        case Codings():
            return _contrasts
    raise AssertionError(f"a configuration cannot say {meaning}")


def _factors(node: Node) -> Factors:
    """Columns with their levels: {dose = ["low", "high"], batch = true}, or as on the command line."""
    if not isinstance(node.value, dict):
        return _as_option(node, Levels().read, read.strings(node))
    found: dict[str, tuple[str, ...] | None] = {}
    for column, levels in read.table(node).items():
        if levels.value is False or levels.value == []:
            raise levels.error(
                f"`{column}` has no levels", f'Write {column} = true, or {column} = ["a", "b"].'
            )
        found[column] = None if levels.value is True else read.strings(levels)
    return found


def _contrasts(node: Node) -> Mapping[str, str]:
    """Codings of factors: {dose = "sum"}, or as on the command line."""
    if not isinstance(node.value, dict):
        return _as_option(node, Codings().read, read.strings(node))
    return {column: read.one_of(coding, CONTRASTS) for column, coding in read.table(node).items()}


def _ignored(node: Node) -> Mapping[str, str]:
    """Code -> reason, from [{code = "MM310", reason = "..."}]."""
    example = 'Write ignore = [{code = "MM310", reason = "why it is no concern here"}].'
    if not isinstance(node.value, list):
        raise node.error(f"`ignore` must be a list of tables, and is {read.described(node.value)}", example)
    found: dict[str, str] = {}
    for item in node.items():
        if not isinstance(item.value, dict):
            problem = f"an item of `ignore` must be a table, and is {read.described(item.value)}"
            raise item.error(problem, example)
        found |= _with_reason(item, example)
    return found


def _with_reason(item: Node, example: str) -> Mapping[str, str]:
    parts = read.table(item)
    for key, part in parts.items():
        if key not in ("code", "reason"):
            guess = did_you_mean(key, ("code", "reason"))
            raise part.error(f"`{key}` is not a key of an item of `ignore`", guess or example)
    for key in ("code", "reason"):
        if key not in parts:
            raise item.error(f"an item of `ignore` has no `{key}`", example)
    return dict.fromkeys(_codes(parts["code"]), read.text(parts["reason"]))


def _selected(node: Node) -> tuple[str, ...]:
    """Codes of findings."""
    if not node.value and isinstance(node.value, list):
        raise node.error("`select` is empty: no finding would be listed")
    return tuple(code for item in _listed(node) for code in _codes(item))


# Keys of a model -> what reads the value.
KEYS: Mapping[str, Reader] = {
    **dict.fromkeys(("name", "data", "formula", "fit"), read.text),
    **{item.key: reader(item.meaning) for item in OPTIONS if item.is_key},
    "fail_on": partial(read.one_of, known=FAIL_ON),
    "select": _selected,
    "ignore": _ignored,
}
NEEDED = ("name", "data", "formula")  # of every model, and of nothing else
FIT = "fit"  # a fit made elsewhere: its file knows the formula, and may know the table
DEFAULTS = tuple(key for key in KEYS if key not in (*NEEDED, FIT))  # may stand above all models
NOT_KEYS = {  # what somebody might well write, and what to do instead
    "reml": "REML is the default; write ml = true for maximum likelihood.",
    "jobs": "Models run side by side: `jobs` stands above all of them, or -j on the command line.",
    "tool": "In a file of its own the keys stand at the top, without [tool.mmtriage].",
    "format": "Formats are chosen on the command line: mmtriage check --format json.",
    "output": "Files are named on the command line: mmtriage check --output json:report.json.",
}


@dataclass(frozen=True, slots=True, kw_only=True)
class ModelEntry:
    """One model of a configuration, understood."""

    name: str
    line: int
    data: str | None  # the table, as seen from the working directory; None: as the file of the fit names it
    formula: str | None  # None: that of the fit
    fit: str | None = None  # the file of a fit made elsewhere, as seen from the working directory
    said: frozenset[str] = frozenset()  # fields of the options that this model's own keys have set
    reading: Reading
    options: TriageOptions
    fail_on: str = DEFAULT_FAIL_ON
    select: tuple[str, ...] | None = None
    ignore: Mapping[str, str]  # code -> reason


def known_keys(node: Node, known: tuple[str, ...], what: str) -> dict[str, Node]:
    """The keys of a table in our spelling; one that is unknown, or given in both spellings, is refused."""
    found: dict[str, Node] = {}
    for written, child in read.table(node).items():
        key = written.replace("-", "_")
        if key not in known:
            hint = NOT_KEYS.get(key) or did_you_mean(key, known) or f"Its keys are: {', '.join(known)}."
            raise child.error(f"`{written}` is not a key of {what}", hint)
        if key in found:
            raise child.error(f"`{key}` is given twice, as `{found[key].key}` and as `{written}`")
        found[key] = child
    return found


def read_model(
    table: Node,
    defaults: Mapping[str, Node],
    own: Mapping[str, Node],
    data: str | None,
    fit: str | None = None,
) -> ModelEntry:
    """A model from its own keys and those above all models.

    Args:
        table: the model as a whole.
        data: the path of its table, as seen from the working directory.
        fit: that of the file of a fit made elsewhere.
    """
    given = {**defaults, **own}
    values: dict[str, Any] = {key: KEYS[key](value) for key, value in given.items()}
    reasons = [KEYS["ignore"](keys["ignore"]) for keys in (defaults, own) if "ignore" in keys]
    return ModelEntry(
        name=values["name"],
        line=table.line,
        data=data,
        formula=values.get("formula"),
        fit=fit,
        said=frozenset(item.name for item in options_of(TriageOptions) if item.key in own),
        reading=_record(Reading, values, given, table),
        options=_record(TriageOptions, values, given, table),
        fail_on=values.get("fail_on", DEFAULT_FAIL_ON),
        select=values.get("select"),
        ignore={code: reason for found in reasons for code, reason in found.items()},
    )


def _record(kind: type[Record], values: Mapping[str, Any], given: Mapping[str, Node], table: Node) -> Record:
    """The options of `fit`; what makes no sense together is said of the key that is one too many."""
    declared = options_of(kind)
    try:
        return kind(**{item.name: values[item.key] for item in declared if item.key in values})
    except OptionError as error:
        key_at = {f"option {item.name}": item.key for item in declared}
        node = given.get(key_at.get(error.where or "", ""), table)
        raise node.error(f"model `{values['name']}`: {error.message}", error.hint) from None


def _codes(node: Node) -> tuple[str, ...]:
    return _as_option(node, lambda words: codes_of(words[0], "key"), (read.text(node),))


def _listed(node: Node) -> Iterable[Node]:
    return node.items() if isinstance(node.value, list) else (node,)


def _as_option(node: Node, meaning: Callable[[Value], Answer], value: Value) -> Answer:
    """Read or check a value as the command line does; what is wrong is said of the line of the key."""
    try:
        return meaning(value)
    except OptionError as error:
        raise node.error(error.message, error.hint) from None
