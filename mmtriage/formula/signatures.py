"""The closed table of functions a formula may call, and how their arguments are matched.

A formula is data, never code: what is not in this table does not exist. `mmtriage.model.functions` computes
the values.
"""

from __future__ import annotations

from dataclasses import dataclass

from mmtriage.errors import FormulaError, did_you_mean
from mmtriage.formula.foreign import instead_of_function
from mmtriage.formula.nodes import Argument, Binary, Call, Node


@dataclass(frozen=True, slots=True)
class Signature:
    """Parameters in order; the first `required` must be given, those after `positional` only by name."""

    parameters: tuple[str, ...]
    required: int = 1
    positional: int | None = None  # None: all
    is_variadic: bool = False  # any number of arguments; `parameters` are options, given by name
    package: str = "base"  # where R has it


_ONE = Signature(("x",))
_MANY = Signature((), is_variadic=True)
_NA_RM = ("na.rm",)
_BS = ("x", "df", "knots", "degree", "intercept", "Boundary.knots")
_NS = ("x", "df", "knots", "intercept", "Boundary.knots")

SIGNATURES: dict[str, Signature] = {
    "I": _ONE,
    # of each number
    "log": Signature(("x", "base")),
    "round": Signature(("x", "digits")),
    "signif": Signature(("x", "digits")),
    **dict.fromkeys(("log2", "log10", "log1p", "exp", "expm1", "sqrt", "abs", "sign"), _ONE),
    **dict.fromkeys(("floor", "ceiling", "trunc"), _ONE),
    **dict.fromkeys(("sin", "cos", "tan", "asin", "acos", "atan", "sinh", "cosh", "tanh"), _ONE),
    **dict.fromkeys(("plogis", "pnorm"), Signature(("q",), package="stats")),
    **dict.fromkeys(("qlogis", "qnorm"), Signature(("p",), package="stats")),
    "is.na": _ONE,
    "ifelse": Signature(("test", "yes", "no"), required=3),
    "pmin": Signature(_NA_RM, is_variadic=True),
    "pmax": Signature(_NA_RM, is_variadic=True),
    # of a whole column
    "mean": Signature(("x", "trim", *_NA_RM), positional=1),
    "median": Signature(("x", *_NA_RM), package="stats"),
    "sd": Signature(("x", *_NA_RM), package="stats"),
    "var": Signature(("x", "y", *_NA_RM), positional=1, package="stats"),
    **dict.fromkeys(("min", "max", "sum"), Signature(_NA_RM, is_variadic=True)),
    "quantile": Signature(("x", "probs", *_NA_RM, "names"), positional=3, package="stats"),
    "ave": Signature(("FUN",), is_variadic=True, package="stats"),
    # of several columns
    "scale": Signature(("x", "center", "scale")),
    "poly": Signature(("degree", "raw", "simple"), is_variadic=True, package="stats"),
    "bs": Signature(_BS, package="splines"),
    "ns": Signature(_NS, package="splines"),
    "cbind": _MANY,
    # factors
    "factor": Signature(("x", "levels", "labels", "exclude", "ordered")),
    "ordered": Signature(("x", "levels", "labels")),
    "relevel": Signature(("x", "ref"), required=2, package="stats"),
    "cut": Signature(
        ("x", "breaks", "labels", "include.lowest", "right", "dig.lab", "ordered_result"), required=2
    ),
    "interaction": Signature(("drop", "sep", "lex.order"), is_variadic=True),
    "C": Signature(("object", "contr"), required=2, package="stats"),
    "dummy": Signature(("f", "levelsToKeep"), package="lme4"),
    **dict.fromkeys(("as.factor", "as.ordered", "droplevels"), _ONE),
    # another kind of the same values
    **dict.fromkeys(("as.numeric", "as.double", "as.integer", "as.logical", "as.character"), _ONE),
    **dict.fromkeys(("as.vector", "drop"), _ONE),
    # values written out
    "c": _MANY,
    "rep": Signature(("x", "times", "each", "length.out")),
    "seq": Signature(("from", "to", "by", "length.out")),
    "rev": _ONE,
    "levels": _ONE,
    "offset": Signature(("object",), package="stats"),
}
# Tags of random-effects terms, `diag(x | g)`, of lme4 2.x.
STRUCTURES = ("us", "diag", "cs", "ar1")


