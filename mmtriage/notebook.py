"""A report as `mmtriage.triage` returns it: with its JSON document, and as HTML where a notebook asks for it.

The records of a report know nothing that reads them; what a user may ask a report for is added here, above
both.
"""

from __future__ import annotations

from dataclasses import fields
from pathlib import Path

from mmtriage.errors import OptionError
from mmtriage.render import ENDINGS, render
from mmtriage.report import facts
from mmtriage.report.document import Json, report_document
from mmtriage.system.whole_files import write_whole


class Report(facts.Report):
    """All there is to say about one model."""

    __slots__ = ()

    def to_dict(self) -> dict[str, Json]:
        """The report as JSON values, key by key as in the schema."""
        return report_document(self)

    def to_json(self) -> str:
        """The report as `--format json` prints it."""
        return render(self, "json")

    def to_html(self) -> str:
        """The report as a page that needs nothing else."""
        return render(self, "html")

    def to_markdown(self) -> str:
        """The report as `--format markdown` prints it."""
        return render(self, "markdown")

    def save(self, path: str | Path) -> None:
        """Write the report to a file, in the format that the ending of its name says (`render.ENDINGS`).

        Raises:
            mmtriage.errors.OptionError: no format has this ending, or there is no such directory.
        """
        _write(self, Path(path))

    def __str__(self) -> str:
        return render(self, "text")

    def _repr_html_(self) -> str:
        """What a notebook shows of the report."""
        from mmtriage.render.htmldoc import fragment  # Jinja is imported by those who look

        return fragment(self)


def with_methods(report: facts.Report) -> Report:
    """The same report, to be asked."""
    return Report(**{item.name: getattr(report, item.name) for item in fields(report)})


def _write(report: facts.Report, path: Path) -> None:
    """See `Report.save`."""
    if path.suffix.lower() not in ENDINGS:
        hint = f"Known are: {', '.join(ENDINGS)}."
        raise OptionError(f"no format has the ending of `{path}`", where="report.save(path)", hint=hint)
    text = render(report, ENDINGS[path.suffix.lower()])
    try:
        write_whole(path, text)
    except OSError as error:
        raise OptionError(
            f"`{path}` cannot be written: {error.strerror}", where="report.save(path)"
        ) from None
