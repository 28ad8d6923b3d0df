"""Worker processes, and a bounded queue before them; what waits for the same is given to a worker together."""

import asyncio
from collections import deque
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass
from math import ceil
from typing import Any, TypeVar

from twelvelead.service.problems import Problem
from twelvelead.service.worker import Died, Worker

TOGETHER = 8
"""Items that a process is given at most at a time. A network's pass over several takes as long as one by one, but what
comes before and after it runs in a warmer cache."""

Item = TypeVar("Item")
Result = TypeVar("Result")


@dataclass(eq=False)
class _Call:
    """What waits for a worker.

    Attributes:
        work: function of a module.
        argument: its arguments; one of its items, where it takes several.
        done: its result.
        takes_several: whether `work` takes a list of items and gives a list of results.
        joins: whether other items may be in that list.
    """

    work: Callable[..., Any]
    argument: Any
    done: "asyncio.Future[Any]"
    takes_several: bool
    joins: bool


class Pool:
    """Workers that callers take turns at.

    A process that dies, or takes too long, is replaced, and only what it was doing has no answer.

    Args:
        prepare: called once in each process, with `arguments`; a function of a module.
        arguments: of `prepare`.
        processes: how many.
        queue: how many callers may wait.
        seconds: that one thing may take.
    """

    def __init__(
        self, prepare: Callable[..., None], arguments: tuple[Any, ...], *, processes: int, queue: int, seconds: float
    ) -> None:
        self._beginning = (prepare, arguments)
        self._queue, self._seconds = queue, seconds
        self._workers = [Worker(*self._beginning) for _ in range(processes)]
        self._idle = list(self._workers)
        self._calls: deque[_Call] = deque()
        self._tasks: set[asyncio.Task[None]] = set()
        self._closed = False

    @property
    def waiting(self) -> int:
        """Callers that wait for a worker at present."""
        return len(self._calls)

    @property
    def busy(self) -> int:
        """Workers that are at work at present."""
        return len(self._workers) - len(self._idle)

    async def everywhere(self, work: Callable[..., Result], *arguments: Any) -> list[Result]:
        """The results of one thing done in every process, before any caller is let in.

        Raises:
            Died: a process does not start.
        """
        return await asyncio.gather(*(each.call(work, *arguments) for each in self._workers))

    async def run(self, work: Callable[..., Result], *arguments: Any) -> Result:
        """The result of one thing.

        Raises:
            Problem: 429, the queue is full; 422, the process died of it, or it took too long.
        """
        done: Result = await self._wait(work, arguments, takes_several=False)
        return done

    async def run_together(self, work: Callable[[list[Item]], list[Result]], item: Item) -> Result:
        """The result of one item. A worker that becomes free is given several of those that wait for the same; where
        they do not go well together, each by itself.

        Args:
            work: gives the results of some items in their order; a function of a module.
            item: one of them.

        Raises:
            Problem: see `run`.
        """
        done: Result = await self._wait(work, item, takes_several=True)
        return done

    def close(self) -> None:
        """End the processes, whatever they do."""
        self._closed = True
        for each in self._workers:
            each.end()
        for call in self._calls:
            call.done.cancel()

    async def _wait(self, work: Callable[..., Any], argument: Any, *, takes_several: bool) -> Any:
        if not self._idle and self.waiting >= self._queue:
            text = f"{self.waiting} recordings wait already; try again later"
            raise Problem(429, "busy", text, headers={"Retry-After": "1"})
        done = asyncio.get_running_loop().create_future()
        call = _Call(work, argument, done, takes_several, joins=takes_several)
        self._calls.append(call)
        self._hand_out()
        try:
            return await done
        except asyncio.CancelledError:
            with suppress(ValueError):
                self._calls.remove(call)
            raise

    def _hand_out(self) -> None:
        while self._idle and self._calls and not self._closed:
            task = asyncio.get_running_loop().create_task(self._do(self._idle.pop(), self._next()))
            self._tasks.add(task)
            task.add_done_callback(self._tasks.discard)

    def _next(self) -> list[_Call]:
        """The first that waits, and with it a worker's share of those that may join it."""
        first = self._calls.popleft()
        most = min(TOGETHER, ceil((1 + len(self._calls)) / len(self._workers))) if first.joins else 1
        others = [call for call in self._calls if call.joins and call.work is first.work][: most - 1]
        for call in others:
            self._calls.remove(call)
        return [first, *others]

    async def _do(self, worker: Worker, calls: list[_Call]) -> None:
        first = calls[0]
        fault: Exception | None = None
        given = ([call.argument for call in calls],) if first.takes_several else first.argument
        results: list[Any] = []
        try:
            async with asyncio.timeout(self._seconds):
                result = await worker.call(first.work, *given)
            results = result if first.takes_several else [result]
        except Died:
            worker = self._replaced(worker)
            fault = Problem(422, "unreadable", "the process that read it died; it is damaged or needs too much memory")
        except TimeoutError:
            worker = self._replaced(worker)
            fault = Problem(422, "too-large", f"takes longer than {self._seconds:g} s; send a shorter recording")
        except Exception as error:
            fault = error
        self._idle.append(worker)
        if fault is not None and len(calls) > 1:  # one of them is to blame, so each has its turn alone
            for call in calls:
                call.joins = False
            self._calls.extendleft(reversed(calls))
        elif fault is not None and not first.done.done():
            first.done.set_exception(fault)
        for call, result in zip(calls, results, strict=False):
            if not call.done.done():
                call.done.set_result(result)
        self._hand_out()

    def _replaced(self, worker: Worker) -> Worker:
        worker.end()
        if self._closed:
            return worker
        new = Worker(*self._beginning)
        self._workers[self._workers.index(worker)] = new
        return new
