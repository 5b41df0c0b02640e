"""Causes and consequences: which finding explains which, and what the verdict rests on.

A verdict has roots, the findings at the head of its causal chain: what rung 1 has proven guilty, because the
fit is good without it, else the first row of ROOTS that holds. From there ARROWS lead on: the first one that
ends in a finding names its causes. A failure of PIRLS (MM408) knows its cause itself, from a search of its
own (`pirls_failure`).

What the model says and should not (SUBSTANTIVE: a slope that is none, labels reused, a factor that is fixed
and random) stands before what its numbers do: whoever repairs it has another model to fit.

A finding with a cause stays listed, as info. A root of a verdict of severity warning or error is at least a
warning. What scale and origin of the columns of X are guilty of is not guessed: an attempt has to prove it.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Collection, Sequence
from dataclasses import dataclass, replace

from mmtriage.diagnose.declared import CATALOGUE, SINGULAR, STRUCTURAL, reasons_for
from mmtriage.diagnose.finding import Finding
from mmtriage.diagnose.judgement import is_structural
from mmtriage.diagnose.verdict import Verdict, VerdictStatus, allowed_gap

PROVABLE: tuple[VerdictStatus, ...] = (
    "not_converged",
    "wrong_se",
    "false_alarm",
)  # what rung 1 may find the cause of
SUBSTANTIVE = ("MM304", "MM307", "MM309")  # of which a verdict speaks first
TESTS = ("MM401", "MM402")  # lme4's tests of gradient and Hessian, failed
OF_LEVELS = ("MM305", "MM407")  # too many effects for the rows, and nothing left to fit
ALARMS = reasons_for("false_alarm")


@dataclass(frozen=True, slots=True)
class Seen:
    """What is known when the causes are looked for."""

    verdict: Verdict
    findings: Sequence[Finding]

    @property
    def codes(self) -> frozenset[str]:
        return frozenset(found.code for found in self.findings)


@dataclass(frozen=True, slots=True)
class Root:
    """Findings that may stand at the head of a verdict's chain."""

    codes: tuple[str, ...]
    where: str = ""  # what must hold of such a finding, in words ...
    holds: Callable[[Finding, Seen], bool] = lambda found, seen: True  # ... and in code
    after_causes: bool = False  # the finding is no mystery itself: its own causes stand before it


@dataclass(frozen=True, slots=True)
class Arrow:
    """From findings to what follows from them."""

    causes: tuple[str, ...] | None  # None: the roots of the verdict
    effects: tuple[str, ...]
    under: VerdictStatus | None = None  # only under this verdict
    unless: VerdictStatus | None = None  # under any verdict but this
    same_term: bool = False  # only between findings about one term


def _is_of_a_slope(found: Finding, _: Seen) -> bool:
    return bool(found.terms)


def _ended_in_lesser(several: Finding, seen: Seen) -> bool:
    """Whether lme4's fit lies at one of the other optima that MM406 lists."""
    criteria, gap = several.evidence["criteria"], seen.verdict.gap
    reference = several.evidence["reference"]
    if gap is None or not isinstance(criteria, tuple) or not isinstance(reference, float):
        return False
    others = (float(value) - reference for value in criteria if isinstance(value, float))
    return any(other > 0.0 and abs(gap - other) <= allowed_gap(reference) for other in others)


def _has_other_theta(short: Finding, _: Seen) -> bool:
    """Whether glmer.nb ended at another theta of its negative binomial."""
    return short.evidence.get("nb_thetas") is not None


def _refutes(bias: Finding, _: Seen) -> bool:
    """Whether MM503 refutes an optimum of the Laplace approximation."""
    return bool(bias.evidence.get("refuted"))


def _went_for_refuted(bias: Finding, seen: Seen) -> bool:
    """Whether lme4's fit went for an optimum that MM503 refutes."""
    return _refutes(bias, seen) and seen.verdict.gap is None


def _is_badly_measured(coefficient: Finding, seen: Seen) -> bool:
    """Whether the standard error of an implausible coefficient is among those that are wrong.

    The likelihood is all but flat along it, and what is flat has no Hessian that differences could find.
    """
    wrong = {name for found in seen.findings if found.code == "MM410" for name in found.columns}
    return bool(wrong & set(coefficient.columns))


