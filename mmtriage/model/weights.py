"""Prior weights and the offset in the rows used."""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np

from mmtriage.arrays import Array, Mask
from mmtriage.errors import FormulaError, OptionError
from mmtriage.formula.nodes import Node
from mmtriage.formula.text import to_text
from mmtriage.model.frame import Frame
from mmtriage.model.values import Value, read_only


def prior_weights(frame: Frame, text: str | None, *, may_be_zero: bool) -> Array | None:
    """The weights, (n,), finite and not negative; lme4 does not normalize them, so neither do we."""
    if frame.weights is None or text is None:
        return None
    weights: Array = frame.weights.data[frame.rows]
    _refuse(frame, "weights", ~np.isfinite(weights), "be infinite", "Correct them in the table.")
    _refuse(
        frame,
        "weights",
        weights < 0,
        "be negative",
        "lme4: all(weights >= 0) is not TRUE. A weight is the inverse of a relative variance; of a "
        "proportion, the number of trials.",
    )
    if may_be_zero and weights.any():
        return read_only(weights)
    _refuse(
        frame,
        "weights",
        weights == 0,
        "be zero",
        f'lme4\'s log-likelihood would be -Inf. Leave those rows out: `--subset "{text} > 0"`.'
        if weights.any()
        else "Without any weight there is nothing to fit.",
    )
    return read_only(weights)


def total_offset(frame: Frame, values: Mapping[Node, Value]) -> Array | None:
    """The sum of the option and the formula's own offset() terms, (n,), or None if there are none."""
    parts = [_offset_of(node, values[node], frame.formula.text) for node in frame.formula.offsets]
    if frame.offset is not None:
        parts.append(frame.offset.data[frame.rows])
        _refuse(frame, "offset", ~np.isfinite(parts[-1]), "be infinite", "Correct it in the table.")
    return read_only(np.sum(parts, axis=0)) if parts else None


def _offset_of(node: Node, value: Value, text: str) -> Array:
    if value.is_matrix:
        raise FormulaError(
            f"`{to_text(node)}` has {value.data.shape[1]} columns: an offset is a single number for each row",
            text=text,
            span=node.span,
            hint="Give `offset()` a single column.",
        )
    return np.asarray(value.data, dtype=np.float64)


def _refuse(frame: Frame, option: str, bad: Mask, fault: str, hint: str) -> None:
    if not bad.any():
        return
    raise OptionError(
        f"{option} must not {fault}: {int(bad.sum())} of {bad.size} rows",
        where=f"option --{option}, {frame.table.row_name(int(frame.rows[np.argmax(bad)]))}",
        hint=hint,
    )
