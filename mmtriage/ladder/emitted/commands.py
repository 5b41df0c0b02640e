"""What to paste: the `mmtriage` command and the lme4 code that reproduce a fit."""

from __future__ import annotations

import shlex
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from typing import Any, Literal

import numpy as np

from mmtriage.data.convert import number, number_labels
from mmtriage.formula.text import quote, quote_name
from mmtriage.ladder.records import Code, SmallerId
from mmtriage.model.family_names import LAPLACE, default_link
from mmtriage.optimizers import OPTIMIZERS
from mmtriage.option_values import factors
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


@dataclass(frozen=True, slots=True, kw_only=True)
class Commands:
    """Writes code for the present table and options."""

    source: str  # as the user named the table
    options: TriageOptions
    reading: tuple[str, ...] = ()  # R code that reads the table, where a plain read.csv() would not do

    def of(self, **changes: Any) -> Commands:
        """Commands for another family, link or number of quadrature points: changes of the options."""
        return replace(self, options=replace(self.options, **changes))

    def mmtriage(self, formula: str, *, optimizer: str | None = None, maxfun: int | None = None) -> str:
        """The command that triages another formula, or the same one by another optimizer."""
        words = ["mmtriage", "fit", self.source, formula, *self.options.reading]
        changed = replace(
            self.options,
            optimizer=optimizer or self.options.optimizer,
            maxfun=maxfun or self.options.maxfun,
        )
        words += _option_words(changed)
        return shlex.join(words)

    def r_call(
        self,
        formula: str,
        *,
        kind: CallKind = "mixed",
        control: str | None = None,
        before: Sequence[str] = (),
        start: str | None = None,
    ) -> str:
        """R code: what must be done to the data frame `d` first, then the call.

        `control` is what goes into lmerControl() or glmerControl(), whichever it is; by default what the
        options ask for. `start` is an R expression.
        """
        lines = [*self.reading, *self._factors(), *before]
        if kind in PRIORS and self._family_is_estimated:
            lines.append(f"m <- glmer.nb({', '.join(self._arguments(formula, 'mixed'))})")
        arguments = self._arguments(formula, kind)
        if start is not None:
            arguments.append(f"start = {start}")
        control = control or self._control(kind)
        if control is not None:
            settings = "lmerControl" if self.options.is_linear else "glmerControl"
            arguments.append(f"control = {settings}({control})")
        return "\n".join([*lines, f"m <- {self.function(kind)}({', '.join(arguments)})"])

    def function(self, kind: CallKind) -> str:
        """The R function that fits such a model."""
        linear, generalized, negative_binomial = FUNCTIONS[kind]
        if self._family_is_estimated:
            return negative_binomial
        return linear if self.options.is_linear else generalized

    @property
    def plain_id(self) -> SmallerId:
        """How remedies name the model without random effects."""
        if self._family_is_estimated:
            return "glm.nb"
        return "lm" if self.options.is_linear else "glm"

    def restart(self) -> str:
        """R code that fits `m` again from where it ended."""
        theta = 'getME(m, "theta")'
        start = theta if self.options.is_linear else f"list(theta = {theta}, fixef = fixef(m))"
        return f"m <- update(m, start = {start})"

    @property
    def _family_is_estimated(self) -> bool:
        """Whether the family has a parameter of its own, for which R has functions of their own."""
        return self.options.family == "negative.binomial"

    def _model(self, kind: CallKind) -> list[str]:
        """The arguments that say which likelihood it is."""
        options = self.options
        if options.is_linear:
            return [] if kind == "plain" else [f"REML = {str(options.reml).upper()}"]
        arguments = []
        if not self._family_is_estimated:
            arguments.append(f"family = {r_family(options)}")
        elif kind in PRIORS:
            arguments.append(f"family = {ESTIMATED_FAMILY}")
        if kind != "plain" and options.nagq != LAPLACE:
            arguments.append(f"nAGQ = {options.nagq}")
        return arguments

    def _control(self, kind: CallKind) -> str | None:
        """The settings that the options, or the kind of model, ask for; None where R's own will do."""
        options = self.options
        if kind == "plain":
            return None
        if kind == "prior":
            return r_control([PRIOR_OPTIMIZER])
        own = _has_own_optimizer(options) or options.maxfun is not None
        settings = [r_control(options.stages, options.maxfun)] if own else []
        if kind == "fixed prior" and not options.is_linear:
            settings.insert(0, NO_FIRST_STAGE)
        return ", ".join(settings) or None

    def _arguments(self, formula: str, kind: CallKind) -> list[str]:
        arguments = [formula, "data = d", *self._model(kind)]
        for name, column in (("weights", self.options.weights), ("offset", self.options.offset)):
            if column is not None:
                arguments.append(f"{name} = {quote_name(column)}")
        if self.options.subset is not None:
            arguments.append(f"subset = {self.options.subset}")
        if self.options.contrasts:
            pairs = ", ".join(
                f'{quote_name(column)} = "contr.{kind}"' for column, kind in self.options.contrasts.items()
            )
            arguments.append(f"contrasts = list({pairs})")
        return [*arguments, *PRIORS.get(kind, [])]

    def _factors(self) -> list[str]:
        """R code that makes factors of the columns that were read as factors."""
        words = self.options.reading
        given = [value for flag, value in zip(words[::2], words[1::2], strict=True) if flag == "--factor"]
        lines = []
        for column, levels in factors(given).items():
            name = f"d${quote_name(column)}"
            lines.append(f"{name} <- factor({name}{_order(levels)})")
        return lines

    def both(
        self,
        formula: str,
        *,
        control: str | None = None,
        before: Sequence[str] = (),
        optimizer: str | None = None,
        maxfun: int | None = None,
    ) -> Code:
        """Both, for one formula."""
        return Code(
            mmtriage=self.mmtriage(formula, optimizer=optimizer, maxfun=maxfun),
            lme4=self.r_call(formula, control=control, before=before),
        )


