"""`change-link`: a link that keeps the mean where the family has a variance.

The inverse and identity links of Gamma, inverse Gaussian and Poisson models let the linear predictor reach
means that do not exist, a log link of a binomial one means above 1: there glmer's inner iteration (PIRLS) has
no value to go on with, and stops. With the log link, and the logit, every linear predictor is a mean.
"""

from __future__ import annotations

from collections.abc import Iterator

from mmtriage.ladder.case import Case
from mmtriage.ladder.emitted.commands import Commands
from mmtriage.ladder.records import Proposal
from mmtriage.ladder.remedies.measured import arriving, changed_model
from mmtriage.model.family_names import default_link
from mmtriage.model.spec import ModelSpec

CAUSE = "MM408"  # pirls-failure

CAVEATS = ("another model of the mean: look at the fit, not only at whether it converges",)


def propose(case: Case) -> Iterator[Proposal]:
    """Propose a link that stays in range, where the present one does not or PIRLS failed."""
    spec = case.design.spec
    safe = safe_link(spec)
    if safe is None or not _is_in_trouble(case):
        return
    link, meaning = safe
    comparison = case.refit(case.formula, link=link)
    yield changed_model(
        case,
        comparison,
        id="change-link",
        title=title_of(link),
        changes=meaning,
        caveats=CAVEATS,
        note=f"link {link} instead of {spec.link}",
        code=arriving(with_link(case.commands, link), comparison).both(case.formula.to_text()),
    )


def safe_link(spec: ModelSpec) -> tuple[str, str] | None:
    """The link to advise and what it changes; None where there is none, or the model has it already."""
    safe = spec.distribution.safe_link
    if safe is None or safe == spec.link:
        return None
    coefficients = spec.distribution.coefficients
    return safe, f"the scale on which effects are additive: coefficients become {coefficients}"


def title_of(link: str) -> str:
    """The remedy's title."""
    return f"Use the {link} link"


def with_link(commands: Commands, link: str) -> Commands:
    """Commands for the same model with another link."""
    return commands.of(link=None if link == default_link(commands.options.family) else link)


def _is_in_trouble(case: Case) -> bool:
    if case.found(CAUSE) or case.comparison.lme4 is None:
        return True
    leaves_range = case.design.spec.link not in case.design.spec.distribution.safe_links
    return leaves_range and case.verdict.status in ("not_converged", "false_alarm", "undetermined")
