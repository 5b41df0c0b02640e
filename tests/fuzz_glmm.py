"""Random tables and generalized models for the fuzz run: any family, link, response, weight and offset.

Half of the tables suit the family they are drawn for. The other half have an accident: text of three levels,
missing values, negative or huge or tiny or constant responses, a group for every row, a predictor that
separates, weights of zero. `tests.fuzz` asks the command about each and judges the answer.
"""

from __future__ import annotations

import csv
import random
from collections.abc import Callable
from pathlib import Path

import numpy as np

LINKS = {
    "binomial": ("logit", "logit", "logit", "probit", "cloglog", "cauchit", "log"),
    "poisson": ("log", "log", "log", "sqrt", "identity"),
    "Gamma": ("log", "log", "inverse", "identity"),
    "inverse.gaussian": ("1/mu^2", "log", "log", "inverse", "identity"),
    "gaussian": ("log", "inverse"),
    "negative.binomial": ("log",),
}
FAMILIES = ("binomial",) * 5 + ("poisson",) * 4 + ("Gamma",) * 2 + tuple(LINKS)[3:]
TRIALS = 12

Columns = dict[str, list[str]]


def glmm_case(seed: int, index: int, directory: Path) -> tuple[str, ...]:
    """The words of one case: path of its table, formula, options."""
    rng = random.Random(f"glmm {seed} {index}")
    numbers = np.random.default_rng((seed, index))
    family = rng.choice(FAMILIES)
    n = rng.choice((6, 12, 20, 40, 40, 60, 60, 100, 150))
    columns = _columns(numbers, rng, n)
    _respond(numbers, rng, columns, family, n)
    for _ in range(rng.choice((0, 0, 0, 1, 1, 2))):
        rng.choice(ACCIDENTS)(numbers, rng, columns)
    path = directory / f"glmm_{seed}_{index}.csv"
    with path.open("w", encoding="utf-8", newline="") as file:
        writer = csv.writer(file)
        writer.writerow(columns)
        writer.writerows(zip(*columns.values(), strict=True))
    response, options = _response(rng, family)
    return str(path), f"{response} ~ {_right_side(rng)}", *_options(rng, family), *options


def _columns(numbers: np.random.Generator, rng: random.Random, n: int) -> Columns:
    """Predictors of any scale, groups of any number of levels, weights and an offset."""
    groups = rng.choice((2, 3, 5, 8, 12, 20))
    scale, origin = rng.choice((1.0, 1.0, 1.0, 1e-5, 1e4)), rng.choice((0.0, 0.0, 3.0, 2000.0))
    return {
        "x": _text(scale * (numbers.normal(size=n) + origin)),
        "z": _text(numbers.normal(size=n).round(2)),
        "f": [f"f{code}" for code in numbers.integers(rng.choice((2, 2, 3, 4)), size=n)],
        "g": [f"g{code}" for code in np.sort(numbers.integers(groups, size=n))],
        "h": [f"{code}" for code in numbers.integers(rng.choice((2, 4, 7)), size=n)],
        "row": [f"{i}" for i in range(n)],
        "w": _text(numbers.integers(1, TRIALS, size=n)),
        "o": _text(numbers.normal(size=n)),
    }


def _text(values: np.ndarray) -> list[str]:
    return [repr(value) for value in values.tolist()]


def _respond(numbers: np.random.Generator, rng: random.Random, columns: Columns, family: str, n: int) -> None:
    """Responses `y`, `s` successes and `t` failures from a mixed model on the log or logit scale."""
    groups, levels = np.unique(columns["g"], return_inverse=True)
    b = rng.choice((0.0, 0.5, 1.0, 3.0)) * numbers.normal(size=len(groups))
    slope, base = rng.choice((0.0, 0.5, 2.0)), rng.choice((0.0, 0.0, 1.0, -2.0, 4.0))
    eta = np.clip(base + slope * np.array(columns["z"], float) + b[levels], -12.0, 12.0)
    y: np.ndarray
    mean, chance = np.exp(eta), 1.0 / (1.0 + np.exp(-eta))
    successes = numbers.binomial(TRIALS, chance)
    match family:
        case "binomial":
            y = numbers.binomial(1, chance)
        case "poisson":
            y = numbers.poisson(mean)
        case "negative.binomial":
            y = numbers.poisson(mean * numbers.gamma(1.5, size=n) / 1.5)
        case "Gamma":
            y = np.maximum(numbers.gamma(3.0, mean / 3.0), 1e-300)
        case "inverse.gaussian":
            y = np.maximum(numbers.wald(mean, 4.0 * mean), 1e-300)
        case _:
            y = mean + 0.2 * np.abs(mean) * numbers.normal(size=n)
    columns["y"] = _text(y)
    columns["s"], columns["t"] = _text(successes), _text(TRIALS - successes)
    columns["p"] = _text(successes / TRIALS)
    columns["m"] = [str(TRIALS)] * n


def _response(rng: random.Random, family: str) -> tuple[str, tuple[str, ...]]:
    if family != "binomial":
        return rng.choice(("y",) * 9 + ("s", "I(y + 1)", "log(y)", "cbind(s, t)")), ()
    chosen = rng.choice(("y", "y", "y", "cbind(s, t)", "cbind(s, t)", "p", "p", "I(y > 0)", "f", "s"))
    return chosen, ("--weights", "m") if chosen == "p" and rng.random() < 0.8 else ()


