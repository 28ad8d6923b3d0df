"""Worker processes, one thing at a time each, and a bounded queue before them.

One pipe and one thread a process: an executor of the standard library takes a millisecond for what takes a fifth here.
"""

import asyncio
import pickle
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from multiprocessing import get_context
from multiprocessing.connection import Connection
from typing import Any, TypeVar

from twelvelead.inference.workers import begin
from twelvelead.service.problems import Problem

Result = TypeVar("Result")


class Died(Exception):
    """A process ended while it was at work, or before."""


class Worker:
    """A process that does what it is sent, functions of modules.

    Args:
        prepare: called once in it, with `arguments`.
        arguments: of `prepare`.
    """

    def __init__(self, prepare: Callable[..., None], arguments: tuple[Any, ...]) -> None:
        context = get_context("spawn")
        self._pipe, theirs = context.Pipe()
        self._process = context.Process(target=_work, args=(theirs, prepare, arguments), daemon=True)
        self._process.start()
        theirs.close()

    def call(self, work: Callable[..., Result], arguments: tuple[Any, ...]) -> Result:
        """The result of one thing; blocks until it is there.

        Raises:
            Died: the process ended.
            Exception: whatever `work` raised.
        """
        try:
            self._pipe.send_bytes(pickle.dumps((work, arguments), pickle.HIGHEST_PROTOCOL))
            well, result = pickle.loads(self._pipe.recv_bytes())
        except (EOFError, OSError):
            raise Died from None
        if not well:
            raise result
        done: Result = result
        return done

    def end(self) -> None:
        """End the process, whatever it does."""
        self._process.kill()
        self._process.join()


def _work(pipe: Connection, prepare: Callable[..., None], arguments: tuple[Any, ...]) -> None:
    begin(prepare, arguments)
    while True:
        try:
            work, given = pickle.loads(pipe.recv_bytes())
        except EOFError:
            return
        try:
            answer: tuple[bool, Any] = True, work(*given)
        except Exception as error:
            answer = False, error
        pipe.send_bytes(pickle.dumps(answer, pickle.HIGHEST_PROTOCOL))


class Pool:
    """Workers that callers take turns at.

    A process that dies, or takes too long, is replaced, and only what it was doing has no answer.

    Args:
        prepare: called once in each process, with `arguments`; a function of a module.
        arguments: of `prepare`.
        processes: how many.
        queue: how many callers may wait.
        seconds: that one thing may take.

    Attributes:
        waiting, busy: callers at present.
    """

    def __init__(
        self, prepare: Callable[..., None], arguments: tuple[Any, ...], *, processes: int, queue: int, seconds: float
    ) -> None:
        self._beginning = (prepare, arguments)
        self._queue, self._seconds = queue, seconds
        self._threads = ThreadPoolExecutor(2 * processes, "worker")  # one may still wait for a process that is killed
        self._workers = [Worker(*self._beginning) for _ in range(processes)]
        self._idle = list(self._workers)
        self._turns = asyncio.Semaphore(processes)
        self.waiting = self.busy = 0

    async def everywhere(self, work: Callable[..., Result], *arguments: Any) -> list[Result]:
        """The results of one thing done in every process, before any caller is let in.

        Raises:
            Died: a process does not start.
        """
        return await asyncio.gather(*(self._call(each, work, arguments) for each in self._workers))

    async def run(self, work: Callable[..., Result], *arguments: Any) -> Result:
        """The result of one thing.

        Raises:
            Problem: 429, the queue is full; 422, the process died of it, or it took too long.
        """
        if self._turns.locked() and self.waiting >= self._queue:
            text = f"{self.waiting} recordings wait already; try again later"
            raise Problem(429, "busy", text, headers={"Retry-After": "1"})
        self.waiting += 1
        try:
            await self._turns.acquire()
        finally:
            self.waiting -= 1
        self.busy += 1
        worker = self._idle.pop()
        try:
            async with asyncio.timeout(self._seconds):
                return await self._call(worker, work, arguments)
        except Died:
            worker = self._replaced(worker)
            text = "the process that read it died; it is damaged or needs too much memory"
            raise Problem(422, "unreadable", text) from None
        except (TimeoutError, asyncio.CancelledError) as error:
            worker = self._replaced(worker)
            if not isinstance(error, TimeoutError):
                raise
            text = f"takes longer than {self._seconds:g} s; send a shorter recording"
            raise Problem(422, "too-large", text) from None
        finally:
            self._idle.append(worker)
            self.busy -= 1
            self._turns.release()

    def close(self) -> None:
        """End the processes, whatever they do."""
        for each in self._workers:
            each.end()
        self._threads.shutdown(wait=False, cancel_futures=True)

    async def _call(self, worker: Worker, work: Callable[..., Result], arguments: tuple[Any, ...]) -> Result:
        return await asyncio.get_running_loop().run_in_executor(self._threads, worker.call, work, arguments)

    def _replaced(self, worker: Worker) -> Worker:
        worker.end()
        new = Worker(*self._beginning)
        self._workers[self._workers.index(worker)] = new
        return new
