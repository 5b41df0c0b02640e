"""The numbers behind a finding, as words and figures and not as the keys of its JSON."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial

from mmtriage import figures
from mmtriage.diagnose.finding import Finding
from mmtriage.render import labels
from mmtriage.report.facts import Report

CALLED = {"max_shift_se": labels.SHIFT, "p_value": "p"}  # what has another name everywhere else
SHORT = {"sd": "SD", "se": "SE"}


def facts(finding: Finding, report: Report) -> str:
    """What was measured: "mean over sd: 698; limit: 8; gaps: bobyqa 42.4, nlopt < 1e-6"."""
    gap = partial(figures.gap, of_criterion=None if report.reference is None else report.reference.criterion)
    written: dict[str, Callable[[float], str]] = dict.fromkeys(("gap", "gaps"), gap)
    written |= dict.fromkeys(("exact_min", "exact_max"), figures.curvature)
    written |= {"max_shift_se": figures.shift}
    return "; ".join(
        f"{_called(name)}: {_fact(value, written.get(name, _rounded))}"
        for name, value in finding.evidence.items()
    )


def _called(key: str) -> str:
    return CALLED.get(key) or " ".join(SHORT.get(word, word) for word in key.split("_"))


def _fact(value: object, write: Callable[[float], str]) -> str:
    if isinstance(value, bool) or value is None:
        return {True: "yes", False: "no", None: figures.NOT_ASSESSED}[value]
    if isinstance(value, float):
        return write(value)
    if isinstance(value, (tuple, list)):
        return _listed(value, write)
    return str(value)


def _listed(values: tuple[object, ...] | list[object], write: Callable[[float], str]) -> str:
    """Items with commas; of pairs that begin with a name, the name before its value."""
    pairs = [item for item in values if isinstance(item, (tuple, list)) and len(item) == 2]
    if len(pairs) == len(values) and all(isinstance(name, str) for name, _ in pairs):
        return ", ".join(f"{name} {_fact(value, write)}" for name, value in pairs)
    return (
        ", ".join(
            f"({_fact(item, write)})" if isinstance(item, (tuple, list)) else _fact(item, write)
            for item in values
        )
        or "none"
    )


def _rounded(value: float) -> str:
    return f"{value:.4g}"