def _right_side(rng: random.Random) -> str:
    fixed = rng.choice(("1", "x", "x", "z", "z", "x + z", "z + f", "f", "x * f", "0 + f", "z + I(z^2)", "0"))
    bars = rng.choice(
        (
            *("(1 | g)",) * 8,
            *("(z | g)", "(z | g)", "(x | g)", "(x | g)", "(z || g)", "(0 + z | g)", "(f | g)"),
            *("(1 | g) + (1 | h)", "(1 | g) + (1 | h)", "(1 | g/h)", "(1 | h)", "(z | g) + (1 | h)"),
            *("(1 | row)", "(1 | g) + (1 | row)", "(1 | g) + (1 | g)", "(1 | f)", "(z + x | g)"),
        )
    )
    return f"{fixed} + {bars}" + rng.choice(("", "", "", "", " + offset(o)"))


def _options(rng: random.Random, family: str) -> tuple[str, ...]:
    words = ["--family", family]
    if rng.random() < 0.7 or family == "gaussian":
        words += ["--link", rng.choice(LINKS[family])]
    elif rng.random() < 0.05:
        words += ["--link", rng.choice(sorted({link for links in LINKS.values() for link in links}))]
    if rng.random() < 0.15:
        words += ["--nagq", rng.choice(("0", "0", "2", "5", "9", "25", "101", "-1"))]
    if rng.random() < 0.1:
        words += ["--weights", "w"]
    if rng.random() < 0.1:
        words += ["--offset", "o"]
    if rng.random() < 0.05:
        words += ["--optimizer", rng.choice(("bobyqa", "Nelder_Mead", "nlminbwrap"))]
    if rng.random() < 0.05:
        words += ["--maxfun", rng.choice(("3", "10", "100"))]
    return tuple(words)


# ---------------------------------------------------------------------------------------------- accidents

Accident = Callable[[np.random.Generator, random.Random, Columns], None]


def _some(numbers: np.random.Generator, values: list[str], value: str, share: float) -> list[str]:
    hit = numbers.random(len(values)) < share
    return [value if is_hit else old for old, is_hit in zip(values, hit, strict=True)]


def _odd_value(numbers: np.random.Generator, rng: random.Random, columns: Columns) -> None:
    odd = ("NA", "NaN", "Inf", "-Inf", "-1", "0", "0.5", "1e9", "1e300", "1e-300", "maybe", "")
    name = rng.choice(("y", "y", "y", "s", "t", "p", "w", "m", "o", "x", "z", "g", "f"))
    columns[name] = _some(numbers, columns[name], rng.choice(odd), rng.choice((0.02, 0.1, 0.5)))


def _text_response(numbers: np.random.Generator, rng: random.Random, columns: Columns) -> None:
    words = rng.choice((("no", "yes"), ("a", "b", "c"), ("TRUE", "FALSE"), ("only",)))
    columns["y"] = [words[i] for i in numbers.integers(len(words), size=len(columns["y"]))]


def _constant(numbers: np.random.Generator, rng: random.Random, columns: Columns) -> None:
    value = rng.choice(("0", "1", "3", "1e-300", "1000000000"))
    columns[rng.choice(("y", "y", "s", "t", "z", "f", "g"))] = [value] * len(columns["y"])


def _huge(numbers: np.random.Generator, rng: random.Random, columns: Columns) -> None:
    columns["y"] = _text(numbers.poisson(rng.choice((1e3, 1e6, 1e9)), size=len(columns["y"])))


def _tiny(numbers: np.random.Generator, rng: random.Random, columns: Columns) -> None:
    size = rng.choice((1e-300, 1e-150, 1e-12, 1e12, 1e150))
    columns["y"] = _text(size * numbers.gamma(2.0, size=len(columns["y"])))


def _rare(numbers: np.random.Generator, rng: random.Random, columns: Columns) -> None:
    columns["y"] = _some(numbers, columns["y"], rng.choice(("0", "0", "1")), 0.97)


def _pure_by_predictor(numbers: np.random.Generator, rng: random.Random, columns: Columns) -> None:
    by = rng.choice(("z", "f", "g", "h"))
    values = columns[by]
    middle = sorted(values, key=float if by == "z" else str)[len(values) // 2]
    above = [float(v) > float(middle) if by == "z" else v > middle for v in values]
    columns["y"] = ["1" if is_above else "0" for is_above in above]


def _copied(numbers: np.random.Generator, rng: random.Random, columns: Columns) -> None:
    a, b = rng.choice((("x", "z"), ("h", "g"), ("f", "g"), ("z", "y"), ("row", "g"), ("o", "z")))
    columns[b] = list(columns[a])


def _no_groups_differ(numbers: np.random.Generator, rng: random.Random, columns: Columns) -> None:
    """The same rows in every group: the variance wants to be negative."""
    k = max(2, len(columns["y"]) // 6)
    for name in ("x", "z", "f", "y", "s", "t", "p", "o", "w"):
        columns[name] = [columns[name][i % k] for i in range(len(columns["y"]))]
    columns["g"] = [f"g{i // k}" for i in range(len(columns["y"]))]


ACCIDENTS: tuple[Accident, ...] = (
    *(_odd_value, _odd_value, _odd_value, _text_response, _constant, _huge, _tiny, _rare, _rare),
    *(_pure_by_predictor, _pure_by_predictor, _copied, _no_groups_differ),
)
