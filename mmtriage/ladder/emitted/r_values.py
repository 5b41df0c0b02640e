"""Values as R writes them: vectors of numbers and of strings."""

from __future__ import annotations

from collections.abc import Iterable

from mmtriage.errors import FormulaError
from mmtriage.formula import parse_expression
from mmtriage.formula.text import quote, quote_name, to_text


def r_vector(values: Iterable[float], digits: int = 4) -> str:
    """Write numbers as an R vector, with as many digits as a starting point needs."""
    return f"c({', '.join(f'{value:.{digits}g}' for value in values)})"


def r_string(value: str) -> str:
    """Write text as an R string."""
    return quote(value, '"')


def r_strings(values: Iterable[str]) -> str:
    """Write texts as an R vector."""
    return f"c({', '.join(map(r_string, values))})"


def r_condition(subset: str) -> str:
    """Write a condition on the rows as R deparses it: a comment would swallow what follows."""
    try:
        return to_text(parse_expression(subset))
    except FormulaError:  # the exact name of a column
        return quote_name(subset)


def r_logical(value: bool) -> str:
    """Write True and False as R does."""
    return "TRUE" if value else "FALSE"
