"""Names of terms, components and directions in the user's words: what every finding's message is made of."""

from __future__ import annotations

from collections.abc import Sequence

from mmtriage.engine.linear.identifiability import NullDirection, NullPart
from mmtriage.model.design import Design
from mmtriage.model.ranef import RandomTerm

MOST_NAMES = 6  # names listed before "and k more"


def term_text(term: RandomTerm) -> str:
    """A random term as lme4 writes it: `(1 + Days | Subject)`."""
    return term.bar.to_text()


def entry_name(term: RandomTerm, a: int, b: int) -> str:
    """`Var(Days | Subject)` or `Cov((Intercept), Days | Subject)`."""
    if a == b:
        return f"Var({term.columns[a]} | {term.group})"
    first, second = sorted((a, b))
    return f"Cov({term.columns[first]}, {term.columns[second]} | {term.group})"


def direction_text(design: Design, direction: NullDirection) -> str:
    """`+1 Var(cond | subject) -0.25 Var((Intercept) | subject)`: the change that changes nothing."""
    return " ".join(f"{part.coefficient:+.4g} {part_name(design, part)}" for part in direction.parts)


def part_name(design: Design, part: NullPart) -> str:
    """The entry of one part of a null direction, with its term where the name alone would fit two."""
    if part.term is None:
        return "residual variance"
    term = design.random[part.term]
    name = entry_name(term, part.a, part.b)
    columns = {term.columns[part.a], term.columns[part.b]}
    rivals = [t for t in design.random if t.group == term.group and columns <= set(t.columns)]
    return name if len(rivals) == 1 else f"{name} in {term_text(term)}"


def listed(names: Sequence[str]) -> str:
    """`a`, `b` and `c`; long lists are cut and say so."""
    quoted = [f"`{name}`" for name in names]
    if len(quoted) > MOST_NAMES:
        return ", ".join(quoted[:MOST_NAMES]) + f" and {len(quoted) - MOST_NAMES} more"
    if len(quoted) < 2:
        return "".join(quoted)
    return ", ".join(quoted[:-1]) + f" and {quoted[-1]}"
