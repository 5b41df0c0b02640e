"""The call: which function of R fits a model, with which arguments and which control.

Formulas come as text, in R's own syntax; the data frame is always `d` and the fit is always `m`.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Literal

from mmtriage import figures
from mmtriage.arrays import Array
from mmtriage.formula import parse_formula
from mmtriage.formula.structured import UNSTRUCTURED
from mmtriage.formula.text import quote_name
from mmtriage.ladder.emitted.r_values import r_condition, r_logical, r_string, r_vector
from mmtriage.model.family_names import LAPLACE, default_link
from mmtriage.model.spec import ModelSpec, RFunction
from mmtriage.optimizers import OPTIMIZERS, TIGHTENED
from mmtriage.options import TriageOptions

CallKind = Literal["mixed", "tight", "plain", "prior", "fixed prior"]
# Kind of call -> lme4's function for the model -> the function that is called instead.
FUNCTIONS: dict[CallKind, dict[RFunction, str]] = {
    "mixed": {"lmer": "lmer", "glmer": "glmer", "glmer.nb": "glmer.nb"},
    "tight": {"lmer": "lmer", "glmer": "glmer", "glmer.nb": "glmer.nb"},
    "plain": {"lmer": "lm", "glmer": "glm", "glmer.nb": "MASS::glm.nb"},
    "prior": {"lmer": "blme::blmer", "glmer": "blme::bglmer", "glmer.nb": "blme::bglmer"},
    "fixed prior": {"lmer": "blme::blmer", "glmer": "blme::bglmer", "glmer.nb": "blme::bglmer"},
}
PRIORS: dict[CallKind, list[str]] = {
    "prior": ["cov.prior = wishart"],
    "fixed prior": ["cov.prior = NULL", "fixef.prior = normal(sd = c(10, 2.5))"],  # blme's default SDs, said
}
# blme's posterior is infinite where a variance is zero, at which optimizers with a quadratic model give up.
PRIOR_OPTIMIZER = "Nelder_Mead"
# The first stage of glmer() knows nothing of a prior on the fixed effects: under separation it has no end.
NO_FIRST_STAGE = "nAGQ0initStep = FALSE"
# What R does not have by itself, and lme4 does not bring -> how a call shows that it is needed.
PACKAGES = {
    "blme": "blme::",
    "dfoptim": '"nmkbw"',
    "optimx": '"optimx"',
    "geepack": "geepack::",
    "brglm2": "brglm2::",
}
R_SUMMARY = "summary(m, use.hessian = FALSE)"  # standard errors from RX
R_KENWARD_ROGER = 'summary(lmerTest::as_lmerModLmerTest(m), ddf = "Kenward-Roger")'
ESTIMATED_FAMILY = 'MASS::negative.binomial(theta = getME(m, "glmer.nb.theta"))'  # blme cannot estimate theta


def r_call(
    options: TriageOptions,
    formula: str,
    *,
    kind: CallKind = "mixed",
    start: Array | None = None,
    beta: Array | None = None,
    tolerance: float | None = None,
) -> list[str]:
    """The lines that fit a formula.

    Args:
        start: beta (p,) of a plain model, theta (m,) of a mixed one.
        beta: (p,) of a mixed model, beside theta: glmer starts there, without its first stage.
        tolerance: glmer's tolPwrss; None: lme4's.
    """
    spec, lines = options.spec, []
    if kind in PRIORS and spec.r_function == "glmer.nb":
        lines.append(f"m <- glmer.nb({', '.join(call_arguments(options, formula, 'mixed'))})")
    arguments = call_arguments(options, formula, kind)
    if start is not None:
        arguments.append(f"start = {_start(spec, kind, start, beta)}")
    control = _control(options, kind, tolerance)
    if beta is not None:
        control = ", ".join(filter(None, (NO_FIRST_STAGE, control)))
    if control is not None:
        arguments.append(f"control = {spec.r_control}({control})")
    return [*lines, f"m <- {r_function(spec, kind)}({', '.join(arguments)})"]


def r_function(spec: ModelSpec, kind: CallKind) -> str:
    """The R function that fits such a model."""
    return FUNCTIONS[kind][spec.r_function]


def r_packages(call: Sequence[str]) -> list[str]:
    """A remark on what must be installed beside lme4 for a call to run."""
    text = "\n".join(call)
    needed = [package for package, mark in PACKAGES.items() if mark in text]
    named = ", ".join(map(r_string, needed))
    return [f"# needs install.packages({named if len(needed) == 1 else f'c({named})'})"] if needed else []


def r_allfit(spec: ModelSpec) -> str:
    """A remark on how to see in R what every optimizer makes of `m`."""
    from_lme4s_start = ", start_from_mle = FALSE" if spec.version.allfit_starts_at_fit else ""
    return f"# every optimizer, each from lme4's own start: allFit(m{from_lme4s_start})"


def r_restart(spec: ModelSpec, formula: str) -> str:
    """The line that fits `m` again from where it ended: of a structured term by its own parameters."""
    is_plain = all(bar.structure == UNSTRUCTURED for bar in parse_formula(formula).random)
    theta = 'getME(m, "theta")' if is_plain else 'getME(m, "par")'
    start = theta if spec.r_function == "lmer" else f"list(theta = {theta}, fixef = fixef(m))"
    return f"m <- update(m, start = {start})"


def _start(spec: ModelSpec, kind: CallKind, values: Array, beta: Array | None) -> str:
    """A starting point; all mixed models but lmer's take theta as one part of a list."""
    if beta is not None:
        return f"list(theta = {r_vector(values, digits=8)}, fixef = {r_vector(beta, digits=8)})"
    if kind == "mixed" and spec.r_function == "lmer":
        return r_vector(values, digits=8)
    is_part = kind != "plain" and spec.r_function != "lmer"
    return f"list(theta = {r_vector(values)})" if is_part else r_vector(values)


