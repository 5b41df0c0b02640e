"""Everything a user can get wrong between table and formula: what is underlined, said and advised."""

from __future__ import annotations

from typing import Any

import pytest

from mmtriage.data.table import Table
from mmtriage.errors import DataError, FormulaError, MmtriageError, ModelError, OptionError
from mmtriage.model import columns
from tests.formula.marked import mark, unmarked
from tests.model.tables import design, factor, logical, numeric, table

NA = None


def small_table() -> Table:
    return table(
        numeric("y", [1, 2, 3, 4]),
        numeric("Days", [1, 2, 3, NA]),
        numeric("zero", [0, 1, 2, 3]),
        numeric("flat", [2, 2, 2, 2]),
        numeric("w", [1, 0, -1, 0]),
        numeric("empty", [NA, NA, NA, NA]),
        factor("f", ["a", "b", "a", "b"]),
        factor("one", ["k", "k", "k", "k"]),
        factor("half", ["k", "k", "k", "m"]),
        factor("stray", ["1", "2", "3", "n/a"]),
        factor("many", list("pqrs")),
        logical("l", [True, False, True, False]),
        numeric("g", [1, 1, 2, 2]),
    )


COLUMNS = (
    "The columns are `y`, `Days`, `zero`, `flat`, `w`, `empty`, `f`, `one`, `half`, `stray`, `many`, `l` "
    "and 1 more."
)


def refusal(formula: str, **options: Any) -> MmtriageError:
    with pytest.raises(MmtriageError) as caught:
        design(small_table(), formula, **options)
    return caught.value


