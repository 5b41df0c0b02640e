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

import time
from collections.abc import Callable, Sequence
from functools import partial

import numpy as np

from mmtriage.arrays import Array
from mmtriage.diagnose.finding import Said, finding, not_assessed
from mmtriage.diagnose.severity import Severity
from mmtriage.engine.comparison import Prepared
from mmtriage.engine.lme4.outcome import Lme4Failure, Lme4Run
from mmtriage.ladder.attempts import IMPROVED, reaches_optimum, same_model_attempt
from mmtriage.ladder.case import Case
from mmtriage.ladder.clusters import Candidate, ClusterVerdict, adjudicate
from mmtriage.ladder.records import Attempt, Remedy, RungResult, RungStatus
from mmtriage.ladder.remedies.measured import same_model_remedy
from mmtriage.optimizers import ALLFIT, ALLFIT_MAXFUN, OPTIMIZERS
from mmtriage.processes import run_all

Runner = Callable[..., Lme4Run | Lme4Failure]

NEGLIGIBLE_SHARE = 0.01  # of sigma per average row: a random effect smaller than this is as good as absent
OTHER_IN_R = ("SLSQP", "pybobyqa")  # the emitted R code calls another optimizer than the one that was tried
OURS = "mmtriage"  # the search that proves the optimum: Newton on exact derivatives


def applies(case: Case) -> str | None:
    """Why this rung is skipped, or None."""
    if case.verdict.status in ("singular", "unidentifiable"):
        return "the optimum itself is the trouble; another optimizer ends in the same place"
    return None


def climb(case: Case) -> RungResult:
    """Run them all, then adjudicate."""
    runs: list[tuple[str, Lme4Run | Lme4Failure]] = []
    attempts: list[Attempt] = []
    task = partial(_timed_run, case.bench.run, case.comparison.prepared, case.options.maxfun)
    for name, (run, seconds) in zip(ALLFIT, run_all(task, ALLFIT, jobs=case.options.jobs), strict=True):
        runs.append((name, run))
        attempts.append(same_model_attempt(case, name, run, seconds))
    attempts.append(_own_attempt(case))
    verdict = judge_runs(case, runs)
    status, reason = _status(case, attempts, verdict)
    remedies = _remedies(case, attempts) if status == "cleared" else ()
    return RungResult(
        rung=3, id="allfit", status=status, reason=reason, attempts=tuple(attempts), remedies=remedies
    )


def _timed_run(
    run: Runner, prepared: Prepared, maxfun: int | None, name: str
) -> tuple[Lme4Run | Lme4Failure, float]:
    began, optimizer = time.perf_counter(), OPTIMIZERS[name]
    made = run(prepared, optimizers=[optimizer], maxfun=maxfun or round(optimizer.share * ALLFIT_MAXFUN))
    return made, time.perf_counter() - began


def judge_runs(case: Case, runs: Sequence[tuple[str, Lme4Run | Lme4Failure]]) -> ClusterVerdict:
    """What the ends of all runs and the proven optimum say together."""
    candidates = [_candidate(case, name, run) for name, run in runs]
    fit = case.comparison.optimum_fit
    optimum = Candidate(OURS, "Newton", fit.criterion, fit.beta, fit.covariances)
    return adjudicate(candidates, optimum, fit.se, _negligible(case))


def _negligible(case: Case) -> list[Array]:
    """Standard deviations (k,) per term that move an average row by less than a hundredth of sigma."""
    sigma = case.comparison.optimum_fit.sigma
    sizes = [np.sqrt(np.mean(term.Z**2, axis=0)) for term in case.design.random]
    return [NEGLIGIBLE_SHARE * sigma / np.maximum(size, 1e-100) for size in sizes]


def disagreement(case: Case, ladder: Sequence[RungResult]) -> Sequence[Said]:
    """Find MM405, if optimizers were compared and did not agree."""
    result = next((r for r in ladder if r.id == "allfit" and r.attempts), None)
    if result is None:
        return [not_assessed("MM405", "the other optimizers were not run (--all-rungs runs them)")]
    if case.options.maxfun is not None:
        return []  # under the user's own budget a failure says nothing about the model
    others = [a for a in result.attempts if a.optimizer != OURS]
    failed = [a.label for a in others if not a.certified]
    if not failed:
        return []
    message = (
        f"{len(failed)} of {len(others)} optimizers do not reach the proven optimum: {', '.join(failed)}; "
        "a higher criterion means that the optimizer failed, not that there is a second answer"
    )
    severity: Severity = "warning" if case.verdict.status == "not_converged" else "info"
    gaps = tuple((a.label, a.gap) for a in others)
    return [
        finding("MM405", message, severity=severity, failed=len(failed), optimizers=len(others), gaps=gaps)
    ]


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
    words = _words(verdict)
    if not case.is_suspect:
        return "not_needed", f"nothing is wrong; {words}"
    if any(reaches_optimum(case, a) for a in attempts[:-1]):
        return "cleared", words
    if verdict.agreement == "no_evidence":
        return "failed", words
    best = min(a.criterion for a in attempts[:-1] if a.criterion is not None)
    improved = best < case.before - IMPROVED
    return ("improved" if improved else "no_effect"), words


def _words(verdict: ClusterVerdict) -> str:
    total = len(verdict.reached) + len(verdict.failed)
    match verdict.agreement:
        case "no_evidence":
            nobody = f"none of {total} optimizers reaches the proven optimum"
            return f"{nobody}: that is no evidence for or against it"
        case "not_identified":
            return (
                f"{len(verdict.reached)} of {total} optimizers reach the same criterion with different "
                "parameters: the data do not determine them"
            )
        case "agree":
            families = f"of {verdict.kinds} families"
            return f"all {total} optimizers, {families}, reach the proven optimum and agree on it"
        case "one_kind":
            return f"all {total} optimizers agree, but they are of one family: one witness"
        case "disagree":
            return (
                f"{len(verdict.reached)} of {total} optimizers, of {verdict.kinds} "
                f"{'family' if verdict.kinds == 1 else 'families'}, reach the proven optimum; "
                f"{', '.join(verdict.failed)} failed (higher criterion)"
            )


def _clear_too(others: int) -> str:
    """`1 other optimizer clears`, `3 other optimizers clear`."""
    return "1 other optimizer clears" if others == 1 else f"{others} other optimizers clear"


def _remedies(case: Case, attempts: Sequence[Attempt]) -> tuple[Remedy, ...]:
    """The cheapest optimizer that clears it: one remedy, since the table of attempts shows the others.

    One of lme4's own comes before a stand-in, whose emitted R code calls an optimizer that nobody has tried.
    """
    clearing = [a for a in attempts[:-1] if reaches_optimum(case, a)]
    best = min(clearing, key=lambda a: (a.optimizer in OTHER_IN_R, a.evaluations or 0, a.label))
    assert best.optimizer is not None
    optimizer = OPTIMIZERS[best.optimizer]
    others = len(clearing) - 1
    caveats = [f"{_clear_too(others)} it too" if others else "the only optimizer that clears it"]
    stands_in = optimizer.name not in optimizer.r_name and not optimizer.name.startswith("nloptwrap")
    if stands_in:
        caveats.append(f"{optimizer.name}: {optimizer.note}")
    return (
        same_model_remedy(
            case,
            best,
            id="allfit",
            rung=3,
            title=f"Use the optimizer {best.optimizer}",
            code=case.commands.of(optimizer=best.optimizer).both(case.formula.to_text()),
            changes="nothing: the same model by another optimizer",
            caveats=caveats,
        ),
    )
