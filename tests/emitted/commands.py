"""The `mmtriage` command of a remedy, run: it must end as the remedy claims."""

from __future__ import annotations

import re
import shlex
from collections.abc import Iterator
from typing import Any

from tests.emitted.remedies import FINE, Emitted
from tests.triaged import triaged

# The same model on the same columns has the same reference; on others, and by another optimizer, it is found
# by another path: both are optima proven to a Newton decrement of 1e-6 deviance units.
SAME_OPTIMUM = 1e-5
SAME_OPTIMUM_RELATIVE = 1e-9  # of large criteria
ARRIVED = 0.01  # deviance units from the optimum that count as arrived: of an optimizer's own end


def rerun(one: Emitted) -> dict[str, Any]:
    """The report of the emitted command."""
    words = shlex.split(one.remedy["code"]["mmtriage"])
    assert words[:2] == ["mmtriage", "fit"]
    return triaged(words[2], words[3], *words[4:]).report


def complaints(one: Emitted) -> Iterator[str]:
    """What a run of the command contradicts."""
    report, remedy = rerun(one), one.remedy
    if report.get("error"):
        if remedy["clears"] or report["error"]["kind"] == "input":
            yield f"it is refused: {report['error']['message']}"
        return
    status = report["verdict"]["status"]
    if (status in FINE) != remedy["clears"]:
        yield f"the remedy {'clears' if remedy['clears'] else 'does not clear'}, the command says {status}"
    was_alarm = one.report["verdict"]["status"] == "false_alarm"
    if remedy["clears"] and one.keeps_model and was_alarm and status != "converged":
        yield f"a false alarm is to be cured, but the command says {status}"
    if one.criterion is None:
        return
    found = report["reference"]["criterion"]
    tolerance = max(SAME_OPTIMUM, SAME_OPTIMUM_RELATIVE * abs(found))
    tolerance = ARRIVED if one.keeps_model else tolerance
    if not -SAME_OPTIMUM - tolerance <= found - one.criterion <= tolerance:
        yield f"the criterion is {found:.6f}, not {one.criterion:.6f}"
    yield from _comparison(one, report)


def counted_by_r(one: Emitted) -> float:
    """By how much AIC moves in R alone, as the remedy says: for parameters that the data do not determine."""
    said = (re.search(r"R counts .* AIC moves by ([-+.\d]+) more", text) for text in one.remedy["caveats"])
    return next((float(found.group(1)) for found in said if found), 0.0)


def _comparison(one: Emitted, report: dict[str, Any]) -> Iterator[str]:
    delta = one.remedy["delta_aic"]
    same_columns = report["model"]["fixed_names"] == one.report["model"]["fixed_names"]
    if delta is None or (one.restricted and not same_columns):
        return  # compared by ML: see what R finds
    found = report["reference"]["aic"] - one.report["reference"]["aic"] - counted_by_r(one)
    if abs(found - delta) > 2 * SAME_OPTIMUM:
        yield f"AIC moves by {found:.6f}, not {delta:.6f}"
