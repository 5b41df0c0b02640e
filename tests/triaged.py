"""The command run in this process, once per session and arguments, and what it said."""

from __future__ import annotations

import contextlib
import io
import json
import os
import tempfile
from dataclasses import dataclass
from functools import cache
from hashlib import sha256
from pathlib import Path
from typing import Any

import jsonschema

from mmtriage.command import main as cli
from mmtriage.report.schema import schema_text
from tests.golden_cases import GoldenCase, golden_case

ROOT = Path(__file__).parent.parent
SAMPLES = ROOT / "sample_data"


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Outcome:
    """One command: its exit code and its JSON document."""

    code: int
    text: str  # stdout

    @property
    def report(self) -> dict[str, Any]:
        """The document, without NaN."""
        document: dict[str, Any] = json.loads(self.text, parse_constant=_no_constant)
        return document

    @property
    def steady_text(self) -> str:
        """All bytes that do not depend on the clock: everything before `timing`, the last key."""
        head, found, _ = self.text.partition('\n  "timing": ')
        assert found
        return head


@cache
def triaged(data: str, formula: str, *options: str) -> Outcome:
    """`mmtriage fit DATA FORMULA --format json OPTIONS`."""
    argv = ("fit", data, formula, "--format", "json", *options)
    shared = _shared(argv)
    if shared is not None and shared.exists():
        record = json.loads(shared.read_text(encoding="utf-8"))
        return Outcome(code=record["code"], text=record["text"])
    outcome = ran(*argv)
    if shared is not None:  # another worker may be at it too: whoever comes last replaces equal by equal
        partial = shared.with_suffix(f".{os.getpid()}")
        partial.write_text(json.dumps({"code": outcome.code, "text": outcome.text}), encoding="utf-8")
        partial.replace(shared)
    return outcome


def ran(*argv: str) -> Outcome:
    """Run a command, whatever was run before."""
    stdout = io.StringIO()
    with contextlib.redirect_stdout(stdout):
        code = cli.run(argv)
    return Outcome(code=code, text=stdout.getvalue())


def triaged_golden(case_id: str, *options: str) -> Outcome:
    """A golden case through the command line."""
    case = golden_case(case_id)
    return triaged(str(case.csv), case.formula, *golden_words(case), *options)


def golden_words(case: GoldenCase) -> list[str]:
    """The options that make the command fit the model of a golden case."""
    own = [word for column in case.factors for word in ("--factor", column)]
    if not case.reml:
        own.append("--ml")
    for option in ("family", "link", "weights", "offset"):
        value = getattr(case, option)
        own += [] if value is None else [f"--{option}", value]
    if "error" in case.expected:  # of 1.1-31; some of these 2.x fits
        own += ["--lme4", "1.1"]
    if case.nagq != 1:
        own += ["--nagq", str(case.nagq)]
    return own


@cache
def report_validator() -> jsonschema.Draft202012Validator:
    """The shipped schema of the report."""
    return jsonschema.Draft202012Validator(json.loads(schema_text()))


def rung(report: dict[str, Any], name: str) -> dict[str, Any]:
    """The result of one rung of a report."""
    found: dict[str, Any] = next(result for result in report["ladder"] if result["id"] == name)
    return found


def codes(report: dict[str, Any]) -> dict[str, str]:
    """The severity of every finding, by code."""
    return {finding["code"]: finding["severity"] for finding in report["findings"]}


def _no_constant(constant: str) -> float:
    raise AssertionError(f"{constant} is not JSON")


def _shared(argv: tuple[str, ...]) -> Path | None:
    """Where the workers of one run under xdist leave what they have triaged; None without xdist."""
    run = os.environ.get("PYTEST_XDIST_TESTRUNUID")
    if run is None:
        return None
    directory = Path(tempfile.gettempdir()) / f"mmtriage-tests-{run}"
    directory.mkdir(exist_ok=True)
    return directory / f"{sha256(repr(argv).encode()).hexdigest()}.json"
