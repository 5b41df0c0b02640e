"""The Formula record: a model in normal form, and its way back to text."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field

from mmtriage.errors import FormulaError, Span
from mmtriage.formula.bars import Bar, expand_bar, split_bars, sum_text
from mmtriage.formula.nodes import (
    CONSTANT_NAMES,
    Binary,
    Call,
    Name,
    Node,
    additive_items,
    children,
    names_in,
)
from mmtriage.formula.parse import ModelTree, parse_sides
from mmtriage.formula.signatures import is_structure
from mmtriage.formula.terms import Term, check_height, expand, is_call
from mmtriage.formula.text import to_text

MAX_BARS = 200
BARE_BAR = (
    "the random-effects term has no parentheses, so, as in lme4, it takes in everything left of the bar and "
    "the fixed part is an intercept; write `y ~ x + (1 | g)` for a fixed `x`"
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Formula:
    """A mixed-model formula; formulas are equal when they mean the same model."""

    text: str = field(compare=False)  # what every span points into
    response: Node
    intercept: bool
    fixed: tuple[Term, ...]  # in R's order: by degree, then as they appear
    offsets: tuple[Node, ...]  # calls of offset()
    random: tuple[Bar, ...]  # as written, `||` and `/` expanded; lme4's own order depends on the data
    has_dot: bool  # `.` is still to be resolved by `resolve_dot`
    notes: tuple[str, ...] = field(compare=False, default=())  # what R would warn about

    def to_text(self) -> str:
        """A canonical lme4 formula that parses back to an equal Formula.

        While `.` is unresolved, what it stands for is not known, so the text stays as it was written.
        """
        if self.has_dot:
            return self.text
        fixed = sum_text(self.intercept, self.fixed, explicit=False, response=self.response)
        offsets = [to_text(offset) for offset in self.offsets]
        bars = [bar.to_text() for bar in self.random]
        return f"{to_text(self.response)} ~ {join_terms([fixed, *offsets, *bars])}"

    @property
    def has_diagonal(self) -> bool:
        """Whether a `diag()` may be written out by `mmtriage.formula.diagonal.resolve_diagonal`."""
        return any(bar.structure.tag == "diag" for bar in self.random)

    def variables(self) -> tuple[tuple[str, Span], ...]:
        """Each column name used, once, with the span of its first use; R's constant `pi` is left out."""
        first: dict[str, Span] = {}
        for node in self.nodes():
            for name in names_in(node):
                if name.name not in CONSTANT_NAMES and name.name != ".":
                    first.setdefault(name.name, name.span)
        return tuple(sorted(first.items(), key=lambda item: item[1].start))

    def nodes(self) -> tuple[Node, ...]:
        """Each variable of the model once: response, fixed, offsets, then the bars' effects and groups."""
        groups = (node for bar in self.random for node in bar.group)
        fixed, effects = _variables(self.fixed), _variables(self._slopes)
        return tuple(dict.fromkeys((self.response, *fixed, *self.offsets, *effects, *groups)))

    def effects(self) -> tuple[Node, ...]:
        """Each variable that effects are made of, once: of the fixed part, then of the bars."""
        return tuple(dict.fromkeys(_variables((*self.fixed, *self._slopes))))

    @property
    def _slopes(self) -> tuple[Term, ...]:
        return tuple(term for bar in self.random for term in bar.terms)


def _variables(terms: Iterable[Term]) -> Iterator[Node]:
    return (variable for term in terms for variable in term.variables)


def parse_formula(text: str) -> Formula:
    """Parse and expand a formula; the data are not needed.

    Raises:
        FormulaError: with the text and the span of the offending characters.
    """
    return _build(parse_sides(text), dot=None)


def resolve_dot(formula: Formula, columns: Iterable[str]) -> Formula:
    """Put every column that the response does not use in place of `.`, grouping columns included."""
    if not formula.has_dot:
        return formula
    on_the_left = {name.name for name in names_in(formula.response)}
    tree = parse_sides(formula.text)
    where = next(name.span for name in names_in(tree.predictors) if name.name == ".")
    return _build(tree, dot=[Name(column, where) for column in columns if column not in on_the_left])


def join_terms(parts: Sequence[str]) -> str:
    """Join texts of terms with `+`."""
    return " + ".join(part for part in parts if part)


def _build(tree: ModelTree, dot: Sequence[Name] | None) -> Formula:
    _check_response(tree)
    items, written_bars = split_bars(tree.predictors, tree.text)
    if len(written_bars) > MAX_BARS:
        raise FormulaError(
            f"more than {MAX_BARS} random-effects terms",
            text=tree.text,
            span=written_bars[MAX_BARS].span,
            hint="Name the ones you need.",
        )
    fixed = expand(items, tree.text, response=tree.response, dot=dot)
    bars = [bar for written in written_bars for bar in expand_bar(written, tree.text)]
    in_bars = (note for b in written_bars for note in expand(additive_items(b.bar.left), tree.text).notes)
    notes = tuple(dict.fromkeys((*fixed.notes, *in_bars)))
    if isinstance(tree.predictors, Binary) and tree.predictors.operator in ("|", "||"):
        notes = (*notes, BARE_BAR)
    formula = Formula(
        text=tree.text,
        response=tree.response,
        intercept=fixed.intercept,
        fixed=fixed.terms,
        offsets=fixed.offsets,
        random=tuple(bars),
        has_dot=fixed.has_dot,
        notes=notes,
    )
    for node in formula.nodes():
        _check_variable(node, tree.text)
    return formula


def _check_response(tree: ModelTree) -> None:
    response, text = tree.response, tree.text
    if isinstance(response, Binary) and response.operator in ("|", "||"):
        raise FormulaError(
            "a random-effects term cannot stand left of the `~`",
            text=text,
            span=response.span,
            hint="Put it on the right, in parentheses: `y ~ x + (1 | g)`.",
        )
    if isinstance(response, Name) and response.name == ".":
        raise FormulaError(
            "`.` cannot be the response", text=text, span=response.span, hint="Name the response column."
        )
    check_height(response, text)


def _lists_values(node: Node) -> bool:
    """Whether a column may be written out in it: `factor(rep(1:3, each = 4))`."""
    return is_call(node, "rep") or any(map(_lists_values, children(node)))


def _check_variable(node: Node, text: str) -> None:
    """Refuse what R's language allows to write but what cannot be a variable of a model."""
    if isinstance(node, Name):
        return
    if not (_lists_values(node) or any(name.name not in CONSTANT_NAMES for name in names_in(node))):
        raise FormulaError(
            f"`{to_text(node)}` does not depend on any column",
            text=text,
            span=node.span,
            hint="Use a column, as in `I(x^2)`.",
        )
    stack: list[Node] = (
        [node.arguments[0].value] if is_call(node, "offset") and isinstance(node, Call) else [node]
    )
    while stack:
        current = stack.pop()
        if is_call(current, "offset"):
            raise FormulaError(
                "`offset()` cannot stand inside something else",
                text=text,
                span=current.span,
                hint="Add it to the model: `+ offset(x)`.",
            )
        if isinstance(current, Call) and is_structure(current):
            raise FormulaError(
                "a random-effects term cannot stand here",
                text=text,
                span=current.span,
                hint="Join it to the model with `+`.",
            )
        if isinstance(current, Name) and current.name == ".":
            raise FormulaError(
                "`.` cannot stand inside something else",
                text=text,
                span=current.span,
                hint="Name the column.",
            )
        stack.extend(children(current))
