"""Which groups are shown with their data, along what, and what the fit says of them."""

from __future__ import annotations

from dataclasses import replace
from functools import cache
from typing import NoReturn

import numpy as np
import pytest

from mmtriage.deadline import NEVER, TimeBudgetError
from mmtriage.engine.comparison import Comparison, compare_fits
from mmtriage.engine.prepared import prepare
from mmtriage.plotted import compute
from mmtriage.plotted import fitted_lines as lines
from mmtriage.plotted.compute import plot_data_of
from mmtriage.plotted.fitted_lines import IN_ORDER, MOST_PANELS, MOST_POINTS, fitted_lines
from mmtriage.plotted.plot_data import FittedLines, PlotData
from tests.model.tables import design, factor, numeric, table
from tests.plotted.fitted import cbpp, comparison, out_of_time, sleep

G = factor("g", [f"g{k // 4}" for k in range(24)])


@cache
def made(formula: str, *, n: int = 20, each: int = 6, family: str = "gaussian") -> Comparison:
    """Groups of equal size, a predictor that varies in them, one that does not, and a factor."""
    rng = np.random.default_rng(4)
    g = np.repeat(np.arange(n), each)
    x = np.tile(np.linspace(0.0, 1.0, each), n)
    eta = 1.0 + x + rng.normal(size=n)[g]
    y = rng.poisson(np.exp(eta)) if family == "poisson" else eta + 0.3 * rng.normal(size=len(g))
    columns = [
        numeric("y", y.astype(float)),
        numeric("x", x),
        numeric("noise", rng.normal(size=len(g))),
        numeric("size", rng.normal(size=n)[g]),
        factor("f", [("lo", "hi")[k % 2] for k in range(len(g))], ["lo", "hi"]),
        factor("g", [f"g{k:02d}" for k in g]),
        factor("row", [f"r{k:03d}" for k in range(len(g))]),
    ]
    link = "log" if family == "poisson" else "identity"
    model = design(table(*columns), formula, family=family, link=link, reml=family == "gaussian")
    return compare_fits(prepare(model, NEVER), seed=0)


def of(which: Comparison) -> FittedLines:
    found = fitted_lines(which)
    assert found is not None
    return found


def test_a_line_is_what_lme4_fits() -> None:
    """The highest line of sleepstudy is that of subject 337: coef(lmer(...))$Subject, and fixef()."""
    found = of(sleep())
    assert (found.response, found.x, found.group, found.n_levels) == ("Reaction", "Days", "Subject", 18)
    assert (len(found.lines), found.is_line) == (MOST_PANELS, True)
    last = found.lines[-1]
    assert (last.level, last.at) == ("337", tuple(range(10)))
    assert (last.fitted[0], last.fitted[1] - last.fitted[0]) == pytest.approx((286.2956, 19.09551), rel=1e-4)
    assert (last.typical[0], last.typical[1] - last.typical[0]) == pytest.approx(
        (251.40510, 10.467286), rel=1e-5
    )


def test_of_many_levels_some_are_shown_from_the_lowest_to_the_highest() -> None:
    found = of(sleep())
    means = [np.mean(line.fitted) for line in found.lines]
    assert means == sorted(means)


def test_a_generalized_model_is_shown_as_its_response() -> None:
    found = of(cbpp())
    assert found.response == "share of incidence"
    assert (found.x, found.categories, found.is_line) == ("period", ("1", "2", "3", "4"), True)
    assert all(0.0 <= y <= 1.0 for line in found.lines for y in (*line.y, *line.fitted, *line.typical))
    counts = of(made("y ~ x + (1 | g)", family="poisson"))
    assert all(value > 0.0 for line in counts.lines for value in line.typical)


@pytest.mark.parametrize(
    ("formula", "x", "is_line"),
    [
        ("y ~ size + (1 | g)", IN_ORDER, True),
        ("y ~ 1 + (1 | g)", IN_ORDER, True),
        ("y ~ size + x + (1 | g)", "x", True),
        ("y ~ noise + x + (1 + x | g)", "x", False),
        ("y ~ f + (1 | g)", "f", True),
        ("y ~ f + x + (1 | g)", "x", False),
        ("y ~ log(x + 1) + (1 | g)", "x", True),
        ("y ~ x + offset(noise) + (1 | g)", "x", False),
        ("y ~ x + (1 | g) + (1 | f)", "x", False),
    ],
)
def test_lines_run_along_what_varies_in_groups(formula: str, x: str, is_line: bool) -> None:
    found = of(made(formula))
    assert (found.x, found.is_line) == (x, is_line)


def test_weights_move_no_line() -> None:
    weighted = design(
        table(*(numeric(n, np.arange(1.0, 25.0) ** p) for n, p in (("y", 0.5), ("w", 2.0))), G),
        "y ~ 1 + (1 | g)",
        weights="w",
    )
    assert of(compare_fits(prepare(weighted, NEVER), seed=0)).is_line


def test_rows_of_a_level_stand_in_their_order() -> None:
    assert of(made("y ~ 1 + (1 | g)")).lines[0].x == (1.0, 2.0, 3.0, 4.0, 5.0, 6.0)


def test_a_level_of_one_row_has_no_line() -> None:
    found = of(made("y ~ x + (1 | g) + (1 | row)", family="poisson"))
    assert found.group == "g"
    assert fitted_lines(made("y ~ x + (1 | row)", family="poisson")) is None


def test_large_levels_are_thinned() -> None:
    found = of(made("y ~ x + (1 | g)", n=4, each=250))
    assert found.is_thinned
    (line, *_) = found.lines
    assert len(line.x) == len(line.at) == MOST_POINTS
    assert (line.at[0], line.at[-1]) == (0.0, 1.0)


def test_without_a_mean_there_is_no_plot(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(lines, "linear_predictor", lambda *_: np.full(120, np.nan))
    assert fitted_lines(made("y ~ x + (1 | g)")) is None


def test_the_time_budget_is_kept() -> None:
    plotted = plot_data_of(out_of_time(sleep()), ())
    assert plotted.fitted is None
    assert any("the fitted lines are not plotted" in note for note in plotted.notes)


def test_an_alarm_that_no_plot_expects_costs_the_plots_alone(monkeypatch: pytest.MonkeyPatch) -> None:
    """The report that was there before them was lost."""

    def ring(*_: object) -> NoReturn:
        raise TimeBudgetError("the time budget of 2 s ran out")

    monkeypatch.setattr(compute, "effect_sets", ring)
    found = plot_data_of(comparison("sleepstudy.csv", "Reaction ~ Days + (1 | Subject)"), ())
    assert found == PlotData(notes=("the time budget of 2 s ran out: nothing is plotted",))


def test_what_is_not_certified_is_not_called_so() -> None:
    known = comparison("sleepstudy.csv", "Reaction ~ Days + (1 | Subject)")
    certificate = replace(known.optimum.certificate, certified=False)
    doubtful = replace(known, optimum=replace(known.optimum, certificate=certificate))
    assert of(known).is_certified
    assert not of(doubtful).is_certified
