"""statsmodels code for a formula, where `MixedLM` has the model: one grouping, with what is nested in it.

    (1 + x | g)                  groups="g", re_formula="~ x"
    (1 | g) + (0 + x | g)        groups="g", re_formula="1", vc_formula={"x": "0 + x"}
    (1 | g) + (1 | g:f)          groups="g", re_formula="1", vc_formula={"f": "0 + C(f)"}

patsy's formulas are R's but for powers, for functions that NumPy has, and for `factor`; a formula that needs
anything else has no code here.
"""

from __future__ import annotations

import re
from collections.abc import Sequence

from mmtriage.formula import Formula
from mmtriage.formula.bars import Bar
from mmtriage.formula.nodes import Name
from mmtriage.formula.structured import UNSTRUCTURED
from mmtriage.formula.terms import Term
from mmtriage.formula.text import to_text

PYTHON_OF = {
    **{name: f"np.{name}" for name in ("log", "log2", "log10", "log1p", "exp", "sqrt", "abs", "sin", "cos")},
    "I": "I",
    "factor": "C",
    "as.factor": "C",
}
CALLED = re.compile(r"([A-Za-z.][\w.]*)\(")
DOTTED = re.compile(r"[A-Za-z_]\w*\.\w")


def mixedlm_arguments(formula: Formula) -> dict[str, object] | None:
    """The arguments of `smf.mixedlm` beside the data; None where it has no such model."""
    if formula.offsets or formula.has_dot or not formula.random:
        return None
    response = _patsy(to_text(formula.response))
    fixed = _sum(formula.intercept, formula.fixed)
    random = _random(formula.random)
    if response is None or fixed is None or random is None:
        return None
    return {"formula": f"{response} ~ {fixed}", **random}


def mixedlm_call(formula: Formula, *, reml: bool) -> str | None:
    """Code that fits a formula to the data frame `d`."""
    arguments = mixedlm_arguments(formula)
    if arguments is None:
        return None
    first, *rest = arguments.items()
    said = ", ".join([repr(first[1]), "d", *(f"{name}={value!r}" for name, value in rest)])
    lines = ["import statsmodels.formula.api as smf"]
    lines += ["import numpy as np"] if "np." in said else []
    return "\n".join([*lines, f"result = smf.mixedlm({said}).fit(reml={reml})"])


def _random(bars: Sequence[Bar]) -> dict[str, object] | None:
    """Groups, and what varies between them."""
    outer = bars[0].group if len(bars[0].group) == 1 else ()
    main = next((bar for bar in bars if bar.group == outer and bar.intercept), bars[0])
    if not outer or not isinstance(outer[0], Name) or any(bar.structure != UNSTRUCTURED for bar in bars):
        return None
    effects = _sum(main.intercept, main.terms)
    components: dict[str, str] = {}
    for bar in bars:
        found = None if bar is main else _component(bar, outer[0].name)
        if bar is main:
            continue
        if found is None or found[0] in components:
            return None
        components[found[0]] = found[1]
    if effects is None:
        return None
    said = {"groups": outer[0].name, "re_formula": effects if effects == "1" else f"~ {effects}"}
    return {**said, "vc_formula": components} if components else {**said}


def _component(bar: Bar, outer: str) -> tuple[str, str] | None:
    """Name and formula of a variance component."""
    names = [node.name for node in bar.group if isinstance(node, Name)]
    if len(names) != len(bar.group) or outer not in names:
        return None
    inner = [name for name in names if name != outer]
    if not inner and not bar.intercept and len(bar.terms) == 1:
        text = _patsy(bar.terms[0].to_text())
        return None if text is None else (re.sub(r"\W+", "_", text).strip("_"), f"0 + {text}")
    if len(inner) == 1 and bar.intercept and not bar.terms and DOTTED.search(inner[0]) is None:
        return inner[0], f"0 + C({inner[0]})"
    return None


def _sum(intercept: bool, terms: Sequence[Term]) -> str | None:
    written = [_patsy(term.to_text()) for term in terms]
    if None in written:
        return None
    parts = [*([] if intercept else ["0"]), *(text for text in written if text)]
    return " + ".join(parts) or "1"


def _patsy(text: str) -> str | None:
    """A term in patsy's spelling; None where it has none."""
    called = CALLED.findall(text)
    if "`" in text or any(name not in PYTHON_OF for name in called):
        return None
    bare = CALLED.sub("(", text)
    if DOTTED.search(bare):  # a name of R's that is none of Python's
        return None
    spelled = CALLED.sub(lambda found: f"{PYTHON_OF[found.group(1)]}(", text)
    return spelled.replace("^", "**")
