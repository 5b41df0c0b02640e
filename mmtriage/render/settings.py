"""What a format may be told beside the report."""

from __future__ import annotations

from dataclasses import dataclass

from mmtriage.data.reading import IN_MEMORY
from mmtriage.diagnose.severity import DEFAULT_FAIL_ON
from mmtriage.report.exit_code import fails
from mmtriage.report.facts import Report
from mmtriage.report.summary import Checked


@dataclass(frozen=True, slots=True, kw_only=True)
class Location:
    """Where a model is written down: a file, and a line of it from 1 on."""

    path: str
    line: int = 1


@dataclass(frozen=True, slots=True, kw_only=True)
class Plot:
    """A picture for the HTML report."""

    title: str
    svg: str  # trusted: made by this program
    name: str = "plot"  # of its file, without ending
    ids: str = ""  # with which every id in it begins
    description: str = ""  # what is to be seen, in words
    heading: str = ""  # of it and the plots of its kind
    reading: str = ""  # how these are to be read


@dataclass(frozen=True, slots=True, kw_only=True)
class Settings:
    """Choices that are not facts about the model."""

    name: str | None = None  # of the model, where a configuration has given it one
    location: Location | None = None  # None: the table
    fail_on: str = DEFAULT_FAIL_ON  # the least severity that fails a check: one of FAIL_ON
    plots: tuple[Plot, ...] | None = None  # None: whoever shows them draws them
    plot_remarks: tuple[str, ...] = ()  # what is not plotted, and why

    def fails(self, severity: str) -> bool:
        """Whether a finding or a verdict of this severity fails the check."""
        return fails(severity, self.fail_on)


PLAIN = Settings()
NOT_FITTED = "Nothing is plotted, for the model was not fitted again (--changed): this is its earlier report."
NO_FILES = ("-", *IN_MEMORY)  # sources that nothing can point into


def location_of(report: Report, settings: Settings) -> Location | None:
    """Where to point: the model's line in a configuration, else the table's line of column names."""
    if settings.location is not None or report.input.source in NO_FILES:
        return settings.location
    return Location(path=report.input.source)


def settings_of(model: Checked) -> Settings:
    """What a format is told about one model of a configuration."""
    return Settings(
        name=model.name,
        location=Location(path=model.path, line=model.line),
        fail_on=model.fail_on,
        plot_remarks=() if model.is_fitted else (NOT_FITTED,),
    )