def is_structure(call: Call) -> bool:
    """Whether the call is a random-effects term with a covariance structure, `us(x | g)`."""
    if call.function in SIGNATURES or not call.arguments:
        return False
    first = call.arguments[0].value
    return isinstance(first, Binary) and first.operator in ("|", "||")


def signature_of(call: Call, text: str) -> Signature:
    """The signature of the function called, or an error that suggests the nearest name."""
    signature = SIGNATURES.get(call.name)
    package = call.function.rpartition("::")[0]
    if signature is not None and package in ("", signature.package):
        return signature
    if signature is not None:
        hint = f"It is `{signature.package}::{call.name}()`."
    elif call.name in STRUCTURES:
        hint = f"It takes a random-effects term: `{call.name}(x | g)`."
    else:
        known = ", ".join(sorted(SIGNATURES, key=str.lower))
        hint = (
            instead_of_function(call.name, tuple(SIGNATURES))
            or _if_a_name(call, text)
            or did_you_mean(call.name, SIGNATURES)
            or f"Make the column in the table first, or use one of: {known}."
        )
    raise FormulaError(f"`{call.function}()` is not known", text=text, span=call.function_span, hint=hint)


def _if_a_name(call: Call, text: str) -> str | None:
    """What to do where `dose (mg)` is the name of a column: nobody calls a function with a space."""
    written = text[call.span.start : call.span.end]
    if not written[len(call.function) :].startswith(" "):
        return None
    return f"If that is the name of a column, put it in backticks: `{written}`."


def match_arguments(call: Call, text: str) -> dict[str, Node]:
    """Arguments by parameter name, matched as R does: exact name, unique beginning of a name, position."""
    signature = signature_of(call, text)
    if signature.is_variadic:
        return _many_arguments(call, signature, text)
    matched = _named_arguments(call, signature, text)
    free = [p for p in signature.parameters[: signature.positional] if p not in matched]
    for argument in call.arguments:
        if argument.name is None:
            if not free:
                raise no_such_argument(call, argument.value, text)
            matched[free.pop(0)] = argument.value
    for parameter in signature.parameters[: signature.required]:
        if parameter not in matched:
            raise _missing(call, text, f"`{parameter}`")
    return matched


def no_such_argument(call: Call, argument: Node, text: str) -> FormulaError:
    """An argument too many."""
    signature = signature_of(call, text)
    known = ("x",) * signature.is_variadic + signature.parameters
    return FormulaError(
        f"`{call.function}()` takes no such argument",
        text=text,
        span=argument.span,
        hint=f"Its arguments are: {', '.join(known)}.",
    )


def _many_arguments(call: Call, signature: Signature, text: str) -> dict[str, Node]:
    """Options by name, and everything else as "0", "1", ...; where there are no options any name will do."""
    values = [a.value for a in call.arguments if a.name in (None, "x") or not signature.parameters]
    if not values:
        raise _missing(call, text, "an argument")
    numbered = {f"{index}": node for index, node in enumerate(values)}
    return numbered | (_named_arguments(call, signature, text) if signature.parameters else {})


def _named_arguments(call: Call, signature: Signature, text: str) -> dict[str, Node]:
    matched: dict[str, Node] = {}
    for argument in call.arguments:
        if argument.name is None or (signature.is_variadic and argument.name == "x"):
            continue
        parameter = _named_parameter(call, argument, signature, text)
        if parameter in matched:
            raise FormulaError(
                f"`{parameter}` is given twice",
                text=text,
                span=argument.span,
                hint="Keep one of the two.",
            )
        matched[parameter] = argument.value
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
        hint=f"For example `{call.function}({_EXAMPLES.get(call.function, 'x')})`"
        + _MEANT_IN_PYTHON.get(call.function, "."),
    )


_EXAMPLES = {
    "C": "f, contr.sum",
    "cbind": "successes, failures",
    "interaction": "a, b",
    "c": "1, 2",
    "ifelse": "x > 0, 1, 0",
    "relevel": 'f, ref = "b"',
    "cut": "x, c(0, 10, 20)",
}
_MEANT_IN_PYTHON = {"C": "; what Python's formulas call `C(x)` is `factor(x)`."}
