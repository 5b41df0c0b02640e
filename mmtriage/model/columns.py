"""Columns of a model matrix with R's names: fixed effects and the left-hand sides of bars alike.

Within a term the first variable varies fastest: `f:g` gives fb:gv, fc:gv, fb:gw, ...
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np

from mmtriage.arrays import Array
from mmtriage.errors import DataError, ModelError
from mmtriage.formula import Term
from mmtriage.formula.coding import Coding, term_codings
from mmtriage.formula.nodes import Node
from mmtriage.formula.text import to_text
from mmtriage.model.contrasts import CODINGS, MAX_POLY_LEVELS, Contrast, full_dummies
from mmtriage.model.values import Value
from mmtriage.system.limited import size_in_words
from mmtriage.system.memory import free_memory

MAX_COLUMNS = 10_000
NUMBER = 8  # bytes
# Measured: the columns, beside those they are put together from, their QR and those that are kept; then
# cross-products, factors and inverses of them.
COPIES_OF_ROWS, COPIES_OF_PRODUCTS = 5, 6
FEWER_COLUMNS = "Leave interactions out, or use a factor with many levels as a grouping factor: `(1 | f)`."


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class ModelColumns:
    """A model matrix."""

    matrix: Array  # (n, k)
    names: tuple[str, ...]  # R's column names
    assign: tuple[int, ...]  # per column the number of its term, 0 for the intercept


def model_columns(
    intercept: bool,
    terms: Sequence[Term],
    values: Mapping[Node, Value],
    n: int,
    contrasts: Mapping[str, str | Contrast],
) -> ModelColumns:
    """R's `model.matrix`.

    Args:
        values: each variable in the rows used, (n,) or (n, k).
        contrasts: contrast by variable text; treatment where none is given.
    """
    codings = term_codings(terms, intercept, lambda variable: values[variable].kind != "numeric")
    for variable in dict.fromkeys(v for term in terms for v in term.variables):
        _check_levels(variable, values[variable])
    _check_size(terms, codings, values, n)
    blocks: list[Array] = [np.ones((n, 1))] * intercept
    names = ["(Intercept)"] * intercept
    assign = [0] * intercept
    for number, (term, coding) in enumerate(zip(terms, codings, strict=True), start=1):
        block, block_names = _term_columns(term, coding, values, contrasts)
        blocks.append(block)
        names += block_names
        assign += [number] * len(block_names)
    matrix = np.concatenate(blocks, axis=1) if blocks else np.empty((n, 0))
    return ModelColumns(matrix=matrix, names=tuple(names), assign=tuple(assign))


def factor_levels(value: Value) -> tuple[str, ...]:
    """The levels of a factor; a logical always has both, as in R."""
    return ("FALSE", "TRUE") if value.kind == "logical" else value.levels


def _term_columns(
    term: Term,
    coding: Sequence[Coding],
    values: Mapping[Node, Value],
    contrasts: Mapping[str, str | Contrast],
) -> tuple[Array, list[str]]:
    block: Array | None = None
    names: list[str] = []
    for variable, code in zip(term.variables, coding, strict=True):
        columns, suffixes = _variable_columns(variable, values[variable], code, contrasts)
        new_names = [to_text(variable) + suffix for suffix in suffixes]
        if block is None:
            block, names = columns, new_names
        else:
            with np.errstate(over="ignore"):
                block = (columns[:, :, None] * block[:, None, :]).reshape(block.shape[0], -1)
            names = [f"{name}:{new}" for new in new_names for name in names]
    assert block is not None  # a term has at least one variable
    if len(term.variables) > 1 and not np.isfinite(block).all():
        raise DataError(
            f"`{term.label}` is too large to be computed (lme4: NA/NaN/Inf in foreign function call)",
            hint="Rescale its columns: `scale(x)`.",
        )
    return block, names


def _variable_columns(
    variable: Node, value: Value, code: Coding, contrasts: Mapping[str, str | Contrast]
) -> tuple[Array, tuple[str, ...]]:
    """The columns of one variable, (n, k), and what R appends to its name for each."""
    if code == "numeric":
        if not value.is_matrix:
            return value.data[:, None], ("",)
        return value.data, value.suffixes if value.data.shape[1] > 1 else ("",)
    contrast = _contrast(variable, value, code, contrasts)
    return contrast.matrix[value.data.astype(np.int64)], contrast.names


def _contrast(
    variable: Node, value: Value, code: Coding, contrasts: Mapping[str, str | Contrast]
) -> Contrast:
    levels = factor_levels(value)
    if code == "full":
        return full_dummies(levels)
    own = contrasts.get(to_text(variable))
    if isinstance(own, Contrast):
        return _checked(own, variable, levels)
    unsaid = "poly" if value.is_ordered else "treatment"  # R's options("contrasts")
    name = own or value.contrast or unsaid
    if name == "poly" and len(levels) > MAX_POLY_LEVELS:
        raise ModelError(
            f"`{to_text(variable)}` has {len(levels)} levels; polynomial contrasts stop at {MAX_POLY_LEVELS}",
            hint="Use `poly(as.numeric(f), 3)` with a low degree, or other contrasts.",
        )
    return CODINGS[name](levels)


def _checked(own: Contrast, variable: Node, levels: Sequence[str]) -> Contrast:
    """A matrix of the user's own, which must have a row for each level."""
    if len(own.matrix) == len(levels):
        return own
    raise ModelError(
        f"the contrasts of `{to_text(variable)}` have {len(own.matrix)} rows, and it has {len(levels)} "
        "levels in the rows used",
        hint="A matrix of contrasts has a row for each level: are these the same rows and levels?",
    )


def _check_levels(variable: Node, value: Value) -> None:
    if value.kind != "factor" or len(value.levels) > 1:
        return
    level = f' ("{value.levels[0]}")' if value.levels else ""
    raise ModelError(
        "contrasts can be applied only to factors with 2 or more levels: "
        f"`{to_text(variable)}` has one level{level} in the rows used",
        hint=f"Remove `{to_text(variable)}`, or look at which rows were left out.",
    )


def _check_size(
    terms: Sequence[Term], codings: Sequence[Sequence[Coding]], values: Mapping[Node, Value], n: int
) -> None:
    """Refuse in words what would not fit into the memory, before any of it is taken."""
    counts = [_count(term, coding, values) for term, coding in zip(terms, codings, strict=True)]
    total = sum(counts)
    largest = terms[counts.index(max(counts))].label if terms else ""
    if total > MAX_COLUMNS:
        raise ModelError(
            f"the formula needs {total:,} columns, {max(counts):,} of them for `{largest}`: more than the "
            f"{MAX_COLUMNS:,} that are fitted here",
            hint=FEWER_COLUMNS,
        )
    needed, free = NUMBER * total * (COPIES_OF_ROWS * n + COPIES_OF_PRODUCTS * total), free_memory()
    if needed > free:
        raise ModelError(
            f"{total:,} columns in {n:,} rows, {max(counts):,} of them for `{largest}`, take about "
            f"{size_in_words(needed)} of memory, and {size_in_words(free)} are free",
            hint=FEWER_COLUMNS,
        )


def _count(term: Term, coding: Sequence[Coding], values: Mapping[Node, Value]) -> int:
    """How many columns a term has."""
    count = 1
    for variable, code in zip(term.variables, coding, strict=True):
        value = values[variable]
        if code == "numeric":
            count *= value.data.shape[1] if value.is_matrix else 1
        else:
            count *= len(factor_levels(value)) - (code == "contrasts")
    return count
