"""What the scatter of counts calls for: an effect of each observation, a negative binomial, or neither.

An observation-level random effect adds normal scatter on the link scale, one level per row (Harrison 2014,
PeerJ 2:e616); a negative binomial has a variance mu + mu^2 / theta of its own. Both are other models, and
information criteria choose between them where counts are overdispersed (MM501). Where a negative binomial's
theta grows without end, the counts are Poisson.
"""

from __future__ import annotations

from collections.abc import Iterator
from itertools import combinations

import numpy as np

from mmtriage.arrays import Index
from mmtriage.data.table import Column
from mmtriage.engine.comparison import Comparison
from mmtriage.engine.estimates import correlation
from mmtriage.formula import Formula, parse_formula
from mmtriage.formula.nodes import Name, names_in
from mmtriage.formula.text import quote_name, to_text
from mmtriage.ladder.case import Case, changed_model_attempt
from mmtriage.ladder.emitted.r_columns import row_numbers
from mmtriage.ladder.records import Attempt, Code, Remedy
from mmtriage.ladder.remedies.measured import changed_model_remedy
from mmtriage.model.families import NEGATIVE_BINOMIAL

NO_SURPLUS = 1e4  # theta of a negative binomial from which no data could tell it from infinity
ROW = "row"  # the name of a column of row numbers that has to be made


def for_overdispersion(case: Case) -> Iterator[tuple[Attempt, Remedy]]:
    """The models that can take up the scatter, or do without it."""
    if (case.comparison.optimum_fit.nb_theta or 0.0) > NO_SURPLUS:
        yield _poisson(case)
    if "MM501" not in case.codes:
        return
    if case.options.family == "poisson" and case.options.link_name == "log":
        yield _negative_binomial(case)
    yield _observation_level(case)


def _poisson(case: Case) -> tuple[Attempt, Remedy]:
    comparison = case.fit(case.build(case.formula, family="poisson"))
    title = "Leave out the dispersion: Poisson"
    remedy = changed_model_remedy(
        case,
        comparison,
        id="poisson",
        rung=2,
        title=title,
        changes="the limit of the present model: a variance of mu instead of mu + mu^2 / theta",
        caveats=("the scatter of the data is no larger than this model allows",),
        code=case.commands.of(family="poisson").both(case.formula.to_text()),
    )
    return changed_model_attempt(title, comparison), remedy


def _negative_binomial(case: Case) -> tuple[Attempt, Remedy]:
    formula = case.formula
    comparison = case.fit(case.build(formula, family=NEGATIVE_BINOMIAL))
    theta = comparison.optimum_fit.nb_theta
    title = "Let the variance of the counts grow with their mean: negative binomial"
    remedy = changed_model_remedy(
        case,
        comparison,
        id="negative-binomial",
        rung=2,
        title=title,
        changes=f"a count of mean mu has variance mu + mu^2 / {theta:.3g} instead of mu",
        caveats=("effects keep their meaning; their standard errors grow to what the scatter allows",),
        code=case.commands.of(family=NEGATIVE_BINOMIAL, link=None).both(formula.to_text()),
    )
    return changed_model_attempt(title, comparison, note=f"theta {theta:.4g}"), remedy


def _observation_level(case: Case) -> tuple[Attempt, Remedy]:
    group = row_label(case)
    name = group or _free_name(case)
    formula = parse_formula(f"{case.formula.to_text()} + (1 | {name})")
    columns = {} if group else {name: np.arange(case.table.n_rows, dtype=np.float64)}
    comparison = case.fit(case.build(formula, columns=columns))
    title = f"Give every observation an effect of its own: (1 | {name})"
    sd = _sd_of_rows(comparison)
    remedy = changed_model_remedy(
        case,
        comparison,
        id="observation-level",
        rung=2,
        title=title,
        changes=f"normal scatter between observations on the link scale, of SD {sd:.3g}",
        caveats=(
            "coefficients are then those of a typical observation, further from zero than averages over all",
            *(() if group else ("no column of the table has one level per row: make one first",)),
        ),
        code=_code(case, formula, None if group else name),
    )
    return changed_model_attempt(title, comparison, note=f"SD {sd:.4g}"), remedy


def _code(case: Case, formula: Formula, made: str | None) -> Code:
    text = formula.to_text()
    if made is None:
        return case.commands.both(text)
    return case.commands.in_r(text, before=row_numbers(made))


def _sd_of_rows(comparison: Comparison) -> float:
    design = comparison.prepared.design
    t = next(t for t, term in enumerate(design.random) if len(term.levels) == len(design.y))
    sd, _ = correlation(comparison.optimum_fit.covariances[t])
    return float(sd[0])


def row_label(case: Case) -> str | None:
    """A grouping with one level per row, in the table's or the model's own terms; None if there is none."""
    measured = _measured(case)
    for name, column in case.table.columns.items():
        if name not in measured and _numbers_rows(column, case.design.rows):
            return quote_name(name)
    return _crossing(case)


def _numbers_rows(column: Column, rows: Index) -> bool:
    """Whether a column is a label of rows: text, or whole numbers that leave few out."""
    values = column.values[rows]
    if np.any(column.is_missing[rows]) or len(np.unique(values)) < len(rows):
        return False
    is_count = bool(np.all(values % 1 == 0)) and float(np.ptp(values)) < 2 * len(rows)
    return column.kind == "factor" or is_count


def _measured(case: Case) -> frozenset[str]:
    """Columns of the response and of the fixed part: numbers there are measurements, not labels."""
    nodes = [case.formula.response, *(v for term in case.formula.fixed for v in term.variables)]
    return frozenset(name.name for node in nodes for name in names_in(node))


def _crossing(case: Case) -> str | None:
    """Two factors of the model whose cells have one row each."""
    codes: dict[str, Index] = {
        quote_name(name): np.asarray(column.values, dtype=np.int64)
        for name, column in case.design.variables.items()
        if column.kind == "factor"
    }
    for term in case.design.random:
        if all(isinstance(node, Name) for node in term.bar.group):
            codes.setdefault(":".join(map(to_text, term.bar.group)), term.codes)
    n = len(case.design.y)
    for (a, one), (b, two) in combinations(codes.items(), 2):
        if len(np.unique(np.column_stack([one, two]), axis=0)) == n:
            return f"{a}:{b}"
    return None


def _free_name(case: Case) -> str:
    name = ROW
    while name in case.table.columns:
        name += "_"
    return name
