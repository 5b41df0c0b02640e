"""What other programs write where lme4 has a formula, and what stands for it here."""

from __future__ import annotations

import unicodedata

_SMOOTH = "Smooths are mgcv's; a curve of a mixed model is written `poly(x, 2)` or `ns(x, 3)`."
_OF_BRMS = "It is brms's, and no part of lme4's formula: out of scope."
_RANDOM = "A random effect is written `(1 | g)`, with a slope `(x | g)`."
_CODING = "A coding is R's: `C(f, contr.treatment)`, `contr.sum`, `contr.helmert`, or `--contrasts f=sum`."
ALONE = "Give the formula alone, without R code around it."
BACKTICKS = "A name with special characters goes in backticks: `my name`."

# Functions of other formula languages.
FUNCTIONS = {
    **dict.fromkeys(("s", "te", "ti", "t2", "lo"), _SMOOTH),
    **dict.fromkeys(("Error", "random", "re", "strata", "frailty", "cluster"), _RANDOM),
    **dict.fromkeys(("Treatment", "Sum", "Helmert", "Poly", "Diff"), _CODING),
    **dict.fromkeys(("mo", "me", "mi", "gr", "mm", "trials", "cens", "se"), _OF_BRMS),
    "Q": BACKTICKS,
    **dict.fromkeys(("lmer", "glmer", "lme", "as.formula", "formula", "smf.mixedlm"), ALONE),
    "if": "Write `ifelse(x > 0, 1, 0)`.",
    **dict.fromkeys(("lag", "lead", "diff", "cumsum", "rank"), "Make the column in the table first."),
}
LIBRARIES = ("np", "numpy", "math", "scipy", "pd", "pandas")

# Arguments of other programs' calls, and of lme4's own, which are no part of a formula.
_ELSEWHERE = "It is no part of lme4's formula, and such models are out of scope."
ARGUMENTS = {
    **dict.fromkeys(("random", "groups", "group", "re_formula", "vc_formula", "re"), _RANDOM),
    **dict.fromkeys(("dispformula", "ziformula", "zi", "sigma", "correlation", "autocor"), _ELSEWHERE),
    **dict.fromkeys(("fixed", "formula", "data"), "Give the formula alone, and the table before it."),
    **dict.fromkeys(
        ("family", "link", "weights", "offset", "subset", "contrasts"),
        "Give the formula alone: `--{0}` is an option.",
    ),
    "REML": "Give the formula alone: `--ml` and `--reml` are options.",
    "nAGQ": "Give the formula alone: `--nagq` is an option.",
    "control": "Give the formula alone: `--optimizer` and `--maxfun` are options.",
}

# Operators of Python's conditions, and of SQL's.
OF_PYTHON = {
    "and": "&",
    "AND": "&",
    "or": "|",
    "OR": "|",
    "in": "%in% c(...)",
    "IN": "%in% c(...)",
    "not": "!",
    "NOT": "!",
}

# What text programs and other keyboards put in the place of an operator. NFKC knows the full-width forms.
_OPERATORS = {
    **dict.fromkeys("\u223c\u02dc\u2053\u301c\u0303", "~"),
    **dict.fromkeys("\u2212\u2010\u2011\u2012\u2013\u2014\u00ad", "-"),
    **dict.fromkeys("\u2223\u00a6\u2502", "|"),
    **dict.fromkeys("\u00d7\u2217\u22c5\u00b7\u2219", "*"),
    **dict.fromkeys("\u2236\ua789", ":"),
    **dict.fromkeys("\u00f7\u2215", "/"),
}
_QUOTES = frozenset("\u201c\u201d\u201e\u201f\u2018\u2019\u201a\u00b4\u00ab\u00bb")
_TYPED = frozenset("+-*/^:~()|&!<>=,")


def instead_of_function(name: str, known: tuple[str, ...]) -> str | None:
    """What to write instead of a call of `name`, if it is another program's.

    Args:
        known: the functions that a formula may call.
    """
    library, _, function = name.rpartition(".")
    if library in LIBRARIES and function in known:
        return f"Write `{function}()`, as in R."
    return FUNCTIONS.get(name)


def instead_of_argument(name: str) -> str | None:
    """What to do with `name = ...` beside a formula, if it is an argument of some program's call."""
    hint = ARGUMENTS.get(name)
    return hint and hint.format(name)


def instead_of_character(char: str) -> str | None:
    """What to type instead of a character that looks like one of R's, or that nobody sees."""
    if char in _QUOTES:
        return "Names stand without quotes; one with special characters in backticks: `my name`."
    meant = _OPERATORS.get(char, unicodedata.normalize("NFKC", char))
    if meant in _TYPED:
        return f"Type `{meant}`: this is another character that looks like it (U+{ord(char):04X})."
    if unicodedata.category(char) == "Cf":
        return f"Delete it: an invisible character (U+{ord(char):04X}) stands here."
    return None
