"""Inputs answered by processes of this machine, one a core."""

from collections.abc import Iterator, Sequence
from functools import partial

from twelvelead.archive.answering import Answerer, Task, died, timed_out
from twelvelead.archive.dataset import Row
from twelvelead.archive.inputs import Input
from twelvelead.inference.workers import LIMIT, Job, results, usable_cores

_answerer: Answerer


def answers(
    inputs: Iterator[Input], task: Task, processes: int | None = None, limit: float = LIMIT
) -> Iterator[Sequence[Row]]:
    """The row of each input, in any order, some at a time; at least every second, be it none.

    Args:
        inputs: taken when their turn comes.
        task: how.
        processes: one answers on one core; None for one a core.
        limit: seconds that an input may take.

    Raises:
        TwelveLeadError: processes cannot be started.
    """
    return results(inputs, answering(task), processes or usable_cores(), limit)


def answering(task: Task) -> Job[Input, Row]:
    """What a process does that answers inputs."""
    lost = [partial(row, copied=task.copied) for row in (died, timed_out)]
    return Job(_begin, (task,), _answer, *lost)


def _begin(task: Task) -> None:
    global _answerer
    _answerer = Answerer(task)


def _answer(inputs: Sequence[Input]) -> list[Row]:
    return _answerer.answer_each(inputs)
