"""How a long task tells how far it is; who shows it, and where, is not its business."""

from collections.abc import Iterator, Sequence
from typing import Protocol, TypeVar

Item = TypeVar("Item")


class Progress(Protocol):
    """Called any number of times while a task goes on."""

    def __call__(self, what: str, done: int, total: int, size: int = 0) -> None:
        """Tells that `done` of `total` are done.

        Args:
            what: is done; its first word names the task, and what follows may change on the way.
            done, total: pieces of the task; a total of 0 is not known.
            size: bytes so far, where bytes are what takes time.
        """


def silent(what: str, done: int, total: int, size: int = 0) -> None:
    """Shows nothing."""


def counted(items: Sequence[Item], what: str, progress: Progress) -> Iterator[Item]:
    """The items one after another; progress is told how many of them are done."""
    for done, item in enumerate(items):
        progress(what, done, len(items))
        yield item
    progress(what, len(items), len(items))