def _is_first_of_structure(found: Finding, seen: Seen) -> bool:
    """Whether a finding is an error of structure, and no flat direction along what separates.

    Separation and the ridge that it makes are one thing, met twice.
    """
    is_separated = any(f.code == "MM203" and is_structural(f) for f in seen.findings)
    return is_structural(found) and not (is_separated and found.code == "MM407")


ROOTS: dict[VerdictStatus, tuple[Root, ...]] = {
    "not_converged": (
        Root(("MM408",), after_causes=True),
        Root(("MM503",), "the fit went for an optimum that it refutes", _went_for_refuted),
        # Scaling or centering X never moves the theta of a linear model, so without a proof X is no suspect.
        Root(("MM101", "MM106"), "of a random slope", _is_of_a_slope),
        Root(("MM108",)),  # the same model on the other rows has another verdict
        Root(("MM404",)),
        Root(("MM406",), "the fit lies at a lesser one", _ended_in_lesser),
        Root(("MM403",), "theta of a negative binomial is another", _has_other_theta),
        Root(SINGULAR),  # nothing else is at fault: the search was stuck on an edge of theta
    ),
    "wrong_se": (
        Root(("MM205",), "of a coefficient whose standard error is wrong", _is_badly_measured),
        Root(("MM410",)),
    ),
    "false_alarm": (Root(("MM404",)),),
    "singular": (
        Root(("MM503",), "it refutes a lower optimum that is not singular", _refutes),
        Root(SINGULAR, after_causes=True),
    ),
    "unidentifiable": (Root(STRUCTURAL, "as errors, each thing once", _is_first_of_structure),),
}
ARROWS = (
    Arrow(None, ("MM403",)),
    Arrow(None, ("MM405",), unless="wrong_se"),
    Arrow(("MM408",), ("MM403", "MM405")),
    Arrow(("MM403",), ("MM405",)),
    Arrow(None, ("MM406",), under="unidentifiable"),  # a ridge has optima of its own
    Arrow(None, ("MM410",)),
    Arrow(("MM410",), TESTS, under="wrong_se"),  # both come from the differences that are too coarse
    Arrow(("MM403",), TESTS, under="not_converged"),  # away from the optimum they say what they should
    Arrow(None, TESTS),
    # Where an effect without end is looked for, everything else is as it was where the search stopped.
    Arrow(("MM203",), ("MM205", *SINGULAR, "MM406", "MM407")),
    Arrow(("MM503",), ("MM406",)),
    Arrow(None, ("MM404",), under="not_converged"),
    Arrow(None, SINGULAR, under="unidentifiable", same_term=True),  # where on a ridge a fit ends is chance
    Arrow(("MM307",), SINGULAR, unless="unidentifiable", same_term=True),
    Arrow(("MM108",), SINGULAR, under="singular", same_term=True),
)


def explain_causes(
    verdict: Verdict, findings: Sequence[Finding], proven: Sequence[str]
) -> tuple[Verdict, tuple[Finding, ...]]:
    """Link the findings and name the codes of the verdict, causes first.

    Args:
        proven: codes that an attempt has proven guilty (the fit is good without them).
    """
    seen = Seen(verdict, findings)
    roots = _roots(seen, [code for code in proven if code in seen.codes])
    linked = [replace(found, caused_by=_causes(found, roots, seen)) for found in findings]
    judged = replace(verdict, codes=_codes(verdict.status, linked, roots))
    suspects = {name for found in findings if found.code == "MM408" for name in found.columns}
    return judged, tuple(_graded(found, judged, suspects) for found in linked)


def explain_refusal(verdict: Verdict, findings: Sequence[Finding]) -> tuple[Verdict, tuple[Finding, ...]]:
    """The same of a model that cannot be fitted: a number read as text (MM107) has too many levels."""
    text = {name for found in findings if found.code == "MM107" for name in found.columns}
    made = {f.code for f in findings if f.code in OF_LEVELS and any(_names(f, name) for name in text)}
    if not made:
        return verdict, tuple(findings)
    linked = (replace(f, caused_by=("MM107",), severity="info") if f.code in made else f for f in findings)
    return replace(verdict, codes=("MM107", *verdict.codes)), tuple(linked)


def _names(found: Finding, column: str) -> bool:
    """Whether a finding is about a random term, or columns of X, that a column of the table is in."""
    said = (*found.terms, *found.columns)
    return any(re.search(rf"(?<![\w.]){re.escape(column)}", text) for text in said)


