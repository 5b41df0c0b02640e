"""Random generalized models beside R: is the reference never above R's best of four optimizers?

    python -m tests.random_models.against_r 200 --seed 23          # about ten minutes of a core; R with lme4

R fits all models in one process (`r_best.R`). A model fails where R's best, its PIRLS iterated to 1e-13, lies
more than 1e-5 below the reference and is not among those refuted. Of a criterion with several modes R may
stand at one that this triage has not met: that is no failure, and is counted.
"""

from __future__ import annotations

import argparse
import json
import math
import shutil
import subprocess
import sys
import tempfile
import warnings
from collections import Counter
from collections.abc import Iterator, Sequence
from itertools import count, islice
from pathlib import Path
from typing import Any

import numpy as np
from threadpoolctl import threadpool_limits

from mmtriage.engine.comparison import Comparison
from mmtriage.errors import MmtriageError
from tests.random_models.draw import RandomModel, draw
from tests.random_models.judge import (
    SAME,
    compared_of,
    dense_of,
    is_less_likely,
    on_record,
    parameters_of,
)

ABOVE = 1e-5  # deviance units
SCRIPT = Path(__file__).with_name("r_best.R")
Best = dict[str, Any]  # index, criterion, theta, beta, nb_theta


def main() -> int:
    """Judge a number of generalized models and print the figures; 1 if any lies above R's best."""
    parser = argparse.ArgumentParser(prog="python -m tests.random_models.against_r")
    parser.add_argument("models", type=int)
    parser.add_argument("--seed", type=int, default=0)
    arguments = parser.parse_args()
    told: Counter[str] = Counter()
    with tempfile.TemporaryDirectory() as directory:
        models = list(islice(generalized(arguments.seed), arguments.models))
        for model, best in zip(models, r_best(models, Path(directory)), strict=True):
            said = beside_r(model, best)
            told[said.split(":")[0]] += 1
            if ":" in said:
                sys.stdout.write(f"{said}: {model.name}\n")
                sys.stdout.flush()
    sys.stdout.write(f"{arguments.models} models: {dict(told)}\n")
    return int("FAILED" in told)


def generalized(seed: int) -> Iterator[RandomModel]:
    """The generalized models of a seed."""
    return (model for index in count() if (model := draw(seed, index)).family != "linear")


def r_best(models: Sequence[RandomModel], directory: Path) -> list[Best]:
    """R's best of each; a criterion of None where all of R's fits stop."""
    manifest = directory / "models.jsonl"
    with manifest.open("w", encoding="utf-8") as file:
        for model in models:
            path = directory / f"{model.index}.csv"
            model.frame.to_csv(path, index=False)
            asked = {name: model.options.get(name) for name in ("family", "link", "weights", "offset")}
            said = {"index": model.index, "csv": str(path), "formula": model.formula, **asked}
            file.write(json.dumps(said) + "\n")
    rscript = shutil.which("Rscript")
    assert rscript is not None, "there is no R"
    run = subprocess.run([rscript, SCRIPT, manifest], capture_output=True, text=True, check=True)
    found: list[Best] = [json.loads(line) for line in run.stdout.splitlines()]
    assert [best["index"] for best in found] == [model.index for model in models]
    return found


def beside_r(model: RandomModel, best: Best) -> str:
    """How a reference stands to R's best: a word, and after a colon what is to be read."""
    with threadpool_limits(limits=1, user_api="blas"), warnings.catch_warnings():
        warnings.simplefilter("ignore")
        try:
            report, comparison = compared_of(model, climbs=False)
        except MmtriageError:
            return "not fitted"
        if report.reference is None or report.reference.certificate is None or comparison is None:
            return "not fitted"
        if not report.reference.certificate.certified:
            return "not certified"
        if best["criterion"] is None:
            return "R stops"
        above = report.reference.criterion - best["criterion"]
        if above <= ABOVE:
            return "below R" if above < -ABOVE else "equal"
        if any(
            abs(point.criterion - best["criterion"]) < SAME for point in report.reference.certificate.refuted
        ):
            return "refuted"
        if report.reference.certificate.refuted and _is_refuted(model, comparison, best):
            return "refuted"
        here = _ours_at(comparison, best)
    if not comparison.prepared.model.is_convex and here > report.reference.criterion - ABOVE:
        return f"another mode: {above:.3g} above R's best, which is {here:.6f} at our modes"
    return f"FAILED: {above:.3g} above R's best {best['criterion']:.6f} of {best['optimizer']}"


def _is_refuted(model: RandomModel, comparison: Comparison, best: Best) -> bool:
    """Whether R's best, which may be on the slope to a refuted point, is less likely than the reference."""
    prepared, fit = comparison.prepared, comparison.optimum_fit
    dense = dense_of(model, on_record(prepared))
    theta, beta = (np.atleast_1d(np.asarray(best[name], dtype=float)) for name in ("theta", "beta"))
    there = parameters_of(prepared, dense, theta, beta, None)
    here = parameters_of(prepared, dense, fit.theta, fit.beta, None)
    return fit.nb_theta is None and is_less_likely(dense, there, here)


def _ours_at(comparison: Comparison, best: Best) -> float:
    """Our criterion where R's best fit ended."""
    model = comparison.prepared.model
    theta, beta = (np.atleast_1d(np.asarray(best[name], dtype=float)) for name in ("theta", "beta"))
    try:
        return float(model.criterion(*model.place(theta, beta, best.get("nb_theta"))))
    except np.linalg.LinAlgError:
        return math.inf


if __name__ == "__main__":
    sys.exit(main())
