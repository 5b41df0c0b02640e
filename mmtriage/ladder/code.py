"""What to paste: the `mmtriage` command and the lme4 code that reproduce a fit."""

from __future__ import annotations

import shlex
from collections.abc import Sequence
from dataclasses import dataclass

from mmtriage.arguments import factors
from mmtriage.formula.text import quote, quote_name
from mmtriage.ladder.rung import Code
from mmtriage.options import DEFAULT_OPTIMIZER, TriageOptions


@dataclass(frozen=True, slots=True, kw_only=True)
class Commands:
    """Writes code for the present table and options."""

    source: str  # as the user named the table
    options: TriageOptions

    def mmtriage(self, formula: str, *, optimizer: str | None = None, maxfun: int | None = None) -> str:
        """The command that triages another formula, or the same one by another optimiser."""
        words = ["mmtriage", "fit", self.source, formula, *self.options.reading]
        words += _option_words(
            self.options, optimizer or self.options.optimizer, maxfun or self.options.maxfun
        )
        return shlex.join(words)

    def lmer(
        self,
        formula: str,
        *,
        control: str | None = None,
        before: Sequence[str] = (),
        call: str = "lmer",
        cov_prior: str | None = None,
    ) -> str:
        """R code: what must be done to the data frame `d` first, then the call."""
        arguments = [formula, "data = d"]
        if call != "lm":
            arguments.append(f"REML = {str(self.options.reml).upper()}")
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
        if cov_prior is not None:
            arguments.append(f"cov.prior = {cov_prior}")
        if control is not None:
            arguments.append(f"control = {control}")
        return "\n".join([*self._factors(), *before, f"m <- {call}({', '.join(arguments)})"])

    def _factors(self) -> list[str]:
        """R code that makes factors of the columns that were read as factors."""
        words = self.options.reading
        given = [value for flag, value in zip(words[::2], words[1::2], strict=True) if flag == "--factor"]
        lines = []
        for column, levels in factors(given).items():
            name = f"d${quote_name(column)}"
            order = "" if levels is None else f", levels = c({', '.join(quote(v, chr(34)) for v in levels)})"
            lines.append(f"{name} <- factor({name}{order})")
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
            lme4=self.lmer(formula, control=control, before=before),
        )


def _option_words(options: TriageOptions, optimizer: str, maxfun: int | None) -> list[str]:
    words: list[str] = [] if options.reml else ["--ml"]
    for flag in ("weights", "offset", "subset"):
        value = getattr(options, flag)
        if value is not None:
            words += [f"--{flag}", value]
    for column, kind in options.contrasts.items():
        words += ["--contrasts", f"{column}={kind}"]
    if optimizer != DEFAULT_OPTIMIZER:
        words += ["--optimizer", optimizer]
    if maxfun is not None:
        words += ["--maxfun", str(maxfun)]
    return words
