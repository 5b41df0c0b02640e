"""What a verdict rests on, part by part, for every format that is read by people."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from mmtriage.render import labels, sentences, tables
from mmtriage.render.df_note import df_notes
from mmtriage.render.tables import Grid
from mmtriage.report.facts import Report


@dataclass(frozen=True, slots=True, kw_only=True)
class EvidencePart:
    """A heading and what stands below it, in this order."""

    title: str
    grid: Grid | None = None
    quote_head: str = ""
    quotes: tuple[str, ...] = ()  # verbatim, not to be wrapped
    lines: tuple[str, ...] = ()


def parts(report: Report, *, full: bool) -> tuple[EvidencePart, ...]:
    """The evidence, without what depends on the clock.

    `full` adds the refits of every rung, their gradients, theta, and what was not assessed.
    """
    found = [_comparison(report), EvidencePart(title=labels.LADDER, grid=tables.ladder(report))]
    found += [*_attempts(report, full=full), *_estimates(report)]
    if full:
        found += _particulars(report)
    return tuple(found)


def _comparison(report: Report) -> EvidencePart:
    head, messages = sentences.lme4_says(report)
    return EvidencePart(
        title=sentences.comparison_title(report),
        grid=tables.comparison(report) if report.baseline or report.reference else None,
        quote_head=head,
        quotes=messages,
        lines=tuple(sentences.certificate_lines(report)),
    )


def _attempts(report: Report, *, full: bool) -> Iterator[EvidencePart]:
    """The optimizer table whenever allFit ran; the refits of the other rungs in full detail only."""
    for result in report.ladder:
        if result.attempts and (full or result.id == "allfit"):
            grid = tables.attempts(result.attempts, with_gradient=full)
            yield EvidencePart(title=sentences.attempts_title(result), grid=grid)


def _estimates(report: Report) -> Iterator[EvidencePart]:
    whose = sentences.estimates_of(report)
    if fixed := tables.fixed_effects(report):
        dropped = tuple(sentences.dropped_column(column) for column in report.model.dropped_columns)
        note = sentences.se_note(report.reference or report.baseline)
        lines = (*dropped, *([] if note is None else [note]), *df_notes(report))
        yield EvidencePart(title=f"{labels.FIXED_EFFECTS} {whose}", grid=fixed, lines=lines)
    if random := tables.random_effects(report):
        lines = tuple(sentences.meaningless(report))
        yield EvidencePart(title=f"{labels.RANDOM_EFFECTS} {whose}", grid=random, lines=lines)


def _particulars(report: Report) -> Iterator[EvidencePart]:
    if theta := tables.theta(report):
        yield EvidencePart(title=labels.THETA, grid=theta)
    if report.not_assessed:
        lines = tuple(sentences.unassessed(item) for item in report.not_assessed)
        yield EvidencePart(title=labels.UNASSESSED, lines=lines)
