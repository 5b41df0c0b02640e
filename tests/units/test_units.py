"""The unit of the response decides nothing where the model does not know it, and no proof fails in any."""

from __future__ import annotations

import math

import pytest

from mmtriage.report.facts import Report
from tests.units.measured import LINKS, OF_THE_SUITE, TABLES, Model, r_best, report_of, rows_of

ABOVE_R = 1e-4  # deviance units
SAME = 1e-5  # deviance units between two units of one Gamma model
STATISTIC = 1e-3  # relative
OF_DATA = ("MM1", "MM2", "MM3")
OF_SCALE = ("MM102", "MM206")

pytestmark = pytest.mark.slow


def certified(report: Report) -> bool:
    return bool(report.reference and report.reference.certificate and report.reference.certificate.certified)


@pytest.mark.parametrize("table", TABLES)
@pytest.mark.parametrize("link", LINKS["Gamma"])
def test_gamma_is_judged_the_same_in_every_unit(table: str, link: str) -> None:
    reports = {unit: report_of(Model(table, "Gamma", link, unit)) for unit in OF_THE_SUITE}
    here = reports[1.0]
    assert here.reference is not None
    for unit, there in reports.items():
        assert certified(there) == certified(here)
        assert there.reference is not None
        shift = 2.0 * rows_of(table) * math.log(unit)
        assert there.reference.criterion - shift == pytest.approx(here.reference.criterion, abs=SAME)
        one, two = here.reference.certificate, there.reference.certificate
        assert one is not None
        assert two is not None
        assert one.rank == two.rank
        for mine, theirs in zip(here.reference.fixed_effects, there.reference.fixed_effects, strict=True):
            if not (link == "log" and mine.name == "(Intercept)"):
                assert theirs.statistic == pytest.approx(mine.statistic, rel=STATISTIC)
        assert of_data(there) == of_data(here)


def of_data(report: Report) -> set[str]:
    """The codes about data and design, but for those about the scale of the response."""
    return {f.code for f in report.findings if f.code.startswith(OF_DATA) and f.code not in OF_SCALE}


@pytest.mark.parametrize("table", TABLES)
@pytest.mark.parametrize(
    ("family", "link"), [(family, link) for family, links in LINKS.items() for link in links]
)
def test_r_has_no_better_point_in_any_unit(table: str, family: str, link: str) -> None:
    best = r_best()
    for unit in OF_THE_SUITE:
        model = Model(table, family, link, unit)
        report = report_of(model)
        assert certified(report), model
        assert report.reference is not None
        known = best[model.key]
        if math.isfinite(known):
            assert report.reference.criterion <= known + ABOVE_R, model
