"""MM1xx: faults of the table and of the scale of its columns."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np

from tests.planted.draw import LAYOUTS, Sample, crossed, labeled, sample
from tests.planted.record import FINE, Case


def predictor_scale(seed: int = 0) -> Iterator[Case]:
    """MM101: a random slope in units so small or so large that lme4's optimizer stops short."""
    units = (1e6, 1e-6, 1e5, 1e-5, 1e7, 1e-7, 1e8, 1e-8)
    for i, (layout, unit) in enumerate(zip(LAYOUTS, units, strict=True)):
        s = sample(layout, (101_00 + i, seed))
        x, g, y = layout.x, layout.group, layout.y
        columns = s.columns(s.fixed + s.both() + s.noise())
        columns[x] = (s.x - s.x.mean()) * unit  # at the origin: the scale alone is to blame
        formula = (f"{y} ~ {x} + ({x} | {g})", f"{y} ~ {x} + ({x} || {g})", f"{y} ~ {x} + (0 + {x} | {g})")[
            i % 3
        ]
        if i % 3 == 2:
            columns[y] = s.fixed + s.effect(s.codes, s.z, sd=[0.7]) + s.noise()
        yield Case(
            name=f"{x} in units of {unit:g}",
            fault="MM101",
            columns=columns,
            formula=formula,
            statuses=("not_converged",),
            severity="warning",
            options={"ml": i % 2 == 1},
        )


def response_scale(seed: int = 0) -> Iterator[Case]:
    """MM102: a response in extreme units; harmless, and said to be."""
    units = (1e6, 1e-6, 1e9, 1e-8, 1e5, 1e-7, 1e12, 1e-10)
    for i, (layout, unit) in enumerate(zip(LAYOUTS, units, strict=True)):
        s = sample(layout, (102_00 + i, seed))
        y, x, g = layout.y, layout.x, layout.group
        part, bar = ((s.intercepts(), f"(1 | {g})"), (s.both(), f"({x} | {g})"))[i % 2]
        values = (s.fixed + part + s.noise()) / layout.sigma * unit
        yield Case(
            name=f"{y} in units of {unit:g}",
            fault="MM102",
            columns=s.columns(values),
            formula=f"{y} ~ {x} + {bar}",
            statuses=FINE,
            severity="info",
        )


def constant_response(seed: int = 0) -> Iterator[Case]:
    """MM103: nothing varies in the response, in the table or after rows have gone."""
    for i, layout in enumerate(LAYOUTS):
        s = sample(layout, (103_00 + i, seed))
        y, x, g = layout.y, layout.x, layout.group
        value = (0.0, 1.0, 3.7, -250.0, 1e9, 1e-9, 5.0, 5.0)[i]
        values = np.full(s.n, value)
        options = {}
        columns = s.columns(values)
        if i == 6:  # only the rows left by a subset
            columns[y] = np.where(s.codes < 9, value, s.fixed + s.noise())
            columns["wave"] = np.where(s.codes < 9, "first", "later")
            options = {"subset": "wave == 'first'"}
        elif i == 7:  # only the rows left after missing values
            columns[y] = np.where(s.codes < 12, value, s.fixed)
            columns[x] = np.where(s.codes < 12, s.x, np.nan)
        bar = f"(1 | {g})" if i % 2 else f"({x} | {g})"
        yield Case(
            name=f"{y} is {value:g}" + {6: " in the subset", 7: " where there is a predictor"}.get(i, ""),
            fault="MM103",
            columns=columns,
            formula=f"{y} ~ {x} + {bar}",
            statuses=("unidentifiable",),
            also=("MM104",) if i == 7 else (),  # and groups did go with the missing rows
            options=options,
        )


def missing_rows(seed: int = 0) -> Iterator[Case]:
    """MM104: rows go for missing values, and with them a level or a group."""
    for i, layout in enumerate(LAYOUTS):
        s = sample(layout, (104_00 + i, seed))
        y, x, g = layout.y, layout.x, layout.group
        f = crossed(s.rng, 4, s.n)
        values = s.fixed + s.intercepts() + 0.3 * layout.sigma * f + s.noise()
        columns = s.columns(values, site=labeled("site", f))
        formula = f"{y} ~ {x} + site + (1 | {g})"
        what = (
            "predictor",
            "response",
            "level",
            "groups",
            "transform",
            "group label",
            "level",
            "two columns",
        )[i]
        lost = s.codes == 3
        if what == "predictor":
            columns[x] = np.where(lost, np.nan, s.x)
        elif what == "response":
            columns[y] = np.where(lost, np.nan, values)
        elif what == "level":
            columns[x] = np.where(f == 2, np.nan, s.x)
        elif what == "groups":
            columns[y] = np.where(s.codes % 5 == 0, np.nan, values)
        elif what == "transform":  # log of what is not positive
            shifted = np.exp(0.3 * s.z)
            columns[x] = np.where(lost, -1.0, shifted)
            formula = f"{y} ~ log({x}) + site + (1 | {g})"
        elif what == "group label":  # another factor's level is only seen where the group is unknown
            columns["site"] = np.where(lost, "elsewhere", columns["site"].astype("U9"))
            labels = columns[g].astype(object)
            labels[lost] = None
            columns[g] = labels
        else:
            columns[x] = np.where(lost & (f < 2), np.nan, s.x)
            columns[y] = np.where(lost & (f >= 2), np.nan, values)
        yield Case(
            name=f"{what} missing, {g}",
            fault="MM104",
            columns=columns,
            formula=formula,
            statuses=FINE,
            severity="warning",
        )


