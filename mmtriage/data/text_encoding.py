"""The encoding that the user names (`--encoding`)."""

from __future__ import annotations

import codecs

from mmtriage.errors import OptionError


def refuse_unknown_encoding(name: str) -> None:
    """Refuse what is no encoding of text."""
    try:
        is_of_text = codecs.lookup(name)._is_text_encoding
    except (LookupError, ValueError):
        is_of_text = False
    if not is_of_text:
        raise OptionError(
            f"`{name}` is no encoding of text",
            where="option --encoding",
            hint="Such as UTF-8, UTF-16, cp1252 (Windows, western Europe), latin1, cp932 (Japanese).",
        )
