"""From table, formula and options to the arrays of the model: y, X, Z blocks, weights, offset.

Every variable is computed on the full table first; then the subset is taken, rows with a missing value in any
variable are dropped, and factors lose the levels that are gone. That is the order of R's `model.frame`, so
that `scale(x)` and `poly(x, 2)` mean the same as in lme4.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass

import numpy as np

from mmtriage.arrays import Array, Index
from mmtriage.data.table import Column, Table
from mmtriage.errors import DataError, FormulaError, ModelError, OptionError, did_you_mean
from mmtriage.formula import Formula, resolve_dot
from mmtriage.formula.bars import Group
from mmtriage.formula.diagonal import Columns, resolve_diagonal
from mmtriage.formula.nodes import Call, Name, Node, children, names_in
from mmtriage.formula.structured import UNSTRUCTURED
from mmtriage.formula.text import to_text
from mmtriage.model.aliased import DroppedColumn, dropped_columns, independent_columns
from mmtriage.model.columns import ModelColumns, factor_levels, model_columns
from mmtriage.model.contrasts import CONTRASTS, Contrast
from mmtriage.model.frame import Frame, model_frame, report_missing, unused_levels, used_columns
from mmtriage.model.missing import MissingReport
from mmtriage.model.newer_syntax import refuse_newer_syntax
from mmtriage.model.number_functions import ELEMENTWISE
from mmtriage.model.ranef import RandomTerm, grouping_factor, lme4_order, random_term
from mmtriage.model.response import Response, numeric_response, refuse_infinite
from mmtriage.model.spec import ModelSpec
from mmtriage.model.tall import triangular_factor
from mmtriage.model.values import Value, read_only
from mmtriage.model.weights import prior_weights, total_offset

_LEVELS_SHOWN = 5
GROUPED_BY_CALL = (
    "lme4 stops at the grouping factor `{group}` (couldn't evaluate grouping factor {group} within model "
    "frame) unless it is made a column first, as the R code of this report does"
)
MOST_STRUCTURED = 60  # columns of a structured covariance: what is asked of each pair of them grows too large
DEPENDENT = 1e-9  # relative length of a new direction, below which a column is one of the others'
LARGEST = 1e100  # sums of products of two columns stay far inside what a float can hold; so do inverses


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Design:
    """A model ready to be fitted; n rows are used. Arrays are read-only."""

    formula: Formula  # `.` resolved
    spec: ModelSpec
    y: Array  # (n,); of successes and failures the proportion
    X: Array  # (n, p) of full column rank
    fixed_names: tuple[str, ...]  # (p,) R's names
    assign: tuple[int, ...]  # (p,) the number of the column's term, 0 for the intercept
    fixed_terms: tuple[str, ...]  # R's term labels, numbered from 1 in `assign`
    dropped: tuple[DroppedColumn, ...]  # aliased columns that X lost
    random: tuple[RandomTerm, ...]  # in lme4's order
    weights: Array | None  # (n,) all positive; of a GLMM not negative, and times the trials
    trials: Array | None  # (n,) of a response `cbind(success, failure)`
    offset: Array | None  # (n,)
    rows: Index  # (n,) the table's rows, from 0
    missing: MissingReport
    variables: Mapping[str, Column]  # the table's columns that the model uses, in the rows used
    messages: tuple[str, ...]  # what R or lme4 would warn about while building this
    declared_factors: frozenset[str] = frozenset()  # columns that the user has read as factors
    first_row: int = 1  # what a spreadsheet calls the table's row 0

    @property
    def row_weights(self) -> Array:
        """What each row counts (n,): `weights`, and ones where there are none."""
        return np.ones(len(self.y)) if self.weights is None else self.weights

    @property
    def row_numbers(self) -> Index:
        """The numbers that a spreadsheet gives the rows used (n,), by which messages name them."""
        numbers: Index = self.rows + self.first_row
        return numbers


def build_design(table: Table, formula: Formula, spec: ModelSpec) -> Design:
    """Build the model's arrays.

    Raises:
        FormulaError: a column that does not exist, an expression that cannot be computed.
        OptionError: weights, offset, subset or contrasts that do not fit the table.
        DataError: no rows left, infinite values.
        ModelError: what lme4 itself refuses.
    """
    refuse_newer_syntax(formula, spec.version)
    formula = resolve_dot(formula, table.columns)
    _check_has_random(formula)
    frame = model_frame(table, formula, spec)
    if formula.has_diagonal:
        formula = resolve_diagonal(formula, _columns_of(frame))
        frame = model_frame(table, formula, spec)
    rows = frame.rows
    values = {node: value.take(rows) for node, value in frame.values.items()}
    response = _response(frame, values, spec)
    _check_finite(formula, values, table, rows)
    contrasts = _checked_contrasts(table, formula, values, spec)
    codings: dict[str, str | Contrast] = {**contrasts, **spec.own_fixed}
    full = model_columns(formula.intercept, formula.fixed, values, rows.size, codings)
    R = triangular_factor(full.matrix)
    kept = independent_columns(R)
    missing = report_missing(frame)
    random = _random_terms(formula, values, rows.size, spec.own_random)
    _check_structured(random, formula)
    _check_quadrature(random, spec.nagq)
    weights = _weights(frame, spec, response)
    _check_magnitudes(formula, response.y, full, random, weights)
    return Design(
        formula=formula,
        spec=spec,
        y=read_only(response.y),
        X=read_only(full.matrix[:, kept] if len(kept) < len(full.names) else full.matrix),
        fixed_names=tuple(full.names[j] for j in kept),
        assign=tuple(full.assign[j] for j in kept),
        fixed_terms=tuple(term.label for term in formula.fixed),
        dropped=dropped_columns(R, full.names, kept),
        random=random,
        weights=weights,
        trials=None if response.trials is None else read_only(response.trials),
        offset=total_offset(frame, values),
        rows=read_only(rows),
        missing=missing,
        variables=used_columns(frame),
        messages=(*response.messages, *_messages(frame, missing, contrasts)),
        declared_factors=frozenset(table.reading.factors),
        first_row=table.first_row,
    )


def _check_has_random(formula: Formula) -> None:
    if formula.random:
        return
    raise ModelError(
        "No random effects terms specified in formula",
        hint="Add a grouping, as in `+ (1 | g)`; without one this is an ordinary regression: `lm` or `glm`.",
    )


def _columns_of(frame: Frame) -> Columns:
    """What the rows used say of the effects in bars."""
    nodes = {v for bar in frame.formula.random for term in bar.terms for v in term.variables}
    values = {to_text(node): frame.values[node].take(frame.rows) for node in nodes}
    return Columns(
        factors={text: factor_levels(value) for text, value in values.items() if value.kind != "numeric"},
        widths={text: value.data.shape[1] for text, value in values.items() if value.is_matrix},
        recoded=frozenset(text for text, value in values.items() if value.contrast or value.is_ordered),
    )


def _response(frame: Frame, values: Mapping[Node, Value], spec: ModelSpec) -> Response:
    value = values[frame.formula.response]
    if spec.is_linear:
        return Response(y=numeric_response(frame.formula, value, frame.table))
    from mmtriage.model.families import family_of  # here: linear models start sooner without
    from mmtriage.model.glmm_response import glmm_response

    prior = prior_weights(frame, spec.weights, may_be_zero=True)
    return glmm_response(frame.formula, value, frame.table, frame.rows, family_of(spec), prior)


def _weights(frame: Frame, spec: ModelSpec, response: Response) -> Array | None:
    """The prior weights, times the trials of `cbind()`, (n,)."""
    weights = prior_weights(frame, spec.weights, may_be_zero=spec.distribution.allows_zero_weights)
    if response.trials is None:
        return weights
    return read_only(response.trials if weights is None else weights * response.trials)


def _random_terms(
    formula: Formula, values: Mapping[Node, Value], n: int, contrasts: Mapping[str, Contrast]
) -> tuple[RandomTerm, ...]:
    groupings: dict[Group, Value] = {}
    terms: list[RandomTerm] = []
    for bar in formula.random:
        if bar.group not in groupings:
            groupings[bar.group] = grouping_factor(bar, values, formula.text)
        terms.append(random_term(bar, values, groupings[bar.group], n, contrasts))
    return lme4_order(terms)


def _check_structured(random: Sequence[RandomTerm], formula: Formula) -> None:
    """Refuse a structured covariance of very many columns, and of such as depend on each other: no SD is a
    column's own there.
    """
    for term in (t for t in random if t.bar.structure != UNSTRUCTURED):
        if len(term.columns) > MOST_STRUCTURED:
            raise FormulaError(
                f"`{term.bar.to_text()}` has {len(term.columns)} columns: a structured covariance of more "
                f"than {MOST_STRUCTURED} is not fitted here",
                text=formula.text,
                span=term.bar.span,
                hint="Fewer levels, as of a coarser grid of times, may do.",
            )
        lengths = np.linalg.norm(term.Z, axis=0)
        unit = term.Z / np.where(lengths > 0.0, lengths, 1.0)
        if np.linalg.svd(unit, compute_uv=False)[-1] < DEPENDENT:
            raise FormulaError(
                f"the columns of `{term.bar.to_text()}` depend on each other linearly: its structure is not "
                "fitted here",
                text=formula.text,
                span=term.bar.span,
                hint="Leave a column out: a factor whose levels all have a column needs no intercept, "
                "`0 + f`.",
            )


def _check_quadrature(random: Sequence[RandomTerm], nagq: int) -> None:
    """Quadrature is over one random effect per group; lme4 refuses the rest in these words."""
    if nagq <= 1 or (len(random) == 1 and len(random[0].columns) == 1):
        return
    bars = ", ".join(f"`{term.bar.to_text()}`" for term in random)
    raise OptionError(
        "nAGQ > 1 is only available for models with a single, scalar random-effects term",
        where="option --nagq",
        hint=f"The random effects are {bars}: use --nagq 1 (Laplace) or 0.",
    )


def _checked_contrasts(
    table: Table, formula: Formula, values: Mapping[Node, Value], spec: ModelSpec
) -> dict[str, str]:
    """The contrasts of the fixed part, by variable text."""
    where = "option --contrasts"
    variables = {to_text(node): value for node, value in values.items()}
    for name, contrast in spec.contrasts.items():
        if name not in variables and name not in table.columns:
            raise OptionError(
                f"`{name}` is not a column",
                where=where,
                hint=did_you_mean(name, table.columns) or "Name a factor of the fixed part.",
            )
        kind = variables[name].kind if name in variables else table.columns[name].kind
        if kind == "numeric":
            raise OptionError(
                f"`{name}` is numeric and has no contrasts",
                where=where,
                hint=f"Read it as a factor: `--factor {name}`.",
            )
        if contrast.removeprefix("contr.") not in CONTRASTS:
            raise OptionError(
                f"`{contrast}` is not a contrast",
                where=where,
                hint=did_you_mean(contrast, CONTRASTS) or f"The contrasts are {', '.join(CONTRASTS)}.",
            )
    return {name: contrast.removeprefix("contr.") for name, contrast in spec.contrasts.items()}


def _check_finite(formula: Formula, values: Mapping[Node, Value], table: Table, rows: Index) -> None:
    for node, value in values.items():
        says = "NA/NaN/Inf in 'y'" if node == formula.response else "NA/NaN/Inf in foreign function call"
        refuse_infinite(node, value, table, rows, says)


def _check_magnitudes(
    formula: Formula, y: Array, fixed: ModelColumns, random: Sequence[RandomTerm], weights: Array | None
) -> None:
    """Refuse columns whose squares overflow or vanish."""
    columns = [(to_text(formula.response), y[:, None])]
    if weights is not None:
        columns.append(("--weights", weights[:, None]))
    columns += [(name, fixed.matrix[:, j : j + 1]) for j, name in enumerate(fixed.names)]
    columns += [(name, term.Z[:, j : j + 1]) for term in random for j, name in enumerate(term.columns)]
    for name, values in columns:
        largest = float(np.max(np.abs(values), initial=0.0))
        if largest and not 1 / LARGEST <= largest <= LARGEST:
            raise DataError(
                f"`{name}` has values as {'large' if largest > 1 else 'small'} as {largest:.3g}: their "
                "squares cannot be represented",
                hint="If that is a code for a missing value, say so with `--na-values`; "
                "else use another unit.",
            )


def _groups_lme4_lacks(formula: Formula) -> Iterator[Call]:
    """Computed grouping factors whose columns are not in lme4's model frame, where it looks for them."""
    variables = {node.name for node in formula.nodes() if isinstance(node, Name)}
    for node in dict.fromkeys(node for bar in formula.random for node in bar.group):
        if isinstance(node, Call) and any(name.name not in variables for name in names_in(node)):
            yield node


