"""The closed table of functions a formula may call, and how their arguments are matched.

A formula is data, never code: what is not in this table does not exist. `mmtriage.model.functions` computes
the values.
"""

from __future__ import annotations

from dataclasses import dataclass

from mmtriage.errors import FormulaError, did_you_mean
from mmtriage.formula.nodes import Argument, Call, Node


@dataclass(frozen=True, slots=True)
class Signature:
    """Parameters in order; the first `required` must be given, those after `positional` only by name."""

    parameters: tuple[str, ...]
    required: int = 1
    positional: int | None = None  # None: all
    is_variadic: bool = False  # any number of arguments, names ignored


_ONE = Signature(("x",))
_MANY = Signature((), required=1, is_variadic=True)

SIGNATURES: dict[str, Signature] = {
    "I": _ONE,
    "log": Signature(("x", "base")),
    "log2": _ONE,
    "log10": _ONE,
    "log1p": _ONE,
    "exp": _ONE,
    "sqrt": _ONE,
    "abs": _ONE,
    "sin": _ONE,
    "cos": _ONE,
    "tan": _ONE,
    "is.na": _ONE,
    "scale": Signature(("x", "center", "scale")),
    "poly": Signature(("x", "degree", "raw"), positional=2),
    "bs": Signature(("x", "df", "knots", "degree", "intercept", "Boundary.knots")),
    "ns": Signature(("x", "df", "knots", "intercept", "Boundary.knots")),
    "factor": Signature(("x", "levels", "labels")),
    "as.factor": _ONE,
    "as.numeric": _ONE,
    "C": Signature(("object", "contr"), required=2),
    "dummy": Signature(("f", "levelsToKeep")),
    "offset": Signature(("object",)),
    "interaction": _MANY,
    "cbind": _MANY,
    "c": _MANY,
}


def signature_of(call: Call, text: str) -> Signature:
    """The signature of the function called, or an error that suggests the nearest name."""
    signature = SIGNATURES.get(call.function)
    if signature is None:
        hint = did_you_mean(call.function, SIGNATURES) or (
            "Make the column in the table first, or use one of: "
            + ", ".join(sorted(SIGNATURES, key=str.lower))
            + "."
        )
        raise FormulaError(f"`{call.function}()` is not known", text=text, span=call.function_span, hint=hint)
    return signature


def match_arguments(call: Call, text: str) -> dict[str, Node]:
    """Arguments by parameter name, matched as R does: exact name, unique beginning of a name, position."""
    signature = signature_of(call, text)
    if signature.is_variadic:
        if not call.arguments:
            raise _missing(call, text, "an argument")
        return {f"{index}": argument.value for index, argument in enumerate(call.arguments)}
    matched: dict[str, Node] = {}
    for argument in call.arguments:
        if argument.name is not None:
            parameter = _named_parameter(call, argument, signature, text)
            if parameter in matched:
                raise FormulaError(
                    f"`{parameter}` is given twice",
                    text=text,
                    span=argument.span,
                    hint="Keep one of the two.",
                )
            matched[parameter] = argument.value
    free = [p for p in signature.parameters[: signature.positional] if p not in matched]
    for argument in call.arguments:
        if argument.name is None:
            if not free:
                raise FormulaError(
                    f"`{call.function}()` takes no such argument",
                    text=text,
                    span=argument.span,
                    hint=f"Its arguments are: {', '.join(signature.parameters)}.",
                )
            matched[free.pop(0)] = argument.value
    for parameter in signature.parameters[: signature.required]:
        if parameter not in matched:
            raise _missing(call, text, f"`{parameter}`")
    return matched


def _named_parameter(call: Call, argument: Argument, signature: Signature, text: str) -> str:
    name = argument.name or ""
    if name in signature.parameters:
        return name
    starting = [p for p in signature.parameters if name and p.startswith(name)]
    if len(starting) == 1:
        return starting[0]
    raise FormulaError(
        f"`{call.function}()` has no argument `{name}`",
        text=text,
        span=argument.span,
        hint=did_you_mean(name, signature.parameters)
        or f"Its arguments are: {', '.join(signature.parameters)}.",
    )


def _missing(call: Call, text: str, what: str) -> FormulaError:
    return FormulaError(
        f"`{call.function}()` needs {what}",
        text=text,
        span=call.span,
        hint=f"For example `{call.function}({_EXAMPLES.get(call.function, 'x')})`.",
    )


_EXAMPLES = {"C": "f, contr.sum", "cbind": "successes, failures", "interaction": "a, b", "c": "1, 2"}
