"""One reference fit in its own process, as JSON.

`python -m tests.benchmarks.ours TABLE FORMULA FAMILY FACTOR...`
"""

from __future__ import annotations

import json
import resource
import sys
import time

from threadpoolctl import threadpool_limits

from mmtriage.data.read_table import read_table
from mmtriage.data.reading import Reading
from mmtriage.engine.comparison import prove_optimum
from mmtriage.engine.lme4.run import fit_like_lme4
from mmtriage.engine.prepared import prepare
from mmtriage.formula import parse_formula
from mmtriage.model.design import build_design
from mmtriage.model.family_names import default_link
from mmtriage.model.spec import ModelSpec

SHORT, REPEATS = 2.0, 3  # fits of less than so many seconds are timed as the best of three; in lme4.R too


def main() -> None:
    path, formula, family, *factors = sys.argv[1:]
    spec = ModelSpec(family=family, link=default_link(family))
    table = read_table(path, Reading(factors=dict.fromkeys(factors)))
    with threadpool_limits(limits=1, user_api="blas"):
        seconds: list[float] = []
        while not seconds or (seconds[0] < SHORT and len(seconds) < REPEATS):
            began = time.perf_counter()
            prepared = prepare(build_design(table, parse_formula(formula), spec))
            reference, fit = prove_optimum(prepared, {}, seed=0)
            seconds.append(time.perf_counter() - began)
        began = time.perf_counter()
        baseline = fit_like_lme4(prepared.model)
        baseline_seconds = time.perf_counter() - began
    answer = {
        "seconds": min(seconds),
        "baseline_seconds": baseline_seconds,
        "evaluations": getattr(baseline, "evaluations", None),
        "criterion": fit.criterion,
        "certified": reference.certificate.certified,
        "gradients": reference.gradients,
        "peak_mb": resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024,
    }
    print(json.dumps(answer))


if __name__ == "__main__":
    main()