def _may_warn(node: Node) -> bool:
    """Whether R warns of NaNs that it produces; of values in no interval or level it says nothing."""
    named = isinstance(node, Call) and node.name in ELEMENTWISE.keys() | {"log"}
    return named or any(map(_may_warn, children(node)))


def _messages(frame: Frame, missing: MissingReport, contrasts: Mapping[str, str]) -> tuple[str, ...]:
    notes_of_columns = (frame.table.columns[name].note for name in frame.columns)
    messages = [*frame.table.notes, *filter(None, notes_of_columns), *frame.formula.notes]
    nan_makers = {to_text(node) for node in frame.values if _may_warn(node)}
    messages += [GROUPED_BY_CALL.format(group=to_text(node)) for node in _groups_lme4_lacks(frame.formula)]
    for text, count in missing.by_transform:
        rows = "1 row" if count == 1 else f"{count} rows"
        warned = " (R: NaNs produced)" if text in nan_makers else ""
        messages.append(f"`{text}` has no value in {rows}, dropped{warned}")
    for name, levels in unused_levels(frame).items():
        listed = ", ".join(f'"{level}"' for level in levels[:_LEVELS_SHOWN])
        more = f" and {len(levels) - _LEVELS_SHOWN} more" if len(levels) > _LEVELS_SHOWN else ""
        messages.append(f"`{name}` never has the level {listed}{more}, dropped")
    in_fixed = {to_text(variable) for term in frame.formula.fixed for variable in term.variables}
    for name in contrasts:
        if name not in in_fixed:
            messages.append(f"`{name}` is not in the fixed part; its contrasts are ignored")
    return tuple(messages)
