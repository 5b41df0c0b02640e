"""statsmodels code: what `MixedLM` can say of lme4's formulas, and what it cannot."""

from __future__ import annotations

import pytest

from mmtriage.formula import parse_formula
from mmtriage.ladder.emitted.python_call import mixedlm_arguments, mixedlm_call


@pytest.mark.parametrize(
    ("formula", "expected"),
    [
        ("y ~ x + (1 | g)", {"formula": "y ~ x", "groups": "g", "re_formula": "1"}),
        ("y ~ x + (x | g)", {"formula": "y ~ x", "groups": "g", "re_formula": "~ x"}),
        ("y ~ 0 + x + (0 + x | g)", {"formula": "y ~ 0 + x", "groups": "g", "re_formula": "~ 0 + x"}),
        (
            "log(y) ~ I(x^2) + factor(f):x + (1 | g)",
            {"formula": "np.log(y) ~ I(x**2) + C(f):x", "groups": "g", "re_formula": "1"},
        ),
        (
            "y ~ x + (x || g)",
            {"formula": "y ~ x", "groups": "g", "re_formula": "1", "vc_formula": {"x": "0 + x"}},
        ),
        (
            "y ~ 1 + (1 | a) + (1 | a:b)",
            {"formula": "y ~ 1", "groups": "a", "re_formula": "1", "vc_formula": {"b": "0 + C(b)"}},
        ),
        ("y ~ x + (1 | a) + (1 | b)", None),  # crossed
        ("y ~ poly(x, 2) + (1 | g)", None),
        ("y ~ a.b + (1 | g)", None),  # no name of Python's
        ("y ~ `a b` + (1 | g)", None),
        ("y ~ offset(x) + (1 | g)", None),
        ("y ~ x + (1 | a:b)", None),
    ],
)
def test_the_arguments_of_mixedlm(formula: str, expected: dict[str, object] | None) -> None:
    assert mixedlm_arguments(parse_formula(formula)) == expected


def test_the_code_imports_what_it_needs() -> None:
    assert mixedlm_call(parse_formula("log(y) ~ x + (x | g)"), reml=False) == (
        "import statsmodels.formula.api as smf\n"
        "import numpy as np\n"
        "result = smf.mixedlm('np.log(y) ~ x', d, groups='g', re_formula='~ x').fit(reml=False)"
    )
