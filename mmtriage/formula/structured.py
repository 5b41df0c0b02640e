"""Random-effects terms with a covariance structure: lme4 2.x's `us(x | g)` and `diag(x | g, hom = TRUE)`.

`us()` is the term without its tag. `diag()` has no correlations: a variance for each column or, with
`hom = TRUE`, one for all of them. Which columns those are the data tell, so such a bar stays as it is until
`mmtriage.formula.edit.resolve_diagonal` writes it out.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

from mmtriage.errors import FormulaError, Span
from mmtriage.formula.nodes import Binary, Call, Logical, Name, Node, without_parens
from mmtriage.formula.signatures import STRUCTURES, is_structure

Structure = Literal["us", "diag", "homogeneous"]  # the last is `diag(, hom = TRUE)`

INSTEAD = {
    "cs": "Compound symmetry of a factor `f`, if its correlation is not negative, is `(1 | g) + (1 | g:f)`.",
    "ar1": "What is nearest to it here is `(1 | g)`, or `(0 + f | g)` with all correlations free.",
}


@dataclass(frozen=True, slots=True)
class WrittenBar:
    """A bar as it was written, with the structure that its tag asks for."""

    bar: Binary
    structure: Structure
    span: Span


def written_bar(node: Node, text: str) -> WrittenBar | None:
    """The bar that a node is, tagged or not."""
    node = without_parens(node)
    if isinstance(node, Binary) and node.operator in ("|", "||"):
        return WrittenBar(node, "us", node.span)
    if isinstance(node, Call) and is_structure(node):
        return _tagged(node, text)
    return None


def _tagged(call: Call, text: str) -> WrittenBar:
    bar = call.arguments[0].value
    assert isinstance(bar, Binary)  # that is what makes it a structure
    if call.name in INSTEAD:
        message, hint = f"the covariance structure `{call.name}()` is not fitted here yet", INSTEAD[call.name]
    elif call.name not in STRUCTURES:
        message = f"`{call.name}()` is no covariance structure of lme4"
        hint = "lme4 2.x has `us()`, `diag()`, `cs()` and `ar1()`, of which the first two are fitted here."
    elif bar.operator == "||":
        message, hint = f"`||` inside `{call.name}()`", f"`{call.name}()` takes one bar: `(x | g)`."
    else:
        return WrittenBar(bar, _structure(call, text), call.span)
    raise FormulaError(message, text=text, span=call.span, hint=hint)


def _truth(node: Node) -> bool | None:
    if isinstance(node, Logical):
        return node.value
    return {"T": True, "F": False}.get(node.name) if isinstance(node, Name) else None


def _structure(call: Call, text: str) -> Structure:
    """What tag and options ask for."""
    is_homogeneous = False
    for argument in call.arguments[1:]:
        said = _truth(without_parens(argument.value))
        if argument.name != "hom" or call.name == "us" or said is None:
            options = "Its only option is `hom = TRUE` or `FALSE`." if call.name == "diag" else "It has none."
            raise FormulaError(
                f"`{call.name}()` has no such option", text=text, span=argument.span, hint=options
            )
        is_homogeneous = said
    if call.name == "us":
        return "us"
    return "homogeneous" if is_homogeneous else "diag"
