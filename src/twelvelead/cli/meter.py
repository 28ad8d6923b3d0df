"""How far a long task is, with its rate and the time left: a bar on a terminal, a line now and then elsewhere."""

import sys
import time
from types import TracebackType

from rich.console import Console
from rich.progress import BarColumn, Progress, TaskID, TextColumn

_EVERY = 15.0
"""Seconds between lines where there is no terminal."""


class Meter:
    """A context in which `show`, a `twelvelead.progress.Progress`, may be called any number of times."""

    def __init__(self) -> None:
        self._console = Console(stderr=True, highlight=False)
        self._bar = Progress(
            TextColumn("{task.description}"),
            BarColumn(),
            TextColumn("{task.fields[state]}"),
            console=self._console,
            transient=True,
            redirect_stdout=sys.stdout.isatty(),  # what goes to a file is not to end on the terminal
        )
        self._tasks: dict[str, TaskID] = {}
        self._begun: dict[str, tuple[float, int, int]] = {}
        self._done: dict[str, int] = {}
        self._said = time.monotonic()

    def __enter__(self) -> "Meter":
        if self._console.is_terminal:
            self._bar.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        if self._console.is_terminal:
            self._bar.stop()

    def show(self, what: str, done: int, total: int, size: int = 0) -> None:
        """Shows that `done` of `total` are done, 0 where that is not known, of `size` bytes so far; the first word of
        `what` names the work."""
        now = time.monotonic()
        work = what.split()[0]
        if done < self._done.get(work, 0):  # it begins anew, as each epoch of a training does
            self._begun.pop(work)
        self._done[work] = done
        begun, done_before, size_before = self._begun.setdefault(work, (now, done, size))
        state = _state(done, total, done - done_before, size - size_before, now - begun)
        if self._console.is_terminal:
            if work not in self._tasks:
                self._tasks[work] = self._bar.add_task(what, state=state)
            self._bar.update(self._tasks[work], description=what, completed=done, total=total or None, state=state)
        elif now - self._said >= _EVERY:
            self._said = now
            self._console.print(f"{what}: {state}", soft_wrap=True)


def _state(done: int, total: int, fresh: int, size: int, seconds: float) -> str:
    so_far = f"{done:,} of {total:,}" if total else f"{done:,}"
    if not fresh or seconds < 0.5:
        return so_far
    rate = f"{size / seconds / 1e6:.1f} MB/s" if size else f"{fresh / seconds:.1f} a second"
    if not total:
        return f"{so_far}, {rate}"
    left = round((total - done) / fresh * seconds)
    return f"{so_far}, {rate}, {left // 3600}:{left // 60 % 60:02}:{left % 60:02} left"
