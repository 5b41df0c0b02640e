"""Rung 3: every optimizer.

What it tries: the same model by every optimizer of lme4's allFit, by stand-ins under honest names, and by
our own Newton method.
Why it helps: optimizers of different families that end in the same place are witnesses for it; one that
ends higher has failed, and its estimates are not a second opinion.
What it changes: nothing; same model, same likelihood.
When it misleads: agreement of several optimizers proves nothing by itself: five of lme4's seven agree on
the wrong answer when `Days` is a calendar year. So the proven optimum is in the comparison.
References: lme4 ?allFit, ?convergence; lme4 issue 512 ("how to adjudicate?").
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Sequence
from dataclasses import replace

import numpy as np

from mmtriage import figures
from mmtriage.arrays import Array
from mmtriage.diagnose.verdict import GAP
from mmtriage.engine.lme4.outcome import Lme4Failure, Lme4Run
from mmtriage.engine.optimum.nearby import is_curved
from mmtriage.ladder.attempts import IMPROVED, reaches_optimum, reaches_singular_optimum, same_model_attempt
from mmtriage.ladder.by_each_optimizer import attempt_without_answer, run_by_each, with_note
from mmtriage.ladder.case import Case
from mmtriage.ladder.clusters import Candidate, ClusterVerdict, adjudicate
from mmtriage.ladder.disagreement import ANOTHER_OPTIMUM, OURS
from mmtriage.ladder.records import Attempt, Remedy, RungResult, RungStatus
from mmtriage.ladder.remedies.measured import same_model_remedy
from mmtriage.ladder.shares import share_of
from mmtriage.optimizers import ALLFIT, OPTIMIZERS
from mmtriage.processes import Died

NEGLIGIBLE_SHARE = 0.01  # of sigma per average row: a random effect smaller than this is as good as absent
OTHER_IN_R = ("SLSQP", "pybobyqa")  # the emitted R code calls another optimizer than the one that was tried
# Of lme4's own allFit, all but nlminbwrap.
LME4S = tuple(name for name in ALLFIT if name not in (*OTHER_IN_R, "COBYLA"))


def applies(case: Case) -> str | None:
    """Why this rung is skipped, or None."""
    if case.verdict.status in ("singular", "unidentifiable"):
        return "the optimum itself is the trouble; another optimizer ends in the same place"
    return None


def climb(case: Case) -> RungResult:
    """Run them all, then adjudicate."""
    runs: list[tuple[str, Lme4Run | Lme4Failure]] = []
    attempts: list[Attempt] = []
    maxfun = case.options.maxfun
    budgets = _budgets(case, ALLFIT)
    died: dict[str, Died] = {}
    for name, answer in run_by_each(case, budgets).items():
        if isinstance(answer, Died):
            died[name] = answer
            attempts.append(attempt_without_answer(case, name, answer))
            continue
        run, seconds = answer
        runs.append((name, run))
        attempt = same_model_attempt(case, name, run, seconds)
        attempts.append(attempt if maxfun else with_note(attempt, run, budgets[name]))
    elsewhere = at_other_optima(case, runs)
    attempts = [replace(a, note=ANOTHER_OPTIMUM) if a.label in elsewhere else a for a in attempts]
    attempts.append(_own_attempt(case))
    verdict = judge_runs(case, runs, elsewhere)
    status, reason = _status(case, attempts, verdict)
    reason += _from_the_fits_end(case)
    reason += "".join(f". {name} is not among them: its process {answer}" for name, answer in died.items())
    remedies = _remedies(case, attempts) if status in ("cleared", "reached") else ()
    return RungResult(
        rung=3, id="allfit", status=status, reason=reason, attempts=tuple(attempts), remedies=remedies
    )


def _budgets(case: Case, names: Iterable[str]) -> dict[str, int]:
    """The evaluations that each optimizer may take."""
    return {name: case.options.maxfun or share_of(OPTIMIZERS[name], case.comparison) for name in names}


def _from_the_fits_end(case: Case) -> str:
    """What allFit of lme4 2.x shows of a fit that stopped short: by default it starts where that ended."""
    comparison = case.comparison
    is_meant = case.options.spec.version.allfit_starts_at_fit
    if not is_meant or comparison.lme4 is None or case.verdict.status != "not_converged":
        return ""
    answers = run_by_each(case, _budgets(case, LME4S), start=comparison.lme4).values()
    ended = [answer[0] for answer in answers if not isinstance(answer, Died)]
    best = comparison.optimum_fit.criterion
    gaps = [run.criterion - best for run in ended if isinstance(run, Lme4Run) and np.isfinite(run.criterion)]
    arrived = sum(gap <= GAP for gap in gaps)
    where = "allFit of lme4 2.x starts where the fit ended, by default (start_from_mle = TRUE)"
    short = [gap for gap in gaps if gap > GAP]
    of_others = f"; the others stop up to {figures.gap(max(short), best)} short" if short else ""
    return f". {where}: from there {arrived} of {len(ended)} of its own reach it{of_others}"


def at_other_optima(case: Case, runs: Sequence[tuple[str, Lme4Run | Lme4Failure]]) -> tuple[str, ...]:
    """Names of the runs that ended at another local optimum: proven, curved, with a higher criterion.

    Of runs that ended with one criterion, the lowest is asked.
    """
    best = case.comparison.optimum_fit.criterion
    ended = [(run.criterion, name, run) for name, run in runs if isinstance(run, Lme4Run)]
    higher = sorted((c, name, run) for c, name, run in ended if np.isfinite(c) and c > best + GAP)
    found: list[str] = []
    asked, is_optimum = -np.inf, False
    for criterion, name, run in higher:
        if criterion > asked + GAP:
            asked = criterion
            is_optimum = case.comparison.prepared.curved_optimum_near(run, within=GAP) is not None
        if is_optimum:
            found.append(name)
    return tuple(found)


def judge_runs(
    case: Case, runs: Sequence[tuple[str, Lme4Run | Lme4Failure]], elsewhere: Collection[str] = ()
) -> ClusterVerdict:
    """What the ends of all runs and the proven optimum say together."""
    candidates = [_candidate(case, name, run) for name, run in runs]
    fit = case.comparison.optimum_fit
    optimum = Candidate(OURS, "Newton", fit.criterion, fit.beta, fit.covariances)
    return adjudicate(
        candidates,
        optimum,
        fit.se,
        _negligible(case),
        is_curved=is_curved(case.comparison.optimum.certificate),
        elsewhere=elsewhere,
    )


def _negligible(case: Case) -> list[Array]:
    """Standard deviations (k,) per term that move an average row by less than a hundredth of sigma."""
    sigma = case.comparison.optimum_fit.sigma
    sizes = [np.sqrt(np.mean(term.Z**2, axis=0)) for term in case.design.random]
    return [NEGLIGIBLE_SHARE * sigma / np.maximum(size, 1e-100) for size in sizes]


def _candidate(case: Case, name: str, run: Lme4Run | Lme4Failure) -> Candidate:
    kind = OPTIMIZERS[name].kind
    if isinstance(run, Lme4Failure):
        return Candidate(name, kind, float("inf"), case.comparison.optimum_fit.beta, ())
    try:
        fit = case.comparison.prepared.fit_of(run)
    except np.linalg.LinAlgError:  # it ended where the criterion has no value
        return Candidate(name, kind, float("inf"), case.comparison.optimum_fit.beta, ())
    return Candidate(name, kind, fit.criterion, fit.beta, fit.covariances)


def _own_attempt(case: Case) -> Attempt:
    comparison = case.comparison
    return Attempt(
        label=OURS,
        formula=case.formula.to_text(),
        optimizer=OURS,
        criterion=comparison.optimum_fit.criterion,
        gap=0.0,
        max_abs_gradient=None,
        evaluations=comparison.optimum.gradients,
        certified=comparison.optimum.certificate.certified,
        singular=comparison.is_singular,
        note="Newton on exact derivatives, several starts: the reference itself",
    )


def _status(case: Case, attempts: Sequence[Attempt], verdict: ClusterVerdict) -> tuple[RungStatus, str]:
    words = _words(verdict, case.optimum_name)
    if not case.is_suspect:
        return "not_needed", f"nothing is wrong; {words}"
    if any(reaches_optimum(case, a) for a in attempts[:-1]):
        return "cleared", words
    if any(reaches_singular_optimum(case, a) for a in attempts[:-1]):
        return "reached", f"{words}; that optimum is singular"
    if verdict.agreement == "no_evidence":
        return "failed", words
    best = min(a.criterion for a in attempts[:-1] if a.criterion is not None)
    improved = best < case.before - IMPROVED
    return ("improved" if improved else "no_effect"), words


def _words(verdict: ClusterVerdict, optimum: str) -> str:
    total = len(verdict.reached) + len(verdict.elsewhere) + len(verdict.failed)
    count = f"{len(verdict.reached)} of {total} optimizers"
    families = f"of {verdict.kinds} {'family' if verdict.kinds == 1 else 'families'}"
    match verdict.agreement:
        case "no_evidence":
            nobody = f"none of {total} optimizers reaches {optimum}"
            no_evidence = "that is no evidence for or against it"
            return f"{nobody}: {_others(verdict) if verdict.elsewhere else no_evidence}"
        case "not_identified":
            return (
                f"{count} reach the same criterion with different parameters: the data do not determine them"
            )
        case "just_short":
            rest = f"; {_others(verdict)}" if verdict.elsewhere or verdict.failed else ""
            return (
                f"{count} come within {GAP} deviance units of {optimum}, not all to the same "
                f"estimates: it is curved, some stop just short of it{rest}"
            )
        case "agree":
            return f"all {total} optimizers, {families}, reach {optimum} and agree on it"
        case "one_kind":
            return f"all {total} optimizers agree, but they are of one family: one witness"
        case "disagree":
            return f"{count}, {families}, reach {optimum}; {_others(verdict)}"


def _others(verdict: ClusterVerdict) -> str:
    """What became of those that did not reach the optimum."""
    parts = []
    if verdict.elsewhere:
        ends = "ends" if len(verdict.elsewhere) == 1 else "end"
        parts.append(f"{', '.join(verdict.elsewhere)} {ends} at another local optimum (higher criterion)")
    if verdict.failed:
        parts.append(f"{', '.join(verdict.failed)} failed (higher criterion)")
    return "; ".join(parts)


def _others_too(others: int) -> str:
    """`1 other optimizer reaches it too`."""
    if not others:
        return "the only optimizer that reaches the optimum"
    return f"{others} other {'optimizer reaches' if others == 1 else 'optimizers reach'} the optimum too"


def _remedies(case: Case, attempts: Sequence[Attempt]) -> tuple[Remedy, ...]:
    """The cheapest optimizer that clears it: one remedy, since the table of attempts shows the others.

    One of lme4's own comes before a stand-in, whose emitted R code calls an optimizer that nobody has tried.
    """
    arrivals = [a for a in attempts[:-1] if reaches_singular_optimum(case, a)]
    clearing = [a for a in attempts[:-1] if reaches_optimum(case, a)] or arrivals
    best = min(clearing, key=lambda a: (a.optimizer in OTHER_IN_R, a.evaluations or 0, a.label))
    assert best.optimizer is not None
    optimizer = OPTIMIZERS[best.optimizer]
    others = len(clearing) - 1
    caveats = [_others_too(others)]
    stands_in = optimizer.name not in optimizer.r_name and not optimizer.name.startswith("nloptwrap")
    if stands_in:
        caveats.append(f"{optimizer.name}: {optimizer.note}")
    return (
        same_model_remedy(
            case,
            best,
            id="allfit",
            clears=reaches_optimum(case, best),
            rung=3,
            title=f"Use the optimizer {best.optimizer}",
            code=case.commands.of(optimizer=best.optimizer).of_allfit(case.formula.to_text()),
            changes="nothing: the same model by another optimizer",
            caveats=caveats,
        ),
    )
