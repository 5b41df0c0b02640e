"""The user's word on which columns are factors, and in what order their levels come (`--factor`)."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from dataclasses import replace

import numpy as np

from mmtriage.data.convert import as_factor, number
from mmtriage.data.table import Column
from mmtriage.errors import DataError, did_you_mean

SHOWN_VALUES = 5


def _several(name: str, columns: Collection[str]) -> str | None:
    """What to write where one option names several columns."""
    names = [part.strip() for part in name.split(",")]
    if len(names) < 2 or not set(names) <= set(columns):
        return None
    return f"Repeat the option: {' '.join(f'--factor {part}' for part in names)}."


def apply_factors(
    columns: Mapping[str, Column], factors: Mapping[str, Sequence[str] | None]
) -> dict[str, Column]:
    """The columns, with the named ones turned into factors; the first given level is the reference."""
    result = dict(columns)
    for name, levels in factors.items():
        if name not in columns:
            raise DataError(
                f"there is no column `{name}`",
                where="option --factor",
                hint=_several(name, columns)
                or did_you_mean(name, columns)
                or f"The columns are: {listed(list(columns))}.",
            )
        factor = as_factor(columns[name])
        result[name] = factor if levels is None else _with_levels(factor, tuple(levels))
    return result


def listed(names: Sequence[str]) -> str:
    """A few names in backquotes: "`a`, `b`, ... (12 in all)"."""
    shown = ", ".join(f"`{name}`" for name in names[:SHOWN_VALUES])
    return shown if len(names) <= SHOWN_VALUES else f"{shown}, ... ({len(names)} in all)"


def _with_levels(factor: Column, levels: tuple[str, ...]) -> Column:
    where = f"option --factor, column `{factor.name}`"
    repeated = next((level for position, level in enumerate(levels) if level in levels[:position]), None)
    if repeated is not None:
        raise DataError(f"the level `{repeated}` is listed twice", where=where, hint="List each level once.")
    code_of = {level: code for code, level in enumerate(levels)}
    new_codes = [code_of.get(_match(level, levels), -1) for level in factor.levels]
    _refuse_unlisted(factor, new_codes, levels, where)
    values = np.array([*new_codes, -1], dtype=np.int64)[factor.values]
    return replace(factor, values=values, levels=levels)


def _match(level: str, listed_levels: tuple[str, ...]) -> str:
    """The listed level that a level of the data is: the same text, or the same number ("1" and "1.0")."""
    if level in listed_levels or (value := number(level)) is None:
        return level
    return next((name for name in listed_levels if number(name) == value), level)


def _refuse_unlisted(factor: Column, new_codes: list[int], levels: tuple[str, ...], where: str) -> None:
    """R would silently make every value that is not listed missing; that is never what was meant."""
    unlisted = [level for level, code in zip(factor.levels, new_codes, strict=True) if code < 0]
    if not unlisted:
        return
    n_rows = int(np.isin(factor.values, [factor.levels.index(level) for level in unlisted]).sum())
    rows = "1 row" if n_rows == 1 else f"{n_rows:,} rows"
    guess = did_you_mean(unlisted[0], levels)
    raise DataError(
        f"values in the data are not among the listed levels: {listed(unlisted)} ({rows})",
        where=where,
        hint=f"{guess + ' ' if guess else ''}List every level, or leave rows out with --subset.",
    )
