"""The call: which function of R fits a model, with which arguments and which control.

    kind of model    linear         generalized     with a parameter of its own in the family
    mixed            lmer           glmer           glmer.nb
    plain            lm             glm             MASS::glm.nb
    with a prior     blme::blmer    blme::bglmer    blme::bglmer, at the theta that glmer.nb estimates

Formulas come as text, in R's own syntax; the data frame is always `d` and the fit is always `m`.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Literal

from mmtriage.arrays import Array
from mmtriage.formula.text import quote_name
from mmtriage.ladder.emitted.r_values import r_logical, r_string, r_vector
from mmtriage.model.family_names import LAPLACE, default_link
from mmtriage.optimizers import OPTIMIZERS
from mmtriage.options import TriageOptions

CallKind = Literal["mixed", "plain", "prior", "fixed prior"]
# Kind of model -> R's function for a linear one, a generalized one, and one whose family has a parameter.
FUNCTIONS: dict[CallKind, tuple[str, str, str]] = {
    "mixed": ("lmer", "glmer", "glmer.nb"),
    "plain": ("lm", "glm", "MASS::glm.nb"),
    "prior": ("blme::blmer", "blme::bglmer", "blme::bglmer"),
    "fixed prior": ("blme::blmer", "blme::bglmer", "blme::bglmer"),
}
PRIORS: dict[CallKind, list[str]] = {
    "prior": ["cov.prior = wishart"],
    "fixed prior": ["cov.prior = NULL", "fixef.prior = normal(sd = c(10, 2.5))"],  # blme's default SDs, said
}
# blme's posterior is infinite where a variance is zero, at which optimizers with a quadratic model give up.
PRIOR_OPTIMIZER = "Nelder_Mead"
# The first stage of glmer() knows nothing of a prior on the fixed effects: under separation it has no end.
NO_FIRST_STAGE = "nAGQ0initStep = FALSE"
ESTIMATED_FAMILY = 'MASS::negative.binomial(theta = getME(m, "glmer.nb.theta"))'  # blme cannot estimate theta


def r_call(
    options: TriageOptions, formula: str, *, kind: CallKind = "mixed", start: Array | None = None
) -> list[str]:
    """The lines that fit a formula; `start` is beta (p,) of a plain model, theta (m,) of a mixed one."""
    lines = []
    if kind in PRIORS and _family_is_estimated(options):
        lines.append(f"m <- glmer.nb({', '.join(_arguments(options, formula, 'mixed'))})")
    arguments = _arguments(options, formula, kind)
    if start is not None:
        arguments.append(f"start = {_start(options, kind, start)}")
    control = _control(options, kind)
    if control is not None:
        settings = "lmerControl" if options.is_linear else "glmerControl"
        arguments.append(f"control = {settings}({control})")
    return [*lines, f"m <- {r_function(options, kind)}({', '.join(arguments)})"]


def r_function(options: TriageOptions, kind: CallKind) -> str:
    """The R function that fits such a model."""
    linear, generalized, negative_binomial = FUNCTIONS[kind]
    if _family_is_estimated(options):
        return negative_binomial
    return linear if options.is_linear else generalized


def r_restart(options: TriageOptions) -> str:
    """The line that fits `m` again from where it ended."""
    theta = 'getME(m, "theta")'
    start = theta if options.is_linear else f"list(theta = {theta}, fixef = fixef(m))"
    return f"m <- update(m, start = {start})"


def _start(options: TriageOptions, kind: CallKind, values: Array) -> str:
    """A starting point; the generalized functions take theta as one part of a list."""
    is_part = kind != "plain" and not options.is_linear
    return f"list(theta = {r_vector(values)})" if is_part else r_vector(values)


def _family_is_estimated(options: TriageOptions) -> bool:
    """Whether the family has a parameter of its own, for which R has functions of their own."""
    return options.family == "negative.binomial"


def _arguments(options: TriageOptions, formula: str, kind: CallKind) -> list[str]:
    arguments = [formula, "data = d", *_likelihood(options, kind)]
    for name, column in (("weights", options.weights), ("offset", options.offset)):
        if column is not None:
            arguments.append(f"{name} = {quote_name(column)}")
    if options.subset is not None:
        arguments.append(f"subset = {options.subset}")
    if options.contrasts:
        pairs = (
            f"{quote_name(column)} = {r_string(f'contr.{coding}')}"
            for column, coding in options.contrasts.items()
        )
        arguments.append(f"contrasts = list({', '.join(pairs)})")
    return [*arguments, *PRIORS.get(kind, [])]


def _likelihood(options: TriageOptions, kind: CallKind) -> list[str]:
    """The arguments that say which likelihood it is."""
    if options.is_linear:
        return [] if kind == "plain" else [f"REML = {r_logical(options.reml)}"]
    arguments = []
    if not _family_is_estimated(options):
        arguments.append(f"family = {_family(options)}")
    elif kind in PRIORS:
        arguments.append(f"family = {ESTIMATED_FAMILY}")
    if kind != "plain" and options.nagq != LAPLACE:
        arguments.append(f"nAGQ = {options.nagq}")
    return arguments


def _family(options: TriageOptions) -> str:
    """The family as R users write it: `binomial`, `binomial("probit")` where the link is not the default."""
    is_default = options.link_name == default_link(options.family)
    return options.family if is_default else f"{options.family}({r_string(options.link_name)})"


def _control(options: TriageOptions, kind: CallKind) -> str | None:
    """The settings that the options, or the kind of model, ask for; None where R's own will do."""
    if kind == "plain":
        return None
    if kind == "prior":
        return _settings([PRIOR_OPTIMIZER])
    own = options.has_own_optimizer or options.maxfun is not None
    settings = [_settings(options.stages, options.maxfun)] if own else []
    if kind == "fixed prior" and not options.is_linear:
        settings.insert(0, NO_FIRST_STAGE)
    return ", ".join(settings) or None


def _settings(stages: Sequence[str], budget: int | None = None) -> str:
    """The arguments of lmerControl() or glmerControl() that give each stage its optimizer, and the budget."""
    optimizers = [OPTIMIZERS[stage] for stage in dict.fromkeys(stages)]
    names = ", ".join(r_string(optimizer.r_name) for optimizer in optimizers)
    settings = [optimizer.r_settings for optimizer in optimizers if optimizer.r_settings]
    if budget is not None:
        settings += dict.fromkeys(f"{optimizer.r_budget} = {budget}" for optimizer in optimizers)
    control = f"optimizer = {names if len(optimizers) == 1 else f'c({names})'}"
    return f"{control}, optCtrl = list({', '.join(settings)})" if settings else control
