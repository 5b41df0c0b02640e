"""Values as R writes them: vectors of numbers and of strings."""

from __future__ import annotations

from collections.abc import Iterable

from mmtriage.formula.text import quote


def r_vector(values: Iterable[float], digits: int = 4) -> str:
    """Write numbers as an R vector, with as many digits as a starting point needs."""
    return f"c({', '.join(f'{value:.{digits}g}' for value in values)})"


def r_string(value: str) -> str:
    """Write text as an R string."""
    return quote(value, '"')


def r_strings(values: Iterable[str]) -> str:
    """Write texts as an R vector."""
    return f"c({', '.join(map(r_string, values))})"


def r_logical(value: bool) -> str:
    """Write True and False as R does."""
    return "TRUE" if value else "FALSE"
