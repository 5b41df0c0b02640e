"""What the functions of the closed table compute, on the full table.

The table of names and arguments is `mmtriage.formula.signatures.SIGNATURES`; FUNCTIONS has the same keys.
"""

from __future__ import annotations

from collections.abc import Callable

from mmtriage.model.arguments import Arguments
from mmtriage.model.basis_functions import BASIS_FUNCTIONS
from mmtriage.model.factor_functions import FACTOR_FUNCTIONS
from mmtriage.model.kind_functions import KIND_FUNCTIONS
from mmtriage.model.number_functions import NUMBER_FUNCTIONS
from mmtriage.model.summary_functions import SUMMARY_FUNCTIONS
from mmtriage.model.values import Value


def _identity(arguments: Arguments) -> Value:
    return arguments.evaluator.evaluate(next(iter(arguments.nodes.values())))


FUNCTIONS: dict[str, Callable[[Arguments], Value]] = {
    "I": _identity,
    "offset": _identity,
    **NUMBER_FUNCTIONS,
    **SUMMARY_FUNCTIONS,
    **BASIS_FUNCTIONS,
    **FACTOR_FUNCTIONS,
    **KIND_FUNCTIONS,
}
