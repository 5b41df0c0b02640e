"""R's formula language: text to Formula and back. Nothing here knows about data."""

from mmtriage.formula.bars import Bar
from mmtriage.formula.normal_form import Formula, parse_formula, resolve_dot
from mmtriage.formula.parse import parse_expression
from mmtriage.formula.terms import Term

__all__ = ["Bar", "Formula", "Term", "parse_expression", "parse_formula", "resolve_dot"]
