"""The command in a process of its own: pipes, signals, locales, and how fast it starts."""

import json
import os
import shlex
import signal
import subprocess
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import pytest

from mmtriage.version import VERSION

ROOT = Path(__file__).parents[2]
FORMULA = "Reaction ~ Days + (Days | Subject)"


@pytest.fixture
def data(tmp_path: Path) -> str:
    path = tmp_path / "d.csv"
    path.write_text("Reaction,Days,Subject\n250,0,a\n260,1,a\n")
    return str(path)


UNWRITTEN = b"Error in stdout: the answer cannot be written: No space left on device\n"

# Nothing is imported before main(), as in the installed command.
STUB = """
import os, sys, types
def triage(*_):
    if os.environ.get("SLEEP"):
        print("ready", file=sys.stderr, flush=True)
        import time; time.sleep(3600)
    if os.environ.get("STARVED"):
        os.write(2, b"init_geqrf failed init\\n")  # as NumPy does
        raise MemoryError
    from tests.real_reports.records import REPORTS
    return REPORTS[os.environ["REPORT"]]
sys.modules["mmtriage.triage_table"] = stub = types.ModuleType("mmtriage.triage_table")
stub.triage_table = triage
from mmtriage.command.main import main
main()
"""


def process(
    argv: Sequence[str], report: str = "not_converged", **environment: str
) -> subprocess.Popen[bytes]:
    """Start the command in a process of its own."""
    kept = {
        name: value
        for name, value in os.environ.items()
        if name not in ("COLUMNS", "NO_COLOR", "FORCE_COLOR", "PYTHONUTF8")
    }
    return subprocess.Popen(
        [sys.executable, "-c", STUB, *argv],
        cwd=ROOT,
        env={**kept, "REPORT": report, "PYTHONPATH": str(ROOT), **environment},
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
    )


def test_a_reader_that_stops_early_is_no_error(data: str) -> None:
    with process(["fit", data, FORMULA, "-v"]) as started:
        assert started.stdout is not None
        assert started.stderr is not None
        started.stdout.close()
        assert (started.stderr.read(), started.wait()) == (b"", 1)


@pytest.mark.parametrize("sent", [signal.SIGINT, signal.SIGTERM])
def test_an_interrupt_ends_quietly(sent: signal.Signals, data: str) -> None:
    with process(["fit", data, FORMULA], SLEEP="1") as started:
        assert started.stderr is not None
        assert started.stderr.readline() == b"ready\n"
        started.send_signal(sent)
        assert started.communicate()[1] == b"\nInterrupted.\n"
        assert started.returncode == 130


@pytest.mark.skipif(not hasattr(signal, "pthread_sigmask"), reason="needs signals that wait")
def test_of_memory_that_ran_out_one_sentence_is_said(data: str) -> None:
    with process(["fit", data, FORMULA], STARVED="1") as started:
        assert started.communicate() == (b"", b"Error: there is not enough memory for this table and model\n")
    assert started.returncode == 3


def test_an_interrupt_while_the_program_is_imported_is_answered() -> None:
    """It was a traceback, with the exit code of a signal."""
    script = (
        "import os, signal\n"
        "from mmtriage.command.interrupts import hold_interrupts\n"
        "hold_interrupts()\n"
        "os.kill(os.getpid(), signal.SIGINT)\n"
        "from mmtriage.command.main import main\n"
        "main()"
    )
    words = ["fit", "d.csv", FORMULA, "--format", "json"]
    done = subprocess.run([sys.executable, "-c", script, *words], cwd=ROOT, capture_output=True)
    assert (done.returncode, done.stderr) == (130, b"Interrupted.\n")
    assert json.loads(done.stdout)["error"]["kind"] == "interrupted"


def test_any_name_can_be_printed_in_an_ascii_locale(tmp_path: Path) -> None:
    path = tmp_path / "größe.csv"
    environment = {"LC_ALL": "C", "PYTHONUTF8": "0", "PYTHONCOERCECLOCALE": "0", "PYTHONIOENCODING": "ascii"}
    with process(["fit", str(path), FORMULA], **environment) as started:
        out, err = started.communicate()
        assert started.returncode == 2
    assert out == b""
    assert err.isascii()
    assert b"Traceback" not in err


@pytest.mark.parametrize("closed", [">&-", "2>&-", "<&-"])
def test_closed_streams_are_no_error(closed: str, data: str) -> None:
    words = [sys.executable, "-c", STUB, "fit", data, FORMULA, "--fail-on", "never"]
    done = subprocess.run(
        f"{shlex.join(words)} {closed}",
        shell=True,
        cwd=ROOT,
        env={**os.environ, "REPORT": "not_converged", "PYTHONPATH": str(ROOT)},
        capture_output=True,
    )
    assert (done.returncode, done.stderr) == (0, b"")


@pytest.mark.skipif(not Path("/dev/full").exists(), reason="needs /dev/full")
def test_a_full_disk_is_said(data: str) -> None:
    with open("/dev/full", "wb") as full:
        done = subprocess.run(
            [sys.executable, "-c", STUB, "fit", data, FORMULA, "--format", "json"],
            cwd=ROOT,
            env={**os.environ, "REPORT": "not_converged", "PYTHONPATH": str(ROOT)},
            stdout=full,
            stderr=subprocess.PIPE,
        )
    assert (done.returncode, done.stderr) == (3, UNWRITTEN)


