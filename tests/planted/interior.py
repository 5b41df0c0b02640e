"""`python -m tests.planted.interior`: the optima of the healthy sets, found with the dense oracle.

Slow, and independent of the engine: only the columns of the design are the package's. Prints for every set
the smallest principal SD of its random effects, on orthonormal columns, in units of sigma.
"""

from __future__ import annotations

import sys

import numpy as np
from scipy.optimize import minimize

from mmtriage.data.in_memory import table_from_frame
from mmtriage.formula import parse_formula
from mmtriage.model.design import build_design
from mmtriage.model.spec import ModelSpec
from tests.oracle import dense_objective, relative_factors
from tests.planted.healthy import healthy
from tests.planted.record import Case

INTERIOR = 0.1  # principal SD over sigma, on standardized columns, below which a set would not be healthy


def smallest_sd(case: Case) -> float:
    """The smallest singular value of the relative factors at the optimum, columns standardized."""
    options = dict(case.options)
    spec = ModelSpec(
        reml=not options.get("ml", False), weights=options.get("weights"), offset=options.get("offset")
    )
    design = build_design(table_from_frame(case.frame()), parse_formula(case.formula), spec)
    blocks, sizes = [], []
    for term in design.random:
        Q, R = np.linalg.qr(term.Z / np.sqrt(len(design.y)))
        blocks.append((term.codes, Q * np.sqrt(len(design.y))))
        sizes.append(R.shape[1])
    weights = None if design.weights is None else design.weights / design.weights.mean()
    objective = dense_objective(
        design.y / np.std(design.y),
        np.linalg.qr(design.X)[0],
        blocks,
        reml=spec.reml,
        weights=weights,
        offset=None if design.offset is None else design.offset / np.std(design.y),
    )
    start = np.concatenate([np.eye(k)[np.tril_indices(k)] for k in sizes])
    found = minimize(objective, start, method="Powell", options={"xtol": 1e-3, "ftol": 1e-8, "maxfev": 600})
    factors = relative_factors(found.x, sizes)
    return min(float(np.linalg.svd(F, compute_uv=False)[-1]) for F in factors)


def main() -> int:
    """Check all sets; 1 if one is not interior."""
    values = {case.name: smallest_sd(case) for case in healthy()}
    for name, value in values.items():
        sys.stdout.write(f"{value:6.3f}  {name}\n")
    return int(min(values.values()) < INTERIOR)


if __name__ == "__main__":
    sys.exit(main())