# Marked formula, message, hint.
FORMULAS = [
    ("y ~ «Dayz» + (1 | g)", "`Dayz` is not a column", "Did you mean `Days`?"),
    ("y ~ log(«DAYS») + (1 | g)", "`DAYS` is not a column", "Did you mean `Days`?"),
    ("y ~ Days + (1 | «subject»)", "`subject` is not a column", COLUMNS),
    (
        "y ~ log(«f») + (1 | g)",
        "`f` is a factor, not a number",
        "Use `as.numeric()` for its level numbers, or compare it: `f == 'a'`.",
    ),
    (
        "y ~ I(«'a'» + 1 + f) + (1 | g)",
        'the text "a" is not a number',
        "Texts can only be compared with a factor.",
    ),
    (
        "y ~ I(«f < 'b'») + (1 | g)",
        "`<` has no meaning for a factor",
        "Its levels have no order; use `==` or `%in%`.",
    ),
    (
        "y ~ I(«Days:zero») + (1 | g)",
        "`:` cannot be used inside an expression",
        "Use it between terms of the model.",
    ),
    (
        "y ~ I(f %in% «zero») + (1 | g)",
        "`zero` must be a literal value or `c(...)` of them",
        "Only values written out can stand here, or one value of a column: `mean(x)`.",
    ),
    (
        "y ~ I(zero %in% «1:200000») + (1 | g)",
        "a sequence of more than 100000 numbers, or of none",
        "Compare with `>=` and `<=`.",
    ),
    (
        "y ~ poly(«Days», 2) + (1 | g)",
        "missing values are not allowed in 'poly'",
        "Drop the rows first, with a table that has none, or write the powers: `I(Days^2)`.",
    ),
    (
        "y ~ «poly(zero, 4)» + (1 | g)",
        "'degree' must be less than number of unique points",
        "Lower the degree.",
    ),
    ("y ~ poly(zero, «0») + (1 | g)", "`degree` must be a whole number from 1 to 50", "Change it."),
    (
        "y ~ poly(zero, «f») + (1 | g)",
        "`f` is a factor, not a number",
        "Use `as.numeric()` for its level numbers, or compare it: `f == 'a'`.",
    ),
    (
        "y ~ poly(zero, 2, «3») + (1 | g)",
        "`poly()` takes no such argument",
        "Its arguments are: x, degree, raw, simple.",
    ),
    (
        "y ~ poly(zero, w, degree = «w») + (1 | g)",
        "`w` must be a literal value or `c(...)` of them",
        "Only values written out can stand here, or one value of a column: `mean(x)`.",
    ),
    ("y ~ poly(zero, «'2'») + (1 | g)", '`"2"` must be a number', "Only values written out can stand here."),
    (
        "y ~ poly(zero, 2, raw = «1») + (1 | g)",
        "`1` must be TRUE or FALSE",
        "Only values written out can stand here.",
    ),
    (
        "y ~ poly(«log(zero)», 2) + (1 | g)",
        "`log(zero)` has infinite values",
        "Leave those rows out of the table.",
    ),
    (
        "y ~ poly(«I(zero^999)», 2) + (1 | g)",
        "`I(zero^999)` has infinite values",
        "Leave those rows out of the table.",
    ),
    ("y ~ bs(zero, df = «2») + (1 | g)", "`df` must be at least 3", "Raise it."),
    ("y ~ bs(«flat») + (1 | g)", "`flat` does not vary", "A spline needs distinct values."),
    (
        "y ~ ns(zero, knots = «c(1, 9)») + (1 | g)",
        "knots must lie between 0 and 3",
        "Move them inside the boundary knots.",
    ),
    ("y ~ ns(zero, knots = «'a'») + (1 | g)", "`knots` must be numbers", "Write for example `c(1, 2.5)`."),
    (
        "y ~ ns(zero, Boundary.knots = «c(1, 9)») + (1 | g)",
        "the boundary knots must be two numbers that enclose all of `zero`",
        "Its range is 0 to 3.",
    ),
    (
        "y ~ log(«poly(zero, 2)») + (1 | g)",
        "`poly(zero, 2)` has several columns",
        "Use it as a term of its own.",
    ),
    (
        "y ~ factor(«poly(zero, 1)») + (1 | g)",
        "`poly(zero, 1)` has several columns",
        "A factor needs one column.",
    ),
    ("y ~ C(f, «contr.summ») + (1 | g)", "`contr.summ` is not a contrast", "Did you mean `contr.sum`?"),
    (
        "y ~ C(f, «x») + (1 | g)",
        "`x` is not a contrast",
        "The contrasts are contr.treatment, contr.sum, contr.helmert, contr.poly.",
    ),
    ('y ~ 1 + (0 + dummy(f, «"B"») | g)', '`f` has no level "B"', "Did you mean `b`?"),
    ('y ~ 1 + (0 + dummy(f, «"zz"») | g)', '`f` has no level "zz"', "Its levels are a, b."),
    ("y ~ «dummy(one)» + (1 | g)", "`one` has one level only", "Remove this term."),
    ("y ~ factor(f, levels = «c('a', 'a')») + (1 | g)", "`levels` repeats a name", "Name each one once."),
    (
        "y ~ factor(f, labels = «c('A', 'B', 'C')») + (1 | g)",
        "3 labels for 2 levels",
        "Give one each.",
    ),
    (
        "y ~ relevel(f, ref = «'c'») + (1 | g)",
        "'ref' must be an existing level: `f` has no \"c\"",
        "Its levels are a, b.",
    ),
    (
        "y ~ relevel(f, ref = «3») + (1 | g)",
        "'ref' must be an existing level: `f` has no 3",
        "Its levels are a, b.",
    ),
    (
        "y ~ relevel(«zero», ref = '1') + (1 | g)",
        "'relevel' only for (unordered) factors",
        "Make it one: `relevel(factor(zero), ...)`.",
    ),
    (
        "y ~ relevel(«ordered(f)», ref = 'b') + (1 | g)",
        "'relevel' only for (unordered) factors",
        "An ordered factor has no reference level; list its levels: `factor(x, levels = c(...))`.",
    ),
    ("y ~ droplevels(«zero») + (1 | g)", "`zero` has no levels", "Leave `droplevels` out."),
    (
        "y ~ cut(zero, «1») + (1 | g)",
        "invalid number of intervals",
        "One number says how many: from 2 to 1000.",
    ),
    ("y ~ cut(zero, «c(0, 1, 1)») + (1 | g)", "'breaks' are not unique", "Name each one once."),
    (
        "y ~ cut(zero, c(-1, 1, 9), labels = «c('lo', 'mid', 'hi')») + (1 | g)",
        "number of intervals and length of 'labels' differ",
        "There are 2 intervals and 3 labels.",
    ),
    (
        "y ~ scale(zero)[, «2»] + (1 | g)",
        "`scale(zero)` has no column 2",
        "Its columns are numbered from 1 to 1.",
    ),
    ("y ~ «log(zero)[, 1]» + (1 | g)", "`log(zero)` is no matrix", "Use it as it is."),
    (
        "y ~ as.vector(«poly(zero, 2)») + (1 | g)",
        "`poly(zero, 2)` has 2 columns: as a vector it has 2 times as many rows",
        "Take one: `poly(zero, 2)[, 1]`.",
    ),
    ("y ~ ave(zero, g, FUN = «meen») + (1 | g)", "`meen` cannot be `FUN`", "Did you mean `mean`?"),
    (
        "y ~ I(zero > «quantile(zero)») + (1 | g)",
        "`quantile(zero)` is 5 numbers",
        "Ask for one: `quantile(x, 0.75)`.",
    ),
    (
        "y ~ I(Days > «quantile(Days, 0.5)») + (1 | g)",
        "missing values and NaN's not allowed if 'na.rm' is FALSE",
        "Add `na.rm = TRUE`.",
    ),
    ("y ~ mean(zero, trim = «0.1») + (1 | g)", "`trim` is not known here", "Make the column in the table."),
    ("y ~ «mean(zero)» + (1 | g)", "`mean(zero)` is not a column", "Name a column of the table."),
    (
        "y ~ «rep(0:1, 10)» + (1 | g)",
        "`rep(0:1, 10)` is 20 values for 4 rows",
        "Constants are listed where a list is wanted, as in `f %in% c('a', 'b')`.",
    ),
    (
        "y ~ factor(zero, «seq(1, 10, by = -1)») + (1 | g)",
        "`seq(1, 10, by = -1)` must be a sequence that can be written out",
        "Only values written out can stand here.",
    ),
    (
        "y ~ rep(«zero», 1e9) + (1 | g)",
        "`zero` must be a literal value or `c(...)` of them",
        "Only values written out can stand here, or one value of a column: `mean(x)`.",
    ),
    (
        "y ~ I(zero %in% rep(1, «1e9»)) + (1 | g)",
        "a sequence of more than 100000 numbers, or of none",
        "Compare with `>=` and `<=`.",
    ),
    ("y ~ scale(zero, center = «NA») + (1 | g)", "`center` is missing", "Give a number, TRUE or FALSE."),
    (
        "y ~ «poly(zero, w, flat, y, half, many, degree = 50)» + (1 | g)",
        "this makes 32468435 columns",
        "Lower the degree, or name the terms.",
    ),
    (
        "y ~ ns(zero, knots = «c(NA, 1)») + (1 | g)",
        "knots must lie between 0 and 3",
        "Move them inside the boundary knots.",
    ),
    ("y ~ I(zero + «NULL») + (1 | g)", "`NULL` has no value", "Leave it out."),
    ("y ~ factor(«3 + pi», levels = f) + (1 | g)", "`3 + pi` is a constant, not a column", "Name a column."),
    (
        "y ~ I(f == 'a' & «c(1, 2)») + (1 | g)",
        "`c(1, 2)` is 2 values for 4 rows",
        "Constants are listed where a list is wanted, as in `f %in% c('a', 'b')`.",
    ),
    (
        "y ~ 1 + (1 | «poly(zero, 2)»)",
        "`poly(zero, 2)` has several columns and cannot be a grouping factor",
        "Group by a single column.",
    ),
    ("y ~ T + (1 | g)".replace("T", "«T»"), "`T` is not a column", "Name a column of the table."),
]


