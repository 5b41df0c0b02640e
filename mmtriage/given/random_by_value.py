"""The random effects of a statsmodels `MixedLM` as bars of lme4's, by what their columns hold.

`cov_re` and `vcomp` are already times `scale`. With a constant group everything is in `vcomp`; without
`re_formula` beside a `vc_formula` there is no random intercept (`k_re` is 0). A fit with `free=` that leaves
covariances at zero is lme4's `||`.
"""

from __future__ import annotations

import math
from typing import Any

import numpy as np

from mmtriage.arrays import Array
from mmtriage.data.reading import STATSMODELS_RESULT
from mmtriage.errors import DataError
from mmtriage.given.making import Making, bare, is_constant
from mmtriage.given.record import GivenTerm
from mmtriage.given.values_met import Frame, same_partition

ZERO = 1e-8  # of a covariance that `free=` has left out


def random_part(making: Making, result: Any) -> tuple[list[str], list[GivenTerm]]:
    """The bars of the formula, and their covariances in the order of the bars."""
    model = result.model
    groups = np.asarray(model.groups)
    bars: list[str] = []
    terms: list[GivenTerm] = []
    group: str | None = None
    if model.k_re:
        group = _group(making, groups, _name_of_groups(model))
        bars, terms = _of_cov_re(making, result, group)
    for j, name in enumerate(model.exog_vc.names):
        bar, of, column = _component(making, model, j, str(name), groups, group)
        bars.append(bar)
        sd = math.sqrt(max(float(np.asarray(result.vcomp)[j]), 0.0))
        terms.append(GivenTerm(group=of, terms=(column,), sd=(sd,)))
    return bars, terms


def _name_of_groups(model: Any) -> str:
    """The column that was named as `groups`: it is what statsmodels calls the random intercept."""
    first = next(iter(getattr(model.data, "exog_re_names", None) or []), "")
    if not hasattr(model, "formula") or str(first) in ("", "Group"):
        return "group"  # made of arrays, or the groups had no name
    return str(first) if is_constant(np.asarray(model.exog_re)[:, 0]) else "group"


def _group(making: Making, groups: Any, name: str = "group") -> str:
    known = making.frame.grouping_like(groups)
    if known is not None:
        return making.use_known(known)
    return making.use(Frame.factor_of(name, groups))


def _of_cov_re(making: Making, result: Any, group: str) -> tuple[list[str], list[GivenTerm]]:
    model = result.model
    Z = np.asarray(model.exog_re, dtype=np.float64).reshape(len(model.endog), model.k_re)
    S = np.atleast_2d(np.asarray(result.cov_re, dtype=np.float64))
    given = getattr(model.data, "exog_re_names", None) or [f"Z{i + 1}" for i in range(model.k_re)]
    columns = [
        ("1", "(Intercept)") if is_constant(column) else (making.numeric(str(name), column),) * 2
        for name, column in zip(given, Z.T, strict=True)
    ]
    sd = np.sqrt(np.maximum(np.diag(S), 0.0))
    if _is_diagonal(result):
        bars = [f"({'1' if text == '1' else f'0 + {text}'} | {group})" for text, _ in columns]
        alone = [
            GivenTerm(group=bare(group), terms=(bare(name),), sd=(float(s),))
            for (_, name), s in zip(columns, sd, strict=True)
        ]
        return bars, alone
    has_intercept = any(text == "1" for text, _ in columns)
    written = " + ".join(["1" if has_intercept else "0", *(text for text, _ in columns if text != "1")])
    with np.errstate(invalid="ignore", divide="ignore"):
        rho = np.clip(S / np.outer(sd, sd), -1.0, 1.0)
    rho[np.diag_indices(len(sd))] = 1.0
    known = tuple(tuple(None if math.isnan(v) else float(v) for v in row) for row in rho)
    term = GivenTerm(
        group=bare(group),
        terms=tuple(bare(name) for _, name in columns),
        sd=tuple(map(float, sd)),
        correlation=known if len(sd) > 1 else None,
    )
    return [f"({written} | {group})"], [term]


def _is_diagonal(result: Any) -> bool:
    """Whether `free=` has left the covariances out.

    Raises:
        DataError: it holds something else fixed.
    """
    if result.freepat is None:
        return False
    free = np.atleast_2d(np.asarray(result.freepat.cov_re)) != 0
    k = len(free)
    off = ~np.eye(k, dtype=bool)
    S = np.atleast_2d(np.asarray(result.cov_re, dtype=np.float64))
    all_fixed = np.all(np.asarray(result.freepat.fe_params) != 0) and np.all(
        np.asarray(result.freepat.vcomp) != 0
    )
    if all_fixed and np.all(free):
        return False
    if all_fixed and np.all(np.diag(free)) and not np.any(free & off) and np.all(np.abs(S[off]) <= ZERO):
        return True
    raise DataError(
        "this fit holds parameters fixed with `free=`",
        where=STATSMODELS_RESULT,
        hint="Only covariances at zero can be left out, which is lme4's `||`.",
    )


def _component(
    making: Making, model: Any, j: int, name: str, groups: Any, group: str | None
) -> tuple[str, str, str]:
    """The bar of a variance component, the name of its group, and that of its column."""
    n = len(model.endog)
    codes, values, n_columns = np.zeros(n, dtype=np.int64), np.zeros(n), 0
    labels: list[int] = []
    for g, (label, matrix) in enumerate(zip(model.group_labels, model.exog_vc.mats[j], strict=True)):
        M = np.asarray(matrix.todense() if hasattr(matrix, "todense") else matrix, dtype=np.float64)
        rows = np.asarray(model.row_indices[label], dtype=np.int64)
        if np.any(np.sum(M != 0, axis=1) > 1):
            raise DataError(
                f"the variance component `{name}` has rows with several columns that are not zero",
                where=STATSMODELS_RESULT,
                hint="lme4's models have one column of a grouping factor for each row.",
            )
        n_columns = max(n_columns, M.shape[1])
        codes[rows] = len(labels) + np.argmax(M != 0, axis=1)
        values[rows] = np.sum(M, axis=1)
        labels += [g] * M.shape[1]
    is_slope = not np.all(values == 1.0)
    if n_columns == 1:
        of = group or _group(making, groups)
    else:
        of = _grouping_of(making, name, codes, values, groups, group, is_slope=is_slope)
    if not is_slope:
        return f"(1 | {of})", bare(of), "(Intercept)"
    column = making.numeric(name, values)
    return f"(0 + {column} | {of})", bare(of), bare(column)


def _grouping_of(
    making: Making, name: str, codes: Any, values: Array, groups: Any, group: str | None, *, is_slope: bool
) -> str:
    """`f`, or `g:f`, whose levels are those of a component; a column of its own if there is none."""
    seen = values != 0.0  # of a slope, rows at zero belong to any level
    for known in making.frame.groupings:
        labels = making.frame.labels(known)
        if same_partition(labels[seen], codes[seen]):
            return making.use_known(known)
    outer = Frame.codes_of(groups)
    for known in making.frame.groupings:
        inner = Frame.codes_of(making.frame.labels(known))
        crossed = outer * (inner.max() + 1) + inner
        if same_partition(crossed[seen], codes[seen]):
            return f"{group or _group(making, groups)}:{making.use_known(known)}"
    if is_slope and not np.all(seen):
        raise DataError(
            f"the grouping of the variance component `{name}` is not a column of the data frame",
            where=STATSMODELS_RESULT,
            hint="Put it into the data frame as a column.",
        )
    return making.use(Frame.factor_of(name, codes))
