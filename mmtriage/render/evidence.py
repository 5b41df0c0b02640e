"""What a verdict rests on, part by part, for every format that is read by people."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from mmtriage.render import labels, sentences, tables
from mmtriage.render.df_note import df_notes
from mmtriage.render.reporting import for_the_paper
from mmtriage.render.tables import Grid
from mmtriage.report.facts import Report

MOST_CODES = 6  # of checks that were not made, before they are only counted


@dataclass(frozen=True, slots=True, kw_only=True)
class EvidencePart:
    """A heading and what stands below it, in this order."""

    title: str
    grid: Grid | None = None
    quote_head: str = ""
    quotes: tuple[str, ...] = ()  # verbatim, not to be wrapped
    lines: tuple[str, ...] = ()


def parts(report: Report, *, full: bool) -> tuple[EvidencePart, ...]:
    """The estimates, then the evidence in short, without what depends on the clock.

    `full` adds lme4's fit beside the optimum, its proof, the refits of every rung, theta, and why a check was
    not made.
    """
    found = [*_estimates(report, full=full), _short(report, full=full)]
    if full:
        found += [_comparison(report), EvidencePart(title=labels.LADDER, grid=tables.ladder(report))]
        found += [*_attempts(report), *_particulars(report)]
    return tuple(found)


def _short(report: Report, *, full: bool) -> EvidencePart:
    """What a reviewer could ask for, in a few lines."""
    head, messages = sentences.ends_with(report)
    lines = [*sentences.proof(report), *sentences.climbed(report)]
    if full:
        lines.insert(0, report.verdict.message)
    elif codes := list(dict.fromkeys(item.code for item in report.not_assessed)):
        named = ", ".join(codes) if len(codes) <= MOST_CODES else f"{len(codes)} checks"
        lines.append(f"Not assessed (-v says why): {named}.")
    paper = for_the_paper(report)
    lines += [] if paper is None else [f"{labels.PAPER}: {paper}"]
    return EvidencePart(title=labels.EVIDENCE, quote_head=head, quotes=messages, lines=tuple(lines))


def _comparison(report: Report) -> EvidencePart:
    head, messages = sentences.lme4_says(report)
    return EvidencePart(
        title=sentences.comparison_title(report),
        grid=tables.comparison(report) if report.baseline or report.reference else None,
        quote_head=head,
        quotes=messages,
        lines=tuple(sentences.certificate_lines(report)),
    )


def _attempts(report: Report) -> Iterator[EvidencePart]:
    """The refits of every rung."""
    for result in report.ladder:
        if result.attempts:
            grid = tables.attempts(result.attempts, with_gradient=True)
            yield EvidencePart(title=sentences.attempts_title(result), grid=grid)


def _estimates(report: Report, *, full: bool) -> Iterator[EvidencePart]:
    whose = "" if report.reference else f" of {report.fitted_by}'s fit"
    if fixed := tables.fixed_effects(report, full=full):
        dropped = tuple(sentences.dropped_column(column) for column in report.model.dropped_columns)
        note = sentences.se_note(report.reference or report.baseline)
        lines = (*dropped, *([] if note is None else [note]), *df_notes(report))
        yield EvidencePart(title=f"{labels.FIXED_EFFECTS}{whose}", grid=fixed, lines=lines)
    if random := tables.random_effects(report, full=full):
        lines = tuple(sentences.meaningless(report))
        yield EvidencePart(title=f"{labels.RANDOM_EFFECTS}{whose}", grid=random, lines=lines)


def _particulars(report: Report) -> Iterator[EvidencePart]:
    if theta := tables.theta(report):
        yield EvidencePart(title=labels.THETA, grid=theta)
    if report.not_assessed:
        lines = tuple(sentences.unassessed(item) for item in report.not_assessed)
        yield EvidencePart(title=labels.UNASSESSED, lines=lines)
