"""The R code of remedies, run by lme4 in one R process, and compared with what the remedies claim."""

from __future__ import annotations

import csv
import math
import os
import shutil
import subprocess
import tempfile
from collections.abc import Iterator, Sequence
from functools import cache
from pathlib import Path

from mmtriage.diagnose.judgement import is_close
from mmtriage.diagnose.verdict import SE_FACTOR
from mmtriage.ladder.emitted.r_call import r_call
from mmtriage.options import TriageOptions
from tests.emitted.commands import counted_by_r
from tests.emitted.remedies import Emitted

Row = dict[str, str]

SCRIPT = Path(__file__).parent / "run.R"
ARRIVED = 0.01  # deviance units from the optimum that count as arrived: as near as lme4 has to come
# How far below our optimum lme4 may seem to be: its criterion carries the error of a PIRLS that stops at a
# relative change of 1e-7, and of nothing where the response is normal.
PIRLS_ERROR, ROUNDING = 2e-3, 1e-6
ROUNDING_RELATIVE = 1e-9
# blme stops where the posterior is flat, on whose slope the likelihood is: its own tolerance is twice lme4's.
PRIOR_ERROR = 0.02
AIC_ERROR = 0.02  # two criteria, each within 0.01
# Where lme4 has no value of the criterion: of a remedy that does not clear, because the same happens here.
NUMERICAL = ("Downdated VtV", "PIRLS", "pwrssUpdate", "(maxstephalfit)")
# Where the rounding of lme4's X'X, on columns far from zero or nearly collinear, decides how it ends: eight
# permutations of the rows end 0.06 to 0.5 deviance units short, or with other messages.
ROUNDING_DECIDES = ("far_origin 5: 2 cwc-mean", "collinear 7: 1 allfit")
# What a remedy says of R where R does not end where it was measured.
STOPS = "R stops with an error"
ENDS = ("what is measured is the optimum", "may end elsewhere", "hangs on rounding", "R prints")
RIGHT_ERRORS = ("rx-errors", "tight-pirls")  # remedies that promise right standard errors
# Said of columns, not of convergence.
REMARKS = (
    "Loading required namespace",
    "Some predictor variables are on very different scales",
    "fixed-effect model matrix is rank",
)


@cache
def missing_packages() -> str | None:
    """Why emitted R code cannot be run here, or None."""
    if shutil.which("Rscript") is None:
        return "Rscript is not installed: emitted R code is not run"
    packages = ("lme4", "blme", "MASS", "optimx", "dfoptim", "brglm2", "geepack")
    query = f"cat(Filter(function(p) !nzchar(system.file(package = p)), c{packages}))"
    lacking = subprocess.run(
        ["Rscript", "--vanilla", "-e", query], capture_output=True, text=True, check=True
    ).stdout.split()
    return f"R lacks {', '.join(lacking)}: emitted R code is not run" if lacking else None


def run_in_r(pieces: Sequence[Emitted]) -> list[Row]:
    """What R says of each; the text of factors is sorted as in the C locale, as reports have it."""
    with tempfile.TemporaryDirectory() as directory:
        jobs, results = Path(directory) / "jobs.csv", Path(directory) / "results.csv"
        with jobs.open("w", encoding="utf-8", newline="") as file:
            writer = csv.writer(file)
            writer.writerow(("id", "data", "code"))
            writer.writerows((one.name, one.subject.table(), _code(one)) for one in pieces)
        subprocess.run(
            ["Rscript", "--vanilla", str(SCRIPT), str(jobs), str(results)],
            check=True,
            env={**os.environ, "LC_ALL": "C.UTF-8"},
            timeout=3600,
        )
        with results.open(encoding="utf-8", newline="") as file:
            return list(csv.DictReader(file))


def _code(one: Emitted) -> str:
    """What a user runs: a summary alone is one of the fit that is there already."""
    code: str = one.remedy["code"]["lme4"]
    if one.remedy["id"] not in ("keep", "rx-errors"):
        return code
    model = one.report["model"]
    said = {key: model[key] for key in ("family", "link", "weights", "offset")}
    fitted = r_call(TriageOptions(**said, reml=one.restricted or not one.linear), model["formula"])
    return "\n".join([*fitted, code])


