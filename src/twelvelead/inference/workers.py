"""Many items over many processes, which end with the one that started them, however it ends."""

import os
import signal
import threading
import time
from collections import deque
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import closing, suppress
from itertools import islice
from multiprocessing import get_context, parent_process
from multiprocessing.connection import Connection, wait
from typing import Any, Generic, NamedTuple, TypeVar

from twelvelead.errors import TwelveLeadError

CHUNK = 16
"""Items that a process is given at a time, at most."""

TURN = 1.0
"""Seconds that a chunk is meant to take at most; slow items come in smaller chunks."""

LIMIT = 60.0
"""Seconds after which an item is given up."""

METHOD = "spawn"
"""How processes start: afresh, since threads of the runtime do not survive a fork."""

Item = TypeVar("Item")
Result = TypeVar("Result")


class Job(NamedTuple, Generic[Item, Result]):
    """What processes do; functions of modules, so that a process can import them.

    Attributes:
        prepare: called once in each process, with `arguments`.
        arguments: of `prepare`.
        work: some items to the result of each, in their order.
        died: the result of an item at which its process died; called in this process.
        late: the result of an item that took longer than its time; likewise.
    """

    prepare: Callable[..., None]
    arguments: tuple[Any, ...]
    work: Callable[[Sequence[Item]], Sequence[Result]]
    died: Callable[[Item], Result]
    late: Callable[[Item], Result]


def usable_cores() -> int:
    """How many this process may run on."""
    return len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1


def results(
    items: Iterable[Item], job: Job[Item, Result], processes: int, limit: float = LIMIT
) -> Iterator[list[Result]]:
    """The result of each item, in any order, some at a time; see `Workers`, which start and end with it.

    Args:
        items: taken when their turn comes.
        job: what is done with them.
        processes: at most.
        limit: seconds that an item may take.

    Raises:
        TwelveLeadError: processes cannot be started.
    """
    with closing(Workers(job, processes, limit)) as workers:
        yield from workers.results(items)


class Workers(Generic[Item, Result]):
    """Processes that do a job, started when there is something to do, and kept until they are closed.

    Args:
        job: what is done with each item.
        processes: at most.
        limit: seconds that an item may take.
    """

    def __init__(self, job: Job[Item, Result], processes: int, limit: float = LIMIT) -> None:
        self._job, self._processes, self._limit = job, processes, limit
        self._hands: list[_Hand[Item, Result]] = []

    def results(self, items: Iterable[Item]) -> Iterator[list[Result]]:
        """The result of each item, in any order, some at a time; at least every `TURN` seconds, be it none.

        An item at which a process dies, or that takes longer than its time, costs that item alone: what came with it is
        done again, one at a time. Whoever leaves off before the end closes the workers.

        Args:
            items: taken when their turn comes.

        Raises:
            TwelveLeadError: processes cannot be started.
        """
        fresh = iter(items)
        again: deque[list[Item]] = deque()
        hands = self._hands
        while True:
            _hand_out(fresh, again, hands, self._job, self._processes)
            if not any(hand.chunks for hand in hands):
                return
            found: list[Result] = []
            heard = wait([hand.pipe for hand in hands if hand.chunks], TURN)
            for hand in [hand for hand in hands if hand.pipe in heard]:
                try:
                    found += hand.take()
                except (EOFError, OSError):
                    found += _lost(hand, again, self._job.died)
                    hands.remove(hand)
            for hand in [hand for hand in hands if hand.chunks and hand.seconds > self._limit]:
                found += _lost(hand, again, self._job.late)
                hands.remove(hand)
            yield found

    def close(self) -> None:
        """End all processes, whatever they do."""
        for hand in self._hands:
            hand.end()
        self._hands.clear()


