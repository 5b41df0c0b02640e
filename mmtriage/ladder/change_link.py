"""`change-link`: a link that keeps the mean where the family has a variance.

The inverse and identity links of Gamma, inverse Gaussian and Poisson models let the linear predictor reach
means that do not exist, a log link of a binomial one means above 1: there glmer's inner iteration (PIRLS) has
no value to go on with, and stops. With the log link, and the logit, every linear predictor is a mean.
"""

from __future__ import annotations

from collections.abc import Iterator

from mmtriage.ladder.case import Case, changed_model_attempt
from mmtriage.ladder.remedies import changed_model_remedy
from mmtriage.ladder.rung import Attempt, Remedy
from mmtriage.model.families import DEFAULT_LINKS

# Family -> the link all of whose linear predictors are means, and what its coefficients are.
SAFE = {
    "binomial": ("logit", "log odds ratios"),
    "poisson": ("log", "log ratios of means"),
    "Gamma": ("log", "log ratios of means"),
    "inverse.gaussian": ("log", "log ratios of means"),
}
BOUNDED = ("logit", "probit", "cloglog", "cauchit")  # of a binomial: in range, but they saturate


def change_link(case: Case) -> Iterator[tuple[Attempt, Remedy]]:
    """The same formula with a link that stays in range, where the present one does not or PIRLS failed."""
    family, present = case.options.family, case.options.link_name
    link, coefficients = SAFE.get(family, (present, ""))
    if link == present or not _is_in_trouble(case, present):
        return
    trial = case.fit(case.build(case.formula, link=link))
    commands = case.commands.of(link=None if link == DEFAULT_LINKS[family] else link)
    title = f"Use the {link} link"
    remedy = changed_model_remedy(
        case,
        trial,
        id="change-link",
        rung=2,
        title=title,
        changes=f"the scale on which effects are additive: coefficients become {coefficients}",
        caveats=("another model of the mean: look at the fit, not only at whether it converges",),
        code=commands.both(case.formula.to_text()),
    )
    note = f"link {link} instead of {present}"
    yield changed_model_attempt(title, trial, note=note), remedy


def _is_in_trouble(case: Case, link: str) -> bool:
    if "MM408" in case.codes or case.trial.baseline is None:
        return True
    leaves_range = link not in BOUNDED
    return leaves_range and case.verdict.status in ("not_converged", "false_alarm", "undetermined")
