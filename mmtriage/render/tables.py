"""The tables of a report, as rows of ready words; a renderer only lays them out."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass

from mmtriage import figures
from mmtriage.diagnose.verdict import SE_FACTOR
from mmtriage.ladder.records import Attempt
from mmtriage.render import labels, sentences
from mmtriage.report.facts import FitFacts, FixedEffect, RandomEffect, Report

FAMILY_THETA = "theta of the negative binomial"
NOT_KNOWN = "not known"
# From where lme4's own numbers stand beside the optimum's: what a reader would see in two digits.
SHOWS_MOVE, SHOWS_FACTOR, SHOWS_SD = 0.02, 1.02, 0.005  # SE; a factor; a share of the SD
SMALL_SD = 1e-4  # share of the largest SD below which one counts as zero
PIRLS_CONVERGED = "the same, PIRLS converged"


@dataclass(frozen=True, slots=True, kw_only=True)
class Grid:
    """A table of words; `numeric` columns are set to the right."""

    header: tuple[str, ...]
    rows: tuple[tuple[str, ...], ...]
    numeric: frozenset[int]


def padding(cells: tuple[str, ...]) -> tuple[int, ...]:
    """Characters to add on the right of each cell so that decimal points meet; none where one is words."""
    if any(cell and not cell.lstrip("-+<").replace(".", "", 1).isdigit() for cell in cells):
        return (0,) * len(cells)
    after = [len(cell) - cell.index(".") if "." in cell else 0 for cell in cells]
    return tuple(max(after) - decimals for decimals in after)


def comparison(report: Report) -> Grid:
    """lme4's fit beside the optimum, each value beside the limit it is compared with."""
    verdict = report.verdict
    fits = [(report.fitted_by, report.baseline), ("optimum", report.reference)]
    present = [(name, _facts(fit, report)) for name, fit in fits if fit is not None]
    rows = [(label, *(facts[label] for _, facts in present), "") for label in present[0][1]]
    if len(present) == 2:
        limits = {key: figures.brief(value) for key, value in verdict.thresholds.items()}
        moved = figures.shift(verdict.max_shift_se)
        rows[1:1] = [
            *_converged_inside(report),
            ("gap, deviance units", sentences.gap(report), "", limits.get("gap", "")),
            (labels.SHIFT, moved, "", limits.get("max_shift_se", "")),
        ]
    return Grid(
        header=("", *(name for name, _ in present), "limit"), rows=tuple(rows), numeric=_all_but_first(4)
    )


def _converged_inside(report: Report) -> list[tuple[str, ...]]:
    """Both criteria with the conditional modes found to the last digit; lme4 may stop PIRLS before that.

    It is a row only where it shows: where lme4's own criterion prints differently.
    """
    lme4, optimum, gap = report.baseline, report.reference, report.verdict.gap
    if lme4 is None or optimum is None or gap is None or not report.model.spec.is_approximated:
        return []
    values = tuple(figures.criterion(v) for v in (optimum.criterion + gap, optimum.criterion))
    return [] if values[0] == figures.criterion(lme4.criterion) else [(PIRLS_CONVERGED, *values, "")]


def _facts(fit: FitFacts, report: Report) -> dict[str, str]:
    theta = {} if fit.family_theta is None else {FAMILY_THETA: figures.nb_theta(fit.family_theta)}
    # A fit that was given has not been put to lme4's tests, and may not say how it was reached.
    tests = {
        figures.LARGEST_GRADIENT: figures.gradient(fit.max_abs_gradient),
        "singular by lme4's test": "yes" if fit.singular else "no",
    }
    return {
        sentences.criterion_name(report.model): figures.criterion(fit.criterion),
        **theta,
        **({} if report.is_given else tests),
        "optimizer": fit.optimizer or NOT_KNOWN,
        "ended": fit.status or NOT_KNOWN,
        "evaluations": NOT_KNOWN if fit.evaluations is None else str(fit.evaluations),
    }


def ladder(report: Report) -> Grid:
    """The five rungs, with what came of each and why; one row where all five say the same."""
    climbed = [(labels.RUNG_STATUS_WORDS[result.status], result.reason) for result in report.ladder]
    rows = tuple(
        (f"{result.rung} {result.id}", *outcome)
        for result, outcome in zip(report.ladder, climbed, strict=True)
    )
    if len(set(climbed)) == 1:
        rows = ((f"{report.ladder[0].rung} to {report.ladder[-1].rung}", *climbed[0]),)
    return Grid(header=("rung", "status", "reason"), rows=rows, numeric=frozenset())