@pytest.mark.skipif(not Path("/dev/full").exists(), reason="needs /dev/full")
@pytest.mark.parametrize(
    ("argv", "stream", "code"),
    [
        (["--help"], "stdout", 3),
        (["explain", "--help"], "stdout", 3),
        (["nonsense"], "stdout", 2),  # nothing was to be written there
        (["nonsense"], "stderr", 2),  # once 1: the error of the error
        (["--help"], "stderr", 0),
    ],
)
def test_what_cannot_be_written_changes_no_meaning(argv: list[str], stream: str, code: int) -> None:
    streams: dict[str, Any] = {"stdout": subprocess.PIPE, "stderr": subprocess.PIPE}
    with open("/dev/full", "wb") as full:
        done = subprocess.run([sys.executable, "-c", STUB, *argv], cwd=ROOT, **{**streams, stream: full})
    assert done.returncode == code
    if code == 3:
        assert done.stderr == UNWRITTEN


def test_help_for_a_reader_that_stops_early_is_no_error() -> None:
    with process(["--help"]) as started:
        assert started.stdout is not None
        assert started.stderr is not None
        started.stdout.close()
        assert (started.stderr.read(), started.wait()) == (b"", 0)


def test_columns_sets_the_width(data: str) -> None:
    with process(["fit", data, FORMULA], COLUMNS="50") as narrow, process(["fit", data, FORMULA]) as piped:
        (first, _), (second, _) = narrow.communicate(), piped.communicate()
    assert first.decode().startswith(
        "NOT CONVERGED   Use the fixed effects that R\nprints (they are right to"
    )
    assert second.decode() == (ROOT / "tests/render/snapshots/not_converged_80.txt").read_text()


@pytest.mark.parametrize(
    ("argv", "spared"),
    [
        (["--version"], {"mmtriage.option_values", "mmtriage.command.pages"}),
        (["--help"], {"mmtriage.explain"}),
        (["fit", "--help"], {"mmtriage.check", "mmtriage.explain"}),
        (["check", "--help"], {"mmtriage.check", "mmtriage.explain"}),
        (["explain", "MM304"], {"mmtriage.option_values", "mmtriage.command.fit_model", "mmtriage.check"}),
        (["fit", "no_such.csv", "y ~ x + (1 | g"], {"mmtriage.data.table", "mmtriage.model.design"}),
    ],
    ids=lambda value: " ".join(value) if isinstance(value, list) else "",
)
def test_what_needs_no_fit_is_answered_without_what_is_slow_to_import(
    argv: list[str], spared: set[str]
) -> None:
    """Seconds depend on the machine; what is imported does not."""
    slow = {"numpy", "scipy", "pandas", "rich", "nlopt", "jinja2", "multiprocessing", *spared}
    printed, modules = imported_by(argv)
    assert modules & slow == set()
    assert len(modules) < 220  # some 150
    if argv == ["--version"]:
        assert printed == [f"mmtriage {VERSION}"]


def test_a_linear_model_waits_for_nothing_that_only_others_need() -> None:
    argv = ["fit", "sample_data/sleepstudy.csv", "Reaction ~ Days + (Days | Subject)"]
    printed, modules = imported_by(argv)
    assert printed[0].startswith("CONVERGED ")
    assert "mmtriage.engine.linear.model" in modules
    of_others = (
        "scipy.special",
        "scipy.optimize",
        "scipy.sparse.linalg",
        "pandas",
        "pybobyqa",
        "multiprocessing",
    )
    ours = (
        *("engine.generalized.model", "engine.lme4.glmer", "model.densities", "plotted.compute", "explain"),
        *("engine.structures.scaled", "plotted.plot_data", "report.drift.compare", "report.document"),
        *("ladder.walk", "ladder.guilty_columns", "ladder.unfitted", "ladder.emitted.commands", "processes"),
    )
    unwanted = modules & {*of_others, *(f"mmtriage.{name}" for name in ours)}
    assert unwanted <= imported_by_sparse_matrices()


def imported_by_sparse_matrices() -> set[str]:
    """The modules that SciPy itself imports with `scipy.sparse`: before 1.16 its `linalg` was one of them."""
    script = "import sys, scipy.sparse; print(*sys.modules)"
    done = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True, check=True)
    return set(done.stdout.split())


def imported_by(argv: list[str]) -> tuple[list[str], set[str]]:
    """The lines that a command prints, and the modules that it has imported."""
    script = (
        f"import sys; sys.argv = ['mmtriage', *{argv!r}]\n"
        "from mmtriage.command.main import main\n"
        "try: main()\n"
        "except SystemExit: print(*sys.modules)"
    )
    done = subprocess.run(
        [sys.executable, "-c", script], cwd=ROOT, capture_output=True, text=True, check=True
    )
    *printed, modules = done.stdout.splitlines()
    return printed, set(modules.split())