def numeric_grouping(seed: int = 0) -> Iterator[Case]:
    """MM105: the groups are the distinct values of a measurement."""
    steps = (0.5, 0.1, 0.25, 0.01, 2.5, 0.001, 0.2, 1e-4)
    names = ("temperature", "latitude", "pH", "weight", "price", "conc", "height", "lambda")
    for i, (layout, step, name) in enumerate(zip(LAYOUTS, steps, names, strict=True)):
        s = sample(layout, (105_00 + i, seed))
        y, x = layout.y, layout.x
        bars = (f"(1 | {name})", f"({x} | {name})")
        values = s.fixed + (s.intercepts(), s.both())[i % 2] + s.noise()
        columns = s.columns(values)
        del columns[layout.group]
        columns[name] = np.round((s.rng.permutation(4 * layout.levels)[s.codes] + 3) * step, 6)
        yield Case(
            name=f"groups are values of {name}",
            fault="MM105",
            columns=columns,
            formula=f"{y} ~ {x} + {bars[i % 2]}",
            statuses=FINE,
            severity="warning",
        )


def far_origin(seed: int = 0) -> Iterator[Case]:
    """MM106: a slope's column so far from zero that lme4's optimizer stops on the ridge."""
    origins = (2000, 5000, -1000, 1e4, 300, 2459000, -700, 1500)  # in SDs of the predictor
    for i, (layout, origin) in enumerate(zip(LAYOUTS, origins, strict=True)):
        s = sample(layout, (106_00 + i, seed))
        y, x, g = layout.y, layout.x, layout.group
        columns = s.columns(s.fixed + s.both() + s.noise())
        scale = 1.0 if i % 2 else 2.0
        columns[x] = scale * (s.z - s.z.mean() + origin)  # SD of 1 or 2: the origin alone is to blame
        extra = _second_factor(s, columns, y) if i in (2, 5) else ""
        yield Case(
            name=f"{x} lies {origin:g} SDs from zero",
            fault="MM106",
            columns=columns,
            formula=f"{y} ~ {x} + ({x} | {g}){extra}",
            statuses=("not_converged",),
            severity="warning",
            options={"ml": i % 2 == 1},
        )


def _second_factor(s: Sample, columns: dict[str, np.ndarray], y: str) -> str:
    codes = crossed(s.rng, 12, s.n)
    columns["rater"] = labeled("r", codes)
    columns[y] = columns[y] + s.effect(codes, np.ones(s.n), sd=[0.8])
    return " + (1 | rater)"


def nearly_numeric(seed: int = 0) -> Iterator[Case]:
    """MM107: a few cells of a numeric predictor hold a text; as a slope it asks for too many effects."""
    strange = ("#N/A", "high", ".", "n.a.", "12 mg", "?", "<1", "missing")
    for i, layout in enumerate(LAYOUTS):
        s = sample(layout, (107_00 + i, seed))
        y, g = layout.y, layout.group
        is_slope = i in (2, 5)  # with more doses than a group has rows
        dose = np.clip(np.rint(2.0 * s.z + 5.0), 0.0, 10.0)
        if is_slope:
            dose = crossed(s.rng, layout.rows[1] + 2, s.n).astype(float)
        text = np.array([f"{value:g}" for value in dose], dtype=object)
        text[s.rng.choice(s.n, size=(2, 3, 1, 4)[i % 4], replace=False)] = strange[i]
        effect = layout.center + 0.4 * layout.sigma * (dose - 5.0) / 2.0
        bar = f"(dose | {g})" if is_slope else f"(1 | {g})"
        yield Case(
            name=f'"{strange[i]}" in a dose, {bar}',
            fault="MM107",
            columns=s.columns(effect + s.intercepts() + s.noise(), dose=text),
            formula=f"{y} ~ dose + {bar}",
            statuses=("unidentifiable",) if is_slope else FINE,
            severity="warning",
        )


def outlier(seed: int = 0) -> Iterator[Case]:
    """MM108: a typo in one row beside random slopes; two rows of one group, in which signs are wrong.

    One group far off on its own slope is a covariance of rank one. Two rows of a group that lie as far above
    as below leave its mean where it is: groups then differ less than chance would have it.
    """
    for i, layout in enumerate(LAYOUTS):
        s = sample(layout, (108_00 + i, seed), rows=max(8, layout.rows[0]))
        y, x, g = layout.y, layout.x, layout.group
        size = (80.0, 60.0, 120.0, 90.0)[i % 4] * layout.sigma
        rows = np.flatnonzero(s.codes == int(s.rng.integers(layout.levels)))
        if i % 2:
            values, bar = s.fixed + s.intercepts() + s.noise(), f"(1 | {g})"
            values[rows[:2]] += size * np.array([1.0, -1.0])
        else:
            values, bar = s.fixed + s.both() + s.noise(), f"({x} | {g})"
            values[rows[np.argmax(np.abs(s.z[rows]))]] += size
        yield Case(
            name=f"{2 if i % 2 else 1} rows {size / layout.sigma:g} SDs away, {y}",
            fault="MM108",
            columns=s.columns(values),
            formula=f"{y} ~ {x} + {bar}",
            statuses=("singular",),
            severity="warning",
        )
