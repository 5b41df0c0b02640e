"""One family of errors: what is wrong, where, and what to do.

Everything a user can get wrong is an `InputError` (exit code 2); what could not be judged is an
`UnjudgedError` (exit code 3). Both carry three sentences' worth of facts and never a traceback. Anything
else that escapes is a bug.
"""

from __future__ import annotations

import difflib
from collections.abc import Iterable
from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Span:
    """Half-open range of characters `[start, end)` in a source text."""

    start: int
    end: int

    def to(self, other: Span) -> Span:
        """The smallest span that covers both."""
        return Span(min(self.start, other.start), max(self.end, other.end))


class MmtriageError(Exception):
    """Base of the family.

    Args:
        message: what is wrong, with the offending value; one sentence without a final full stop is fine.
        where: the place in words ("column `x`, row 12", "option --subset").
        hint: what to do about it.
        text: the source text that `span` points into (a formula or an expression).
        span: the offending characters of `text`.
    """

    kind = "error"
    exit_code = 2

    def __init__(
        self,
        message: str,
        *,
        where: str | None = None,
        hint: str | None = None,
        text: str | None = None,
        span: Span | None = None,
    ) -> None:
        super().__init__(message)
        self.message = message
        self.where = where
        self.hint = hint
        self.text = text
        self.span = span

    def __str__(self) -> str:
        """All of it: the message with its place, the underlined text, the hint; each on its own lines."""
        head = f"{self.message} ({self.where})" if self.where else self.message
        return "\n".join(filter(None, [head, self.underlined(), self.hint]))

    def underlined(self) -> str | None:
        """The source text with the offending characters underlined on a second line, or None."""
        if self.text is None or self.span is None:
            return None
        width = max(1, self.span.end - self.span.start)
        return f"{self.text}\n{' ' * self.span.start}{'^' * width}"


class InputError(MmtriageError):
    """The user's input is wrong."""

    kind = "input"


class DataError(InputError):
    """A file, a table, a column or a value cannot be used."""

    kind = "data"


class FormulaError(InputError):
    """A formula or an expression cannot be read, or does not fit the table."""

    kind = "formula"


class OptionError(InputError):
    """An option is unknown, malformed, or makes no sense with another."""

    kind = "option"


class ConfigError(InputError):
    """The configuration of `mmtriage check` cannot be read, or says what makes no sense."""

    kind = "config"


class ModelError(InputError):
    """lme4 itself would refuse this model."""

    kind = "model"


class UnjudgedError(MmtriageError):
    """Nothing can be said with confidence: numerical failure or an exhausted time budget."""

    kind = "unjudged"
    exit_code = 3
    so_far: object = None  # the report (`report.facts.Report`) as far as it came, if it came that far


class InterruptedTriageError(MmtriageError):
    """The user has interrupted it."""

    kind = "interrupted"
    exit_code = 130  # as shells have it


class InterruptedTriage(KeyboardInterrupt):
    """A triage that was interrupted after it had something to say.

    Args:
        so_far: the report (`report.facts.Report`), with what is missing in `incomplete`.
    """

    def __init__(self, so_far: object) -> None:
        super().__init__()
        self.so_far = so_far


def nearest(name: str, known: Iterable[str]) -> str | None:
    """The known name closest to `name`, or None when nothing is close; case is ignored first."""
    candidates = list(known)
    folded = {candidate.casefold(): candidate for candidate in reversed(candidates)}
    if name.casefold() in folded:
        return folded[name.casefold()]
    close = difflib.get_close_matches(name.casefold(), folded, n=1, cutoff=0.6)
    return folded[close[0]] if close else None


def did_you_mean(name: str, known: Iterable[str]) -> str | None:
    """A hint "Did you mean `x`?" for a mistyped name, or None."""
    guess = nearest(name, known)
    return f"Did you mean `{guess}`?" if guess is not None else None
