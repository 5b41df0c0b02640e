"""What is to be fitted, beside data and formula: the options of lme4's `lmer` and `glmer`."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field


@dataclass(frozen=True, slots=True, kw_only=True)
class ModelSpec:
    """The model's options; names of columns and expressions are still text."""

    family: str = "gaussian"
    link: str = "identity"
    reml: bool = True
    nagq: int = 1
    weights: str | None = None  # a column or an expression
    offset: str | None = None  # added to the formula's own offset() terms
    subset: str | None = None  # an expression, e.g. "age > 20 & site %in% c('a', 'b')"
    contrasts: Mapping[str, str] = field(default_factory=dict)  # of the fixed part, as lmer's `contrasts`
