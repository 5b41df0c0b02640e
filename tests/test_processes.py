"""Processes that may crash, and that end at once."""

from __future__ import annotations

import errno
import itertools
import os
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Callable
from pathlib import Path

import pytest

from mmtriage import processes
from mmtriage.deadline import TimeBudgetError
from mmtriage.errors import UnjudgedError
from mmtriage.processes import MEMORY_HINT, Died, run_all, run_each
from mmtriage.system import memory
from tests import blas, tasks

ROOT = Path(__file__).parent.parent


@pytest.mark.parametrize("jobs", [1, 2, 9])
def test_answers_come_in_the_order_of_the_items(jobs: int) -> None:
    assert run_each(tasks.double, range(5), jobs=jobs) == [0, 2, 4, 6, 8]


def test_no_items_no_processes() -> None:
    assert run_each(tasks.double, [], jobs=4) == []


def test_who_is_told_of_each_answer_hears_it_when_it_comes(tmp_path: Path) -> None:
    told: list[tuple[int, object]] = []

    def hear(index: int, answer: object) -> None:
        told.append((index, answer))
        (tmp_path / str(index)).touch()

    items = [(str(tmp_path), number) for number in range(3)]
    assert run_each(tasks.late_first, items, jobs=2, on_answer=hear) == [0, 1, 2]
    assert told == [(1, 1), (2, 2), (0, 0)]


def test_processes_are_kept_for_the_next_item(tmp_path: Path) -> None:
    owners = run_each(tasks.who, [str(tmp_path)] * 8, jobs=2)
    assert len(set(owners)) == 2
    assert os.getpid() not in owners


@pytest.mark.parametrize(
    ("task", "code", "words"),
    [
        (tasks.die_at_three, -signal.SIGKILL, "was ended by SIGKILL"),
        (tasks.leave_at_three, 7, "ended with exit code 7"),
    ],
    ids=["signal", "exit"],
)
@pytest.mark.parametrize("jobs", [1, 2])
def test_a_crash_costs_one_answer(task: Callable[[int], int], code: int, words: str, jobs: int) -> None:
    answers = run_each(task, range(6), jobs=jobs)
    assert answers == [0, 1, 2, Died(exit_code=code), 4, 5]
    assert str(answers[3]) == words


def test_crashes_of_all() -> None:
    assert run_each(tasks.always_die, range(3), jobs=2) == [Died(exit_code=1)] * 3


def test_a_signal_without_a_name() -> None:
    assert str(Died(exit_code=-99)) == "was ended by signal 99"


@pytest.mark.parametrize("jobs", [1, 2, 9])
def test_the_answers_of_all_are_the_same_whatever_the_number_of_processes(jobs: int) -> None:
    assert run_all(tasks.double, range(5), jobs=jobs) == [0, 2, 4, 6, 8]


def test_one_job_or_one_item_needs_no_process() -> None:
    assert run_all(tasks.process, range(2), jobs=1) == [os.getpid()] * 2
    assert run_all(tasks.process, range(1), jobs=4) == [os.getpid()]


@pytest.mark.parametrize("jobs", [1, 2])
def test_what_a_task_raises_is_raised_here(jobs: int) -> None:
    with pytest.raises(TimeBudgetError) as caught:
        run_all(tasks.raise_at_three, range(6), jobs=jobs)
    assert (caught.value.message, caught.value.hint) == ("the time budget ran out", "Give it more.")
    if jobs > 1:
        assert "in raise_at_three" in caught.value.__notes__[0]


def test_a_crash_among_all_costs_one_answer() -> None:
    assert run_all(tasks.die_at_three, range(6), jobs=2) == [0, 1, 2, Died(exit_code=-9), 4, 5]


def test_a_crash_of_all_is_an_error() -> None:
    with pytest.raises(UnjudgedError) as caught:
        run_all(tasks.always_die, range(3), jobs=2)
    assert (caught.value.message, caught.value.hint) == (
        "none of 3 processes has answered: one ended with exit code 1",
        MEMORY_HINT,
    )


def refusing(first: int) -> Callable[..., object]:
    """What starts processes, until the system has no more files: the start of that number is refused."""
    started, number = processes._started, itertools.count()

    def start(task: Callable[[int], int]) -> object:
        if next(number) >= first:
            raise OSError(errno.EMFILE, "Too many open files")
        return started(task)

    return start