@pytest.mark.parametrize(("marked", "message", "hint"), FORMULAS, ids=[row[0] for row in FORMULAS])
def test_a_formula_that_does_not_fit_the_table(marked: str, message: str, hint: str) -> None:
    error = refusal(unmarked(marked))
    assert isinstance(error, FormulaError)
    assert mark(error) == marked
    assert (error.message, error.hint) == (message, hint)


# Formula, options, kind of error, message, where, hint.
MODELS: list[tuple[str, dict[str, Any], type[MmtriageError], str, str | None, str]] = [
    (
        "y ~ Days",
        {},
        ModelError,
        "No random effects terms specified in formula",
        None,
        "Add a grouping, as in `+ (1 | g)`; without one this is an ordinary regression: `lm` or `glm`.",
    ),
    (
        "f ~ 1 + (1 | g)",
        {},
        ModelError,
        'response must be numeric: `f` is a factor with levels "a", "b"',
        None,
        "A linear mixed model needs numbers; a two-level outcome belongs to a binomial model: "
        "`--family binomial`.",
    ),
    (
        "stray ~ 1 + (1 | g)",
        {},
        ModelError,
        'response must be numeric: `stray` holds the text "n/a"',
        "column `stray`, row 4",
        'Correct the cell, or read it as missing: `--na-values "n/a"`.',
    ),
    (
        "cbind(y, zero) ~ 1 + (1 | g)",
        {},
        ModelError,
        "`cbind(y, zero)` has several columns: a linear mixed model can't handle matrix-valued responses",
        None,
        "Model one column; successes and failures belong to a binomial model: `--family binomial`.",
    ),
    (
        "y ~ one + (1 | g)",
        {},
        ModelError,
        "contrasts can be applied only to factors with 2 or more levels: "
        '`one` has one level ("k") in the rows used',
        None,
        "Remove `one`, or look at which rows were left out.",
    ),
    (
        "y ~ Days + (0 + half | g)",
        {},
        ModelError,
        "contrasts can be applied only to factors with 2 or more levels: "
        '`half` has one level ("k") in the rows used',
        None,
        "Remove `half`, or look at which rows were left out.",
    ),
    (
        "log(zero) ~ 1 + (1 | g)",
        {},
        DataError,
        "`log(zero)` is infinite in 1 of the rows used (lme4: NA/NaN/Inf in 'y')",
        "row 1",
        "Leave those rows out with `--subset`; instead of log(0), `log(x + 1)` is finite.",
    ),
    (
        "y ~ I(1 / zero) + (1 | g)",
        {},
        DataError,
        "`I(1/zero)` is infinite in 1 of the rows used (lme4: NA/NaN/Inf in foreign function call)",
        "row 1",
        "Leave those rows out with `--subset`; instead of log(0), `log(x + 1)` is finite.",
    ),
    (
        "y ~ I(Days * 1e200) + (1 | g)",
        {},
        DataError,
        "`I(Days * 1e+200)` has values as large as 3e+200: their squares cannot be represented",
        None,
        "If that is a code for a missing value, say so with `--na-values`; else use another unit.",
    ),
    (
        "I(y * 1e-200) ~ 1 + (1 | g)",
        {},
        DataError,
        "`I(y * 1e-200)` has values as small as 4e-200: their squares cannot be represented",
        None,
        "If that is a code for a missing value, say so with `--na-values`; else use another unit.",
    ),
    (
        "y ~ 1 + (1 | g) + offset(poly(y, 2))",
        {},
        FormulaError,
        "`offset(poly(y, 2))` has 2 columns: an offset is a single number for each row",
        None,
        "Give `offset()` a single column.",
    ),
    (
        "y ~ Days + empty + (1 | g)",
        {},
        DataError,
        "0 (non-NA) cases: every row has a missing value in some variable of the model",
        None,
        "`empty` is missing in 4 of 4 rows.",
    ),
    (
        "y ~ 1 + (1 | g)",
        {"weights": "w", "subset": "y > 1"},
        OptionError,
        "weights must not be negative: 1 of 3 rows",
        "option --weights, row 3",
        "lme4: all(weights >= 0) is not TRUE. A weight is the inverse of a relative variance; of a "
        "proportion, the number of trials.",
    ),
    (
        "y ~ 1 + (1 | g)",
        {"weights": "w", "subset": "y != 3"},
        OptionError,
        "weights must not be zero: 2 of 3 rows",
        "option --weights, row 2",
        'lme4\'s log-likelihood would be -Inf. Leave those rows out: `--subset "w > 0"`.',
    ),
    (
        "y ~ 1 + (1 | g)",
        {"weights": "1 / zero"},
        OptionError,
        "weights must not be infinite: 1 of 4 rows",
        "option --weights, row 1",
        "Correct them in the table.",
    ),
    (
        "y ~ 1 + (1 | g)",
        {"offset": "log(zero)"},
        OptionError,
        "offset must not be infinite: 1 of 4 rows",
        "option --offset, row 1",
        "Correct it in the table.",
    ),
    (
        "y ~ 1 + (1 | g)",
        {"weights": "f"},
        OptionError,
        "`f` is a factor, not a number",
        "option --weights",
        "Use `as.numeric()` for its level numbers, or compare it: `f == 'a'`.",
    ),
    (
        "y ~ 1 + (1 | g)",
        {"weights": "dayz"},
        OptionError,
        "`dayz` is not a column",
        "option --weights",
        "Did you mean `Days`?",
    ),
    (
        "y ~ 1 + (1 | g)",
        {"offset": "2"},
        OptionError,
        "`2` is not a column",
        "option --offset",
        "Name a column of the table.",
    ),
    (
        "y ~ 1 + (1 | g)",
        {"subset": "Dayz > 2"},
        OptionError,
        "`Dayz` is not a column",
        "option --subset",
        "Did you mean `Days`?",
    ),
    (
        "y ~ 1 + (1 | g)",
        {"subset": "Days"},
        OptionError,
        "`Days` is not a condition on the rows",
        "option --subset",
        "Compare a column: `x > 0`, `f == 'a'`.",
    ),
    (
        "y ~ 1 + (1 | g)",
        {"subset": "Days > 100"},
        OptionError,
        "the subset `Days > 100` keeps no row",
        "option --subset",
        "Check the condition against the values.",
    ),
    (
        "y ~ 1 + (1 | g)",
        {"subset": "f == 'A'"},
        OptionError,
        "the subset `f == 'A'` keeps no row",
        "option --subset",
        'There is no level "A"; the levels are "a", "b".',
    ),
    (
        "y ~ f + (1 | g)",
        {"contrasts": {"ff": "sum"}},
        OptionError,
        "`ff` is not a column",
        "option --contrasts",
        "Did you mean `f`?",
    ),
    (
        "y ~ Days + (1 | g)",
        {"contrasts": {"Days": "sum"}},
        OptionError,
        "`Days` is numeric and has no contrasts",
        "option --contrasts",
        "Read it as a factor: `--factor Days`.",
    ),
    (
        "y ~ f + (1 | g)",
        {"contrasts": {"f": "helmet"}},
        OptionError,
        "`helmet` is not a contrast",
        "option --contrasts",
        "Did you mean `helmert`?",
    ),
    (
        "y ~ f + (1 | g)",
        {"contrasts": {"f": "xyz"}},
        OptionError,
        "`xyz` is not a contrast",
        "option --contrasts",
        "The contrasts are treatment, sum, helmert, poly.",
    ),
]


