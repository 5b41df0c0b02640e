"""Values of variables: what an expression over the columns of a table evaluates to."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Any, Literal, TypeVar

import numpy as np
import numpy.typing as npt

from mmtriage.arrays import Array, Index, Mask
from mmtriage.data.convert import number_labels
from mmtriage.data.table import Column
from mmtriage.formula.text import format_number

EXACT_INTEGERS = 1e15  # whole numbers below this are exact in int64 and float64
_Scalar = TypeVar("_Scalar", bound=np.generic)


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Value:
    """One variable; a constant has no axis, a variable (n,), a matrix such as poly(x, 2) is (n, k)."""

    kind: Literal["numeric", "logical", "factor"]
    data: npt.NDArray[Any]  # float64, NaN = missing; for a factor int64 codes, -1 = missing
    levels: tuple[str, ...] = ()  # of a factor
    suffixes: tuple[str, ...] = ()  # of a matrix: what R appends to the variable's name, one per column
    contrast: str | None = None  # of a factor: set by C(f, contr.x)
    is_ordered: bool = False  # of a factor: R codes it by polynomials
    is_text: bool = False  # of a factor: texts, `as.character(f)`; `as.numeric` reads numbers in them

    @property
    def is_matrix(self) -> bool:
        return self.data.ndim == 2

    @property
    def is_missing(self) -> Mask:
        """Which rows have no value, (n,)."""
        if self.kind == "factor":
            return np.asarray(self.data < 0)
        missing = np.isnan(self.data)
        return np.asarray(missing.any(axis=1)) if self.is_matrix else missing

    def take(self, rows: Index) -> Value:
        """The value in these rows; levels that no longer occur are dropped, as R's model.frame does."""
        taken = replace(self, data=self.data[rows])
        return drop_unused(taken) if self.kind == "factor" else taken


def label(level: float | str | bool) -> str:
    """A constant as the name of a level."""
    if isinstance(level, bool):
        return "TRUE" if level else "FALSE"
    return level if isinstance(level, str) else "NA" if level != level else format_number(level)


def text_constant(text: str) -> Value:
    """One text, without an axis."""
    return Value(kind="factor", data=np.asarray(0, dtype=np.int64), levels=(text,), is_text=True)


def read_only(array: npt.NDArray[_Scalar]) -> npt.NDArray[_Scalar]:
    """A view that cannot be written to."""
    view = array.view()
    view.flags.writeable = False
    return view


def from_column(column: Column) -> Value:
    """A table column as a value."""
    return Value(kind=column.kind, data=column.values, levels=column.levels, is_ordered=column.is_ordered)


def drop_unused(factor: Value) -> Value:
    """The factor without the levels that do not occur; missing rows stay missing."""
    used, codes = compress(factor.data, len(factor.levels))
    if used.size == len(factor.levels):
        return factor
    return replace(factor, data=codes, levels=tuple(factor.levels[i] for i in used))


def compress(keys: Index, size: int) -> tuple[Index, Index]:
    """The keys in 0..size-1 that occur, ascending, and each row's index among them; -1 stays -1.

    Where the range is not much longer than the data this takes a table and no sorting.
    """
    if size <= 4 * keys.size + 1000:
        occurs = np.zeros(size, dtype=bool)
        occurs[keys[keys >= 0]] = True
        if occurs.all():
            return np.arange(size), keys
        index = np.append(np.cumsum(occurs) - 1, -1)
        return np.flatnonzero(occurs), index[keys]
    used, inverse = np.unique(keys, return_inverse=True)
    has_missing = int(used.size > 0 and used[0] < 0)
    return used[has_missing:], inverse.astype(np.int64) - has_missing


def as_factor(value: Value) -> Value:
    """R's `as.factor`: numbers become levels in ascending order, logicals FALSE and TRUE if they occur."""
    if value.kind == "factor":
        return value
    if value.kind == "logical":
        codes = np.where(np.isnan(value.data), -1, value.data).astype(np.int64)
        return drop_unused(Value(kind="factor", data=codes, levels=("FALSE", "TRUE")))
    numbers, codes = _distinct_numbers(value.data)
    return merge_labels(Value(kind="factor", data=codes, levels=tuple(number_labels(numbers))))


def as_text(value: Value) -> Value:
    """R's `as.character`: texts, which as a factor have their levels in code-point order."""
    factor = drop_unused(as_factor(value))
    order = sorted(range(len(factor.levels)), key=factor.levels.__getitem__)
    place = np.array([*np.argsort(order), -1], dtype=np.int64)
    levels = tuple(factor.levels[i] for i in order)
    return Value(kind="factor", data=place[factor.data], levels=levels, is_text=True)


def cross_factors(factors: Sequence[Value], separator: str, *, fastest: Literal["first", "last"]) -> Value:
    """The observed combinations of factor levels, labels joined in the order of the factors."""
    crossed = factors[0]
    for factor in factors[1:]:
        slow, fast = (factor, crossed) if fastest == "first" else (crossed, factor)
        n_fast = max(len(fast.levels), 1)
        missing = (slow.data < 0) | (fast.data < 0)
        keys = np.where(missing, -1, slow.data * n_fast + fast.data)
        used, codes = compress(keys, len(slow.levels) * n_fast)
        pairs = zip((used // n_fast).tolist(), (used % n_fast).tolist(), strict=True)
        names = (
            (fast.levels[j], slow.levels[i]) if fastest == "first" else (slow.levels[i], fast.levels[j])
            for i, j in pairs
        )
        crossed = Value(kind="factor", data=codes, levels=tuple(separator.join(name) for name in names))
    return crossed


def _distinct_numbers(data: Array) -> tuple[Array, Index]:
    missing = np.isnan(data)
    present = data[~missing]
    codes = np.full(data.shape, -1, dtype=np.int64)
    if present.size and _is_short_range(present):
        # Whole numbers in a short range, the usual subject ids, need no sorting.
        lowest = int(present.min())
        keys = present.astype(np.int64) - lowest
        used, codes[~missing] = compress(keys, int(keys.max()) + 1)
        return (used + lowest).astype(np.float64), codes
    numbers, codes[~missing] = np.unique(present, return_inverse=True)
    return numbers, codes


def _is_short_range(numbers: Array) -> bool:
    low, high = numbers.min(), numbers.max()
    is_exact = np.isfinite(low) and np.isfinite(high) and max(-low, high) < EXACT_INTEGERS
    return bool(is_exact and high - low <= 4 * numbers.size and np.all(numbers == np.round(numbers)))


def merge_labels(factor: Value) -> Value:
    """Levels of the same name become one, as in R: `labels`, numbers that differ beyond its 15 digits."""
    if len(set(factor.levels)) == len(factor.levels):
        return factor
    levels = tuple(dict.fromkeys(factor.levels))
    place = {level: i for i, level in enumerate(levels)}
    index = np.array([place[level] for level in factor.levels] + [-1], dtype=np.int64)
    return replace(factor, data=index[factor.data], levels=levels)
