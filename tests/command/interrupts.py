"""Interrupts and kills at random moments, by hand: `python -m tests.command.interrupts [COUNT [SEED]]`.

`fit --all-rungs -j 2` and `check -j 2` on a small model get INT, TERM, HUP or KILL, they or one of their
workers. Of each: no process is left after two seconds, nobody waits for the pipe, no file is half written,
the exit code is right, and after INT and TERM stdout has JSON, a report or an error object.
"""

from __future__ import annotations

import json
import os
import random
import signal
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

ROOT = Path(__file__).parents[2]
TABLE = ROOT / "sample_data/sleepstudy.csv"
FORMULA = "Reaction ~ Days + (Days | Subject)"
MODEL = f'[[models]]\nname = "{{}}"\ndata = "{TABLE}"\nformula = "{FORMULA}"\nall_rungs = true\n'
OLD = "what stood there before"
PATIENCE = 2.0  # seconds after which no process may be left
LONGEST_REPORT = 60.0  # seconds that a command may take to its end, on a busy machine
LONGEST = 8.0  # seconds until a signal comes: somewhat longer than the commands take
SIGNALS = (signal.SIGINT, signal.SIGTERM, signal.SIGHUP, signal.SIGKILL)


@dataclass(frozen=True, slots=True, kw_only=True)
class Blow:
    """What comes, when, and to whom."""

    command: str
    sent: signal.Signals
    to_worker: bool
    after: float  # seconds


def blows(count: int, seed: int) -> Iterator[Blow]:
    """The blows of one run; interrupts go to the command itself."""
    draw = random.Random(seed)
    for number in range(count):
        sent = SIGNALS[number % len(SIGNALS)]
        yield Blow(
            command=draw.choice(("fit", "check")),
            sent=sent,
            to_worker=sent != signal.SIGINT and draw.random() < 0.4,
            after=draw.uniform(0.05, LONGEST),
        )


def family(group: int) -> list[int]:
    """The processes of a group that are alive."""
    found = []
    for entry in Path("/proc").iterdir():
        if entry.name.isdigit():
            try:
                state, _, of_group = (entry / "stat").read_text().rpartition(")")[2].split()[:3]
            except OSError:
                continue
            if state != "Z" and int(of_group) == group:
                found.append(int(entry.name))
    return found


def workers(group: int) -> list[int]:
    """Those that work for the leader of the group."""
    found = []
    for process in family(group):
        try:
            command = Path(f"/proc/{process}/cmdline").read_bytes()
        except OSError:
            continue
        if b"spawn_main" in command:
            found.append(process)
    return found


def wrongs(blow: Blow, directory: Path) -> list[str]:
    """What a blow has left wrong; nothing, as it should be."""
    output = directory / "report.json"
    output.write_text(OLD)
    words = {
        "fit": ["fit", str(TABLE), FORMULA, "--all-rungs", "-j", "2", "--format", "json"],
        "check": ["check", "--config", str(directory / "m.toml"), "-j", "2", "--format", "json"],
    }[blow.command]
    with subprocess.Popen(
        [sys.executable, "-m", "mmtriage", *words, "--output", f"json:{output}"],
        cwd=ROOT,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        start_new_session=True,
    ) as started:
        time.sleep(blow.after)
        targets = workers(started.pid) if blow.to_worker else [started.pid]
        was_over = started.poll() is not None or not targets
        if not was_over:
            os.kill(targets[0], blow.sent)
        try:
            dies = blow.sent in (signal.SIGHUP, signal.SIGKILL) and not blow.to_worker
            out, err = started.communicate(timeout=PATIENCE if dies and not was_over else LONGEST_REPORT)
        except subprocess.TimeoutExpired:
            os.killpg(started.pid, signal.SIGKILL)
            return ["the reader of the pipe waits"]
        end = time.monotonic() + PATIENCE
        while (left := family(started.pid)) and time.monotonic() < end:
            time.sleep(0.05)
    return list(_wrong(blow, started.returncode, out, err, output, left, was_over=was_over))


def _wrong(
    blow: Blow, code: int, out: bytes, err: bytes, output: Path, left: Sequence[int], *, was_over: bool
) -> Iterator[str]:
    if left:
        yield f"{len(left)} processes are left"
    if b"Traceback" in err or b"a bug in mmtriage" in err:
        yield f"a traceback: {err.decode()[-300:]}"
    is_interrupt = blow.sent in (signal.SIGINT, signal.SIGTERM)
    rights = {0, 1, 3} if was_over or blow.to_worker else {130 if is_interrupt else -blow.sent}
    if code not in rights and not (is_interrupt and code in (0, 1)):  # it may come when all is done
        yield f"exit code {code}"
    written = output.read_text()
    if written != OLD and not _is_json(written):
        yield "a file is half written"
    if code >= 0 and not _is_json(out.decode()):
        yield f"stdout is no JSON: {out[:80]!r}"


def _is_json(text: str) -> bool:
    try:
        json.loads(text)
    except ValueError:
        return False
    return True


def main(count: int = 100, seed: int = 1) -> int:
    """Give all blows, print what is wrong, and return how many went wrong."""
    failed = 0
    signal.signal(signal.SIGHUP, signal.SIG_DFL)  # `nohup` ignores it, and what it starts does so too
    with tempfile.TemporaryDirectory() as name:
        directory = Path(name)
        (directory / "m.toml").write_text("".join(MODEL.format(name) for name in ("one", "two", "three")))
        for number, blow in enumerate(blows(count, seed)):
            found = wrongs(blow, directory)
            failed += bool(found)
            whom = "a worker" if blow.to_worker else "the command"
            of = f"{number} {blow.command} {blow.sent.name} to {whom} after {blow.after:.2f} s"
            sys.stdout.write(f"{of}: {'; '.join(found) or 'ok'}\n")
            sys.stdout.flush()
    return failed


if __name__ == "__main__":
    sys.exit(main(*map(int, sys.argv[1:])))
