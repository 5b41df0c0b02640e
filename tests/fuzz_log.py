"""The log of a long run: a line a case, of the fuzz with seconds and memory; a run that was ended goes on."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

# The case and what came of it; of the fuzz how it ended, seconds, peak memory in MB, complaints, words and
# stderr.
Entry = dict[str, Any]

PEAK_BEGINS, STATUS = Path("/proc/self/clear_refs"), Path("/proc/self/status")
RESET_PEAK = "5"  # of proc(5)


class Log:
    """Entries by case, written as they come; without a file they are kept for this run alone."""

    def __init__(self, path: Path | None) -> None:
        self._path = path
        self.entries: dict[str, Entry] = {}
        if path is not None and path.exists():
            self._read(path)

    def _read(self, path: Path) -> None:
        """What an earlier run has done; a line that was cut short is a case that was not."""
        kept, text = [], path.read_text(encoding="utf-8")
        for line in text.splitlines():
            try:
                entry = json.loads(line)
            except ValueError:
                continue
            self.entries[entry["case"]] = entry
            kept.append(line + "\n")
        if "".join(kept) != text:  # else it is left alone: another process may be adding to it
            path.write_text("".join(kept), encoding="utf-8")

    def add(self, entry: Entry) -> None:
        """Keep one entry."""
        self.entries[entry["case"]] = entry
        if self._path is not None:
            with self._path.open("a", encoding="utf-8") as file:
                file.write(json.dumps(entry) + "\n")


def begin_peak() -> None:
    """Forget the most memory that this process has held until now."""
    if PEAK_BEGINS.exists():
        PEAK_BEGINS.write_text(RESET_PEAK)


def peak() -> float | None:
    """The most memory that it has held since then, in MB; None where the system does not say."""
    if not STATUS.exists():
        return None
    held = next(line for line in STATUS.read_text().splitlines() if line.startswith("VmHWM:"))
    return int(held.split()[1]) / 1024
