"""A table in the making: columns of a data frame where they hold what is wanted, else columns of its own."""

from __future__ import annotations

from dataclasses import dataclass, field, replace

import numpy as np

from mmtriage.arrays import Array
from mmtriage.data.in_memory import content_hash
from mmtriage.data.reading import STATSMODELS_RESULT
from mmtriage.data.table import Column, Table
from mmtriage.formula.text import quote_name
from mmtriage.given.values_met import Frame, same


def is_constant(column: Array) -> bool:
    return bool(np.all(column == 1.0))


def bare(name: str) -> str:
    return name.replace("`", "")


def quoteless(name: str) -> str:
    return name.replace("`", "'")


@dataclass(slots=True)
class Making:
    """The table as it is made, and the terms of the formula."""

    frame: Frame
    columns: dict[str, Column] = field(default_factory=dict)
    notes: list[str] = field(default_factory=list)

    def use(self, column: Column) -> str:
        """Put a column into the table; its name, as a formula has it."""
        name = column.name
        while name in self.columns and self.columns[name] is not column:
            name += "_"
        self.columns[name] = replace(column, name=name) if name != column.name else column
        return quote_name(name)

    def use_known(self, name: str) -> str:
        """Put a column of the frame into the table."""
        self.columns.setdefault(name, self.frame.columns[name])
        return quote_name(name)

    def numeric(self, name: str, values: Array) -> str:
        """A column of numbers: the frame's, if it has it, else one under statsmodels' name."""
        known = self.frame.numeric_like(values, name)
        if known is not None:
            return self.use_known(known)
        made = quoteless(name)
        if made in self.columns and same(self.columns[made].values, values):
            return quote_name(made)
        return self.use(Column(name=made, kind="numeric", values=values))

    def table(self) -> Table:
        """The table so far."""
        n = len(next(iter(self.columns.values())).values)
        digest = content_hash(self.columns)
        return Table(columns=dict(self.columns), n_rows=n, source=STATSMODELS_RESULT, sha256=digest)
