"""FIT.json read into a `GivenFit`; whatever is wrong with it is one sentence that names the place."""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from dataclasses import fields
from typing import Any, TypeVar

from mmtriage.deadline import said_while
from mmtriage.given.in_file import At, parsed, refuse_unknown, text_of
from mmtriage.given.record import (
    SCHEMA_VERSION,
    GivenContrast,
    GivenEffect,
    GivenFactor,
    GivenFit,
    GivenTerm,
    Software,
)

Item = TypeVar("Item")

MAJOR = SCHEMA_VERSION.partition(".")[0]
CONTRASTS_OF = ("fixed", "random")


def read_fit(path: str) -> GivenFit:
    """The fit that a file holds.

    Raises:
        DataError: the file cannot be read, or says what cannot be.
    """
    with said_while(f"`{path}` was read"):
        return fit_of(parsed(text_of(path), path), path)


def fit_of(document: Any, path: str) -> GivenFit:
    """The fit of a document that has been parsed; `path` is named in messages."""
    top = At(path, "", document)
    entries = top.mapping()
    refuse_unknown(entries, _KNOWN, top)
    _check_version(top)
    return GivenFit(
        path=path,
        software=_software(top),
        formula=top.need("formula").text(),
        fixed_effects=_effects(top.need("fixed_effects")),
        theta=_theta(top),
        random_effects=_checked_terms(top),
        fixed_contrasts=_contrasts(top, "fixed"),
        random_contrasts=_contrasts(top, "random"),
        **{name: read(top.at(name)) for name, read in _PLAIN.items() if top.has(name)},
    )


def _check_version(top: At) -> None:
    """A later minor version only adds; another major one may mean something else by a key."""
    if not top.has("schema_version"):
        return
    version = top.at("schema_version").text()
    if version.partition(".")[0] != MAJOR:
        raise top.at("schema_version").wrong(
            f"version {version} of the format is not known here", f"This program reads version {MAJOR}."
        )


def _texts(at: At) -> tuple[str, ...]:
    return tuple(item.text() for item in at.items())


def _distinct(at: At) -> tuple[str, ...]:
    """Levels and names, each once; a level may be an empty text or a number."""
    found: list[str] = []
    for item in at.items():
        level = item.value if isinstance(item.value, str) else item.text()
        if level in found:
            raise item.wrong(f"`{level}` is listed twice", "List each once.")
        found.append(level)
    return tuple(found)


def _each(at: At, known: Sequence[str], read: Callable[[At], Item]) -> tuple[Item, ...]:
    """A list of objects with these keys."""
    found = []
    for item in at.items():
        refuse_unknown(item.mapping(), known, item)
        found.append(read(item))
    return tuple(found)


def _software(top: At) -> Software:
    if not top.has("software"):
        return Software()
    at = top.at("software")
    if isinstance(at.value, str):
        return Software(name=at.text())
    names = [item.name for item in fields(Software)]
    refuse_unknown(at.mapping(), names, at)
    return Software(**{name: at.at(name).text() for name in names if at.has(name)})


def _effects(at: At) -> tuple[GivenEffect, ...]:
    effects = _each(at, ("name", "estimate", "se"), _effect)
    if not effects:
        return ()
    known = ["se" in item.value for item in at.items()]
    if any(known) and not all(known):
        raise at.items()[known.index(False)].wrong(
            "this fixed effect has no standard error and others have",
            "Give one for each, null where the software has NaN, or none at all.",
        )
    names = [effect.name for effect in effects]
    for item, name in zip(at.items(), names, strict=True):
        if names.count(name) > 1:
            raise item.wrong(f"the fixed effect `{name}` is listed twice", "List each once.")
    return effects


def _effect(at: At) -> GivenEffect:
    se = None
    if "se" in at.value:
        se = at.at("se").any_number()
        if se < 0:
            raise at.at("se").wrong(f"a standard error of {se:g} is negative")
    return GivenEffect(name=at.need("name").text(), estimate=_estimate(at), se=se)


def _estimate(at: At) -> float:
    if "estimate" not in at.value:
        raise at.wrong("`estimate` is missing")
    return at.at("estimate").number()


def _theta(top: At) -> tuple[tuple[str, float], ...]:
    """Names and values, from an object or, for a name may repeat, a list of objects."""
    if not top.has("theta"):
        return ()
    at = top.at("theta")
    if isinstance(at.value, dict):
        return tuple((name, at.at(name).number()) for name in at.value)

    def pair(item: At) -> tuple[str, float]:
        if "value" not in item.value:
            raise item.wrong("`value` is missing")
        return item.need("name").text(), item.at("value").number()

    return _each(at, ("name", "value"), pair)


def _checked_terms(top: At) -> tuple[GivenTerm, ...]:
    """The covariances, unless they are given as theta: one of the two, and not both."""
    if top.has("theta") and top.has("random_effects"):
        raise top.wrong(
            "the covariances are given twice, as `theta` and as `random_effects`", "Keep one of them."
        )
    if not top.has("theta"):
        if not top.has("random_effects"):
            raise top.wrong("there is neither `theta` nor `random_effects`: the covariances are missing")
        return _each(top.at("random_effects"), ("group", "terms", "sd", "correlation"), _term)
    return ()