def _hand_out(
    fresh: Iterator[Item],
    again: deque[list[Item]],
    hands: "list[_Hand[Item, Result]]",
    job: Job[Item, Result],
    processes: int,
) -> None:
    """Two chunks to each, so that none waits while results are put away."""
    for round_ in (1, 2):
        for place in range(processes):
            if place < len(hands) and len(hands[place].chunks) >= round_:
                continue
            size = hands[place].size if place < len(hands) else CHUNK
            chunk = again.popleft() if again else list(islice(fresh, size))
            if not chunk:
                return
            if place >= len(hands):
                hands.append(_Hand(job))
            hands[min(place, len(hands) - 1)].give(chunk)


def _lost(hand: "_Hand[Item, Result]", again: deque[list[Item]], what: Callable[[Item], Result]) -> list[Result]:
    """The results of a process that will give none any more; what else it had is done again."""
    hand.end()
    if not hand.is_ready:
        raise TwelveLeadError("processes cannot be started; free memory or take fewer of them")
    first, *others = hand.chunks
    again.extend(others)
    if len(first) == 1:
        return [what(first[0])]
    again.extend([item] for item in first)
    return []


class _Hand(Generic[Item, Result]):
    """A process that is given chunks and gives back their results.

    Attributes:
        chunks: that it has; it works on the first.
        size: items of its next chunk.
        is_ready: whether it has prepared its work.
        pipe: ours, to it and back.
    """

    def __init__(self, job: Job[Item, Result]) -> None:
        self.chunks: deque[list[Item]] = deque()
        self.size = CHUNK
        self.is_ready = False
        self._begun = time.monotonic()
        context: Any = get_context(METHOD)
        self.pipe, theirs = context.Pipe()
        self._process = context.Process(target=_serve, args=(theirs, job.prepare, job.arguments, job.work), daemon=True)
        self._process.start()
        theirs.close()

    @property
    def seconds(self) -> float:
        """How long it has worked on its first chunk."""
        return time.monotonic() - self._begun if self.is_ready else 0.0

    def give(self, chunk: list[Item]) -> None:
        """One more chunk."""
        if not self.chunks:
            self._begun = time.monotonic()
        self.chunks.append(chunk)
        with suppress(OSError):  # it is dead, which whoever listens to it hears
            self.pipe.send(chunk)

    def take(self) -> Sequence[Result]:
        """What it says: the results of its first chunk.

        Raises:
            EOFError, OSError: it is dead.
        """
        heard: Sequence[Result] | None = self.pipe.recv()
        seconds, self._begun = self.seconds, time.monotonic()
        if heard is None:
            self.is_ready = True
            return ()
        done = len(self.chunks.popleft())
        self.size = min(CHUNK, max(1, int(done * TURN / max(seconds, 1e-6))))
        return heard

    def end(self) -> None:
        """End it, whatever it does."""
        self._process.kill()
        self._process.join()
        self.pipe.close()


def _serve(
    pipe: Connection,
    prepare: Callable[..., None],
    arguments: tuple[Any, ...],
    work: Callable[[Sequence[Any]], Sequence[Any]],
) -> None:
    begin(prepare, arguments)
    pipe.send(None)
    while True:
        try:
            chunk = pipe.recv()
        except EOFError:
            return
        pipe.send(work(chunk))


def begin(prepare: Callable[..., None], arguments: tuple[Any, ...]) -> None:
    """What a process does first: it ends with its parent, leaves signals to it, and prepares its work."""
    threading.Thread(target=end_with_parent, daemon=True).start()
    for name in ("SIGINT", "SIGTERM", "SIGHUP"):  # they may reach the whole group; the parent ends the work
        if hasattr(signal, name):
            signal.signal(getattr(signal, name), signal.SIG_IGN)
    prepare(*arguments)


def end_with_parent() -> None:
    """Wait for the end of the process that started this one, then end this one; to be called in a thread."""
    parent = parent_process()
    if parent is not None:
        parent.join()  # a pipe that the system closes, whatever ends the parent
        os._exit(1)
