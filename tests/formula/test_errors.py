"""Every error of the formula language: which characters it underlines, what it says, what it advises."""

from __future__ import annotations

import pytest

from mmtriage.errors import FormulaError
from mmtriage.formula import parse_expression, parse_formula
from tests.formula.marked import facts, mark, unmarked
from tests.steps import steps

ALL_FUNCTIONS = (
    "abs, acos, as.character, as.double, as.factor, as.integer, as.logical, as.numeric, as.ordered, "
    "as.vector, asin, atan, ave, bs, C, c, cbind, ceiling, cos, cosh, cut, drop, droplevels, dummy, "
    "exp, expm1, factor, floor, I, ifelse, interaction, is.na, levels, log, log10, log1p, log2, max, "
    "mean, median, min, ns, offset, ordered, plogis, pmax, pmin, pnorm, poly, qlogis, qnorm, quantile, "
    "relevel, rep, rev, round, scale, sd, seq, sign, signif, sin, sinh, sqrt, sum, tan, tanh, trunc, "
    "var"
)

LOOKS_LIKE = "Type `{}`: this is another character that looks like it (U+{})."

# Marked text, message, hint.
TABLE = [
    ("«»", "the formula is empty", "Write for example `y ~ x + (1 | g)`."),
    (
        "«~» x + (1|g)",
        "the formula has no response",
        "Put the response before the `~`, as in `y ~ x + (1 | g)`.",
    ),
    (
        "«y + x»",
        "the formula has no `~`",
        "Put the response before a `~` and the predictors after it, as in `y ~ x + (1 | g)`.",
    ),
    ("y «~» ", "nothing follows the `~`", "Write for example `y ~ x + (1 | g)`."),
    ("y ~ x «~» z", "a formula has one `~`", "Remove this one."),
    (
        "lmer(y «~» x + (1|g), data = d)",
        "a formula cannot stand inside `lmer()`",
        "Give the formula alone, without R code around it.",
    ),
    ("y ~ (x «~» z)", "a formula has one `~`", "Remove this one."),
    ("y ~ x «+»", "nothing follows `+`", "Complete it, or remove it."),
    ("y ~ x + «*» z", "a name or a number is missing before `*`", "Complete it, or remove the operator."),
    (
        "y ~ x «z»",
        "an operator is missing before this",
        "Write `x + z` if both are terms of the model, `x z` in backticks if that is one name.",
    ),
    (
        "y «x» ~ z",
        "an operator is missing before this",
        "Write `y + x` if both are terms of the model, `y x` in backticks if that is one name.",
    ),
    ("y ~ x «2»", "an operator is missing before this", "Write `x + 2` if both are terms of the model."),
    ("y «x» + (1 | g)", "the formula has no `~`", "Put it after the response: `y ~ x`."),
    ("cbind«(»a, b ~ x + (1 | g)", "this is not closed before the `~`", "Add a `)`."),
    (
        "m <- lme4::lmer(y «~» x, d)",
        "a formula cannot stand inside `lme4::lmer()`",
        "Give the formula alone, without R code around it.",
    ),
    (
        "y ~ x, «random» = ~ 1 | g",
        "`random =` is no part of the formula",
        "A random effect is written `(1 | g)`, with a slope `(x | g)`.",
    ),
    (
        "«fixed» = y ~ x, random = ~ 1 | g",
        "`fixed =` is no part of the formula",
        "Give the formula alone, and the table before it.",
    ),
    (
        "y ~ x + (1 | g), «weights» = w",
        "`weights =` is no part of the formula",
        "Give the formula alone: `--weights` is an option.",
    ),
    (
        "y ~ «s»(x) + (1 | g)",
        "`s()` is not known",
        "Smooths are mgcv's; a curve of a mixed model is written `poly(x, 2)` or `ns(x, 3)`.",
    ),
    ("y ~ «np.log»(x)", "`np.log()` is not known", "Write `log()`, as in R."),
    (
        "y ~ «dose» (mg)",
        "`dose()` is not known",
        "If that is the name of a column, put it in backticks: `dose (mg)`.",
    ),
    ("y ~ x «\u2212» 1", "`\u2212` has no meaning in a formula", LOOKS_LIKE.format("-", "2212")),
    ("y ~ (1 «\uff5c» g)", "`\uff5c` has no meaning in a formula", LOOKS_LIKE.format("|", "FF5C")),
    (
        "y ~ «\u201c»x\u201d",
        "`\u201c` has no meaning in a formula",
        "Names stand without quotes; one with special characters in backticks: `my name`.",
    ),
    (
        "y ~ «\u200b»x",
        "`\u200b` has no meaning in a formula",
        "Delete it: an invisible character (U+200B) stands here.",
    ),
    (
        "y ~ x + (1 | «'g'»)",
        "`'g'` is not a grouping factor",
        "A column stands without quotes: `(1 | g)`.",
    ),
    ("y ~ «(»x + (1|g)", "this parenthesis is never closed", "Add a `)`."),
    ("y ~ log«(»x", "this parenthesis is never closed", "Add a `)`."),
    ("y ~ x«)» + (1|g)", "this parenthesis was never opened", "Remove it, or add a `(` before."),
    ("y ~ «()»", "nothing between the parentheses", "Remove them, or put a term inside."),
    ("y «=» x", "`=` is not an operator of a formula", "Use `~` for the model, `==` to compare."),
    ("y ~ x«,» z", "a comma can stand only between the arguments of a function", "Join terms with `+`."),
    ("y ~ x «!» z", "`!` cannot stand here", "Remove it."),
    ("y ~ x + «'»abc", "this quote is never closed", "Add a closing '."),
    ("y ~ «`»abc", "this backtick is never closed", "Add a closing `."),
    ('y ~ x == «"»a', "this quote is never closed", 'Add a closing ".'),
    ("«'y ~ x'»", "the formula has no `~`", "Take the quotes off the formula."),
    (
        "weights «=» y + x",
        "`=` is not an operator of a formula",
        "Use `~` for the model, `==` to compare.",
    ),
    (
        "y ~ x + (1 | g) «data» = d",
        "`data =` is no part of the formula",
        "Give the formula alone, and the table before it.",
    ),
    ("y ~ «``»", "an empty name", "Put a column name between the backticks."),
    ("y ~ `a«\\q»`", "unknown escape `\\q`", "Write a backslash itself as \\\\."),
    (
        "y ~ d«$»x",
        "`$` has no meaning in a formula",
        "Columns are written by their name alone: `x`, not `data$x`.",
    ),
    (
        "y ~ x«[»1]",
        "only columns can be taken out of something",
        "Write for example `scale(x)[, 1]`; for some of the rows there is `--subset`.",
    ),
    ("y ~ scale(x)«[», 1", "this bracket is never closed", "Add a `]`."),
    ("y ~ x«]»", "this bracket was never opened", "Remove it."),
    ("y ~ «splines::ns»", "only a function can follow `::`", "Write for example `splines::ns(x, 3)`."),
    ("y ~ «splines::»", "only a function can follow `::`", "Write for example `splines::ns(x, 3)`."),
    ("y ~ «splines::poly»(x, 2)", "`splines::poly()` is not known", "It is `stats::poly()`."),
    ("y ~ «diag»(x)", "`diag()` is not known", "It takes a random-effects term: `diag(x | g)`."),
    ("y ~ «NA»", "`NA` is not a term", "Terms are columns, calls, 0 and 1."),
    (
        "y ~ cs(0 + f | g, «het = TRUE»)",
        "`cs()` has no such option",
        "Its only option is `hom = TRUE` or `FALSE`.",
    ),
    ("y ~ x + «ar1(x || g)»", "`||` inside `ar1()`", "`ar1()` takes one bar: `(x | g)`."),
    (
        "y ~ x + «rr(x | g)»",
        "`rr()` is no covariance structure of lme4",
        "lme4 2.x has `us()`, `diag()`, `cs()` and `ar1()`.",
    ),
    ("y ~ x + «diag(x || g)»", "`||` inside `diag()`", "`diag()` takes one bar: `(x | g)`."),
    (
        "y ~ diag(x | g, «het = TRUE»)",
        "`diag()` has no such option",
        "Its only option is `hom = TRUE` or `FALSE`.",
    ),
    ("y ~ us(x | g, «hom = TRUE»)", "`us()` has no such option", "It has none."),
    ("y ~ x * «us(1 | g)»", "a random-effects term cannot stand here", "Join it to the model with `+`."),
    ("y ~ log(«us(1 | g)»)", "a random-effects term cannot stand here", "Join it to the model with `+`."),
    ("y ~ x - «diag(1 | g)»", "a random-effects term cannot be subtracted", "Leave it out."),
    ("y ~ «{»x}", "`{` has no meaning in a formula", "Code blocks are not part of a formula."),
    ("y ~ x«@»z", "`@` has no meaning in a formula", "Slots are not part of a formula."),
    ("y ~ x«;» z", "`;` has no meaning in a formula", "Write one formula only."),
    ("y ~ x «+»     ", "nothing follows `+`", "Complete it, or remove it."),
    (
        "y ~ «\\»x",
        "`\\` has no meaning in a formula",
        "A name with special characters goes in backticks: `my name`.",
    ),
    (
        "y ~ «_»x",
        "`_` has no meaning in a formula",
        "A name that starts with an underscore goes in backticks: `_x`.",
    ),
    (
        "y ~ «?»x",
        "`?` has no meaning in a formula",
        "A name with special characters goes in backticks: `my name`.",
    ),
    ("y ~ x «%o%» z", "`%o%` is not known", "The operators are %in%, %%, %/%."),
    ("y ~ I(0 < x «<» 1)", "comparisons cannot be chained", "Join them with `&`, as in `0 < x & x < 1`."),
    ("y ~ I(«1e999»)", "this number is too large", "Write a smaller one."),
    ("y ~ «lgo»(x)", "`lgo()` is not known", "Did you mean `log`?"),
    (
        "y ~ «system»('ls')",
        "`system()` is not known",
        f"Make the column in the table first, or use one of: {ALL_FUNCTIONS}.",
    ),
    ("y ~ poly(x, «degre3=2»)", "`poly()` has no argument `degre3`", "Did you mean `degree`?"),
    (
        "y ~ bs(x, «q=2»)",
        "`bs()` has no argument `q`",
        "Its arguments are: x, df, knots, degree, intercept, Boundary.knots.",
    ),
    ("y ~ poly(x, degree=2, «d=3»)", "`degree` is given twice", "Keep one of the two."),
    ("y ~ exp(x, «3»)", "`exp()` takes no such argument", "Its arguments are: x."),
    ("y ~ «log()»", "`log()` needs `x`", "For example `log(x)`."),
    (
        "y ~ «C(f)»",
        "`C()` needs `contr`",
        "For example `C(f, contr.sum)`; what Python's formulas call `C(x)` is `factor(x)`.",
    ),
    ("y ~ «cbind()»", "`cbind()` needs an argument", "For example `cbind(successes, failures)`."),
    ("y ~ log(x«,»)", "an argument is missing after the comma", "Remove the comma."),
    ("y ~ log(«,»x)", "a name or a number is missing before `,`", "Complete it, or remove the operator."),
    ("y ~ «2» * x", "`2` is not a term", "Terms are columns, calls, 0 and 1."),
    (
        "y ~ x + «'a b'»",
        '`"a b"` is not a term',
        "A column stands without quotes: `a b`; in backticks where it has spaces.",
    ),
    ("y ~ «TRUE»", "`TRUE` is not a term", "Terms are columns, calls, 0 and 1."),
    (
        "y ~ x^«1»",
        "a power of terms must be a whole number of at least 2",
        "For a power of the column itself write for example `I(x^2)`.",
    ),
    (
        "y ~ (a+b)^«2.5»",
        "a power of terms must be a whole number of at least 2",
        "`(a + b)^2` means a, b and their interaction.",
    ),
    (
        "y ~ (a+b)^«100000»",
        "a power of terms may be at most 20",
        "`a * b * c` gives all interactions.",
    ),
    ("y ~ a:«1»", "one side of `:` has no terms", "Add the intercept apart, as in `0 + a:b`."),
    ("y ~ «0» * a", "one side of `*` has no terms", "Add the intercept apart, as in `0 + a:b`."),
    ("y ~ «-a»:b", "one side of `:` has no terms", "Add the intercept apart, as in `0 + a:b`."),
    ("y ~ x - «offset(z)»", "an offset cannot be subtracted", "Negate it inside: `offset(-x)`."),
    (
        "y ~ log(«offset(z)»)",
        "`offset()` cannot stand inside something else",
        "Add it to the model: `+ offset(x)`.",
    ),
    ("y ~ log(«.»)", "`.` cannot stand inside something else", "Name the column."),
    ("«.» ~ x", "`.` cannot be the response", "Name the response column."),
    ("«log(2)» ~ x", "`log(2)` does not depend on any column", "Use a column, as in `I(x^2)`."),
    ("y ~ «I(pi)»", "`I(pi)` does not depend on any column", "Use a column, as in `I(x^2)`."),
    (
        "«y | g» ~ x",
        "a random-effects term cannot stand left of the `~`",
        "Put it on the right, in parentheses: `y ~ x + (1 | g)`.",
    ),
    ("y ~ x - «(1|g)»", "a random-effects term cannot be subtracted", "Leave it out."),
    ("y ~ x * («1|g»)", "a random-effects term cannot stand here", "Join it to the model with `+`."),
    (
        "y ~ ((«1|g») | h)",
        "a random-effects term inside another",
        "Put each one in parentheses of its own: `(1 | a) + (1 | b)`.",
    ),
    ("y ~ x + («.» | g)", "`.` cannot be used in a random-effects term", "Name the columns."),
    (
        "y ~ (x + «offset(z)» | g)",
        "an offset cannot be part of a random-effects term",
        "Add it to the fixed part: `+ offset(x)`.",
    ),
    (
        "y ~ («x - 1 - x» | g)",
        "this random-effects term has no effects",
        "Write `(1 | g)` for an intercept, `(0 + x | g)` for a slope alone.",
    ),
    (
        "y ~ («0» | g)",
        "this random-effects term has no effects",
        "Write `(1 | g)` for an intercept, `(0 + x | g)` for a slope alone.",
    ),
    (
        "y ~ x + (g | «1»)",
        "`1` is not a grouping factor",
        "The grouping goes after the bar and the effects before it: `(1 | g)`.",
    ),
    (
        "y ~ x + (1 | «g - h»)",
        "`g - h` is not a grouping factor",
        "Name a column, as in `(1 | g)`, `(1 | a:b)` or `(1 | a/b)`.",
    ),
    (
        "y ~ (1 | «.»)",
        "`.` is not a grouping factor",
        "Name a column, as in `(1 | g)`, `(1 | a:b)` or `(1 | a/b)`.",
    ),
    ("y ~ ( «|» g)", "a name or a number is missing before `|`", "Complete it, or remove the operator."),
    ("y ~ (1 | «)»", "a name or a number is missing before `)`", "Complete it, or remove the operator."),
]