def call_arguments(options: TriageOptions, formula: str, kind: CallKind) -> list[str]:
    """The arguments of a call, without start and control."""
    arguments = [formula, "data = d", *_likelihood(options.spec, kind)]
    for name, column in (("weights", options.weights), ("offset", options.offset)):
        if column is not None:
            arguments.append(f"{name} = {quote_name(column)}")
    if options.subset is not None:
        arguments.append(f"subset = {r_condition(options.subset)}")
    if options.contrasts:
        pairs = (
            f"{quote_name(column)} = {r_string(f'contr.{coding}')}"
            for column, coding in options.contrasts.items()
        )
        arguments.append(f"contrasts = list({', '.join(pairs)})")
    return [*arguments, *PRIORS.get(kind, [])]


def _likelihood(spec: ModelSpec, kind: CallKind) -> list[str]:
    """The arguments that say which likelihood it is."""
    if spec.r_function == "lmer":
        return [] if kind == "plain" else [f"REML = {r_logical(spec.reml)}"]
    arguments = []
    if spec.r_function == "glmer":
        arguments.append(f"family = {_family(spec)}")
    elif kind in PRIORS:
        arguments.append(f"family = {ESTIMATED_FAMILY}")
    if kind != "plain" and spec.nagq != LAPLACE:
        arguments.append(f"nAGQ = {spec.nagq}")
    return arguments


def _family(spec: ModelSpec) -> str:
    """The family as R users write it: `binomial`, `binomial("probit")` where the link is not the default."""
    is_default = spec.link == default_link(spec.family)
    if spec.held_nb_theta is not None:
        link = "" if is_default else f", link = {r_string(spec.link)}"
        return f"MASS::negative.binomial(theta = {spec.held_nb_theta!r}{link})"
    return spec.family if is_default else f"{spec.family}({r_string(spec.link)})"


def _control(options: TriageOptions, kind: CallKind, tolerance: float | None) -> str | None:
    """The settings that the options, or the kind of model, ask for; None where R's own will do."""
    if kind == "plain":
        return None
    if kind == "prior":
        return _settings([PRIOR_OPTIMIZER])
    if kind == "tight":
        return f"optCtrl = list({TIGHTENED.r_settings})"
    own = options.has_own_optimizer or options.maxfun is not None
    settings = [_settings(options.stages, options.maxfun)] if own else []
    if kind == "fixed prior" and options.spec.r_function != "lmer":
        settings.insert(0, NO_FIRST_STAGE)
    if tolerance is not None:
        settings.append(f"tolPwrss = {figures.tidy(tolerance)}")
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