@pytest.mark.parametrize(
    ("first", "answers"),
    [
        (0, [Died(exit_code=None)] * 6),
        (1, [0, 1, 2, Died(exit_code=-9), Died(exit_code=None), Died(exit_code=None)]),
        (3, [0, 1, 2, Died(exit_code=-9), 4, 5]),
    ],
)
def test_where_the_system_refuses_processes_those_there_are_do_the_work(
    first: int, answers: list[int | Died], monkeypatch: pytest.MonkeyPatch
) -> None:
    """With `ulimit -n 16` and -j 8 this once waited for ever."""
    monkeypatch.setattr(processes, "_started", refusing(first))
    assert run_each(tasks.die_at_three, range(6), jobs=2) == answers
    assert str(Died(exit_code=None)) == "could not be started"


def test_a_process_that_could_load_no_library_is_not_started(monkeypatch: pytest.MonkeyPatch) -> None:
    """Under `ulimit -v 570000` it waited for ever for memory, and whoever had started it for its answer."""
    monkeypatch.setattr(memory, "_address_limit", lambda: memory.ADDRESSES_OF_PROCESS - 1)
    assert run_all(tasks.process, range(2), jobs=2) == [os.getpid()] * 2


def test_where_there_are_no_processes_at_all_this_one_does_the_work(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(processes, "_started", refusing(0))
    assert run_all(tasks.process, range(2), jobs=2) == [os.getpid()] * 2


def test_a_process_has_one_blas_thread() -> None:
    for answer in run_each(blas.threads, range(2), jobs=2):
        assert not isinstance(answer, Died)
        assert set(answer) == {1}


def test_a_script_without_a_guard_is_not_run_again_by_its_processes(tmp_path: Path) -> None:
    """Spawned processes import the script that started them, unless it is kept from them."""
    script = tmp_path / "script.py"
    script.write_text(
        "print('once')\n"
        "from mmtriage.processes import run_all\n"
        "from tests import tasks\n"
        "print(run_all(tasks.double, range(3), jobs=2))\n"
    )
    done = subprocess.run(
        [sys.executable, str(script)],
        env={**os.environ, "PYTHONPATH": str(ROOT)},
        capture_output=True,
        text=True,
        timeout=60,
    )
    assert (done.returncode, done.stdout, done.stderr) == (0, "once\n[0, 2, 4]\n", "")


def test_an_interrupt_ends_the_processes_at_once(tmp_path: Path) -> None:
    """Ctrl-C while two processes would sleep for an hour."""
    paths = [str(tmp_path / "one"), str(tmp_path / "two")]

    def interrupt() -> None:
        wait_for(lambda: all(Path(path).exists() and Path(path).read_text() for path in paths))
        os.kill(os.getpid(), signal.SIGINT)

    thread = threading.Thread(target=interrupt)
    thread.start()
    with pytest.raises(KeyboardInterrupt):
        run_each(tasks.sleep_and_tell, paths, jobs=2)
    thread.join()
    assert not any(is_alive(int(Path(path).read_text())) for path in paths)


def test_no_process_outlives_its_parent(tmp_path: Path) -> None:
    path = tmp_path / "one"
    script = (
        "from tests import tasks\n"
        "from mmtriage.processes import run_each\n"
        f"run_each(tasks.sleep_and_tell, [{str(path)!r}], jobs=1)"
    )
    with subprocess.Popen(
        [sys.executable, "-c", script], cwd=ROOT, env={**os.environ, "PYTHONPATH": str(ROOT)}
    ) as parent:
        wait_for(lambda: path.exists() and path.read_text() != "")
        parent.kill()
    wait_for(lambda: not is_alive(int(path.read_text())))


def wait_for(condition: Callable[[], bool]) -> None:
    """Until something is so; the processes of a busy machine may take their time."""
    end = time.monotonic() + tasks.FOREVER / 2
    while not condition():
        assert time.monotonic() < end, "in half an hour it has not come to be"
        time.sleep(0.02)


def is_alive(process: int) -> bool:
    """Whether it runs; one that nobody has waited for yet does not."""
    try:
        state = Path(f"/proc/{process}/stat").read_text().rpartition(")")[2].split()[0]
    except OSError:
        return False
    return state != "Z"
