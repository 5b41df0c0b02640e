"""Random models on a random table: a design, or an error in words; never a traceback or a warning."""

from __future__ import annotations

import numpy as np
from hypothesis import given, settings
from hypothesis import strategies as st

from mmtriage.errors import InputError
from mmtriage.model.design import Design
from tests.model.tables import design, factor, logical, numeric, table

NA = None
DATA = table(
    numeric("y", [1.5, 2, 3, 4, 5, 2, 1, 7]),
    numeric("x", [1, -2, 3, NA, 5, 0, 1e300, -1e-300]),
    numeric("z", [NA, 2, 2, 4, 4, 6, 6, 8]),
    factor("f", ["a", "b", NA, "b", "c", "a", "a", "c"]),
    factor("one", ["k"] * 8),
    logical("l", [True, False, NA, True, True, False, True, False]),
    numeric("g", [1, 1, 2, 2, 3, 3, 4, 4]),
    numeric("none", [NA] * 8),
    numeric("inf", [1, float("inf"), 2, 3, 4, 5, 6, 7]),
)
columns = st.sampled_from(list(DATA.columns))
texts = st.sampled_from(['"a"', '"zz"', "2", "-1", "TRUE", "c(1, 2)", 'c("a", "b")', "1:3"])
operators = st.sampled_from(["+", "*", "^", "/", "%%", ">", "==", "&", "|", "%in%", ":"])
functions = st.sampled_from(
    ["log", "I", "scale", "factor", "poly", "ns", "bs", "dummy", "as.numeric", "is.na", "exp", "as.factor"]
)
functions_of_two = st.sampled_from(["poly", "ns", "bs", "dummy", "log", "interaction", "cbind", "C"])
expressions = st.recursive(
    st.one_of(columns, texts),
    lambda inner: st.one_of(
        st.builds("({} {} {})".format, inner, operators, inner),
        st.builds("{}({})".format, functions, inner),
        st.builds("{}({}, {})".format, functions_of_two, inner, inner),
    ),
    max_leaves=4,
)
bars = st.builds(
    "({} + {} {} {})".format, st.sampled_from(["1", "0"]), expressions, st.sampled_from(["|", "||"]), columns
)
responses = st.sampled_from(["y", "log(x)", "l"])
wild = st.builds("{} ~ {} + {} * {} + {}".format, responses, columns, expressions, columns, bars)
# Formulas that make sense, but for what the table has in their columns.
sound = st.sampled_from(
    ["y", "z", "f", "g", "l", "x", "factor(g)", "is.na(x)", "scale(z)", "I(g^2)", "log(y)"]
)
tame = st.builds(
    "y ~ {} + {} * {} + ({} + {} | {})".format,
    *(sound, sound, sound),
    *(st.sampled_from(["1", "0"]), sound, st.sampled_from(["f", "g", "l", "factor(z)"])),
)
formulas = st.one_of(wild, tame)
options = st.fixed_dictionaries({}, optional=dict.fromkeys(("subset", "weights", "offset"), expressions))


def test_any_model_is_built_or_refused_in_words() -> None:
    is_built: list[bool] = []

    @settings(max_examples=400, deadline=None, derandomize=True, database=None)
    @given(formulas, options)
    def check(formula: str, chosen: dict[str, str]) -> None:
        built = attempt(formula, chosen)
        is_built.append(isinstance(built, Design))
        if isinstance(built, Design):
            check_design(built)
        else:
            assert built.message

    check()
    assert is_built.count(True) > 20
    assert is_built.count(False) > 100


def attempt(formula: str, chosen: dict[str, str]) -> Design | InputError:
    try:
        return design(DATA, formula, **chosen)
    except InputError as error:
        return error


def check_design(built: Design) -> None:
    n, p = built.X.shape
    assert n == built.rows.size == built.y.size > 0
    assert p == len(built.fixed_names) == len(built.assign)
    assert np.isfinite(built.X).all()
    assert np.isfinite(built.y).all()
    for term in built.random:
        assert term.Z.shape == (n, len(term.columns))
        assert np.isfinite(term.Z).all()
        assert term.codes.min() >= 0
        assert sorted(set(term.codes.tolist())) == list(range(len(term.levels)))