@pytest.mark.parametrize(("marked", "message", "hint"), TABLE, ids=[row[0] for row in TABLE])
def test_an_error_underlines_explains_and_advises(marked: str, message: str, hint: str) -> None:
    with pytest.raises(FormulaError) as caught:
        parse_formula(unmarked(marked))
    assert mark(caught.value) == marked
    assert facts(caught.value) == (message, hint)


@pytest.mark.parametrize(
    ("marked", "message", "hint"),
    [
        ("«»", "the expression is empty", "Write for example `x > 0`."),
        ("x > «)»", "a name or a number is missing before `)`", "Complete it, or remove the operator."),
        ("x «~» z", "a formula has one `~`", "Remove this one."),
        ("x «=» 3", "`=` is not an operator of a formula", "Use `~` for the model, `==` to compare."),
        ("x > 3 «and» x < 5", "`and` is no operator of R", "Write `&`."),
        ("«not» x > 3", "`not` is no operator of R", "Write `!`."),
        ("x > 3 «y»", "an operator is missing before this", "Put one, or a comma, between `3` and `y`."),
    ],
)
def test_an_expression_that_cannot_be_read(marked: str, message: str, hint: str) -> None:
    with pytest.raises(FormulaError) as caught:
        parse_expression(unmarked(marked))
    assert mark(caught.value) == marked
    assert facts(caught.value) == (message, hint)


