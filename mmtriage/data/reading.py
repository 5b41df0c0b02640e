"""How a table is read: what the user has said of it.

The table keeps it, for whoever reads the table again: a command to paste repeats the user's own words, and R
code says the same in R.
"""

from __future__ import annotations

from dataclasses import dataclass, replace

from mmtriage.option_values import (
    Cells,
    Factors,
    Levels,
    Text,
    WholeNumber,
    check_values,
    option,
    words_of,
)

NO_CHARACTER = r"\"\r\n\x00\ud800-\udfff"  # that could stand between cells, or in them
# One character that is no letter and no digit, and of numbers no sign either.
MARK_OF_NUMBERS = Text(
    rf"(?![^\W_])[^+\-{NO_CHARACTER}]", "a mark within numbers: one character, such as `,` or `.`"
)
DATA_FRAME = "<data frame>"
STATSMODELS_RESULT = "<statsmodels result>"
MOST_MAX_BYTES = 2**50
IN_MEMORY = (DATA_FRAME, STATSMODELS_RESULT)  # sources that no command can name


@dataclass(frozen=True, slots=True, kw_only=True)
class Reading:
    """The options of reading."""

    sep: str | None = option(
        Text(rf"[^{NO_CHARACTER}]|tab|\\t", "a separator: one character, such as `,` or `;`, or `tab`"),
        None,
        metavar="CHAR",
        help="Separator of the table (default: sniffed).",
    )
    decimal: str | None = option(
        MARK_OF_NUMBERS,
        None,
        metavar="CHAR",
        help="Decimal mark (default: a point; beside semicolons a comma).",
    )
    thousands: str | None = option(
        MARK_OF_NUMBERS, None, metavar="CHAR", help="Mark between groups of three digits (default: none)."
    )
    encoding: str | None = option(
        Text(r"[\w. :()+-]+", "a name of an encoding"),
        None,
        metavar="NAME",
        help="Encoding of the text (default: UTF-8, else cp1252, with a note).",
    )
    sheet: str | None = option(
        Text(), None, metavar="NAME", help="Sheet of a workbook, by name or number (default: the first)."
    )
    skip: int = option(
        WholeNumber(least=0), 0, metavar="N", help="Leave out so many lines above the names of columns."
    )
    comment: str | None = option(
        Text(rf"(?![^\W_])[^{NO_CHARACTER}]", "one character that could begin a comment, such as `#`"),
        None,
        metavar="CHAR",
        help="What follows this character on a line is a comment.",
    )
    max_bytes: int | None = option(
        WholeNumber(least=1, most=MOST_MAX_BYTES),
        None,
        metavar="N",
        example="2000000000",
        help="Read no table of more than N bytes, unpacked (default: by the free memory).",
    )
    na_values: tuple[str, ...] = option(
        Cells(), (), metavar="A,B", help="Cells that mean missing, beside NA and the empty one."
    )
    factors: Factors = option(
        Levels(),
        {},
        key="factor",
        metavar="COL[=A,B]",
        help="Treat a column as a factor; the first level listed is the reference. Repeatable.",
    )
    verbatim: tuple[str, ...] = ()  # words of the command line that has said all this, if one has
    of_fit: frozenset[str] = frozenset()  # factors that a fit made elsewhere has, and not the user's words

    def __post_init__(self) -> None:
        check_values(self)

    def __hash__(self) -> int:
        return hash(self.words)

    @property
    def words(self) -> tuple[str, ...]:
        """The words of a command that reads the table in the same way."""
        return self.verbatim or tuple(words_of(self))

    @property
    def by_user(self) -> Reading:
        """What the user has said of it, before a fit made elsewhere was asked."""
        factors = {name: levels for name, levels in self.factors.items() if name not in self.of_fit}
        return replace(self, factors=factors, of_fit=frozenset())


PLAINLY = Reading()  # nothing was said
