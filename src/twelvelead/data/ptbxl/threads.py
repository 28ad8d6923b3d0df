"""Many small pieces of waiting at once, called off without delay."""

import time
from collections.abc import Callable, Iterable
from threading import Event, Lock, Thread
from typing import TypeVar

Item = TypeVar("Item")

_GRACE = 2.0
"""Seconds that threads get to finish what they write, once the work is called off."""


def in_threads(
    work: Callable[[Item], None],
    items: Iterable[Item],
    *,
    threads: int,
    stop: Event,
    tick: Callable[[], None] = lambda: None,
) -> None:
    """Calls `work` for every item in some threads, and `tick` now and then in this one.

    The first exception of any thread, or one here (KeyboardInterrupt), sets `stop`, ends the others after the item at
    hand and is raised. The threads are daemons: one that hangs in a socket does not keep the program from ending.
    """
    queue, lock = iter(items), Lock()
    faults: list[BaseException] = []

    def worker() -> None:
        try:
            while not stop.is_set():
                with lock:
                    item = next(queue, queue)
                if item is queue:
                    return
                work(item)  # type: ignore[arg-type]
        except BaseException as error:
            faults.append(error)
            stop.set()

    workers = [Thread(target=worker, daemon=True) for _ in range(threads)]
    try:
        for thread in workers:
            thread.start()
        for thread in workers:
            while thread.is_alive() and not stop.is_set():
                thread.join(0.1)
                tick()
    finally:
        if any(thread.is_alive() for thread in workers):
            stop.set()
        end = time.monotonic() + _GRACE
        for thread in workers:
            thread.join(max(0.0, end - time.monotonic()))
    if faults:
        raise faults[0]
    tick()
