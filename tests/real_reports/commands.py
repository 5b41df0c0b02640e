"""The commands whose reports are kept beside this file, and how they are kept.

    pytest --refresh-reports

writes all nine anew; a report of which nothing but `timing` has changed keeps its file. Commit what has
changed together with what changed it, and read the difference: it is what users will see.
"""

from __future__ import annotations

import contextlib
import json
from pathlib import Path
from typing import Any

from threadpoolctl import threadpool_limits

from tests.golden_cases import golden_case
from tests.triaged import ROOT, golden_words, ran

HERE = Path(__file__).parent


def _golden(case_id: str) -> tuple[str, ...]:
    """A golden case, which other tests triage too (tests/triaged.py remembers it)."""
    case = golden_case(case_id)
    return (str(case.csv.relative_to(ROOT)), case.formula, *golden_words(case))


# name -> DATA, FORMULA and options, as typed in the root of the repository
COMMANDS: dict[str, tuple[str, ...]] = {
    "converged": _golden("sleepstudy_slope"),
    # MM106, and what every rung and every optimizer makes of it
    "not_converged": ("sample_data/sleepstudy_year.csv", "Reaction ~ Year + (Year | Subject)", "--all-rungs"),
    "singular": _golden("dyestuff2"),
    # as many random effects as rows, and an aliased column: nothing is fitted
    "refused": (
        *("sample_data/sleepstudy.csv", "Reaction ~ Days + I(2 * Days) + (Days | Subject)"),
        *("--subset", "Days < 2"),
    ),
    # an estimate that goes to infinity: the optimum is a limit, and cannot be certified
    "unidentifiable": _golden("toy_separation"),
    # lme4 warns at the optimum, because of a column's scale
    "false_alarm": _golden("contraception"),
    # at the optimum lme4 gives a wrong standard error; the counts are overdispersed
    "wrong_se": _golden("grouseticks_height"),
    # no fit of lme4, but a proven optimum: a singular one, and not the only one
    "baseline_failed": _golden("fails_gamma_identity"),
    # a slope that could be centred, a prior, smaller structures: remedies of every price, with their tests
    "perfect_correlation": _golden("hsb_raw"),
}


def made(name: str) -> str:
    """The report that one of the commands prints now."""
    with contextlib.chdir(ROOT), threadpool_limits(limits=1, user_api="blas"):
        return ran("fit", *COMMANDS[name], "--format", "json").text


def path_of(name: str) -> Path:
    """The file of a kept report."""
    return HERE / f"{name}.json"


def document_of(name: str) -> dict[str, Any]:
    """A kept report as JSON."""
    document: dict[str, Any] = json.loads(path_of(name).read_text(encoding="utf-8"))
    return document


def refresh() -> None:
    """Write every report anew that says something else than its file."""
    for name in COMMANDS:
        text, path = made(name), path_of(name)
        if not path.exists() or {**document_of(name), "timing": None} != {**json.loads(text), "timing": None}:
            path.write_text(text, encoding="utf-8")