def complaints(one: Emitted, row: Row) -> Iterator[str]:
    """What R's answer contradicts."""
    if row["error"] != "NA":
        if not (row["error"].startswith(NUMERICAL) and _is_said(one, STOPS)):
            yield f"R stops: {row['error']}"
        return
    if one.name in ROUNDING_DECIDES:
        return
    yield from _criterion(one, row)
    if one.remedy["id"] in RIGHT_ERRORS:
        yield from _errors(one, row)
    if one.remedy["clears"]:
        yield from _aic(one, row)
        yield from _said(one, row)


def _criterion(one: Emitted, row: Row) -> Iterator[str]:
    expected = one.criterion
    if expected is None:
        return
    found = _number(row[_column(one, row)])
    allowed = max(ARRIVED, ROUNDING_RELATIVE * abs(expected))
    error = max(ROUNDING if one.linear else PIRLS_ERROR, ROUNDING_RELATIVE * abs(expected))
    if one.keeps_model:
        error += allowed  # the criterion of a remedy is that of an attempt, which may be short itself
    if one.remedy["id"] == "wishart-prior":
        allowed = error = PRIOR_ERROR
    if not found <= expected + allowed and not any(_is_said(one, words) for words in ENDS):
        yield f"the criterion is {found:.6f}, not {expected:.6f}"
    if found < expected - error and not _is_unproven(one):
        yield f"R finds {found:.6f}, below {expected:.6f}"


def _is_said(one: Emitted, words: str) -> bool:
    """Whether the remedy says beforehand what R does."""
    return any(words in caveat for caveat in one.remedy["caveats"])


def _is_unproven(one: Emitted) -> bool:
    """A glm beside an optimum that is not proven: its own iteration may have ended short too."""
    return bool(one.report["verdict"]["status"] == "undetermined" and one.remedy["id"] == "glm")


def _column(one: Emitted, row: Row) -> str:
    """Where R's answer has the criterion: of REML for lm(), without the saturated model by quadrature."""
    if row["class"] == "lm" and one.restricted:
        return "restricted"
    if row["class"] == "glm" and one.report["model"]["nagq"] > 1:
        return "deviance"
    return "criterion"


def _aic(one: Emitted, row: Row) -> Iterator[str]:
    delta = one.remedy["delta_aic"]
    if delta is None or one.keeps_model:
        return
    by_ml = one.restricted and row["effects"].split("\n") != one.report["model"]["fixed_names"]
    found = _number(row["maximum" if by_ml else _column(one, row)]) + 2 * _number(row["df"])
    moves = found - one.present_aic(by_ml=by_ml) - counted_by_r(one)
    if abs(moves - delta) > AIC_ERROR:
        yield f"AIC moves by {moves:.4f}, not {delta:.4f}"


def _errors(one: Emitted, row: Row) -> Iterator[str]:
    """Standard errors that are not within the factor that a verdict allows of the right ones."""
    right = [effect["se"] for effect in one.report["reference"]["fixed_effects"]]
    found = list(map(_number, row["errors"].split("\n")))
    if not all(is_close(a / b, SE_FACTOR) for a, b in zip(found, right, strict=True)):
        yield f"standard errors {found}, not {right}"


def _said(one: Emitted, row: Row) -> Iterator[str]:
    """Messages: of the same model none, unless the remedy says so; of another, none of singularity."""
    if any("lme4 still warns" in caveat or "has said remains" in caveat for caveat in one.remedy["caveats"]):
        return
    if row["singular"] == "TRUE":
        yield "lme4 calls it singular"
    messages = [line for line in row["messages"].splitlines() if not line.startswith(REMARKS)]
    if one.keeps_model and (messages or row["code"] != "0"):
        yield f"lme4 says: {'; '.join(messages) or row['code']}"


def _number(cell: str) -> float:
    return math.nan if cell in ("NA", "") else float(cell.replace("Inf", "inf"))
