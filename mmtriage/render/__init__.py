"""Renderers: one file a format, all reading only the Report.

Report -> sentences and tables (once) -> layout (per format)
"""

from __future__ import annotations

from importlib import import_module

from mmtriage.errors import MmtriageError
from mmtriage.render.settings import PLAIN, Settings
from mmtriage.report.facts import Report
from mmtriage.report.summary import Summary

# Format name -> module of this package, imported when asked for. Each has `render(report, settings) -> str`
# for one model and `render_all(summary) -> str` for several.
RENDERERS: dict[str, str] = {
    "text": "terminal",
    "json": "jsondoc",
    "markdown": "markdown",
    "html": "htmldoc",
    "junit": "junit",
    "sarif": "sarif",
    "github": "github",
    "gitlab": "gitlab",
}
# Ending of a file's name -> the format that it is written in unless another is named.
ENDINGS = {
    ".txt": "text",
    ".json": "json",
    ".md": "markdown",
    ".html": "html",
    ".htm": "html",
    ".xml": "junit",
    ".sarif": "sarif",
}
# Formats for programs, which must not meet an empty stream: they also have `render_error(error) -> str`.
ERROR_FORMATS = ("json", "junit", "sarif", "github", "gitlab")


def render(report: Report, format_name: str, settings: Settings = PLAIN) -> str:
    """The report in one of `RENDERERS`, as it goes into a file."""
    text: str = import_module(f"mmtriage.render.{RENDERERS[format_name]}").render(report, settings)
    return text


def render_all(summary: Summary, format_name: str) -> str:
    """Several models in one of `RENDERERS`, as they go into a file."""
    text: str = import_module(f"mmtriage.render.{RENDERERS[format_name]}").render_all(summary)
    return text


def render_error(error: MmtriageError, format_name: str) -> str:
    """What takes the place of the report in one of `ERROR_FORMATS`."""
    text: str = import_module(f"mmtriage.render.{RENDERERS[format_name]}").render_error(error)
    return text
