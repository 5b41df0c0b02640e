"""Tasks on processes of their own, so that one that crashes takes nobody with it; answers come in order.

    this process                 a worker (`_work`), one of up to `jobs`
    run_each  -- an item -->     task(item)
              <-- its answer --  or what it raised; or the pipe closes, for the worker has died: `Died`

A worker does one item at a time and is told the next one when it has answered; one that has died is replaced.
(concurrent.futures gives up the whole pool when one process dies.) Workers are spawned, never forked: they
share nothing, threads of a numerical library neither, and are the same on every system. They end with this
process, whatever ends it. Where the system refuses one (no more files, no more memory), those that there are
do the work.

multiprocessing is imported where a worker is started: a fit on one process does not wait for it.
"""

from __future__ import annotations

import os
import signal
import sys
import threading
import traceback
import types
import warnings
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from typing import TYPE_CHECKING, Generic, TypeVar

from mmtriage.errors import UnjudgedError
from mmtriage.system.memory import has_room_for_process, load_libraries
from mmtriage.system.own_lines import silence_libraries

if TYPE_CHECKING:
    from multiprocessing.connection import Connection
    from multiprocessing.context import SpawnProcess

Item = TypeVar("Item")
Answer = TypeVar("Answer")
Task = Callable[[Item], Answer]

PR_SET_PDEATHSIG = 1  # of <linux/prctl.h>
PATIENCE = 5.0  # seconds for a process that has closed its pipe to end
MEMORY_HINT = "There may not be enough memory. Fewer processes (-j) need less."  # why a process dies, mostly


@dataclass(frozen=True, slots=True, kw_only=True)
class Died:
    """The answer of a process that ended before it could give one."""

    exit_code: int | None  # negative: the signal that ended it; None: there was none, the system refused it

    def __str__(self) -> str:
        if self.exit_code is None:
            return "could not be started"
        if self.exit_code >= 0:
            return f"ended with exit code {self.exit_code}"
        try:
            name = signal.Signals(-self.exit_code).name
        except ValueError:
            name = f"signal {-self.exit_code}"
        return f"was ended by {name}"


@dataclass(frozen=True, slots=True)
class _Raised:
    """What a task raised, on its way to the process that wanted its answer."""

    error: Exception


def run_all(task: Task[Item, Answer], items: Sequence[Item], *, jobs: int) -> list[Answer | Died]:
    """`[task(item) for item in items]`, on up to `jobs` processes; all must pickle when `jobs` > 1.

    A process that dies costs its own answer.

    Raises:
        UnjudgedError: every process died.
        Exception: whatever a task has raised.
    """
    if min(jobs, len(items)) < 2:
        return [task(item) for item in items]
    answers = run_each(task, items, jobs=jobs)
    died = [answer for answer in answers if isinstance(answer, Died)]
    if died == [Died(exit_code=None)] * len(items):  # nothing is known against doing it here
        return [task(item) for item in items]
    if len(died) == len(items):
        raise UnjudgedError(f"none of {len(died)} processes has answered: one {died[0]}", hint=MEMORY_HINT)
    return answers


def run_each(
    task: Task[Item, Answer],
    items: Sequence[Item],
    *,
    jobs: int,
    on_answer: Callable[[int, Answer | Died], None] = lambda *_: None,
) -> list[Answer | Died]:
    """`task` of each item, always on a process of its own, of up to `jobs`; all must pickle.

    Whatever ends this call, a KeyboardInterrupt say, ends the processes at once.

    Args:
        on_answer: told the index of an item and its answer, as they come.

    Raises:
        Exception: whatever a task has raised.
    """
    answers: dict[int, Answer | Died] = {}
    workers: dict[int, _Worker[Item, Answer]] = {}
    waiting = iter(enumerate(items))
    try:
        for number in range(min(jobs, len(items))):
            if not _start(workers, number, task):
                break
            workers[number].begin(next(waiting, None))
        while any(worker.index is not None for worker in workers.values()):
            for number in _ready(workers):
                index, answer = workers[number].answer()
                answers[index] = answer
                on_answer(index, answer)
                if isinstance(answer, Died):
                    workers.pop(number).end()
                    if len(answers) == len(items) or not _start(workers, number, task):
                        continue
                workers[number].begin(next(waiting, None))
    finally:
        for worker in workers.values():
            worker.end()
    for index in range(len(items)):
        if index not in answers:
            answers[index] = Died(exit_code=None)
            on_answer(index, answers[index])
    return [answers[index] for index in range(len(items))]


def _start(workers: dict[int, _Worker[Item, Answer]], number: int, task: Task[Item, Answer]) -> bool:
    """Whether one more process could be started: then it is among the workers, whatever signal comes."""
    if not has_room_for_process():
        return False
    with _without_interrupts():
        try:
            workers[number] = _started(task)
        except OSError:  # no more files, no more processes, no more memory
            return False
    return True


