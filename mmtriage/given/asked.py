"""What FIT.json says of the model, as the options of a triage, and which column was read as what.

An option of the command that says something else than the file is refused: then one of them is about another
fit.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping
from dataclasses import replace
from pathlib import Path
from typing import Any

from mmtriage.data.convert import as_factor
from mmtriage.data.factors import apply_factors, listed
from mmtriage.data.reading import Reading
from mmtriage.data.table import Column, Table
from mmtriage.errors import DataError, OptionError, did_you_mean
from mmtriage.given.contrasts_given import codings
from mmtriage.given.record import GivenFactor, GivenFit
from mmtriage.optimizers import OPTIMIZERS
from mmtriage.option_values import options_of
from mmtriage.options import TriageOptions


def options_of_fit(fit: GivenFit, asked: TriageOptions, said: Collection[str]) -> TriageOptions:
    """The options of a triage of this fit; `said` names the fields that the user has given.

    Raises:
        OptionError: an option contradicts the file, or the file asks for a model that does not exist.
    """
    says = _model_in(fit)
    for name in said:
        if name in says and getattr(asked, name) != says[name]:
            raise _contradiction(name, fit)
    try:
        options = replace(asked, **says)
    except OptionError as error:
        key = (error.where or "").removeprefix("option ")
        if key not in says:
            raise
        raise DataError(error.message, where=f"{fit.path}, `{key}`", hint=error.hint) from None
    coded = codings(fit)
    options = replace(options, own_fixed=coded.own_fixed, own_random=coded.own_random)
    return options if "optimizer" in said else replace(options, optimizer=_optimizer(fit, options))


def _model_in(fit: GivenFit) -> dict[str, Any]:
    """The fields of the options that say which model it is, as the file has them."""
    return {
        "family": fit.family,
        "link": fit.link,
        "reml": fit.reml if _is_gaussian(fit) else True,
        "nagq": fit.nagq,
        "weights": fit.weights,
        "offset": fit.offset,
        "subset": fit.subset,
        "contrasts": codings(fit).named,
        "held_nb_theta": fit.nb_theta if fit.nb_theta_estimated is False else None,
    }


def _is_gaussian(fit: GivenFit) -> bool:
    return fit.family == "gaussian" and fit.link in (None, "identity")


def _contradiction(name: str, fit: GivenFit) -> OptionError:
    flag = next(item.flag for item in options_of(TriageOptions) if item.name == name)
    return OptionError(
        f"{fit.path} says otherwise",
        where=f"option {flag}",
        hint="Leave the option out: what was fitted stands in the file.",
    )


def _optimizer(fit: GivenFit, options: TriageOptions) -> str | None:
    """lme4's optimizer, where it is another than the default: refits and code to paste keep it."""
    if fit.software.name != "lme4" or fit.optimizer not in OPTIMIZERS or fit.optimizer in options.stages:
        return None
    return fit.optimizer


def table_path(fit: GivenFit, data: str | None) -> str:
    """The table: as the user named it, else as the file does, beside which it is looked for first."""
    if data is not None:
        return data
    if fit.data is None:
        raise DataError(
            "the file does not say of which table the fit is",
            where=fit.path,
            hint=f"Name it: mmtriage judge {fit.path} DATA",
        )
    beside = Path(fit.path).parent / fit.data
    return str(beside) if beside.exists() else fit.data


def with_factors(table: Table, fit: GivenFit) -> Table:
    """The table with the factors that the fit had, their levels in its order.

    Raises:
        DataError: a column does not exist, or has other values.
    """
    wanted = {factor.name: factor for factor in fit.factors}
    for name in (*wanted, *fit.logicals):
        if name not in table.columns:
            hint = did_you_mean(name, table.columns) or f"The columns are: {listed(list(table.columns))}."
            raise DataError(f"there is no column `{name}`, which {fit.path} names", hint=hint)
    changed = {n: f for n, f in wanted.items() if not _is_as_read(table.columns[n], f)}
    if not changed:
        return table
    factors = {name: _words(table.columns[name], factor) for name, factor in changed.items()}
    try:
        columns = apply_factors(table.columns, factors)
    except DataError as error:
        where = (error.where or "").removeprefix("option --factor, ")
        hint = "The fit had other levels: is this the table that it was fitted to?"
        raise DataError(error.message, where=f"{fit.path}, {where}", hint=hint) from None
    return replace(table, columns=columns, reading=_read_so(table.reading, factors))


def _is_as_read(column: Column, factor: GivenFactor) -> bool:
    return column.kind == "factor" and column.levels == factor.levels


def _words(column: Column, factor: GivenFactor) -> tuple[str, ...] | None:
    """What `--factor` must be told: the levels, unless they are those that it would find."""
    return None if as_factor(column).levels == factor.levels else factor.levels


def _read_so(reading: Reading, factors: Mapping[str, tuple[str, ...] | None]) -> Reading:
    """The reading with these factors, said in words of the command line as well."""
    said = Reading(factors=factors).words if reading.verbatim else ()
    return replace(
        reading,
        factors={**reading.factors, **factors},
        verbatim=(*reading.verbatim, *said),
        of_fit=frozenset(factors),
    )
