"""What an option is, and what its value means on the command line, in a configuration and in Python.

An option is a field of a frozen record, declared in one place:

    maxfun: int | None = option(WholeNumber(least=1), None, metavar="N", example="20000", help="...")

The rest follows from the declaration: the flag `--maxfun N` with its help, messages and completion
(`command/flags`), the key `maxfun` of a configuration (`check/entries`), the keyword argument of Python and
its check (`check_values`), and the words of a command to paste (`words_of`).

What a value means is a `Meaning`: it reads the words of a command line, checks the type, the range and the
alphabet of a value wherever that comes from, and writes the words again. What it refuses is an OptionError
with what is wrong and what to write instead; whoever asks adds where it stands: `option --maxfun`, `option
maxfun`, or a line of a configuration.
"""

from mmtriage.option_values.declaration import (
    Completion,
    Option,
    arguments_of,
    check_values,
    option,
    options_of,
    spelled,
    words_of,
)
from mmtriage.option_values.listed import CONTRASTS, Cells, Codings, Factors, Levels
from mmtriage.option_values.meanings import (
    Choice,
    Meaning,
    Seconds,
    Switch,
    Text,
    Texts,
    WholeNumber,
    one_of,
)

__all__ = [
    "CONTRASTS",
    "Cells",
    "Choice",
    "Codings",
    "Completion",
    "Factors",
    "Levels",
    "Meaning",
    "Option",
    "Seconds",
    "Switch",
    "Text",
    "Texts",
    "WholeNumber",
    "arguments_of",
    "check_values",
    "one_of",
    "option",
    "options_of",
    "spelled",
    "words_of",
]