def attempts(tried: tuple[Attempt, ...], *, with_gradient: bool) -> Grid:
    """The refits of one rung; for `allfit` one row an optimizer."""
    rows = []
    for attempt in tried:
        gradient = [_or_dash(attempt.max_abs_gradient, figures.gradient)] if with_gradient else []
        evaluations = "-" if attempt.evaluations is None else str(attempt.evaluations)
        criterion = _or_dash(attempt.criterion, figures.criterion)
        gap = "-" if attempt.gap is None else figures.gap(attempt.gap, attempt.criterion)
        rows.append((attempt.label, criterion, gap, evaluations, *gradient, attempt.note or ""))
    header = ("", "criterion", "gap", "evals", *([figures.LARGEST_GRADIENT] if with_gradient else []), "")
    return Grid(header=header, rows=tuple(rows), numeric=frozenset(range(1, len(header) - 1)))


def _or_dash(value: float | None, spell: Callable[[float], str]) -> str:
    return "-" if value is None else spell(value)


def fixed_effects(report: Report, *, full: bool = True) -> Grid | None:
    """The estimates at the optimum; lme4's own where there is no optimum.

    Beside them stands where lme4's fit lies: in `full`, else only what differs visibly.
    """
    fit = report.reference or report.baseline
    if fit is None or not fit.fixed_effects:
        return None
    has_p = any(effect.p_value is not None for effect in fit.fixed_effects)
    has_df = any(effect.df is not None for effect in fit.fixed_effects)
    statistic = report.model.spec.statistic
    header = ["", "estimate", "SE", *(["df"] if has_df else []), statistic, *(["p"] if has_p else [])]
    rows = [_estimate(effect, has_df=has_df, has_p=has_p) for effect in fit.fixed_effects]
    numeric = len(header)
    if (beside := report.baseline) is not None and report.reference is not None:
        pairs = list(zip(fit.fixed_effects, beside.fixed_effects, strict=True))
        for name, cells in _beside(report, pairs, full=full):
            header.append(name)
            rows = [(*row, cell) for row, cell in zip(rows, cells, strict=True)]
            numeric += name != ""
    return Grid(header=tuple(header), rows=tuple(rows), numeric=frozenset(range(1, numeric)))


def _beside(
    report: Report, pairs: Sequence[tuple[FixedEffect, FixedEffect]], *, full: bool
) -> Iterator[tuple[str, tuple[str, ...]]]:
    """Columns of lme4's own numbers; the last, without a name, says which standard errors are wrong."""
    moves, errors = zip(*(_shifted(ours, theirs) for ours, theirs in pairs), strict=True)
    if full or any(abs(_move(ours, theirs)) >= SHOWS_MOVE for ours, theirs in pairs):
        yield f"shift in {in_whose(report)}, SE", moves
    factors = [_factor(ours, theirs) for ours, theirs in pairs]
    if full or any(factor > SHOWS_FACTOR for factor in factors):
        yield f"SE in {in_whose(report)}", errors
    if not full and any(factor > SE_FACTOR for factor in factors):
        yield "", tuple("wrong" if factor > SE_FACTOR else "" for factor in factors)


def in_whose(report: Report) -> str:
    """Where people read the other numbers: R, or the program that made the fit."""
    return report.fitted_by if report.is_given else "R"


def _move(ours: FixedEffect, theirs: FixedEffect) -> float:
    known = math.isfinite(ours.estimate) and 0 < ours.se < math.inf
    return (theirs.estimate - ours.estimate) / ours.se if known else 0.0


def _factor(ours: FixedEffect, theirs: FixedEffect) -> float:
    """By what factor a standard error is off; 1 where there is nothing to compare."""
    if not (math.isfinite(ours.estimate) and 0 < ours.se < math.inf and theirs.se > 0):
        return 1.0
    return max(theirs.se / ours.se, ours.se / theirs.se)


def _estimate(effect: FixedEffect, *, has_df: bool, has_p: bool) -> tuple[str, ...]:
    if math.isinf(effect.estimate):
        cells = (effect.name, "-Inf" if effect.estimate < 0 else "Inf", "-", "-")
        return (*cells, "-") if has_p else cells
    se = effect.se if effect.test_se is None else effect.test_se
    return (
        effect.name,
        figures.to_precision_of(effect.estimate, effect.se),
        figures.to_precision_of(se, effect.se),
        *([figures.df(effect.df)] if has_df else []),
        figures.statistic(effect.statistic),
        *([figures.p_cell(effect.p_value)] if has_p else []),
    )


