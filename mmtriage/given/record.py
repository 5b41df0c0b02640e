"""What FIT.json says of a fit: the model that was fitted, its parameters, and the software's own words.

`read_fit` reads it; `report/schema/fit-1.json` describes the file. What the file leaves out is None or empty.
"""

from __future__ import annotations

from dataclasses import dataclass

SCHEMA_VERSION = "1.0"


@dataclass(frozen=True, slots=True, kw_only=True)
class Software:
    """Who made the fit, and with which call."""

    name: str = "another program"
    version: str | None = None
    call: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class GivenFactor:
    """A column that was a factor, with its levels in order."""

    name: str
    levels: tuple[str, ...]
    ordered: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class GivenContrast:
    """How the levels of a factor became columns."""

    factor: str
    columns: tuple[str, ...]  # what R appends to the factor's name
    matrix: tuple[tuple[float, ...], ...]  # (levels, columns)


@dataclass(frozen=True, slots=True, kw_only=True)
class GivenEffect:
    """One coefficient."""

    name: str
    estimate: float
    se: float | None = None  # NaN: the software has none that is a number; None: not known


@dataclass(frozen=True, slots=True, kw_only=True)
class GivenTerm:
    """The covariance of one random-effects term, in the user's units."""

    group: str
    terms: tuple[str, ...]
    sd: tuple[float, ...]  # (k,)
    correlation: tuple[tuple[float | None, ...], ...] | None = None  # (k, k); None: uncorrelated


@dataclass(frozen=True, slots=True, kw_only=True)
class GivenFit:
    """A fitted model. Either `theta` or `random_effects` holds its covariances."""

    path: str  # of the file, as the user wrote it
    software: Software = Software()
    data: str | None = None  # the table's name, as the file has it
    formula: str
    family: str = "gaussian"
    link: str | None = None  # None: the family's default
    reml: bool = True
    nagq: int = 1
    subset: str | None = None
    weights: str | None = None
    offset: str | None = None
    n: int | None = None
    rows_used: tuple[int, ...] | None = None  # counted from 1, as R does
    factors: tuple[GivenFactor, ...] = ()
    logicals: tuple[str, ...] = ()
    success_level: str | None = None
    fixed_contrasts: tuple[GivenContrast, ...] = ()
    random_contrasts: tuple[GivenContrast, ...] = ()
    theta: tuple[tuple[str, float], ...] = ()  # names and values
    random_effects: tuple[GivenTerm, ...] = ()
    sigma: float | None = None
    dispersion: float | None = None
    nb_theta: float | None = None
    nb_theta_estimated: bool | None = None
    fixed_effects: tuple[GivenEffect, ...]
    dropped: tuple[str, ...] | None = None  # aliased columns; None: not known
    messages: tuple[str, ...] | None = None  # None: not known; empty: it was silent
    converged: bool | None = None  # the software's own flag
    optimizer: str | None = None
    evaluations: int | None = None
    log_likelihood: float | None = None  # as the software prints it; None: missing or not finite
    criterion_tight: float | None = None  # lme4's deviance function at the parameters, tolPwrss 1e-13
    singular: bool | None = None
    prior: str | None = None  # blme's, on whatever has one
    prior_on_fixed: bool = False
    notes: tuple[str, ...] = ()

    @property
    def has_se(self) -> bool:
        """Whether the software's standard errors are known; one of them may be no number all the same."""
        return any(effect.se is not None for effect in self.fixed_effects)