def _term(at: At) -> GivenTerm:
    terms = _distinct(at.need("terms"))
    sd = tuple(_sd(item) for item in at.need("sd").items())
    if len(sd) != len(terms):
        raise at.at("sd").wrong(f"{_count(sd, 'standard deviation')} for {_count(terms, 'term')}")
    correlation = _correlation(at.at("correlation"), sd) if at.has("correlation") else None
    return GivenTerm(group=at.need("group").text(), terms=terms, sd=sd, correlation=correlation)


def _sd(at: At) -> float:
    found = at.number()
    if found < 0:
        raise at.wrong(f"a standard deviation of {found:g} is negative")
    return found


def _correlation(at: At, sd: Sequence[float]) -> tuple[tuple[float | None, ...], ...]:
    """A matrix (k, k); beside an SD of 0 a correlation has no value and may be null."""
    rows = [[_rho(cell, sd, i, j) for j, cell in enumerate(row.items())] for i, row in enumerate(at.items())]
    k = len(sd)
    if len(rows) != k or any(len(row) != k for row in rows):
        raise at.wrong(f"the correlations of {k} terms are {k} rows of {k} numbers")
    for i in range(k):
        for j in range(i):
            if rows[i][j] != rows[j][i]:
                raise at.wrong(f"the correlations [{i}][{j}] and [{j}][{i}] differ")
    return tuple(tuple(row) for row in rows)


def _rho(at: At, sd: Sequence[float], i: int, j: int) -> float | None:
    found = at.any_number()
    if math.isnan(found):
        if max(i, j) < len(sd) and 0.0 in (sd[i], sd[j]):
            return None
        raise at.wrong("a correlation may be null only beside a standard deviation of 0")
    if not -1.0 <= found <= 1.0:
        raise at.wrong(f"a correlation of {found:g} lies outside [-1, 1]")
    if i == j and found != 1.0:
        raise at.wrong(f"the correlation of a term with itself is {found:g}, not 1")
    return found


def _factor(at: At) -> GivenFactor:
    ordered = at.at("ordered").flag() if at.has("ordered") else False
    return GivenFactor(name=at.need("name").text(), levels=_distinct(at.need("levels")), ordered=ordered)


def _factors(at: At) -> tuple[GivenFactor, ...]:
    found = _each(at, ("name", "levels", "ordered"), _factor)
    names = [factor.name for factor in found]
    for name in names:
        if names.count(name) > 1:
            raise at.wrong(f"the factor `{name}` is listed twice", "List each once.")
    return found


def _contrasts(top: At, part: str) -> tuple[GivenContrast, ...]:
    """Those of the fixed part or of the random terms."""
    if not top.has("contrasts"):
        return ()
    at = top.at("contrasts")
    refuse_unknown(at.mapping(), CONTRASTS_OF, at)
    return _each(at.at(part), ("factor", "columns", "matrix"), _contrast) if at.has(part) else ()


def _contrast(at: At) -> GivenContrast:
    columns = _distinct(at.need("columns"))
    matrix = tuple(tuple(cell.number() for cell in row.items()) for row in at.need("matrix").items())
    if any(len(row) != len(columns) for row in matrix):
        raise at.at("matrix").wrong(f"each row must have {_count(columns, 'number')}, one a column")
    return GivenContrast(factor=at.need("factor").text(), columns=columns, matrix=matrix)


def _count(items: Sequence[object], noun: str) -> str:
    return f"{len(items)} {noun}{'' if len(items) == 1 else 's'}"


def _rows(at: At) -> tuple[int, ...]:
    rows = tuple(item.count(1) for item in at.items())
    if len(set(rows)) < len(rows):
        raise at.wrong("a row is listed twice", "List each row that was used once, counted from 1.")
    return rows


def _log_likelihood(at: At) -> float | None:
    """The log-likelihood; one that is not finite says nothing of the model."""
    found = at.any_number()
    return found if math.isfinite(found) else None


# Keys that hold one plain value -> how it is read; the others have functions of their own above.
_PLAIN: dict[str, Callable[[At], Any]] = {
    **dict.fromkeys(("data", "family", "link", "subset", "weights", "offset"), At.text),
    **dict.fromkeys(("success_level", "optimizer", "prior"), At.text),
    **dict.fromkeys(("reml", "nb_theta_estimated", "converged", "singular", "prior_on_fixed"), At.flag),
    **dict.fromkeys(("sigma", "dispersion", "nb_theta"), At.positive),
    **dict.fromkeys(("logicals", "dropped", "messages", "notes"), _texts),
    "n": lambda at: at.count(1),
    "nagq": lambda at: at.count(0),
    "evaluations": lambda at: at.count(0),
    "rows_used": _rows,
    "factors": _factors,
    "log_likelihood": _log_likelihood,
    "criterion_tight": _log_likelihood,
}
_KNOWN = (
    *("schema_version", "software", "formula", "fixed_effects", "theta", "random_effects", "contrasts"),
    *("na_action", *_PLAIN),
)
