"""A design without some of its rows."""

from __future__ import annotations

from dataclasses import replace

import numpy as np

from mmtriage.arrays import Array, Index, Mask
from mmtriage.data.table import Column
from mmtriage.model.aliased import independent_columns
from mmtriage.model.design import Design
from mmtriage.model.ranef import RandomTerm
from mmtriage.model.tall import triangular_factor
from mmtriage.model.values import compress, read_only


def without_rows(design: Design, rows: Index) -> Design | None:
    """The design without the rows at these places (k,) of it, or None where columns of X went with them.

    Groups that have no row left go as well.
    """
    kept = np.ones(len(design.y), dtype=bool)
    kept[rows] = False
    X = design.X[kept]
    if len(independent_columns(triangular_factor(X))) < X.shape[1]:
        return None
    return replace(
        design,
        y=read_only(design.y[kept]),
        X=read_only(X),
        random=tuple(_term(term, kept) for term in design.random),
        weights=_taken(design.weights, kept),
        trials=_taken(design.trials, kept),
        offset=_taken(design.offset, kept),
        rows=read_only(design.rows[kept]),
        variables={name: _column(column, kept) for name, column in design.variables.items()},
    )


def _taken(values: Array | None, kept: Mask) -> Array | None:
    return None if values is None else read_only(values[kept])


def _term(term: RandomTerm, kept: Mask) -> RandomTerm:
    present, codes = compress(term.codes[kept], len(term.levels))
    levels = tuple(term.levels[int(code)] for code in present)
    return replace(term, levels=levels, codes=read_only(codes), Z=read_only(term.Z[kept]))


def _column(column: Column, kept: Mask) -> Column:
    return replace(column, values=column.values[kept])
