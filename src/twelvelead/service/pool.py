"""Worker processes, one recording at a time each, and a bounded queue before them."""

import asyncio
from collections.abc import Callable
from concurrent.futures import ProcessPoolExecutor
from concurrent.futures.process import BrokenProcessPool
from multiprocessing import get_context
from typing import Any, TypeVar

from twelvelead.inference.workers import METHOD, begin
from twelvelead.service.problems import Problem

Result = TypeVar("Result")


class Pool:
    """Processes that each do one thing at a time.

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
        self._idle = [self._process() for _ in range(processes)]
        self._turns = asyncio.Semaphore(processes)
        self.waiting = self.busy = 0

    def _process(self) -> ProcessPoolExecutor:
        return ProcessPoolExecutor(1, get_context(METHOD), begin, self._beginning)

    async def everywhere(self, work: Callable[..., Result], *arguments: Any) -> list[Result]:
        """The results of one thing done in every process, before any caller is let in.

        Raises:
            BrokenProcessPool: a process does not start.
        """
        loop = asyncio.get_running_loop()
        return await asyncio.gather(*(loop.run_in_executor(each, work, *arguments) for each in self._idle))

    async def run(self, work: Callable[..., Result], *arguments: Any) -> Result:
        """The result of one thing.

        Raises:
            Problem: 429, the queue is full; 422, the process died of it, or it took too long.
        """
        if self._turns.locked() and self.waiting >= self._queue:
            raise Problem(
                429,
                "busy",
                f"{self.waiting} recordings wait already; try again later",
                headers={"Retry-After": "1"},
            )
        self.waiting += 1
        try:
            await self._turns.acquire()
        finally:
            self.waiting -= 1
        self.busy += 1
        process = self._idle.pop()
        whole = False
        try:
            async with asyncio.timeout(self._seconds):
                result = await asyncio.get_running_loop().run_in_executor(process, work, *arguments)
            whole = True
            return result
        except TimeoutError:
            raise Problem(
                422, "too-large", f"takes longer than {self._seconds:g} s; send a shorter recording"
            ) from None
        except BrokenProcessPool:
            raise Problem(
                422, "unreadable", "the process that read it died; it is damaged or needs too much memory"
            ) from None
        except Exception:
            whole = True
            raise
        finally:
            if not whole:
                _end(process)
                process = self._process()
            self._idle.append(process)
            self.busy -= 1
            self._turns.release()

    def close(self) -> None:
        """End the processes, whatever they do."""
        for process in self._idle:
            _end(process)


def _end(process: ProcessPoolExecutor) -> None:
    for each in list((process._processes or {}).values()):
        each.kill()
    process.shutdown(wait=False, cancel_futures=True)
