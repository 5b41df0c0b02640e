"""Which random terms the user wants kept (`--keep`)."""

from __future__ import annotations

import re
from collections.abc import Sequence

from mmtriage.errors import OptionError
from mmtriage.formula import Bar
from mmtriage.formula.edit import bar_terms

CENTERED_LABEL = re.compile(r"\bI\(((?:dummy\([^()]*\)|[^()])+?) [-+] [\d.e+-]+\)")
DUMMY_LABEL = re.compile(r"\bdummy\(([^,()]+), \"[^\"]*\"\)")


def is_kept(keep: Sequence[str], bar: Bar, label: str | None = None) -> bool:
    """Whether a bar, or one of its terms, is protected.

    A kept term is written as the bar (`(1 + x | g)`), as `x | g`, or as `x` alone for every grouping.
    """
    wanted = {_squeezed(text) for text in keep}
    names = {_squeezed(bar.to_text()), _squeezed(bar.text)}
    labels = bar_terms(bar) if label is None else (label,)
    for way in (written for text in labels for written in (text, _as_user_wrote(text))):
        names.add(_squeezed(f"{way}|{bar.group_name}"))
        if label is not None:
            names.add(_squeezed(way))
    return bool(wanted & names)


def _as_user_wrote(label: str) -> str:
    """The label before rung 2 centered it or took its factor apart: `I(dummy(f, "b") - 0.5):x` is `f:x`."""
    for pattern in (CENTERED_LABEL, DUMMY_LABEL):
        label = pattern.sub(r"\1", label)
    return label


def check_kept(keep: Sequence[str], bars: Sequence[Bar]) -> None:
    """Refuse a `--keep` that names no random term.

    Raises:
        OptionError: it does not.
    """
    unknown = unknown_keeps(keep, bars)
    if unknown:
        names = ", ".join(f"`{bar.to_text()}`" for bar in bars)
        raise OptionError(
            f"--keep {unknown[0]}: no such random term",
            where="option --keep",
            hint=f"The random terms are {names}; a slope is kept with `x` or `x | g`.",
        )


def unknown_keeps(keep: Sequence[str], bars: Sequence[Bar]) -> list[str]:
    """The kept terms that match nothing in the formula."""
    return [
        text
        for text in keep
        if not any(
            is_kept([text], bar, label) or is_kept([text], bar) for bar in bars for label in bar_terms(bar)
        )
    ]


def _squeezed(text: str) -> str:
    """Take out blanks and the parentheses of a bar, so that all ways to write a term are one."""
    squeezed = "".join(text.split())
    if squeezed.startswith("(") and squeezed.endswith(")") and "|" in squeezed:
        squeezed = squeezed[1:-1]
    return squeezed.removeprefix("1+") if "|" in squeezed else squeezed