NESTED = "Remove parentheses that change nothing."
LONG = "Make the column in the table first."


@pytest.mark.parametrize(
    ("text", "message", "hint"),
    [
        ("y ~ " + "(" * 5000 + "x" + ")" * 5000, "nested more than 40 levels deep", NESTED),
        ("y ~ " + "-" * 5000 + "x", "nested more than 40 levels deep", NESTED),
        ("y ~ " + "!" * 5000 + "x", "nested more than 40 levels deep", NESTED),
        ("y ~ x" + "^2" * 5000, "nested more than 40 levels deep", NESTED),
        ("y ~ " + "log(" * 5000 + "x" + ")" * 5000, "nested more than 40 levels deep", NESTED),
        ("y ~ a" + ":a" * 5000, "more than 200 operators in one expression", LONG),
        ("y ~ I(a" + "+a" * 5000 + ")", "more than 200 operators in one expression", LONG),
        ("a" + "+a" * 5000 + " ~ x", "more than 200 operators in one expression", LONG),
        ("y ~ !a" + "+a" * 5000, "more than 200 operators in one expression", LONG),
        (
            "y ~ " + "*".join(f"x{i}" for i in range(60)),
            "this makes more than 5000 terms",
            "Name the interactions you need.",
        ),
        (
            "y ~ (" + "+".join(f"x{i}" for i in range(60)) + ")^6",
            "this makes more than 5000 terms",
            "Name the interactions you need.",
        ),
        (
            "y ~ " + "+".join(f"x{i}" for i in range(5001)),
            "this makes more than 5000 terms",
            "Name the interactions you need.",
        ),
        (
            "y ~ (1 | " + "+".join(f"g{i}" for i in range(101)) + ")",
            "more than 100 grouping factors in one term",
            "Name the groupings you need.",
        ),
        (
            "y ~ (1 | " + "*".join(f"g{i}" for i in range(40)) + ")",
            "more than 100 grouping factors in one term",
            "Name the groupings you need.",
        ),
        (
            "y ~ " + "+".join(f"(1|g{i})" for i in range(201)),
            "more than 200 random-effects terms",
            "Name the ones you need.",
        ),
        (
            "y ~ " + "x" * 50_000,
            "the formula has 50004 characters; the limit is 50000",
            "Name fewer columns, or use `.` for all of them.",
        ),
    ],
    ids=lambda value: value[:24],
)
def test_an_absurd_formula_is_refused_quickly(text: str, message: str, hint: str) -> None:
    with steps(at_most=500_000), pytest.raises(FormulaError) as caught:
        parse_formula(text)
    assert facts(caught.value) == (message, hint)


def test_a_sum_as_long_as_a_wide_table_is_fine() -> None:
    formula = parse_formula("y ~ " + " + ".join(f"x{i}" for i in range(3000)) + " + (1 | g)")
    assert len(formula.fixed) == 3000
    assert parse_formula(formula.to_text()) == formula


def test_control_characters_do_not_shift_the_underline() -> None:
    with pytest.raises(FormulaError) as caught:
        parse_formula("y ~ x +\n\t lgo(z)")
    assert caught.value.underlined() == "y ~ x +   lgo(z)\n          ^^^"
