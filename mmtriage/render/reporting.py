"""A text for the paper: model, method, what was changed and why (Meteyard & Davies 2020, J. Mem. Lang. 112).

It says what the report knows, in sentences that can stand in a methods section; what only the author knows,
why these effects and what was planned, is for him to add (`mmtriage explain reporting`).
"""

from __future__ import annotations

from collections.abc import Iterator

from mmtriage import figures
from mmtriage.ladder.rank import is_rejected
from mmtriage.ladder.records import Remedy
from mmtriage.report.facts import Report

OF_OPTIMUM = "; the estimates are those of the optimum"
DF_WORDS = {"Satterthwaite": "Satterthwaite's", "Kenward-Roger": "Kenward and Roger's"}


def for_the_paper(report: Report) -> str | None:
    """Two or three sentences; None where nothing was settled that could be reported."""
    if report.verdict.status == "undetermined" or report.reference is None:
        return None
    return " ".join([_model(report), *_outcome(report)])


def _model(report: Report) -> str:
    """What was fitted, by what, to how many."""
    model = report.model
    groups = " and ".join(f"{levels:,} levels of {name}" for name, levels in model.groups.items())
    how: str = model.method
    if model.spec.is_approximated:
        how = f"{model.family}, {model.link} link, {'Laplace' if model.nagq == 1 else f'nAGQ = {model.nagq}'}"
    used = [
        f"{what} {value}" for what, value in (("weights", model.weights), ("offset", model.offset)) if value
    ]
    tests = _tests(report)
    details = "; ".join([how, *used, f"{model.n_obs:,} observations, {groups}", *tests])
    return f"We fitted {model.formula} ({details})."


def _tests(report: Report) -> Iterator[str]:
    effects = () if report.reference is None else report.reference.fixed_effects
    methods = dict.fromkeys(effect.df_method for effect in effects if effect.df_method)
    if methods:
        yield f"t tests with {' and '.join(DF_WORDS[method] for method in methods)} df"


def _outcome(report: Report) -> Iterator[str]:
    """What came of it, and what was changed."""
    who, best = report.fitted_by, next(iter(report.remedies), None)
    repaired = "" if best is None or best.scope != "same_model" else _done(best)
    match report.verdict.status:
        case "converged":
            yield "The fit is at its optimum, as exact derivatives confirmed (mmtriage)."
        case "false_alarm":
            yield (
                f"{who} warned of convergence; exact derivatives showed the fit to be at its optimum "
                "(mmtriage)."
            )
        case "not_converged":
            fit = f"{figures.possessive(who)} {'' if report.is_given else 'default '}fit"
            yield f"{fit} {_short(report)}{repaired or OF_OPTIMUM}."
        case "wrong_se":
            yield f"Standard errors by finite differences were wrong{repaired}."
    if report.verdict.status != "unidentifiable" and report.singular_terms:
        yield from _singular(report)
    if report.verdict.status == "unidentifiable":
        chosen = f"; we report {best.formula}" if best is not None and best.clears and best.formula else ""
        yield f"The data do not determine all of its parameters{chosen}."


def _short(report: Report) -> str:
    gap, optimum = report.verdict.gap, report.reference
    if gap is None or optimum is None:
        return "did not reach the optimum"
    above = f"{figures.gap(gap, optimum.criterion)} units of deviance"
    software = None if report.baseline is None else report.baseline.software
    if software is not None and software.prior is not None:
        return f"lies {above} above the optimum without its prior ({software.prior})"
    return f"stopped {above} short of the optimum"


def _singular(report: Report) -> Iterator[str]:
    models = (r for r in report.remedies if r.clears and r.scope == "changes_model")
    others = (r for r in models if not is_rejected(r.delta_aic))
    smaller = next((r.formula for r in others if r.formula and r.formula != report.model.formula), None)
    other = "" if smaller is None else f" [or: we therefore report {smaller}]"
    yield f"A random-effects covariance was estimated at its boundary, and was kept{other}."


def _done(remedy: Remedy) -> str:
    """A remedy as something that was done."""
    words = {
        "rescale": "; after rescaling its predictors the same model reached it",
        "allfit": "; another optimizer reached it",
        "maxfun": "; with more evaluations it reached it",
        "restart": "; a restart reached it",
        "start": "; started there, the same model was fitted",
        "tight-stop": "; with stop rules of 1e-12 it reached it",
        "rx-errors": ", and were taken from the fit's own equations (use.hessian = FALSE)",
        "tight-pirls": ", and were computed again with tolPwrss = 1e-9",
    }
    return words.get(remedy.id, "")
