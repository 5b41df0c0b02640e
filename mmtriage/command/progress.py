"""Progress: one line of stderr that says what is being done, silent for the first second.

    14 s  criterion 13851.2700 after 2,310 evaluations: fitting as lme4 does, then to the proven optimum
    14 s  ━━━━━━━━━━━━━━━━━━━━━━━━ 120/200 models

The clock shows that something is being done, the criterion whether that leads anywhere; a bar is drawn where
the number of steps is known. The line is gone when the work is done.
"""

from __future__ import annotations

import sys
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from typing import TYPE_CHECKING, TextIO

from mmtriage import figures
from mmtriage.command.screen import width
from mmtriage.options import TriageOptions

if TYPE_CHECKING:
    from rich.console import RenderableType
    from rich.live import Live

PATIENCE = 1.0  # seconds
FRAMES = 4  # a second
MOST_OF_BAR = 40  # columns


class Ticker:
    """One line of a terminal, redrawn by a thread of its own, and told by another what that does."""

    def __init__(self, stream: TextIO, *, width: int, patience: float = PATIENCE) -> None:
        self._stream = stream
        self._width = width
        self._began = time.monotonic()
        self._stage = ""
        self._evaluations = 0
        self._criterion = 0.0
        self._steps: tuple[int, int] | None = None  # done, and of how many
        self._live: Live | None = None
        self._lock = threading.Lock()
        self._timer = threading.Timer(patience, self._begin)
        self._timer.daemon = True
        self._timer.start()

    def say(self, stage: str) -> None:
        """What is being done now."""
        self._stage, self._evaluations = stage, 0

    def evaluated(self, criterion: float) -> None:
        """A criterion has been evaluated."""
        self._evaluations += 1
        self._criterion = criterion

    def models(self, done: int, total: int) -> None:
        """How many models of a check are done."""
        self._stage, self._steps = f"{done}/{total} models", (done, total)

    def clear(self) -> None:
        """Leave the line as it was found."""
        self._timer.cancel()
        with self._lock:
            if self._live is not None:
                self._live.stop()

    def _begin(self) -> None:
        # Here, since most users do not wait for so long that they see anything.
        from rich.console import Console
        from rich.live import Live

        console = Console(file=self._stream, width=self._width, force_terminal=True, color_system=None)
        live = Live(
            get_renderable=self._line,
            console=console,
            refresh_per_second=FRAMES,
            transient=True,
            redirect_stdout=False,  # nothing else is printed meanwhile, and streams stay what they are
            redirect_stderr=False,
        )
        with self._lock:
            if not self._timer.finished.is_set():  # else it was cleared meanwhile
                self._live = live
                live.start()

    def _line(self) -> RenderableType:
        from rich.progress_bar import ProgressBar
        from rich.table import Table
        from rich.text import Text

        line = Table.grid(padding=(0, 1))
        cells: list[RenderableType] = [f"{time.monotonic() - self._began:.0f} s "]
        if self._steps is not None:
            done, total = self._steps
            cells.append(ProgressBar(total, done, width=min(MOST_OF_BAR, self._width // 2)))
        cells.append(Text(self._words(), no_wrap=True, overflow="ellipsis"))
        line.add_row(*cells)
        return line

    def _words(self) -> str:
        if not self._evaluations:
            return self._stage
        evaluations = figures.count(self._evaluations, "evaluation")
        # First what moves: on a narrow terminal the end of the line is cut.
        return f"criterion {figures.criterion(self._criterion)} after {evaluations}: {self._stage}"


@contextmanager
def progress_line(*, wanted: bool) -> Iterator[Ticker | None]:
    """Something to tell what is being done, or None where nobody would see it."""
    if not (wanted and sys.stderr.isatty()):
        yield None
        return
    ticker = Ticker(sys.stderr, width=width() - 1)
    try:
        yield ticker
    finally:
        ticker.clear()


def shown_on(ticker: Ticker | None, options: TriageOptions) -> TriageOptions:
    """The options of a triage that says there what it does, where there is one."""
    return options if ticker is None else replace(options, progress=ticker.say, evaluated=ticker.evaluated)
