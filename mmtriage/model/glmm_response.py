"""The response of a generalized linear mixed model, as glmer's families take it.

What R's `family()$initialize` refuses is refused in its words, with the cell; what it warns of becomes a
message of the design.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from mmtriage.arrays import Array, Index, Mask
from mmtriage.data.convert import first_non_number
from mmtriage.data.table import Table
from mmtriage.errors import DataError, ModelError
from mmtriage.formula import Formula
from mmtriage.formula.nodes import Name, Node
from mmtriage.formula.text import to_text
from mmtriage.model.distributions import POSITIVE
from mmtriage.model.families import Family
from mmtriage.model.response import Response, listed_levels, not_numeric, refuse_infinite
from mmtriage.model.values import Value

_WHOLE = 1e-3  # R's binomial warns where a count is further than this from a whole number
_WHOLE_COUNT = 1e-7  # R's dpois: the same, as a share of max(1, |x|)


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class _Variable:
    """The response in the rows used, with what an error needs to name it."""

    node: Node
    value: Value
    table: Table
    rows: Index  # (n,)

    @property
    def name(self) -> str:
        return to_text(self.node)

    def where(self, bad: Mask) -> str:
        """The first bad row, as the user counts."""
        place = f"column `{self.name}`" if isinstance(self.node, Name) else f"`{self.name}`"
        return f"{place}, {self.table.row_name(int(self.rows[np.argmax(bad)]))}"

    def first(self, bad: Mask) -> str:
        """The first bad value."""
        data = self.value.data
        return f"{(data[:, 0] if data.ndim == 2 else data)[np.argmax(bad)]:.6g}"


def glmm_response(
    formula: Formula, value: Value, table: Table, rows: Index, family: Family, prior: Array | None
) -> Response:
    """The response as glmer's family takes it.

    Args:
        value: the response in the rows used.
        rows: those rows of the table, (n,).
        prior: the prior weights, (n,); of a proportion they are the trials.

    Raises:
        ModelError: a response that the family cannot take at all.
        DataError: values that the family does not allow.
    """
    variable = _Variable(node=formula.response, value=value, table=table, rows=rows)
    refuse_infinite(variable.node, value, table, rows, "NA/NaN/Inf in 'y'")
    if not family.distribution.has_trials:
        return _plain(variable, _one_column(variable, family), family)
    if value.kind == "factor":
        return _levels(variable)
    if value.is_matrix and value.data.shape[1] != 1:
        return _counts(variable, prior)
    return _proportions(variable, np.ravel(value.data), np.ones(rows.size) if prior is None else prior)


def _one_column(variable: _Variable, family: Family) -> Array:
    value = variable.value
    if value.is_matrix and value.data.shape[1] > 1:
        raise ModelError(
            f"`{variable.name}` has {value.data.shape[1]} columns: the {family.name} family takes one number "
            "for each row",
            hint="Model one column; successes and failures belong to a binomial model: `--family binomial`.",
        )
    if value.kind == "factor":
        raise not_numeric(variable.node, value, variable.table, f"The {family.name} family")
    return np.ravel(value.data)


def _levels(variable: _Variable) -> Response:
    """A factor: the first level is failure, every other one success."""
    levels, node = variable.value.levels, variable.node
    if isinstance(node, Name) and first_non_number(variable.table.columns[node.name]) is not None:
        raise not_numeric(node, variable.value, variable.table, "The binomial family")
    messages: tuple[str, ...] = ()
    if len(levels) > 2:
        messages = (
            f'`{variable.name}` has {len(levels)} levels: "{levels[0]}" is failure, all the others '
            f"({listed_levels(levels[1:])}) are success (glmer says nothing of it)",
        )
    return Response(y=(variable.value.data > 0).astype(np.float64), messages=messages)


def _counts(variable: _Variable, prior: Array | None) -> Response:
    """`cbind(success, failure)`: the share of successes, with a row without trials as y = 0."""
    counts = variable.value.data
    if counts.shape[1] != 2:
        raise ModelError(
            f"`{variable.name}` has {counts.shape[1]} columns: for the 'binomial' family, y must be a vector "
            "of 0 and 1's or a 2 column matrix where col 1 is no. successes and col 2 is no. failures",
            hint="Write `cbind(success, failure)`.",
        )
    bad = np.any(counts < 0, axis=1)
    if bad.any():
        row = int(np.argmax(bad))
        column = int(np.argmax(counts[row] < 0))
        raise DataError(
            f"`{variable.name}` has a negative count in {_rows(bad)}: {counts[row, column]:.6g} "
            f"{('successes', 'failures')[column]}",
            where=variable.where(bad),
            hint="Columns are successes and failures; of a total, write `cbind(success, total - success)`.",
        )
    trials = counts.sum(axis=1)
    fractional = np.abs(counts - np.rint(counts)).max(axis=1) > _WHOLE
    messages = _warned(fractional, f"`{variable.name}`: non-integer counts in a binomial glm!")
    if prior is not None and np.any(trials > 1) and np.allclose(prior, trials):
        messages += (
            f"the weights are the trials, which `{variable.name}` counts already: n trials weigh as much as "
            "n^2; leave `--weights` out (glmer says nothing of it)",
        )
    y = np.divide(counts[:, 0], trials, out=np.zeros_like(trials), where=trials > 0)
    return Response(y=y, trials=trials, messages=messages)


def _proportions(variable: _Variable, y: Array, prior: Array) -> Response:
    """0/1, logical, or proportions whose trials are the prior weights; no row of weight 0 is looked at."""
    y = np.where(prior == 0, 0.0, y)
    bad = (y < 0) | (y > 1)
    if bad.any():
        raise DataError(
            f"y values must be 0 <= y <= 1: `{variable.name}` is {variable.first(bad)} in {_rows(bad)}",
            where=variable.where(bad),
            hint=_proportion_hint(variable, y),
        )
    fractional = np.abs(prior * y - np.rint(prior * y)) > _WHOLE
    text = f"`{variable.name}`: non-integer #successes in a binomial glm!"
    if variable.value.kind == "numeric" and np.all(prior == 1):
        text += (
            " Of proportions, `--weights` gives the trials: without them lme4's Laplace likelihood rounds "
            "each to 0 or 1."
        )
    return Response(y=y, messages=_warned(fractional, text))


def _proportion_hint(variable: _Variable, y: Array) -> str:
    if variable.value.is_matrix:
        return "Give both columns: `cbind(successes, failures)`."
    distinct = np.unique(y)
    if distinct.size == 2:
        return f"Of two codes, name the one that is success: `I({variable.name} == {distinct[1]:.6g})`."
    if np.all(y >= 0) and np.all(y <= 100) and np.any(y % 1 != 0):
        return (
            f"Percentages are proportions after `I({variable.name} / 100)`, with the trials as `--weights`."
        )
    return f"Of counts, write `cbind({variable.name}, total - {variable.name})`; or use `--family poisson`."


def _plain(variable: _Variable, y: Array, family: Family) -> Response:
    """One number for each row, in the range of the family."""
    distribution = family.distribution
    if distribution.is_count:
        return _whole_numbers(variable, y, family)
    if distribution.mean_range == POSITIVE:
        _refuse(variable, y <= 0, distribution.refusal, _NOT_POSITIVE)
        return Response(y=y)
    _check_start(variable, y, family)
    return Response(y=y)


def _whole_numbers(variable: _Variable, y: Array, family: Family) -> Response:
    """Counts; a fraction has no probability, but only R's Poisson density says so."""
    _refuse(variable, y < 0, family.distribution.refusal, _NOT_A_COUNT)
    bad = _fractional_counts(y)
    if bad.any() and family.distribution.refuses_fractions:
        raise DataError(
            f"non-integer x = {y[np.argmax(bad)]:.6f}: `{variable.name}` is not a whole number in "
            f"{_rows(bad)}; lme4's log-likelihood is -Inf whatever the estimates",
            where=variable.where(bad),
            hint="A rate is a count with an offset, `+ offset(log(exposure))`; positive amounts belong to "
            "`--family Gamma --link log`.",
        )
    text = f"`{variable.name}` is not a count: non-integer x = {y[np.argmax(bad)]:.6f}"
    return Response(y=y, messages=_warned(bad, text))


