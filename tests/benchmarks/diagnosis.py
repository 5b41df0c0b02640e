"""What the diagnosis costs beside the baseline; arguments are a table, a formula and its factors."""

from __future__ import annotations

import json
import sys
import time

from threadpoolctl import threadpool_limits

from mmtriage.data.read_table import read_table
from mmtriage.data.reading import Reading
from mmtriage.engine.lme4.run import fit_like_lme4
from mmtriage.engine.prepared import prepare
from mmtriage.formula import parse_formula
from mmtriage.model.design import build_design
from mmtriage.model.spec import ModelSpec
from mmtriage.options import TriageOptions
from mmtriage.triage_table import triage_table


def main() -> None:
    path, formula, *factors = sys.argv[1:]
    table = read_table(path, Reading(factors=dict.fromkeys(factors)))
    triage_table(table, formula, TriageOptions())  # imports and caches are not what is timed
    report = triage_table(table, formula, TriageOptions())
    with threadpool_limits(limits=1, user_api="blas"):
        prepared = prepare(build_design(table, parse_formula(formula), ModelSpec()))
        began = time.perf_counter()
        fit_like_lme4(prepared.model)
        baseline = time.perf_counter() - began
    print(json.dumps({"diagnosis": report.timing["diagnosis"], "baseline": baseline}))


if __name__ == "__main__":
    main()