class _Worker(Generic[Item, Answer]):
    """One process, its pipe, and the index of the item it works on."""

    def __init__(self, process: SpawnProcess, pipe: Connection) -> None:
        self.process = process
        self.pipe = pipe
        self.index: int | None = None

    def begin(self, following: tuple[int, Item] | None) -> None:
        if following is None:
            self.index = None
            return
        self.index, item = following
        with suppress(BrokenPipeError):  # it has died meanwhile, which its answer will say
            self.pipe.send(item)

    def answer(self) -> tuple[int, Answer | Died]:
        assert self.index is not None
        try:
            answer: Answer | _Raised = self.pipe.recv()
        except (EOFError, ConnectionResetError):
            self.process.join(PATIENCE)
            self.process.kill()  # in case it has closed its pipe and hangs
            self.process.join()
            return self.index, Died(exit_code=self.process.exitcode)
        if isinstance(answer, _Raised):
            raise answer.error
        return self.index, answer

    def end(self) -> None:
        self.process.kill()
        self.process.join()
        self.pipe.close()


def _ready(workers: dict[int, _Worker[Item, Answer]]) -> list[int]:
    """The busy workers that have answered, or died: their pipe is closed then."""
    from multiprocessing.connection import Connection, wait

    pipes = {worker.pipe: number for number, worker in workers.items() if worker.index is not None}
    return sorted(pipes[pipe] for pipe in wait(list(pipes)) if isinstance(pipe, Connection))


def _started(task: Task[Item, Answer]) -> _Worker[Item, Answer]:
    import multiprocessing

    context = multiprocessing.get_context("spawn")
    ours, theirs = context.Pipe()
    # The task goes through the pipe, since what it imports takes a while: by then the process has to know
    # how to end.
    process = context.Process(target=_work, args=(theirs,), daemon=True)
    try:
        with _without_main():
            process.start()
    except OSError:
        ours.close()
        raise
    finally:
        theirs.close()  # now only the process holds it: its end is the end of the pipe
    with suppress(BrokenPipeError):  # as in `begin`
        ours.send(task)
    return _Worker(process, ours)


@contextmanager
def _without_interrupts() -> Iterator[None]:
    """What interrupts this process waits until the one that is started in here is known to it.

    That one inherits the block: it never sees Ctrl-C, which a terminal sends to all.
    """
    if not hasattr(signal, "pthread_sigmask"):
        yield
        return
    from multiprocessing import resource_tracker

    with suppress(OSError):
        resource_tracker.ensure_running()  # its start, with the first process, would lift the block
    before = signal.pthread_sigmask(signal.SIG_BLOCK, {signal.SIGINT, signal.SIGTERM})
    try:
        yield
    finally:
        signal.pthread_sigmask(signal.SIG_SETMASK, before)


@contextmanager
def _without_main() -> Iterator[None]:
    """A process started in here does not run the user's script again, as a spawned one would to find tasks.

    No task of ours is there, and a script that calls `mmtriage.triage(..., jobs=2)` without the guard
    `if __name__ == "__main__"` would start processes for ever.
    """
    main = sys.modules["__main__"]
    sys.modules["__main__"] = types.ModuleType("__main__")
    try:
        yield
    finally:
        sys.modules["__main__"] = main


def _work(pipe: Connection) -> None:
    """What a process does: item after item, until its parent is gone."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    if hasattr(signal, "pthread_sigmask"):
        signal.pthread_sigmask(signal.SIG_UNBLOCK, {signal.SIGTERM})
    _let_the_system_end_it()
    silence_libraries()
    threading.Thread(target=_end_with_parent, daemon=True).start()
    from threadpoolctl import threadpool_limits

    if not sys.warnoptions:
        warnings.simplefilter("ignore")
    # One BLAS thread each: workers do not fight over cores, and answers have the bytes of a single process.
    load_libraries()
    with suppress(EOFError, ConnectionError):  # the parent has gone, or is about to end this process
        task = pipe.recv()
        with threadpool_limits(limits=1, user_api="blas"):
            while True:
                pipe.send(_answered(task, pipe.recv()))


def _answered(task: Task[Item, Answer], item: Item) -> Answer | _Raised:
    try:
        return task(item)
    except Exception as error:
        error.add_note(f"In a process of its own:\n{traceback.format_exc()}")  # its traceback stays there
        return _Raised(error)


def _let_the_system_end_it() -> None:
    """Have Linux kill this process when its parent ends: a thread would wait for a long call of LAPACK."""
    if sys.platform == "linux":
        import ctypes

        with suppress(AttributeError, OSError):  # another C library
            ctypes.CDLL(None).prctl(PR_SET_PDEATHSIG, int(signal.SIGKILL))


def _end_with_parent() -> None:
    """Leave nothing running when the parent was killed."""
    import multiprocessing
    from multiprocessing.connection import wait

    parent = multiprocessing.parent_process()
    assert parent is not None
    wait([parent.sentinel])
    os._exit(1)
