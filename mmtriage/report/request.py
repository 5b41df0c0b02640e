"""What a report was asked, as a checksum: of one request there is one report, but for its seconds."""

from __future__ import annotations

import hashlib
import json
from typing import TYPE_CHECKING

from mmtriage.data.reading import Reading
from mmtriage.option_values import options_of, words_of
from mmtriage.options import TriageOptions
from mmtriage.version import VERSION

if TYPE_CHECKING:
    from mmtriage.given.record import GivenFit

CHANGES_NOTHING = ("jobs", "time_budget")  # a report that the budget has cut short says so


def request_of(
    sha256: str, reading: Reading, formula: str, options: TriageOptions, given: GivenFit | None
) -> str:
    """The checksum of a table's bytes and how they are read, a formula, options, a fit, and the version.

    Nothing of it takes more of the table than its bytes: what a fit says of columns is part of the fit.
    """
    names = [item.name for item in options_of(TriageOptions) if item.name not in CHANGES_NOTHING]
    asked = (
        VERSION,
        sha256,
        words_of(reading.by_user),
        formula,
        words_of(options, names),
        None if given is None else repr(given),
    )
    return hashlib.sha256(json.dumps(asked).encode()).hexdigest()
