"""What to paste: the `mmtriage` command that asks for another model, and beside it the R code that fits it.

Rungs and remedies ask `Commands` for both and write no code themselves. The command is written here; the R
code is put together from what reads the table (`r_table`), what a remedy needs first (`r_columns`), what
the formula needs (`r_formula`) and the call (`r_call`).
"""

from __future__ import annotations

import shlex
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Any

from mmtriage.arrays import Array
from mmtriage.data.reading import IN_MEMORY, PLAINLY, Reading
from mmtriage.formula import parse_formula
from mmtriage.formula.text import quote_name
from mmtriage.ladder.emitted.python_call import mixedlm_call
from mmtriage.ladder.emitted.r_call import (
    R_KENWARD_ROGER,
    R_SUMMARY,
    CallKind,
    r_allfit,
    r_call,
    r_function,
    r_packages,
    r_restart,
)
from mmtriage.ladder.emitted.r_formula import for_r
from mmtriage.ladder.emitted.r_glmmtmb import r_glmmtmb
from mmtriage.ladder.emitted.r_table import STDIN, r_factors
from mmtriage.ladder.records import Code
from mmtriage.option_values import arguments_of
from mmtriage.options import TriageOptions, call_arguments, command_words


@dataclass(frozen=True, slots=True, eq=False)
class StartValues:
    """Parameters at which R is told to start."""

    theta: Array  # (m,)
    beta: Array | None  # (p,) of a generalized model; None: lme4 profiles it out


@dataclass(frozen=True, slots=True, kw_only=True)
class Commands:
    """Writes code for the present table and options."""

    source: str  # as the user named the table
    options: TriageOptions
    reading: Reading = PLAINLY  # how the user had the table read
    r_table: tuple[str, ...] = ()  # R code that reads it, where a plain read.csv() would not do
    texts: Mapping[str, tuple[str, ...]] = field(default_factory=dict)  # columns of text in `d` -> levels
    of_statsmodels: str | None = None  # the formula of the fit that is judged, where it was made by that
    start: StartValues | None = None  # where R is to start a mixed model; None: where lme4 starts

    def starting_at(self, theta: Array, beta: Array | None) -> Commands:
        """Have R start at theta (m,) and beta (p,), where its own start does not lead to an optimum."""
        return replace(self, start=StartValues(theta, beta))

    def of(self, **changes: Any) -> Commands:
        """Change the options: another family, link, number of points, optimizer or budget."""
        return replace(self, options=replace(self.options, **changes))

    def both(self, formula: str) -> Code:
        """Write the command and the R code of a formula."""
        command = self.mmtriage(formula) if self.options.can_be_said else None
        return Code(mmtriage=command, lme4=self.r_code(formula), python=self.python(formula))

    def python(self, formula: str) -> str | None:
        """Write statsmodels code of another formula, if that is what the user has and it can fit it."""
        if self.of_statsmodels is None or not self.options.is_linear:
            return None
        wanted = parse_formula(formula)
        if wanted == parse_formula(self.of_statsmodels):  # that call has been made, and its fit is judged
            return None
        return mixedlm_call(wanted, reml=self.options.reml)

    def in_r(
        self,
        formula: str,
        *,
        kind: CallKind = "mixed",
        before: Sequence[str] = (),
        start: Array | None = None,
        beta: Array | None = None,
        tolerance: float | None = None,
    ) -> Code:
        """Write R code alone, for what no command can ask: see `r_code`."""
        code = self.r_code(formula, kind=kind, before=before, start=start, beta=beta, tolerance=tolerance)
        return Code(mmtriage=None, lme4=code)

    def called(
        self, formula: str, write: Callable[[TriageOptions, str], str], *, before: Sequence[str] = ()
    ) -> Code:
        """Write R code alone, whose call is one of `r_marginal`."""
        return Code(mmtriage=None, lme4=self._around(formula, write, before))

    def summarized(self) -> Code:
        """Write what prints the other standard errors of the user's own fit `m`."""
        return Code(mmtriage=None, lme4=R_SUMMARY)

    def kenward_roger(self) -> Code:
        """Write what prints tests of the user's own fit `m` that count groups."""
        return Code(mmtriage=None, lme4=R_KENWARD_ROGER)

    def restarted(self, formula: str, restarts: int) -> Code:
        """Write a fit and so many restarts from where it ended; no command can ask for a restart."""
        lines = [self.r_code(formula), *[r_restart(self.options.spec, formula)] * restarts]
        is_said = not restarts and self.options.can_be_said
        return Code(mmtriage=self.mmtriage(formula) if is_said else None, lme4="\n".join(lines))

    def of_allfit(self, formula: str) -> Code:
        """Write a fit by one optimizer of allFit's, and how to see all of them in R."""
        code = self.both(formula)
        return replace(code, lme4=f"{code.lme4}\n{r_allfit(self.options.spec)}")

    def mmtriage(self, formula: str) -> str:
        """Write the command, or the Python call, that triages a formula on the same table."""
        if self.source in IN_MEMORY:
            arguments = ["d", repr(formula), *arguments_of(self.reading), *call_arguments(self.options)]
            return f"mmtriage.triage({', '.join(arguments)})"
        words = ["mmtriage", "fit", *_as_arguments(self.source, formula), *self.reading.words]
        return shlex.join([*words, *command_words(self.options)])

    def r_code(
        self,
        formula: str,
        *,
        kind: CallKind = "mixed",
        before: Sequence[str] = (),
        start: Array | None = None,
        beta: Array | None = None,
        tolerance: float | None = None,
    ) -> str:
        """Write R code: first what must be done to the data frame `d`, then the call.

        Args:
            before: lines of `r_columns` that the formula needs.
            start: where R is to start: beta (p,) of a plain model, theta (m,) of a mixed one.
            beta: of a mixed model, beside theta: glmer's first stage is then left out.
            tolerance: glmer's tolPwrss; None: lme4's.
        """
        if start is None and self.start is not None and kind == "mixed":
            start, beta = self.start.theta, self.start.beta

        def write(options: TriageOptions, written: str) -> str:
            call = r_call(options, written, kind=kind, start=start, beta=beta, tolerance=tolerance)
            return "\n".join([*call, *(r_glmmtmb(options, written) if kind == "mixed" else ())])

        return self._around(formula, write, before)

    def _around(self, formula: str, write: Callable[[TriageOptions, str], str], before: Sequence[str]) -> str:
        """Put before a call what it needs: packages, the table, its factors, and columns."""
        needed, formula = for_r(formula, frozenset(map(quote_name, self.reading.factors)), self.texts)
        call = write(self.options, formula)
        used = "\n".join([call, *self.options.contrasts, *before, *needed])
        lines = [*self.r_table, *r_factors(self.reading, used), *before, *needed]
        return "\n".join([*r_packages([call]), *lines, call])

    def r_function(self, kind: CallKind) -> str:
        """The R function that fits such a model."""
        return r_function(self.options.spec, kind)


def _as_arguments(source: str, formula: str) -> tuple[str, str]:
    """Words that a command does not take for options, though they begin as options do: `-x.csv`, `-y ~ x`."""
    is_path = source.startswith("-") and source != STDIN
    return f"./{source}" if is_path else source, f" {formula}" if formula.startswith("-") else formula
