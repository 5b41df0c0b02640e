"""A formula as R takes it: what has to be attached or made in `d` first, and the formula that uses it.

lme4 evaluates a grouping factor in the model frame, which has `factor(h)` and not `h`: it stops at
`(1 | factor(h))` unless `h` is a variable by itself. The code makes a column of it, `h_group`, which serves
in any case.
"""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import replace

from mmtriage.errors import FormulaError
from mmtriage.formula import Bar, Formula, parse_formula
from mmtriage.formula.edit import with_random
from mmtriage.formula.nodes import Call, Name, Node, children, names_in
from mmtriage.formula.text import quote_name, to_text
from mmtriage.ladder.emitted.r_values import r_strings

SPLINES = ("bs", "ns")  # of a package that R has and does not attach
NO_TEXTS: Mapping[str, Sequence[str]] = {}
OF_FACTORS = ("relevel", "droplevels", "levels", "C")  # R stops where their column is text


def for_r(
    formula: str, factors: Collection[str] = (), texts: Mapping[str, Sequence[str]] = NO_TEXTS
) -> tuple[list[str], str]:
    """Write the lines that a formula needs, and the formula.

    Args:
        factors: columns that are made factors already, quoted where R needs it.
        texts: columns that R may have as text -> their levels. As a response a text has no value in R, and
            its levels decide which answer counts as a success, so that they are said.
    """
    try:
        parsed = parse_formula(formula)
    except FormulaError:  # not one of the program's own
        return [], formula
    lines = ["library(splines)"] * _uses(parsed, SPLINES)
    lines += [f"d${name} <- factor(d${name})" for name in _texts(parsed) if name not in factors]
    response = parsed.response
    if isinstance(response, Name) and response.name in texts:
        name = quote_name(response.name)
        lines.append(f"d${name} <- factor(d${name}, levels = {r_strings(texts[response.name])})")
    made = _columns(parsed)
    lines += [f"d${quote_name(name)} <- with(d, {to_text(call)})" for call, name in made.items()]
    if not made:
        return lines, formula
    return lines, with_random(parsed, [_grouped(bar, made) for bar in parsed.random]).to_text()


def _grouped(bar: Bar, made: dict[Call, str]) -> Bar:
    """The bar with names in the place of computed grouping factors."""
    named = (Name(made[node], node.span) if isinstance(node, Call) else node for node in bar.group)
    return replace(bar, group=tuple(named))


def _columns(formula: Formula) -> dict[Call, str]:
    """A name for every computed grouping factor, of the columns behind it: `h_group`."""
    calls = dict.fromkeys(n for bar in formula.random for n in bar.group if isinstance(n, Call))
    taken = {name for name, _ in formula.variables()}
    names: dict[Call, str] = {}
    for call in calls:
        stem = "_".join(dict.fromkeys(name.name for name in names_in(call))) + "_group"
        stem = "".join(c if c.isalnum() or c in "._" else "_" for c in stem)
        name, number = stem, 1
        while name in taken:
            number += 1
            name = f"{stem}{number}"
        taken.add(name)
        names[call] = name
    return names


def _texts(formula: Formula) -> list[str]:
    """The columns that R must have as factors, quoted where R needs it."""
    calls = (call for call in _calls(formula) if call.name in OF_FACTORS and call.arguments)
    columns = (call.arguments[0].value for call in calls)
    return list(dict.fromkeys(quote_name(node.name) for node in columns if isinstance(node, Name)))


def _uses(formula: Formula, functions: tuple[str, ...]) -> bool:
    return any(call.function in functions for call in _calls(formula))


def _calls(formula: Formula) -> Iterator[Call]:
    stack: list[Node] = list(formula.nodes())
    while stack:
        node = stack.pop(0)
        if isinstance(node, Call):
            yield node
        stack.extend(children(node))