@pytest.mark.parametrize(
    ("formula", "options", "kind", "message", "where", "hint"),
    MODELS,
    ids=[f"{m[0]} {m[1] or ''}" for m in MODELS],
)
def test_a_model_that_cannot_be_built(
    formula: str,
    options: dict[str, Any],
    kind: type[MmtriageError],
    message: str,
    where: str | None,
    hint: str,
) -> None:
    error = refusal(formula, **options)
    assert type(error) is kind
    assert (error.message, error.where, error.hint) == (message, where, hint)


def test_an_option_s_expression_is_underlined() -> None:
    error = refusal("y ~ 1 + (1 | g)", subset="y > 1 & Dayz < 3")
    assert error.underlined() == "y > 1 & Dayz < 3\n        ^^^^"


def test_a_table_without_rows() -> None:
    with pytest.raises(DataError) as caught:
        design(table(numeric("y", []), numeric("g", [])), "y ~ 1 + (1 | g)")
    assert caught.value.message == "0 (non-NA) cases: the table has no rows"
    assert caught.value.hint == "Check the file."


def test_a_model_matrix_too_large_to_hold() -> None:
    n = 200
    data = table(
        numeric("y", range(n)),
        factor("a", [f"a{i}" for i in range(n)]),
        factor("b", [f"b{i}" for i in range(n)]),
    )
    with pytest.raises(ModelError) as caught:
        design(data, "y ~ a:b + (1 | a)")
    assert caught.value.message == (
        "the formula needs 40,000 columns, 40,000 of them for `a:b`: more than the 10,000 that are fitted "
        "here"
    )
    assert caught.value.hint == columns.FEWER_COLUMNS


