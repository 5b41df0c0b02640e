"""Reports with what plots show: canned numbers of every shape that a plot can meet."""

from __future__ import annotations

from dataclasses import replace

from mmtriage.plotted.plot_data import (
    Band,
    CriterionCurve,
    EffectSet,
    FittedLines,
    LevelEffects,
    LevelLine,
    LevelMode,
    PlotData,
)
from mmtriage.report.facts import Report
from tests.real_reports.records import NOT_CONVERGED, REPORTS
from tests.render.hostile import HOSTILE, NAMES


def curve(group: str, *columns: str, **changes: object) -> CriterionCurve:
    """A profile around 1, or around 0.5 for a correlation."""
    center = 1.0 if len(columns) == 1 else 0.5
    facts: dict[str, object] = {
        "kind": "profile",
        "values": tuple(center + 0.1 * k for k in range(-4, 5)),
        "rises": tuple(0.6 * k * k for k in range(-4, 5)),
        "optimum": center,
        "lme4": center - 0.2,
        "lme4_rise": 2.4,
        "bounds": (0.0,) if len(columns) == 1 else (-1.0, 1.0),
    }
    return CriterionCurve(group=group, columns=columns, **{**facts, **changes})  # type: ignore[arg-type]


def levels(group: str, column: str, n: int, name: str = "level") -> LevelEffects:
    """Modes from -1 to 1; of more than twenty only the ends, and bands."""
    made = [
        LevelMode(level=f"{name} {k}", rank=k + 1, mode=2.0 * k / (n - 1) - 1.0, sd=0.2) for k in range(n)
    ]
    many = n > 20
    bands = tuple(Band(first=k, last=k + 9, mode=2.0 * k / n - 1.0, sd=0.2) for k in range(1, n, 10))
    return LevelEffects(
        group=group,
        column=column,
        n_levels=n,
        sd=0.6,
        levels=tuple([*made[:5], *made[-5:]] if many else made),
        bands=bands if many else (),
    )


def effects(*names: str, remedies: int = 7) -> tuple[EffectSet, ...]:
    """lme4's fit, the optimum, and remedies that move ever farther, the last beyond the scale."""
    n = len(names)

    def of(kind: str, label: str, shift: float, also: tuple[str, ...] = ()) -> EffectSet:
        estimates = tuple(10.0 + shift * 2.0 for _ in names)
        return EffectSet(kind=kind, label=label, also=also, names=names, estimates=estimates, ses=(2.0,) * n)  # type: ignore[arg-type]

    sets = [of("lme4", "lme4's fit", 0.1), of("optimum", "The proven optimum", 0.0, ("1. Centre x",))]
    sets += [of("remedy", f"{k + 2}. Remedy of {names[-1]}", 0.5 * 3.0**k) for k in range(min(remedies, 6))]
    return tuple(sets)


def fitted_lines(name: str, group: str, *, n: int = 7, categories: tuple[str, ...] = ()) -> FittedLines:
    """Levels with a row at each of four places, the last with one row."""
    places = tuple(float(k) for k in range(len(categories) or 4))
    return FittedLines(
        response=name,
        group=group,
        x=name,
        categories=categories,
        n_levels=n + 3,
        lines=tuple(
            LevelLine(
                level=f"{name} {k}",
                x=(at := places if k < n - 1 else places[:1]),
                y=tuple(250.0 + 10.0 * k + 3.0 * x for x in at),
                at=at,
                fitted=tuple(251.0 + 9.0 * k + 3.0 * x for x in at),
                typical=tuple(280.0 + 3.0 * x for x in at),
            )
            for k in range(n)
        ),
        is_line=not categories,
        is_certified=True,
        is_thinned=True,
    )


def with_plot_data(report: Report, name: str = "Days", group: str = "Subject") -> Report:
    """The report with a curve of every kind that mentions a name."""
    near_one = tuple(-1.0 + 10.0**-k for k in (7, 6, 5, 4, 3, 2))
    plot_data = PlotData(
        criterion=(
            curve(group, "(Intercept)"),
            curve(group, name, kind="slice", lme4=None, lme4_rise=None),
            curve(group, name, values=(0.0, 0.5, 1.0, 2.0), rises=(0.0, 1.0, 3.0, 9.0), optimum=0.0),
            curve(group, name, lme4=50.0, lme4_rise=90.0),
            curve(group, name, values=(1.0, 1.0, 2.0), rises=(0.0, 0.0, 0.0), optimum=1.0),
            curve(group, "(Intercept)", name),
            curve(
                group,
                "(Intercept)",
                name,
                values=near_one,
                rises=(9.0, 4.0, 0.0, 2.0, 5.0, 11.0),
                optimum=near_one[2],
                lme4=0.98,
                lme4_rise=43.0,
            ),
            curve(group, "(Intercept)", name, values=(-1.0, 0.0, 0.9), rises=(0.0, 2.0, 8.0), optimum=-1.0),
        ),
        effects=effects("(Intercept)", name),
        fitted=fitted_lines(name, group),
        levels=(levels(group, "(Intercept)", 7, name), levels(group, name, 2972, name)),
        levels_of=f"1. Drop `{name}`",
        notes=(f"the criterion along {name} cannot be followed away from the optimum",),
    )
    return replace(report, plot_data=plot_data)


def with_categories(report: Report) -> Report:
    """The report with marks for the levels of a factor in the place of lines."""
    marks = fitted_lines("Days", "Subject", n=2, categories=("before", "after", "a long time after"))
    return replace(report, plot_data=PlotData(fitted=marks, effects=effects("Days", remedies=0)))


PLOTTED = {
    "plots of a factor": with_categories(NOT_CONVERGED),
    "plots": with_plot_data(NOT_CONVERGED),
    "plots of a long name": with_plot_data(REPORTS["not_converged"], "wide " * 50, "unbroken" * 30),
}
HOSTILE_PLOTS = {f"plots, {kind}": with_plot_data(HOSTILE[kind], name, name) for kind, name in NAMES.items()}
