"""`change-link`: a link that keeps the mean where the family has a variance.

The inverse and identity links of Gamma, inverse Gaussian and Poisson models let the linear predictor reach
means that do not exist, a log link of a binomial one means above 1: there glmer's inner iteration (PIRLS) has
no value to go on with, and stops. With the log link, and the logit, every linear predictor is a mean.
"""

from __future__ import annotations

from collections.abc import Iterator

from mmtriage.ladder.case import Case, changed_model_attempt
from mmtriage.ladder.emitted.commands import Commands
from mmtriage.ladder.records import Attempt, Remedy
from mmtriage.ladder.remedies.measured import changed_model_remedy
from mmtriage.model.families import DEFAULT_LINKS

# Family -> the link all of whose linear predictors are means, and what its coefficients are.
SAFE = {
    "binomial": ("logit", "log odds ratios"),
    "poisson": ("log", "log ratios of means"),
    "Gamma": ("log", "log ratios of means"),
    "inverse.gaussian": ("log", "log ratios of means"),
}
BOUNDED = ("logit", "probit", "cloglog", "cauchit")  # of a binomial: in range, but they saturate


CAVEATS = ("another model of the mean: look at the fit, not only at whether it converges",)


def safe_link(family: str, link: str) -> tuple[str, str] | None:
    """A family's link that is always in range, and what it changes; None where the present one is it."""
    safe, coefficients = SAFE.get(family, (link, ""))
    if safe == link:
        return None
    return safe, f"the scale on which effects are additive: coefficients become {coefficients}"


def can_start_anywhere(family: str, link: str) -> bool:
    """Whether every linear predictor is a mean of the family."""
    return link in BOUNDED or (link == "log" and family != "gaussian" and family != "binomial")


def with_link(commands: Commands, link: str) -> Commands:
    """Commands for the same model with another link."""
    return commands.of(link=None if link == DEFAULT_LINKS[commands.options.family] else link)


def change_link(case: Case) -> Iterator[tuple[Attempt, Remedy]]:
    """The same formula with a link that stays in range, where the present one does not or PIRLS failed."""
    present = case.options.link_name
    safe = safe_link(case.options.family, present)
    if safe is None or not _is_in_trouble(case, present):
        return
    link, meaning = safe
    comparison = case.fit(case.build(case.formula, link=link))
    title = f"Use the {link} link"
    remedy = changed_model_remedy(
        case,
        comparison,
        id="change-link",
        rung=2,
        title=title,
        changes=meaning,
        caveats=CAVEATS,
        code=with_link(case.commands, link).both(case.formula.to_text()),
    )
    note = f"link {link} instead of {present}"
    yield changed_model_attempt(title, comparison, note=note), remedy


def _is_in_trouble(case: Case, link: str) -> bool:
    if "MM408" in case.codes or case.comparison.lme4 is None:
        return True
    leaves_range = link not in BOUNDED
    return leaves_range and case.verdict.status in ("not_converged", "false_alarm", "undetermined")
