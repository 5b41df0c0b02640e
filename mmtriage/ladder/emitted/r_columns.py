"""Lines of R that change the data frame `d` before the call: columns that a remedy needs and `d` lacks."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from mmtriage.formula import Formula
from mmtriage.formula.edit import fixed_part
from mmtriage.formula.text import to_text
from mmtriage.ladder.emitted.r_values import r_condition, r_logical, r_strings

SCALED = "X_scaled"  # the name that R code gives a matrix of standardized columns


def row_numbers(name: str) -> list[str]:
    """Make a factor of one level per row."""
    return [f"d${name} <- factor(seq_len(nrow(d)))"]


def without_rows(rows: Sequence[int], *, first: int) -> str:
    """Leave rows out, which a spreadsheet numbers from `first` on and R from 1."""
    numbers = ", ".join(str(row - first + 1) for row in rows)
    line = f"d <- d[-c({numbers}), ]"
    if first == 1:
        return line
    above = "a line" if first == 2 else f"{first - 1} lines"
    return f"{line}  # the file has {above} above its first row"


def complete_rows(names: Iterable[str], subset: str | None) -> list[str]:
    """Keep the rows in which the columns `names` have values and which the model's subset selects."""
    complete = f"complete.cases(d[{r_strings(names)}])"
    chosen = complete if subset is None else f"({r_condition(subset)}) & {complete}"
    return [f"d <- subset(d, {chosen})"]


def centered_within(name: str, groups: str, *, within: str, between: str) -> list[str]:
    """Take a column apart: make `between` of its group means, and `within` of what is left of it."""
    return [group_mean(name, groups, between), f"d${within} <- d${name} - d${between}"]


def group_mean(name: str, groups: str, mean: str) -> str:
    """Make a column of the means of `name` over groups."""
    return f"d${mean} <- with(d, ave({name}, {groups}))"


def first_rows(groups: Iterable[str]) -> str:
    """Keep the first row of every group."""
    return f"d <- d[!duplicated(d[{r_strings(groups)}]), ]"


def standardized_matrix(formula: Formula, *, center: bool, scale: bool) -> list[str]:
    """Standardize the columns of X itself: make a matrix in `d` that `formula_in_matrix` refers to.

    Two-valued columns stay as they are, as in `diagnose.continuous.is_two_valued`.
    """
    terms = f"~ {fixed_part(formula)}"
    divisor = "apply(X[, k, drop = FALSE], 2, sd, na.rm = TRUE)" if scale else r_logical(False)
    return [
        f"X <- model.matrix({terms}, model.frame({terms}, d, na.action = na.pass))",
        "k <- apply(X, 2, function(x) length(unique(na.omit(x))) > 2)",
        f"X[, k] <- scale(X[, k, drop = FALSE], center = {r_logical(center)}, scale = {divisor})",
        f"d${SCALED} <- X",
    ]


def formula_in_matrix(formula: Formula) -> str:
    """Write the formula whose fixed part is the standardized matrix; that has a column for the intercept."""
    parts = [f"0 + {SCALED}", *map(to_text, formula.offsets), *(bar.to_text() for bar in formula.random)]
    return f"{to_text(formula.response)} ~ {' + '.join(parts)}"
