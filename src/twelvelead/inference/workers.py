"""Many items over many processes, which end with the one that started them, however it ends."""

import os
import signal
import threading
import time
from collections import deque
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import FIRST_COMPLETED, Future, ProcessPoolExecutor, wait
from concurrent.futures.process import BrokenProcessPool
from multiprocessing import get_context, parent_process
from typing import Any, Generic, NamedTuple, TypeVar

from twelvelead.errors import TwelveLeadError

CHUNK = 16
"""Items that a process is given at a time."""

TURN = 1.0
"""Seconds after which a process hands back what it has, and what it has not come to yet."""

METHOD = "spawn"
"""How processes start: afresh, since threads of the runtime do not survive a fork."""

Item = TypeVar("Item")
Result = TypeVar("Result")


class Job(NamedTuple, Generic[Item, Result]):
    """What processes do; functions of modules, so that a process can import them.

    Attributes:
        prepare: called once in each process, with `arguments`.
        arguments: of `prepare`.
        work: one item to its result.
        died: the result of an item at which its process died; called in this process.
    """

    prepare: Callable[..., None]
    arguments: tuple[Any, ...]
    work: Callable[[Item], Result]
    died: Callable[[Item], Result]


def usable_cores() -> int:
    """How many this process may run on."""
    return len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1


def results(items: Sequence[Item], job: Job[Item, Result], processes: int) -> Iterator[list[Result]]:
    """The result of each item, in any order, some at a time; at least every `TURN` seconds, be it none.

    Raises:
        TwelveLeadError: processes cannot be started.
    """
    chunks = deque(items[start : start + CHUNK] for start in range(0, len(items), CHUNK))
    while chunks:
        running: dict[Future[list[Result]], Sequence[Item]] = {}
        with _Pool(min(processes, len(chunks)), job) as pool:
            try:
                while chunks or running:
                    while chunks and len(running) < 2 * processes:
                        chunk = chunks.popleft()
                        running[pool.submit(_turn, job.work, chunk)] = chunk
                    found: list[Result] = []
                    for future in wait(running, TURN, FIRST_COMPLETED).done:
                        done = future.result()
                        chunk = running.pop(future)
                        found += done
                        if len(done) < len(chunk):
                            chunks.appendleft(chunk[len(done) :])
                    yield found
                return
            except BrokenProcessPool:
                suspects = [item for chunk in running.values() for item in chunk]
        yield from _one_by_one(suspects, job)


def _one_by_one(items: list[Item], job: Job[Item, Result]) -> Iterator[list[Result]]:
    """Each by itself, so that it is known at which one a process dies."""
    while items:
        with _Pool(1, job) as pool:
            try:
                pool.submit(os.getpid).result()
            except BrokenProcessPool:
                raise TwelveLeadError("processes cannot be started; free memory or take fewer of them") from None
            while items:
                item = items.pop()
                try:
                    yield pool.submit(_turn, job.work, [item]).result()
                except BrokenProcessPool:
                    yield [job.died(item)]
                    break


class _Pool(ProcessPoolExecutor):
    """Processes that are gone when the block is left, at once where an error or an interruption ends it."""

    def __init__(self, processes: int, job: Job[Any, Any]) -> None:
        super().__init__(processes, get_context(METHOD), begin, (job.prepare, job.arguments))

    def __exit__(self, kind: Any, error: Any, trace: Any) -> None:
        if kind is not None:
            for process in list((self._processes or {}).values()):
                process.kill()
        self.shutdown(cancel_futures=True)


def begin(prepare: Callable[..., None], arguments: tuple[Any, ...]) -> None:
    """What a process does first: it ends with its parent, leaves signals to it, and prepares its work."""
    threading.Thread(target=_end_with_parent, daemon=True).start()
    for name in ("SIGINT", "SIGTERM", "SIGHUP"):  # they may reach the whole group; the parent ends the work
        if hasattr(signal, name):
            signal.signal(getattr(signal, name), signal.SIG_IGN)
    prepare(*arguments)


def _end_with_parent() -> None:
    parent = parent_process()
    if parent is not None:
        parent.join()  # a pipe that the system closes, whatever ends the parent
        os._exit(1)


def _turn(work: Callable[[Item], Result], items: Sequence[Item]) -> list[Result]:
    """The results of the first items, of as many as fit into a turn, and of one at least."""
    begun = time.monotonic()
    found: list[Result] = []
    for item in items:
        found.append(work(item))
        if time.monotonic() - begun > TURN:
            break
    return found