def _shifted(effect: FixedEffect, theirs: FixedEffect) -> tuple[str, str]:
    """Where lme4's estimate lies and its standard error, of which only the order is known without an end."""
    if math.isinf(effect.estimate):
        return figures.NOT_ASSESSED, figures.order(theirs.se)
    has_distance = 0 < effect.se < math.inf
    moved = (theirs.estimate - effect.estimate) / effect.se if has_distance else None
    known = math.isfinite(theirs.se)  # else the software of the fit gives none, or none that is a number
    return figures.shift(moved), figures.to_precision_of(theirs.se, theirs.se) if known else "-"


def random_effects(report: Report, *, full: bool = True) -> Grid | None:
    """Standard deviations and correlations as in lme4's VarCorr.

    lme4's SDs stand beside the optimum's: in `full`, else only where they differ visibly.
    """
    fit = report.reference or report.baseline
    if fit is None:
        return None
    beside = report.baseline if report.reference is not None else None
    if beside is not None and not full and not _differ(fit, beside):
        beside = None
    width = max((len(effect.terms) for effect in fit.random_effects), default=1)
    theirs = beside.random_effects if beside is not None else fit.random_effects
    rows = [
        row
        for effect, other in zip(fit.random_effects, theirs, strict=True)
        for row in _components(effect, other if beside is not None else None, width - 1)
    ]
    if fit.sigma is not None:
        residual = (
            [figures.deviation(beside.sigma)] if beside is not None and beside.sigma is not None else []
        )
        rows.append(("Residual", "", figures.deviation(fit.sigma), *residual, *[""] * (width - 1)))
    correlations = ["corr", *[""] * (width - 2)] if width > 1 else []
    other = [f"SD in {in_whose(report)}"] if beside is not None else []
    header = ("group", "term", "SD", *other, *correlations)
    return Grid(header=header, rows=tuple(rows), numeric=frozenset(range(2, len(header))))


def _differ(fit: FitFacts, other: FitFacts) -> bool:
    """Whether any SD of two fits differs so that it shows."""
    pairs = [
        (a, b)
        for one, two in zip(fit.random_effects, other.random_effects, strict=True)
        for a, b in zip(one.sd, two.sd, strict=True)
    ]
    if fit.sigma is not None and other.sigma is not None:
        pairs.append((fit.sigma, other.sigma))
    largest = max((a for a, _ in pairs if math.isfinite(a)), default=0.0)
    return any(abs(a - b) > SHOWS_SD * max(a, SMALL_SD * largest) for a, b in pairs)


def _components(
    effect: RandomEffect, other: RandomEffect | None, n_correlations: int
) -> list[tuple[str, ...]]:
    """One row per column of the term; correlations with the columns above, as VarCorr prints them."""
    rows = []
    for position, term in enumerate(effect.terms):
        correlations = [figures.correlation(value) for value in effect.correlation[position][:position]]
        rows.append(
            (
                effect.group if position == 0 else "",
                term,
                figures.deviation(effect.sd[position]),
                *([figures.deviation(other.sd[position])] if other is not None else []),
                *correlations,
                *[""] * (n_correlations - len(correlations)),
            )
        )
    return rows


def theta(report: Report) -> Grid | None:
    """The relative covariance parameters of both fits."""
    both = ((report.fitted_by, report.baseline), ("optimum", report.reference))
    fits = [(name, fit) for name, fit in both if fit]
    if not fits:
        return None
    names = fits[0][1].theta_names
    rows = tuple(
        (name, *(figures.spread(fit.theta[position]) for _, fit in fits))
        for position, name in enumerate(names)
    )
    return Grid(header=("", *(name for name, _ in fits)), rows=rows, numeric=frozenset({1, 2}))


def timing(report: Report) -> Grid:
    """Seconds by stage."""
    rows = tuple((stage, f"{seconds:.3f}") for stage, seconds in report.timing.items())
    return Grid(header=("", ""), rows=rows, numeric=frozenset({1}))


def _all_but_first(width: int) -> frozenset[int]:
    return frozenset(range(1, width))