def _check_start(variable: _Variable, y: Array, family: Family) -> None:
    """glmer starts at mu = y, so a family that takes any number needs a y in the domain of its link."""
    link = family.link.name  # the identity link makes a linear mixed model
    domains = {"log": (y <= 0, "y > 0"), "inverse": (y == 0, "no y = 0")}
    bad, needs = domains.get(link, ((y <= 0) | (y >= 1), "0 < y < 1"))
    hint = (
        f"glmer starts at mu = y, and the {link} link needs {needs}: leave those rows out with "
        "`--subset`, or use the identity link."
    )
    says = "cannot find valid starting values: please specify some"
    if link not in domains and np.all((y == 0) | (y == 1)):
        raise DataError(
            f"{NO_START}: glmer starts at mu = y, and all of `{variable.name}` is 0 or 1",
            where=variable.where(np.ones(len(y), dtype=bool)),
            hint=f"A response of 0 and 1 belongs to `--family binomial --link {link}`.",
        )
    if link not in domains:
        outside = np.any((y < 0) | (y > 1)) and link == "logit"
        says = OUT_OF_RANGE.format(value=y[np.argmax((y < 0) | (y > 1))]) if outside else NO_START
    _refuse(variable, bad, says, hint)


NO_START = "PIRLS loop resulted in NaN value"  # glmer's words where the start has no eta
OUT_OF_RANGE = "Value {value:g} out of range (0, 1)"  # R's logit
_NOT_A_COUNT = "Correct the table; a difference or a score belongs to the gaussian family."
_NOT_POSITIVE = "Leave those rows out with `--subset`; amounts with exact zeros need another family."


def _refuse(variable: _Variable, bad: Mask, says: str, hint: str) -> None:
    """Refuse values that R's family refuses, in its words."""
    if bad.any():
        raise DataError(
            f"{says}: `{variable.name}` is {variable.first(bad)} in {_rows(bad)}",
            where=variable.where(bad),
            hint=hint,
        )


def _warned(bad: Mask, text: str) -> tuple[str, ...]:
    return (f"{text} ({int(bad.sum()):,} of {bad.size:,} rows)",) if bad.any() else ()


def _fractional_counts(y: Array) -> Mask:
    return np.abs(y - np.rint(y)) > _WHOLE_COUNT * np.maximum(1.0, np.abs(y))


def _rows(bad: Mask) -> str:
    count = int(bad.sum())
    return "1 row" if count == 1 else f"{count:,} rows"
