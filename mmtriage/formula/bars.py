"""Random-effects terms: finding `(lhs | group)` in a sum, and expanding `||`, `a/b`, `a + b`, `a * b` into
simple bars.

As lme4 1.1-31 does it:

    (x || g)      (1 | g) + (0 + x | g)             one bar per term label, factors keep their block
    (1 | a/b)     (1 | b:a) + (1 | a)               deepest first
    (x || a/b)    (1 | b:a) + (1 | a) + (0 + x | b:a) + (0 + x | a)

and as lme4 >= 1.1-36: `(1 | a + b)` is `(1 | a) + (1 | b)`, `(1 | a*b)` is `(1 | a) + (1 | b) + (1 | a:b)`.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field

from mmtriage.errors import FormulaError, Span
from mmtriage.formula.nodes import (
    Binary,
    Call,
    Name,
    Node,
    Number,
    Paren,
    String,
    Unary,
    additive_items,
    children,
    without_parens,
)
from mmtriage.formula.signatures import is_structure
from mmtriage.formula.structured import UNSTRUCTURED, StructureTag, WrittenBar, written_bar
from mmtriage.formula.terms import Expansion, Term, check_height, expand, is_call
from mmtriage.formula.text import operand_text, quote_name, to_text

MAX_GROUPINGS = 100  # of one written bar

Group = tuple[Node, ...]  # the factors joined by `:`


@dataclass(frozen=True, slots=True, kw_only=True)
class Bar:
    """One random-effects term in normal form; bars are equal when they mean the same."""

    intercept: bool
    terms: tuple[Term, ...]
    group: Group
    text: str = field(compare=False)  # as the user wrote it, e.g. "(1 | batch/cask)"
    span: Span = field(compare=False)
    structure: StructureTag = UNSTRUCTURED
    uncorrelated: bool = field(compare=False, default=False)  # it came from a `||`
    block: int | None = field(compare=False, default=None)  # which `diag()` it is a piece of, if any

    @property
    def group_name(self) -> str:
        """lme4's name of the grouping factor, e.g. "cask:batch"."""
        return ":".join(node.name if isinstance(node, Name) else to_text(node) for node in self.group)

    def to_text(self) -> str:
        """Canonical lme4 text, e.g. "(1 + Days | Subject)"."""
        group = ":".join(operand_text(node) for node in self.group)
        return self.structure.around(f"{sum_text(self.intercept, self.terms, explicit=True)} | {group}")


def split_bars(predictors: Node, text: str) -> tuple[list[tuple[str, Node]], list[WrittenBar]]:
    """Separate the items of the fixed part from the bars."""
    fixed: list[tuple[str, Node]] = []
    bars: list[WrittenBar] = []
    # A bar without parentheses binds loosest, so it is the whole right-hand side.
    pending = [("+", predictors)] if _is_bar(predictors) else additive_items(predictors)
    pending.reverse()
    while pending:
        sign, node = pending.pop()
        inner = without_parens(node)
        written = written_bar(node, text)
        if written is not None:
            if sign == "-":
                raise FormulaError(
                    "a random-effects term cannot be subtracted",
                    text=text,
                    span=node.span,
                    hint="Leave it out.",
                )
            bars.append(written)
        elif isinstance(node, Paren) and sign == "+" and _contains_bar(node):
            pending.extend(reversed(additive_items(inner)))
        else:
            fixed.append((sign, node))
    return fixed, bars


def expand_bar(written: WrittenBar, text: str) -> list[Bar]:
    """The simple bars that a written bar stands for, in lme4's order."""
    bar = written.bar
    for side in (bar.left, bar.right):
        nested = _first_bar(side)
        if nested is not None:
            raise FormulaError(
                "a random-effects term inside another",
                text=text,
                span=nested.span,
                hint="Put each one in parentheses of its own: `(1 | a) + (1 | b)`.",
            )
    effects = _effects(bar, text)
    groups = expand_group(bar.right, text)
    blocks: list[tuple[bool, tuple[Term, ...]]]
    if bar.operator == "||":
        blocks = [(True, ())] * effects.intercept + [(False, (term,)) for term in effects.terms]
    else:
        blocks = [(effects.intercept, effects.terms)]
    return [
        Bar(
            intercept=intercept,
            terms=terms,
            group=group,
            text=_as_written(written, text),
            span=written.span,
            structure=written.structure,
            uncorrelated=bar.operator == "||",
        )
        for intercept, terms in blocks
        for group in groups
    ]


def _as_written(written: WrittenBar, text: str) -> str:
    said = text[written.span.start : written.span.end]
    return f"({said})" if written.span == written.bar.span else said


