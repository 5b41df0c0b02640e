"""The first sentence of every report: which of the numbers that R prints can be used, and which cannot.

    Everything that R prints for this model can be used.
    Use the estimates that R prints. Do not use its standard errors, z and p: the SE of `x` is 53 times ...

It is made of the grades of `usable`, not of the verdict. Somebody who stops here has not been misled.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from mmtriage import figures
from mmtriage.diagnose.distances import RESIDUAL, zero_spreads
from mmtriage.diagnose.verdict import Answer, Usable, Use, Verdict
from mmtriage.engine.comparison import Comparison

MOST_NAMED = 3  # numbers in a sentence; `usable` and the tables have all
LOST = "not determined by the data"
ENDLESS = "without a finite estimate"

Named = tuple[str, str]  # of a number: what it is, and what is wrong with it


@dataclass(frozen=True, slots=True, kw_only=True)
class Graded:
    """One kind of number, graded one by one; the worst first."""

    use: Use
    no: tuple[Named, ...]
    care: tuple[Named, ...]

    @property
    def answer(self) -> Answer:
        return self.use.answer


@dataclass(frozen=True, slots=True, kw_only=True)
class Grades:
    """All kinds but tests, which follow from the others."""

    estimates: Graded
    errors: Graded
    spreads: Graded
    correlations: Graded


def headline(
    verdict: Verdict, comparison: Comparison, usable: Usable, grades: Grades, *, who: str, lost: Sequence[str]
) -> str:
    """What can be used, in one to three sentences.

    Args:
        who: whoever prints the numbers.
        lost: the random terms that the data do not determine, as lme4 writes them.
    """
    kinds = (usable.estimates, usable.standard_errors, usable.tests, usable.variances, usable.correlations)
    if all(kind.answer == "yes" for kind in kinds):
        return _everything(verdict, comparison, who)
    said = [*_of_fixed(verdict, comparison, usable, grades, who), *_of_random(comparison, grades, lost)]
    return " ".join(said)


def of_nothing(reason: str, who: str) -> str:
    """Where there is nothing to use."""
    return f"Nothing that {who} prints for this model can be used: {reason}."


def _everything(verdict: Verdict, comparison: Comparison, who: str) -> str:
    if verdict.status == "not_converged":
        ended = "stopped short of the optimum"
        if comparison.prior is not None:
            ended = "lies beside the optimum of the likelihood, where its prior holds it"
        return (
            f"The numbers that {who} prints for this model can be used: its fit {ended}, but by too little "
            "to move any of them."
        )
    if verdict.status != "false_alarm":
        return f"Everything that {who} prints for this model can be used."
    is_of_derivatives = (
        comparison.given is None and comparison.lme4 is not None and comparison.lme4.check.codes
    )
    about = "is about how derivatives are computed" if is_of_derivatives else "is a false alarm"
    return f"Everything that {who} prints can be used; its warning {about}. Nothing has to be done."


def _of_fixed(
    verdict: Verdict, comparison: Comparison, usable: Usable, grades: Grades, who: str
) -> list[str]:
    """The sentences on fixed effects, their standard errors and tests."""
    if usable.estimates.answer == "no" and all(detail == ENDLESS for _, detail in grades.estimates.no):
        return _without_end(grades, who)
    if usable.estimates.answer == "no":
        also = "standard errors and tests" if usable.standard_errors.answer == "no" else "tests"
        return [
            f"Do not use the fixed effects that {who} prints, nor their {also}: {_told(grades.estimates.no)}."
        ]
    whole = usable.variances.answer == usable.correlations.answer == "yes"
    noun = "estimates" if whole and usable.standard_errors.answer == "no" else "fixed effects"
    lead = f"Use the {noun} that {who} prints"
    if usable.estimates.answer == "with_care":
        lead += f" with care ({_told(grades.estimates.care)})"
    elif verdict.status == "not_converged":
        lead += f" (they are right to {max(0.01, verdict.max_shift_se or 0.0):.2g} SE)"
    return _with_errors(lead, comparison, usable, grades)


def _without_end(grades: Grades, who: str) -> list[str]:
    """Where some effects have no finite estimate, and whether the others can be used."""
    endless = [name for name, _ in grades.estimates.no]
    noun = "estimate" if len(endless) == 1 else "estimates"
    said = [
        f"Do not use the {noun} of {' and '.join(endless)} that {who} prints, nor standard errors and tests: "
        "there is no finite estimate."
    ]
    others = [name for name, _ in grades.errors.no if name.removeprefix("the SE of ") not in endless]
    if not others and not grades.estimates.care and not grades.errors.care:
        said.append("Use the other fixed effects.")
    return said


def _with_errors(lead: str, comparison: Comparison, usable: Usable, grades: Grades) -> list[str]:
    match usable.standard_errors.answer:
        case "no":
            letter = comparison.prepared.design.spec.statistic
            why = f"{_told(grades.errors.no, most=1)}{_statistics(comparison, grades.errors.no)}"
            return [f"{lead}.", f"Do not use its standard errors, {letter} and p: {why}."]
        case "with_care":
            return [f"{lead}, their standard errors and tests with care: {_told(grades.errors.care)}."]
        case "yes":
            if usable.tests.answer == "yes" or usable.estimates.answer == "with_care":
                return [f"{lead}."]
            if usable.tests.answer == "no":
                return [f"{lead}, but not their standard errors and tests: {usable.tests.reason}."]
            return [f"{lead}, their tests with care: {usable.tests.reason}."]


def _statistics(comparison: Comparison, wrong: Sequence[Named]) -> str:
    """The statistic of the worst standard error, and the right one: " (z = 178; right: z = 3.38)"."""
    fit, optimum = comparison.lme4_fit, comparison.optimum_fit
    names = comparison.prepared.design.fixed_names
    j = next((j for j, name in enumerate(names) if wrong and wrong[0][0] == f"the SE of `{name}`"), None)
    if fit is None or j is None or wrong[0][1] == LOST:
        return ""
    letter = comparison.prepared.design.spec.statistic
    printed, right = (figures.three(float(one.beta[j] / one.se[j])) for one in (fit, optimum))
    return f" ({letter} = {printed}; right: {letter} = {right})"


def _of_random(comparison: Comparison, grades: Grades, lost: Sequence[str]) -> list[str]:
    """The sentences on standard deviations and correlations: of the random effects first."""
    said = []
    if lost:
        noun = "term" if len(lost) == 1 else "terms"
        terms = " and ".join(f"`{term}`" for term in lost)
        said.append(
            f"No SD or correlation of the {noun} {terms} means anything: the data do not determine them."
        )
    no = [named for named in _in_order(grades.spreads.no, grades.correlations.no) if named[1] != LOST]
    care = _in_order(grades.spreads.care, grades.correlations.care)
    if no:
        said.append(f"Do not use {_listed(no)}.")
    if care:
        said.append(f"With care: {_listed(care)}.")
    zeros = [name for name in zero_spreads(comparison) if not any(name == named for named, _ in no)]
    if zeros and not lost:
        shown = " and ".join(zeros[:MOST_NAMED])
        more = f" and {len(zeros) - MOST_NAMED} more" if len(zeros) > MOST_NAMED else ""
        verb = "is" if len(zeros) == 1 else "are"
        said.append(f"{shown[0].upper()}{shown[1:]}{more} {verb} estimated as 0.")
    return said


def _in_order(spreads: Sequence[Named], correlations: Sequence[Named]) -> list[Named]:
    return sorted((*spreads, *correlations), key=lambda named: named[0] == RESIDUAL)


def _told(found: Sequence[Named], most: int = 2) -> str:
    """`x` is 0.12 SE from the optimum."""
    return "; ".join(f"{name} is {detail}" for name, detail in found[:most])


def _listed(found: Sequence[Named]) -> str:
    """The SD of x by g (17 % too small), the correlation ... (at its boundary)."""
    shown = [f"{name} ({detail})" for name, detail in found[:MOST_NAMED]]
    more = [f"{len(found) - MOST_NAMED} more"] if len(found) > MOST_NAMED else []
    parts = [*shown, *more]
    return parts[0] if len(parts) == 1 else f"{', '.join(parts[:-1])} or {parts[-1]}"
