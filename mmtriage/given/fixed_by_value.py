"""The fixed effects of a model matrix as a formula: what each column is, by what it holds.

A constant column is the intercept, one that equals a column of the data frame is that column, indicators of
all levels but one are a factor, and a product of such columns is an interaction. Whatever is none of these
becomes a column of the table. The formula is right if its columns span those that were given.
"""

from __future__ import annotations

import re
from collections.abc import Sequence

import numpy as np

from mmtriage.arrays import Array
from mmtriage.data.reading import STATSMODELS_RESULT
from mmtriage.data.table import Column, Table
from mmtriage.errors import DataError, FormulaError, MmtriageError, ModelError
from mmtriage.formula import parse_formula
from mmtriage.given.making import Making, is_constant, quoteless
from mmtriage.given.values_met import same
from mmtriage.model.design import Design, build_design
from mmtriage.model.spec import ModelSpec
from mmtriage.model.tall import least_squares

SPAN = 1e-8  # of a column: what a least-squares fit by our columns may leave of it
FUNCTIONS = re.compile(r"\b(?:np|numpy)\.(log|log2|log10|log1p|exp|sqrt|abs|sin|cos|tan)\b")


def fixed_part(
    making: Making, response: str, X: Array, names: Sequence[str], bars: Sequence[str], *, reml: bool
) -> tuple[str, Design]:
    """The fixed part of the formula, recognized or as it stands, and the design that it gives."""
    for text in (_recognized(making, X, names), _as_they_stand(making, X, names)):
        formula = f"{response} ~ {text} + {' + '.join(bars)}"
        try:
            design = build_design(making.table(), parse_formula(formula), ModelSpec(reml=reml))
        except (FormulaError, ModelError):
            continue
        if _spans(design, X):
            return text, design
    raise DataError("the fixed effects cannot be written as a formula", where=STATSMODELS_RESULT)


def _as_they_stand(making: Making, X: Array, names: Sequence[str]) -> str:
    columns = (Column(name=quoteless(n), kind="numeric", values=x) for n, x in zip(names, X.T, strict=True))
    return " + ".join(["0", *(making.use(column) for column in columns)])


def _spans(design: Design, X: Array) -> bool:
    """Whether our columns span statsmodels', and are as many."""
    if design.X.shape != X.shape:
        return False
    left = X - design.X @ least_squares(design.X, X)
    return bool(np.all(np.max(np.abs(left), axis=0) <= SPAN * np.max(np.abs(X), axis=0, initial=1e-300)))


def _recognized(making: Making, X: Array, names: Sequence[str]) -> str:
    """The fixed part by what the columns hold."""
    columns = dict(zip(names, X.T, strict=True))
    has_intercept = any(is_constant(column) for column in columns.values())
    terms: dict[str, str] = {}  # statsmodels' name -> the term of the formula that gives the column
    for name, column in columns.items():
        if is_constant(column):
            terms[name] = "1"
        elif (known := making.frame.numeric_like(column, name)) is not None:
            terms[name] = making.use_known(known)
    for factor, mine in making.frame.factors_in({n: c for n, c in columns.items() if n not in terms}):
        if len(mine) >= len(factor.levels) - has_intercept:
            terms |= dict.fromkeys(mine, making.use(factor))
    for name, column in columns.items():
        if name not in terms:
            terms[name] = _product(name, columns, terms) or translated(making, name, column)
    written = list(dict.fromkeys(term for term in terms.values() if term != "1"))
    return " + ".join(["1" if has_intercept else "0", *written])


def _product(name: str, columns: dict[str, Array], terms: dict[str, str]) -> str | None:
    """`x:f` for a column that is called, and is, the product of columns that are known."""
    parts = name.split(":")
    if len(parts) < 2:
        return None
    known = [terms.get(part) for part in parts]
    if any(term is None or term == "1" for term in known):
        return None
    value = np.prod([columns[part] for part in parts], axis=0)
    return ":".join(str(term) for term in known) if same(value, columns[name]) else None


def translated(making: Making, name: str, values: Array) -> str:
    """A column as R computes it, if patsy's text is R's but for spelling; else the column itself."""
    text = FUNCTIONS.sub(r"\1", name).replace("**", "^")
    wanted = [known for known in making.frame.columns if re.search(rf"\b{re.escape(known)}\b", text)]
    trial = {known: making.frame.columns[known] for known in wanted}
    if trial and "[" not in text:
        made = _computed(text, trial, len(values))
        if made is not None and same(made, values):
            for known in wanted:
                making.use_known(known)
            return text
    return making.numeric(name, values)


def _computed(text: str, columns: dict[str, Column], n: int) -> Array | None:
    """The one column that a term gives, (n,), or None."""
    helper = {
        "mmtriage_y": Column(name="mmtriage_y", kind="numeric", values=np.arange(n) % 7.0),
        "mmtriage_g": Column(name="mmtriage_g", kind="numeric", values=np.arange(n) % 2.0),
    }
    table = Table(columns={**columns, **helper}, n_rows=n, source=STATSMODELS_RESULT, sha256="")
    try:
        formula = parse_formula(f"mmtriage_y ~ 0 + {text} + (1 | mmtriage_g)")
        X = build_design(table, formula, ModelSpec()).X
    except MmtriageError:
        return None
    return X[:, 0] if X.shape == (n, 1) else None