def test_a_model_matrix_that_no_memory_holds_is_refused_before_it_is_taken(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """3,000 levels in 1e5 rows took 11.5 GB, and then said that there was not enough."""
    monkeypatch.setattr(columns, "free_memory", lambda: 1e6)
    data = table(
        numeric("y", range(400)), factor("a", [f"a{i % 200}" for i in range(400)]), numeric("g", range(400))
    )
    with pytest.raises(ModelError) as caught:
        design(data, "y ~ a + (1 | g)")
    assert caught.value.message == (
        "199 columns in 400 rows, 199 of them for `a`, take about 5.1 MB of memory, and 1 MB are free"
    )


def test_polynomial_contrasts_of_too_many_levels() -> None:
    data = table(
        numeric("y", range(96)), factor("a", [f"{i:02d}" for i in range(96)]), numeric("g", [1, 2] * 48)
    )
    with pytest.raises(ModelError) as caught:
        design(data, "y ~ a + (1 | g)", contrasts={"a": "poly"})
    assert caught.value.message == "`a` has 96 levels; polynomial contrasts stop at 95"
    assert caught.value.hint == "Use `poly(as.numeric(f), 3)` with a low degree, or other contrasts."


def test_an_interaction_too_large_to_compute() -> None:
    data = table(numeric("y", [1, 2, 3]), numeric("x", [1e300, 1, 2]), numeric("g", [1, 1, 2]))
    with pytest.raises(DataError) as caught:
        design(data, "y ~ x:I(x + 1) + (1 | g)")
    assert caught.value.message == (
        "`x:I(x + 1)` is too large to be computed (lme4: NA/NaN/Inf in foreign function call)"
    )
    assert caught.value.hint == "Rescale its columns: `scale(x)`."


@pytest.mark.parametrize(
    ("formula", "bars"),
    [
        ("zero ~ 1 + (1 | g) + (1 | f)", "`(1 | g)`, `(1 | f)`"),
        ("zero ~ 1 + (1 + y | g)", "`(1 + y | g)`"),
        ("zero ~ 1 + (0 + f | g)", "`(0 + f | g)`"),
        ("zero ~ 1 + (y || g)", "`(1 | g)`, `(0 + y | g)`"),
    ],
)
def test_quadrature_is_for_one_scalar_term(formula: str, bars: str) -> None:
    error = refusal(formula, family="poisson", link="log", reml=False, nagq=9)
    assert isinstance(error, OptionError)
    assert error.message == (
        "nAGQ > 1 is only available for models with a single, scalar random-effects term"
    )
    assert error.where == "option --nagq"
    assert error.hint == f"The random effects are {bars}: use --nagq 1 (Laplace) or 0."


@pytest.mark.parametrize("nagq", [0, 1])
def test_laplace_takes_any_random_effects(nagq: int) -> None:
    built = design(
        small_table(), "zero ~ 1 + (1 + y | g)", family="poisson", link="log", reml=False, nagq=nagq
    )
    assert built.spec.nagq == nagq


@pytest.mark.parametrize(
    ("cells", "hint"),
    [
        (["mm", "1", "2", "3"], "If that line holds units, or more of the names, take it out of the file"),
        (["1", "2", "v", "3"], "The names of the columns stand there again"),
        (["1", "4*", "2", "3", "5", "6*"], 'Correct the 2 cells with text ("4*", "6*")'),
    ],
)
def test_text_among_numbers_is_answered_by_where_and_how_much_it_is(cells: list[str], hint: str) -> None:
    data = table(factor("v", cells), numeric("g", list(range(len(cells)))))
    with pytest.raises(ModelError) as caught:
        design(data, "v ~ 1 + (1 | g)")
    assert hint in str(caught.value.hint)
