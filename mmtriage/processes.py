"""Tasks on processes of their own, so that one that crashes takes nobody with it; answers come in order.

    this process                 a worker (`_work`), one of up to `jobs`
    run_each  -- an item -->     task(item)
              <-- its answer --  or what it raised; or the pipe closes, for the worker has died: `Died`

A worker does one item at a time and is told the next one when it has answered; one that has died is replaced.
(concurrent.futures gives up the whole pool when one process dies.) Workers are spawned, never forked: they
share nothing, threads of a numerical library neither, and are the same on every system. They end with this
process, whatever ends it.

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

if TYPE_CHECKING:
    from multiprocessing.connection import Connection
    from multiprocessing.context import SpawnProcess

Item = TypeVar("Item")
Answer = TypeVar("Answer")
Task = Callable[[Item], Answer]

MEMORY_HINT = "There may not be enough memory. Fewer processes (-j) need less."  # why a process dies, mostly


@dataclass(frozen=True, slots=True, kw_only=True)
class Died:
    """The answer of a process that ended before it could give one."""

    exit_code: int | None  # negative: the signal that ended it

    def __str__(self) -> str:
        if self.exit_code is None or self.exit_code >= 0:
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


def run_all(task: Task[Item, Answer], items: Sequence[Item], *, jobs: int) -> list[Answer]:
    """`[task(item) for item in items]`, on up to `jobs` processes; all must pickle when `jobs` > 1.

    Raises:
        UnjudgedError: a process died.
        Exception: whatever a task has raised.
    """
    if min(jobs, len(items)) < 2:
        return [task(item) for item in items]
    answers: list[Answer] = []
    for answer in run_each(task, items, jobs=jobs):
        if isinstance(answer, Died):
            raise UnjudgedError(f"one of the processes {answer}", hint=MEMORY_HINT)
        answers.append(answer)
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
            workers[number] = _started(task)
            workers[number].begin(next(waiting, None))
        while any(worker.index is not None for worker in workers.values()):
            for number in _ready(workers):
                worker = workers[number]
                index, answer = worker.answer()
                answers[index] = answer
                on_answer(index, answer)
                following = next(waiting, None)
                if isinstance(answer, Died) and following is not None:
                    worker = workers[number] = _started(task)
                worker.begin(following)
    finally:
        for worker in workers.values():
            worker.end()
    return [answers[index] for index in range(len(items))]


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
    process = context.Process(target=_work, args=(task, theirs), daemon=True)
    with _without_interrupts(), _without_main():
        process.start()
    theirs.close()  # now only the process holds it: its end is the end of the pipe
    return _Worker(process, ours)


@contextmanager
def _without_interrupts() -> Iterator[None]:
    """A process started in here never sees Ctrl-C, which a terminal sends to all: this one ends it."""
    if not hasattr(signal, "pthread_sigmask"):
        yield
        return
    from multiprocessing import resource_tracker

    resource_tracker.ensure_running()  # its start, with the first process, would lift the block
    before = signal.pthread_sigmask(signal.SIG_BLOCK, {signal.SIGINT})
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


def _work(task: Task[Item, Answer], pipe: Connection) -> None:
    """What a process does: item after item, until its parent is gone."""
    from threadpoolctl import threadpool_limits

    signal.signal(signal.SIGINT, signal.SIG_IGN)
    threading.Thread(target=_end_with_parent, daemon=True).start()
    if not sys.warnoptions:
        warnings.simplefilter("ignore")
    # One BLAS thread each: workers do not fight over cores, and answers have the bytes of a single process.
    with suppress(EOFError), threadpool_limits(limits=1, user_api="blas"):
        while True:
            pipe.send(_answered(task, pipe.recv()))


def _answered(task: Task[Item, Answer], item: Item) -> Answer | _Raised:
    try:
        return task(item)
    except Exception as error:
        error.add_note(f"In a process of its own:\n{traceback.format_exc()}")  # its traceback stays there
        return _Raised(error)


def _end_with_parent() -> None:
    """Leave nothing running when the parent was killed."""
    import multiprocessing
    from multiprocessing.connection import wait

    parent = multiprocessing.parent_process()
    assert parent is not None
    wait([parent.sentinel])
    os._exit(1)