def r_family(options: TriageOptions) -> str:
    """The family as R users write it: `binomial`, `binomial("probit")` where the link is not the default."""
    is_default = options.link_name == default_link(options.family)
    return options.family if is_default else f'{options.family}("{options.link_name}")'


def r_control(stages: Sequence[str], budget: int | None = None) -> str:
    """The arguments of lmerControl() or glmerControl() that give each stage its optimizer, and the budget."""
    optimizers = [OPTIMIZERS[stage] for stage in dict.fromkeys(stages)]
    quoted = ", ".join(f'"{optimizer.r_name}"' for optimizer in optimizers)
    settings = [optimizer.r_settings for optimizer in optimizers if optimizer.r_settings]
    if budget is not None:
        settings += dict.fromkeys(f"{optimizer.r_budget} = {budget}" for optimizer in optimizers)
    control = f"optimizer = {quoted if len(optimizers) == 1 else f'c({quoted})'}"
    return f"{control}, optCtrl = list({', '.join(settings)})" if settings else control


def r_vector(values: Iterable[float]) -> str:
    """Numbers as an R vector, of as many digits as a starting point needs."""
    return f"c({', '.join(f'{value:.4g}' for value in values)})"


def r_strings(values: Iterable[str]) -> str:
    """Text as an R vector."""
    return f"c({', '.join(quote(value, chr(34)) for value in values)})"


def _order(levels: Sequence[str] | None) -> str:
    """The arguments of factor() for listed levels; R compares labels, so `1.0` is not the number 1."""
    if levels is None:
        return ""
    numbers = [number(level) for level in levels]
    known = [value for value in numbers if value is not None]
    labels = list(levels) if len(known) < len(levels) else number_labels(np.array(known))
    wanted = f", levels = {r_strings(labels)}"
    return wanted if labels == list(levels) else f"{wanted}, labels = {r_strings(levels)}"


def _has_own_optimizer(options: TriageOptions) -> bool:
    return options.stages != replace(options, optimizer=None).stages


def _option_words(options: TriageOptions) -> list[str]:
    words = [] if options.family == "gaussian" else ["--family", options.family]
    if options.link is not None:
        words += ["--link", options.link]
    if options.nagq != LAPLACE:
        words += ["--nagq", str(options.nagq)]
    if not options.reml:
        words.append("--ml")
    for flag in ("weights", "offset", "subset"):
        value = getattr(options, flag)
        if value is not None:
            words += [f"--{flag}", value]
    for column, kind in options.contrasts.items():
        words += ["--contrasts", f"{column}={kind}"]
    if _has_own_optimizer(options):
        words += ["--optimizer", options.stages[0]]
    if options.maxfun is not None:
        words += ["--maxfun", str(options.maxfun)]
    return words
