"""Random expressions of the closed table beside R: `python -m tests.model.random_expressions [SEED [COUNT]]`.

What this program accepts and R evaluates to something else is printed; it needs Rscript with lme4.
"""

from __future__ import annotations

import csv
import random
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from pathlib import Path

import numpy as np

from mmtriage.errors import MmtriageError
from mmtriage.formula import parse_expression
from mmtriage.formula.signatures import SIGNATURES
from mmtriage.model.evaluate import Evaluator
from mmtriage.model.values import Value
from tests.model.tables import factor, logical, numeric, table

SCRIPT = Path(__file__).with_suffix(".R")
DATA = table(  # as in the script
    numeric("x", [1, -2, None, 4, 0, 1e9, -1e-9, 3, 3, 3, 2, 1]),
    numeric("z", list(range(12))),
    factor("f", list("abcabcabcabc")),
    factor("m", ["a", None, *"bbbbbbbbbb"]),
    logical("l", [True, False, None] * 4),
    numeric("e", [None] * 12),
    numeric("k", [5.0] * 12),
)
ATOMS = (
    *("x", "z", "f", "m", "l", "e", "k", "NA", "Inf", "-Inf", "1", "0", "-1", "2.5", "'a'", "TRUE", "pi"),
    *("c(1,2)", "c('a','b')", "1:3", "x > 1", "f == 'a'", "poly(z,2)", "scale(z)", "cbind(x,z)"),
    *("seq(0,10,2)", "mean(z)", "quantile(z)", "levels(f)"),
)
OPERATORS = ("+", "-", "*", "/", "^", "%%", "%/%", "==", "<", "%in%", "&", "|", ":")


def expression(rng: random.Random, depth: int) -> str:
    """A call or an operation on others, or an atom."""
    chance = rng.random()
    if depth == 0 or chance < 0.3:
        return rng.choice(ATOMS)
    if chance < 0.85:
        name = rng.choice(list(SIGNATURES))
        parameters = SIGNATURES[name].parameters
        given = [expression(rng, depth - 1) for _ in range(rng.randint(1, 4))]
        named = (
            f"{rng.choice(parameters)} = {text}" if parameters and rng.random() < 0.4 else text
            for text in given
        )
        return f"{name}({', '.join(named)})"
    return f"{expression(rng, depth - 1)} {rng.choice(OPERATORS)} {expression(rng, depth - 1)}"


def accepted(seed: int, count: int) -> Iterator[tuple[str, Value]]:
    """So many different expressions that are variables, with their values."""
    rng, seen = random.Random(seed), set[str]()
    while len(seen) < count:
        text = expression(rng, 2)
        if text in seen:
            continue
        try:
            value = Evaluator(DATA, text).evaluate(parse_expression(text))
        except MmtriageError:
            continue
        if value.data.ndim:
            seen.add(text)
            yield text, value


def written(value: Value) -> str:
    """The value's cells, column after column."""
    if value.kind == "factor":
        return "|".join("NA" if code < 0 else value.levels[code] for code in value.data.tolist())
    return "|".join("NA" if np.isnan(x) else f"{x:.10g}" for x in value.data.T.ravel().tolist())


def main(seed: int = 1, count: int = 1500) -> None:
    """Write the expressions for R, and let it print."""
    with tempfile.TemporaryDirectory() as directory:
        path = Path(directory) / "expressions.csv"
        with path.open("w", encoding="utf-8", newline="") as file:
            rows = ((text, value.kind, written(value)) for text, value in accepted(seed, count))
            csv.writer(file).writerows([("text", "kind", "value"), *rows])
        subprocess.run(["Rscript", "--vanilla", str(SCRIPT), str(path)], check=True)


if __name__ == "__main__":
    main(*map(int, sys.argv[1:]))
