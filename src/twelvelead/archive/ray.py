"""Inputs answered by the machines of a Ray cluster.

Ray has its own mind about signals, standard output and threads, so what talks to it is a process of its own
(`twelvelead.archive.ray_driver`). This one keeps the table: it gives inputs and gets rows.
"""

import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager, suppress
from importlib.util import find_spec
from multiprocessing import get_context
from multiprocessing.connection import Connection
from typing import Any

from twelvelead.archive.answering import Task
from twelvelead.archive.dataset import Row
from twelvelead.archive.inputs import Input
from twelvelead.archive.ray_driver import drive
from twelvelead.archive.scoring import Answers
from twelvelead.errors import MissingExtra, TwelveLeadError
from twelvelead.inference.workers import LIMIT, METHOD, TURN

A_CORE = 20_000
"""Inputs that a core of the cluster is given at a time. Actors start anew after them, which takes seconds."""

_GATHERING = 5.0
"""Seconds after which the first inputs are given, however few: listing an object store takes a while."""

_ANSWERING = 60.0
"""Seconds in which a cluster has to answer."""

_STARTING = 300.0
"""Seconds in which a local cluster has to start."""

_ENDING = 15.0
"""Seconds in which a local cluster has to end."""


@contextmanager
def cluster(address: str | None = None, limit: float = LIMIT) -> Iterator[Answers]:
    """An engine for `twelvelead.archive.scoring.score` that works while the block runs.

    Each node has to have this version of twelvelead with the extra `ray`, the same weights under the same name, and the
    inputs under the same addresses. Rows are the same as those of `twelvelead.archive.local.answers`.

    Args:
        address: host:port of a cluster; None for one of this machine alone, on the loopback, for as long as the block
            runs.
        limit: seconds that an input may take.

    Raises:
        TwelveLeadError: no cluster answers there.
        MissingExtra: Ray is not installed.
    """
    if find_spec("ray") is None or find_spec("pandas") is None:
        raise MissingExtra("--engine ray", "ray")
    context: Any = get_context(METHOD)
    pipe, theirs = context.Pipe()
    driver = context.Process(target=drive, args=(theirs, address, limit))
    driver.start()
    theirs.close()
    talk = _Talk(pipe, "a local Ray" if address is None else f"Ray at {address}")
    try:
        cores = talk.hear_of_cores(_STARTING if address is None else _ANSWERING)
        yield lambda inputs, task: _answers(talk, inputs, task, cores)
    finally:
        driver.terminate()
        driver.join(_ENDING)
        driver.kill()
        driver.join()
        pipe.close()


class _Talk:
    """What is said to the driver, and heard of it.

    Args:
        pipe: to it.
        where: the cluster, as it is called in messages.
    """

    def __init__(self, pipe: Connection, where: str) -> None:
        self._pipe, self._where = pipe, where

    def hear_of_cores(self, seconds: float) -> int:
        """How many the cluster has, as soon as it is there.

        Raises:
            TwelveLeadError: it is not there in this time.
        """
        heard = self.hear(seconds)
        if heard is None:
            raise TwelveLeadError(f"{self._where}: does not answer; check the address and that it runs (ray status)")
        return int(heard)

    def say(self, what: Any) -> None:
        with suppress(OSError):  # it is gone, which whoever listens hears
            self._pipe.send(what)

    def hear(self, seconds: float) -> Any:
        """What it says, or None where it says nothing in this time.

        Raises:
            TwelveLeadError: it says what is wrong, or is gone.
        """
        if not self._pipe.poll(seconds):
            return None
        try:
            heard = self._pipe.recv()
        except (EOFError, OSError):
            raise TwelveLeadError(
                f"{self._where}: ended in mid-work; look at its logs and run the command again"
            ) from None
        if isinstance(heard, str):
            raise TwelveLeadError(f"{self._where}: {heard}")
        return heard


def _answers(talk: _Talk, inputs: Iterator[Input], task: Task, cores: int) -> Iterator[Sequence[Row]]:
    """While the cluster has inputs, the next ones are gathered, so that it does not wait for them."""
    gathered: list[Input] = []
    open_inputs = 0
    is_all = False
    begun = time.monotonic()
    while True:
        if not is_all and len(gathered) < A_CORE * cores:
            is_all = _gather(inputs, gathered, 0.1 if open_inputs else TURN)
        is_enough = is_all or len(gathered) >= A_CORE * cores or time.monotonic() - begun > _GATHERING
        if not open_inputs and gathered and is_enough:
            talk.say((task, gathered))
            open_inputs, gathered = len(gathered), []
        if not open_inputs and is_all:
            return
        rows: Sequence[Row] = ()
        if open_inputs:
            rows = talk.hear(0.0 if not is_all and len(gathered) < A_CORE * cores else TURN) or ()
            open_inputs -= len(rows)
        yield rows


def _gather(inputs: Iterator[Input], gathered: list[Input], seconds: float) -> bool:
    """Add inputs for some time, and say whether there are no more."""
    end = time.monotonic() + seconds
    for given in inputs:
        gathered.append(given)
        if time.monotonic() > end:
            return False
    return True