def expand_group(node: Node, text: str) -> list[Group]:
    """The grouping factors that the right-hand side of a bar stands for."""
    groups = list(dict.fromkeys(_groups(node, text)))
    if len(groups) > MAX_GROUPINGS:
        raise FormulaError(
            f"more than {MAX_GROUPINGS} grouping factors in one term",
            text=text,
            span=node.span,
            hint="Name the groupings you need.",
        )
    return groups


def sum_text(intercept: bool, terms: Sequence[Term], *, explicit: bool, response: Node | None = None) -> str:
    """Terms as a sum that parses back to the same terms in the same order, their variables in the same order.

    Usually just the terms joined by `+`. But the order of variables inside `x:z` is their order of
    appearance, so after a lone `z` it would come back as `z:x`: then interactions go first, and if even that
    does not do, a term with all variables in order opens the sum and is taken away again at its end. A
    response is the first variable of all.
    """
    start = [] if intercept and terms and not explicit else ["1" if intercept else "0"]
    by_degree = list(terms)
    interactions_first = sorted(terms, key=lambda term: -len(term.variables))
    for order in (by_degree, interactions_first):
        if _keeps_variable_order(order, response):
            return " + ".join(start + [term.to_text() for term in order])
    everything = Term(tuple(_variables_in_order(terms))).to_text()
    rest = [text for term in terms if (text := term.to_text()) != everything]
    is_term = len(rest) < len(terms)
    return " + ".join([*start, everything, *rest]) + ("" if is_term else f" - {everything}")


def _keeps_variable_order(terms: Sequence[Term], response: Node | None) -> bool:
    seen: dict[Node, int] = {} if response is None else {response: 0}
    for term in terms:
        places = [seen.setdefault(variable, len(seen)) for variable in term.variables]
        if places != sorted(places):
            return False
    return True


def _variables_in_order(terms: Sequence[Term]) -> list[Node]:
    """All variables, in an order that agrees with every term."""
    remaining = dict.fromkeys(variable for term in terms for variable in term.variables)
    ordered: list[Node] = []
    while remaining:
        later = {variable for term in terms for variable in [v for v in term.variables if v in remaining][1:]}
        following = next((variable for variable in remaining if variable not in later), next(iter(remaining)))
        del remaining[following]
        ordered.append(following)
    return ordered


def _effects(bar: Binary, text: str) -> Expansion:
    effects = expand(additive_items(bar.left), text)
    where = bar.left.span
    if effects.has_dot:
        raise FormulaError(
            "`.` cannot be used in a random-effects term", text=text, span=where, hint="Name the columns."
        )
    if effects.offsets:
        raise FormulaError(
            "an offset cannot be part of a random-effects term",
            text=text,
            span=effects.offsets[0].span,
            hint="Add it to the fixed part: `+ offset(x)`.",
        )
    if not effects.intercept and not effects.terms:
        raise FormulaError(
            "this random-effects term has no effects",
            text=text,
            span=where,
            hint="Write `(1 | g)` for an intercept, `(0 + x | g)` for a slope alone.",
        )
    return effects


def _groups(node: Node, text: str) -> list[Group]:
    match node:
        case Paren():
            return _groups(node.inner, text)
        case Binary(operator="+" | "*" | ":" | "/" | "%in%"):
            left, right = expand_group(node.left, text), expand_group(node.right, text)
            joined = [_join(a, b) for a in left for b in right]
            match node.operator:
                case "+":
                    return left + right
                case "*":
                    return left + right + joined
                case "/":
                    whole = _join(*left)
                    return [_join(b, whole) for b in right] + left
                case _:
                    return joined
        case Name(name="."):
            pass
        case Name() | Call() if not (is_call(node, "offset") or is_call(node, "cbind")):
            check_height(node, text)
            return [(node,)]
        case _:
            pass
    hint = "Name a column, as in `(1 | g)`, `(1 | a:b)` or `(1 | a/b)`."
    if isinstance(node, Number):
        hint = "The grouping goes after the bar and the effects before it: `(1 | g)`."
    elif isinstance(node, String):
        hint = f"A column stands without quotes: `(1 | {quote_name(node.value)})`."
    raise FormulaError(
        f"`{text[node.span.start : node.span.end]}` is not a grouping factor",
        text=text,
        span=node.span,
        hint=hint,
    )


def _join(*groups: Group) -> Group:
    return tuple(dict.fromkeys(node for group in groups for node in group))


def _is_bar(node: Node) -> bool:
    return isinstance(node, Binary) and node.operator in ("|", "||")


def _contains_bar(node: Node) -> bool:
    return _first_bar(node) is not None


def _first_bar(node: Node) -> Node | None:
    """The first bar below, not looking into calls but tagged bars: elsewhere `|` is "or"."""
    stack = [node]
    while stack:
        current = stack.pop()
        if _is_bar(current) or (isinstance(current, Call) and is_structure(current)):
            return current
        if isinstance(current, Unary | Binary | Paren):
            stack.extend(reversed(children(current)))
    return None
