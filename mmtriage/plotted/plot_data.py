"""The records that plots are drawn from. Numbers are in the user's units, rises in deviance units."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

CurveKind = Literal["profile", "slice"]
EffectKind = Literal["lme4", "optimum", "remedy"]


@dataclass(frozen=True, slots=True, kw_only=True)
class CriterionCurve:
    """The criterion along one standard deviation or correlation of a random term.

    A profile has every other parameter optimized anew at each value; a slice has them where they are at the
    optimum, but for the fixed effects of a linear model, which are always optimized.
    """

    group: str
    columns: tuple[str, ...]  # one: its SD; two: their correlation
    kind: CurveKind
    values: tuple[float, ...]  # increasing, the optimum among them
    rises: tuple[float, ...]  # of the criterion above the optimum's
    optimum: float
    lme4: float | None  # None: lme4 made no fit, or the correlation is undefined there
    lme4_rise: float | None  # the gap of lme4's fit
    bounds: tuple[float, ...]  # that the parameter has: (0,) or (-1, 1)

    @property
    def is_correlation(self) -> bool:
        """Whether the curve runs along a correlation."""
        return len(self.columns) == 2


@dataclass(frozen=True, slots=True, kw_only=True)
class EffectSet:
    """The fixed effects of one fit."""

    kind: EffectKind
    label: str
    also: tuple[str, ...] = ()  # remedies of the same model: they lead here too
    names: tuple[str, ...]
    estimates: tuple[float, ...]
    ses: tuple[float, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class LevelMode:
    """The conditional mode of one level of a grouping factor."""

    level: str
    rank: int  # from 1, the lowest mode
    mode: float
    sd: float  # conditional on the estimates of all parameters, as lme4's condVar


@dataclass(frozen=True, slots=True, kw_only=True)
class Band:
    """A run of consecutive ranks: medians of the modes and of their conditional SDs."""

    first: int
    last: int
    mode: float
    sd: float


@dataclass(frozen=True, slots=True, kw_only=True)
class LevelEffects:
    """The random effects of one column of a term, in order of their modes.

    `levels` has all of few; of many only both ends, and `bands` summarize all.
    """

    group: str
    column: str
    n_levels: int
    sd: float  # of the random effect, estimated
    levels: tuple[LevelMode, ...]
    bands: tuple[Band, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class LevelLine:
    """The rows of one level of a grouping factor, and what the model says of them, in the response's unit."""

    level: str
    x: tuple[float, ...]  # of its rows, as many as are shown
    y: tuple[float, ...]
    at: tuple[float, ...]  # increasing: each x that its rows have
    fitted: tuple[float, ...]  # mean there, given the random effects
    typical: tuple[float, ...]  # the same with random effects of zero


@dataclass(frozen=True, slots=True, kw_only=True)
class FittedLines:
    """Data and fit of some levels of a grouping factor, along a predictor that varies within them."""

    response: str
    group: str
    x: str
    categories: tuple[str, ...] = ()  # of a factor: its levels, which stand at 0, 1, ...
    n_levels: int  # of which these are shown:
    lines: tuple[LevelLine, ...]
    is_line: bool  # whether what is fitted is a function of x within a level; else it is marks
    is_certified: bool
    is_thinned: bool = False  # whether levels have more rows than are shown


@dataclass(frozen=True, slots=True, kw_only=True)
class PlotData:
    """What the plots of a model show, beside what the report has anyway."""

    criterion: tuple[CriterionCurve, ...] = ()
    effects: tuple[EffectSet, ...] = ()  # the optimum among them, if any
    levels: tuple[LevelEffects, ...] = ()
    fitted: FittedLines | None = None
    levels_of: str = ""  # whose: "the present model", or a remedy's title
    notes: tuple[str, ...] = ()  # what is not plotted, and why