def _roots(seen: Seen, proven: Sequence[str]) -> tuple[str, ...]:
    """The codes at the head of the causal chain of a verdict, what is substantive first."""
    numerical = _numerical_roots(seen, proven)
    if not numerical or seen.verdict.status not in ("not_converged", "wrong_se"):
        return numerical
    first = [f.code for f in seen.findings if f.code in SUBSTANTIVE and f.severity != "info"]
    return tuple(dict.fromkeys([*first, *numerical]))


def _numerical_roots(seen: Seen, proven: Sequence[str]) -> tuple[str, ...]:
    if proven and seen.verdict.status in PROVABLE:
        return tuple(dict.fromkeys(proven))
    for root in ROOTS.get(seen.verdict.status, ()):
        heads = [found for found in seen.findings if found.code in root.codes and root.holds(found, seen)]
        if heads:
            explained = heads if root.after_causes else ()
            before = [code for found in explained for code in _causes(found, (), seen)]
            return tuple(dict.fromkeys([*before, *(found.code for found in heads)]))
    return ()


def _causes(found: Finding, roots: tuple[str, ...], seen: Seen) -> tuple[str, ...]:
    """The codes that explain a finding: by the first arrow that ends in it, else by what it knows itself."""
    for arrow in ARROWS:
        causes = _at_the_tail(arrow, found, roots, seen)
        if causes:
            return causes
    return found.caused_by


def _at_the_tail(arrow: Arrow, found: Finding, roots: tuple[str, ...], seen: Seen) -> tuple[str, ...]:
    """The codes that an arrow leads from, where it ends in this finding; no finding is its own cause."""
    status = seen.verdict.status
    if found.code not in arrow.effects or arrow.unless == status or arrow.under not in (None, status):
        return ()
    causes = roots if arrow.causes is None else tuple(code for code in arrow.causes if code in seen.codes)
    if arrow.same_term:
        causes = tuple(f.code for f in seen.findings if f.code in causes and set(f.terms) & set(found.terms))
    return tuple(code for code in dict.fromkeys(causes) if code != found.code)


def _codes(status: VerdictStatus, findings: Sequence[Finding], roots: tuple[str, ...]) -> tuple[str, ...]:
    """The codes of the verdict: its roots, then what else it rests on."""
    found = [
        f.code
        for f in findings
        if status in CATALOGUE[f.code].verdicts and (is_structural(f) or status != "unidentifiable")
    ]
    return tuple(dict.fromkeys([*roots, *found]))


def _graded(found: Finding, verdict: Verdict, suspects: Collection[str]) -> Finding:
    """The finding with its severity in the light of the verdict.

    Args:
        suspects: columns that a failure of PIRLS is put down to.
    """
    is_good = verdict.status in ("converged", "false_alarm")
    if found.caused_by or (is_good and found.code in ALARMS):
        return replace(found, severity="info")
    is_grave = verdict.severity in ("error", "warning")
    if not is_grave or found.code not in verdict.codes or found.severity != "info":
        return found
    is_of_x = found.code == "MM101" and not found.terms and not set(found.columns) & set(suspects)
    if is_of_x and verdict.status == "not_converged":  # of X nothing but an attempt can tell
        return found
    return replace(found, severity="warning")


def drawn() -> str:
    """ROOTS and ARROWS in the names of the findings."""
    roots = [f"    {status:16}{_root(root)}" for status, rows in ROOTS.items() for root in rows]
    arrows = [
        f"    {_codes_named(arrow.causes)} -> {_codes_named(arrow.effects)}{_when(arrow)}" for arrow in ARROWS
    ]
    heads = (
        "The roots of a verdict, the first row that holds:",
        "The arrows, the first that ends in a finding:",
    )
    return "\n".join([heads[0], "", *roots, "", heads[1], "", *arrows, ""])


def _root(root: Root) -> str:
    where = f" ({root.where})" if root.where else ""
    return f"{_codes_named(root.codes)}{where}{', after what explains it' if root.after_causes else ''}"


def _when(arrow: Arrow) -> str:
    conditions = (
        f"under {arrow.under}" if arrow.under else "",
        f"unless {arrow.unless}" if arrow.unless else "",
        "of the same term" if arrow.same_term else "",
    )
    said = ", ".join(filter(None, conditions))
    return f" ({said})" if said else ""


def _codes_named(codes: tuple[str, ...] | None) -> str:
    return "the roots" if codes is None else ", ".join(CATALOGUE[code].name for code in codes)


__doc__ = f"{__doc__}\n{drawn()}"
