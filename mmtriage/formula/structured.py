"""Random-effects terms with a covariance structure, as lme4 2.x has them.

    us(x | g)                     the term without its tag
    diag(x | g)                   no correlations: a variance for each column, with `hom = TRUE` one for all
    cs(0 + f | g)                 compound symmetry: one correlation; with `hom = TRUE` one variance
    ar1(0 + f | g)                first-order autoregression along the columns, of one variance; with
                                  `hom = FALSE` each column has its own

What `diag()` stands for depends on the columns, which the data tell: it stays as it is until
`mmtriage.formula.diagonal` writes it out.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal, cast

from mmtriage.errors import FormulaError, Span
from mmtriage.formula.nodes import Binary, Call, Logical, Name, Node, without_parens
from mmtriage.formula.signatures import STRUCTURES, is_structure

Tag = Literal["us", "diag", "cs", "ar1"]
HOMOGENEOUS: dict[str, bool] = {"diag": False, "cs": False, "ar1": True}  # lme4's default of `hom`


@dataclass(frozen=True, slots=True)
class StructureTag:
    """A structure as it is written: its tag, and whether all standard deviations are one."""

    tag: Tag = "us"
    homogeneous: bool = False

    def around(self, bar: str) -> str:
        """The term of a bar, with no option that says the default."""
        if self.tag == "us":
            return f"({bar})"
        said = f", hom = {str(self.homogeneous).upper()}"
        return f"{self.tag}({bar}{said if self.homogeneous != HOMOGENEOUS[self.tag] else ''})"

    def is_linear(self, columns: int) -> bool:
        """Whether covariances of so many columns are linear in as many parameters: else there is no
        Kenward and Roger's method.
        """
        return self.tag in ("us", "diag") or columns <= 2 or self == StructureTag("cs", homogeneous=True)


UNSTRUCTURED = StructureTag()


@dataclass(frozen=True, slots=True)
class WrittenBar:
    """A bar as it was written, with the structure that its tag asks for."""

    bar: Binary
    structure: StructureTag
    span: Span


def written_bar(node: Node, text: str) -> WrittenBar | None:
    """The bar that a node is, tagged or not."""
    node = without_parens(node)
    if isinstance(node, Binary) and node.operator in ("|", "||"):
        return WrittenBar(node, UNSTRUCTURED, node.span)
    if isinstance(node, Call) and is_structure(node):
        return _tagged(node, text)
    return None


def _tagged(call: Call, text: str) -> WrittenBar:
    bar = call.arguments[0].value
    assert isinstance(bar, Binary)  # that is what makes it a structure
    if call.name not in STRUCTURES:
        message = f"`{call.name}()` is no covariance structure of lme4"
        hint = "lme4 2.x has `us()`, `diag()`, `cs()` and `ar1()`."
    elif bar.operator == "||":
        message, hint = f"`||` inside `{call.name}()`", f"`{call.name}()` takes one bar: `(x | g)`."
    else:
        return WrittenBar(bar, _structure(call, text), call.span)
    raise FormulaError(message, text=text, span=call.span, hint=hint)


def _truth(node: Node) -> bool | None:
    if isinstance(node, Logical):
        return node.value
    return {"T": True, "F": False}.get(node.name) if isinstance(node, Name) else None


def _structure(call: Call, text: str) -> StructureTag:
    """What tag and options ask for."""
    homogeneous = HOMOGENEOUS.get(call.name, False)
    for argument in call.arguments[1:]:
        said = _truth(without_parens(argument.value))
        if argument.name != "hom" or call.name == "us" or said is None:
            options = "It has none." if call.name == "us" else "Its only option is `hom = TRUE` or `FALSE`."
            raise FormulaError(
                f"`{call.name}()` has no such option", text=text, span=argument.span, hint=options
            )
        homogeneous = said
    return StructureTag(cast(Tag, call.name), homogeneous)
