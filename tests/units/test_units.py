"""The unit of the response decides nothing where the model does not know it, and no proof fails in any."""

from __future__ import annotations

import math

import pytest

from mmtriage.report.facts import Report
from tests.units.measured import LINKS, OF_THE_SUITE, TABLES, Model, compared, r_best, report_of, rows_of

ABOVE_R = 1e-4  # deviance units
SAME = 1e-5  # deviance units between two units of one Gamma model
STATISTIC = 1e-3  # relative
OF_DATA = ("MM1", "MM2", "MM3")
OF_SCALE = ("MM102", "MM206")

pytestmark = pytest.mark.slow


def certified(report: Report) -> bool:
    return bool(report.reference and report.reference.certificate and report.reference.certificate.certified)


@pytest.mark.parametrize("table", TABLES)
@pytest.mark.parametrize(
    ("family", "link"), [(family, link) for family, links in LINKS.items() for link in links]
)
def test_a_unit_decides_nothing_that_is_proven(table: str, family: str, link: str) -> None:
    """R has no better point in any unit."""
    best = r_best()
    for unit in OF_THE_SUITE:
        model = Model(table, family, link, unit)
        comparison = compared(model)
        assert comparison.optimum.certificate.certified, model
        known = best[model.key]
        if math.isfinite(known):
            assert comparison.optimum_fit.criterion <= known + ABOVE_R, model


@pytest.mark.parametrize("table", TABLES)
@pytest.mark.parametrize("link", LINKS["Gamma"])
def test_a_gamma_model_is_judged_alike_in_every_unit(table: str, link: str) -> None:
    reports = {unit: report_of(Model(table, "Gamma", link, unit)) for unit in OF_THE_SUITE}
    for unit, report in reports.items():
        assert certified(report), unit
        assert_judged_alike(report, reports[1.0], table, link, unit)


def assert_judged_alike(there: Report, here: Report, table: str, link: str, unit: float) -> None:
    """Of a Gamma model: criterion less 2 n log k, ranks, z and the codes of data and design."""
    assert here.reference is not None
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
