"""The process that talks to a Ray cluster, and what the cluster does for it, by Ray Data."""

import logging
import os
import pickle
import re
import signal
import socket
import sys
import threading
from collections.abc import Iterator, Sequence
from contextlib import suppress
from math import ceil
from multiprocessing.connection import Connection
from secrets import token_hex
from typing import Any

from twelvelead.archive.answering import Task
from twelvelead.archive.dataset import Row
from twelvelead.archive.inputs import Input
from twelvelead.archive.local import answering
from twelvelead.errors import TwelveLeadError
from twelvelead.inference.engine import Engine
from twelvelead.inference.workers import Workers, end_with_parent, usable_cores
from twelvelead.version import __version__

SMALLEST, LARGEST = 16, 256
"""Inputs of a block, which goes to one actor and comes back at once: what the death of a node costs."""

_CONNECTING = 3.0
"""Seconds in which an address has to take a connection."""

_LOOPBACK = "127.0.0.1"
_TOLD = re.compile(r"TwelveLeadError: (.*)")


def drive(pipe: Connection, address: str | None, limit: float) -> None:
    """Connect, then answer what comes, a task and a list of inputs each time. Goes back the number of cores, then the
    rows of each list, some at a time, or, as a text, what is wrong.

    Args:
        pipe: to whom it works for, with whom it ends.
        address: see `twelvelead.archive.ray.cluster`.
        limit: seconds that an input may take.
    """
    threading.Thread(target=end_with_parent, daemon=True).start()
    for name in ("SIGINT", "SIGHUP"):  # they may reach the whole group; the parent ends the work
        if hasattr(signal, name):
            signal.signal(getattr(signal, name), signal.SIG_IGN)
    with open(os.devnull, "w") as nowhere:  # noqa: PTH123
        for stream in (1, 2):  # Ray writes notes there, and what its workers print
            os.dup2(nowhere.fileno(), stream)
    try:
        pipe.send(_connect(address))
        while True:
            task, inputs = pipe.recv()
            for rows in _executed(inputs, task, limit):
                pipe.send(rows)
    except (EOFError, BrokenPipeError):
        return
    except TwelveLeadError as error:
        pipe.send(str(error))
    except Exception as error:
        told = _TOLD.findall(str(error))
        pipe.send(told[-1] if told else f"gave up ({type(error).__name__}); look at its logs and run the command again")
    finally:
        with suppress(Exception):
            sys.modules["ray"].shutdown()


def _connect(address: str | None) -> int:
    """The cores of the cluster at an address, or of a new one.

    Raises:
        TwelveLeadError: there is none.
    """
    host = _LOOPBACK if address is None else _reached(address)
    os.environ |= {"RAY_USAGE_STATS_ENABLED": "0", "RAY_DATA_DISABLE_PROGRESS_BARS": "1"}
    if host in (_LOOPBACK, "localhost"):
        # else Ray puts an address of the network in their place
        os.environ["RAY_ENABLE_WINDOWS_OR_OSX_CLUSTER"] = "0"
    options: dict[str, Any] = {}
    if address is None:
        # nobody else on this machine may use it, and nothing else runs on it that it had to stand back for
        os.environ |= {"RAY_AUTH_MODE": "token", "RAY_AUTH_TOKEN": token_hex(32), "RAY_worker_niceness": "0"}
        options = {"num_cpus": usable_cores(), "include_dashboard": False, "_node_ip_address": _LOOPBACK}
    import ray

    try:
        ray.init(address or "local", log_to_driver=False, logging_level=logging.CRITICAL, **options)
    except Exception as error:
        reason = str(error).strip().splitlines()[0] if str(error).strip() else type(error).__name__
        raise TwelveLeadError(f"cannot be used: {reason}") from None
    return max(1, int(ray.cluster_resources().get("CPU", 1)))


def _reached(address: str) -> str:
    """The host of an address that takes a connection: Ray itself would try for minutes."""
    host, _, port = address.rpartition(":")
    host = host.strip("[]")
    if not host or not port.isdecimal():
        raise TwelveLeadError("no address of a cluster; give host:port, as ray start --head prints it")
    try:
        socket.create_connection((host, int(port)), _CONNECTING).close()
    except (OSError, OverflowError):
        raise TwelveLeadError("does not answer; check the address and that it runs (ray status)") from None
    return host


def _executed(inputs: Sequence[Input], task: Task, limit: float) -> Iterator[list[Row]]:
    import ray
    from ray.data import ActorPoolStrategy, DataContext

    context = DataContext.get_current()
    context.enable_progress_bars = False
    # blocks are small; what Ray reserves for larger ones can be more than a small node has
    context.target_max_block_size = 1 << 22
    cores = max(1, int(ray.cluster_resources().get("CPU", 1)))
    size = min(LARGEST, max(SMALLEST, ceil(len(inputs) / (8 * cores))))
    blocks = [{"inputs": pickle.dumps(inputs[start : start + size])} for start in range(0, len(inputs), size)]
    answered = ray.data.from_items(blocks, override_num_blocks=len(blocks)).map(
        Actor,
        fn_constructor_args=(task, made_by(task), limit),
        # an actor whose node died moves to one that is free, so the pool must be able to shrink
        compute=ActorPoolStrategy(min_size=1, initial_size=min(cores, len(blocks))),
        num_cpus=1,
        max_restarts=-1,
        max_task_retries=-1,
    )
    for block in answered.iter_rows():
        yield pickle.loads(block["rows"])


def made_by(task: Task) -> dict[str, Any]:
    """What all nodes have to have alike: version, weights and settings."""
    return {"version": __version__, **task.settings(Engine(task.weights, threads=1))}


class Actor:
    """What a core of the cluster does: its process reads and answers, so that what kills it does not kill the actor.

    Args:
        task: how.
        expected: version, weights and settings that the rows have to be made with.
        limit: seconds that an input may take.

    Raises:
        TwelveLeadError: this node has another version or other weights.
    """

    def __init__(self, task: Task, expected: dict[str, Any], limit: float) -> None:
        if made_by(task) != expected:
            raise TwelveLeadError("a node has another version of twelvelead, or other weights; make all nodes alike")
        # else the process would begin with all that a worker of Ray imports
        vars(sys.modules["__main__"]).pop("__file__", None)
        self._workers = Workers(answering(task), 1, limit)

    def __call__(self, block: dict[str, bytes]) -> dict[str, bytes]:
        """The rows of a block of inputs, both pickled."""
        inputs: list[Input] = pickle.loads(block["inputs"])
        return {"rows": pickle.dumps([row for rows in self._workers.results(inputs) for row in rows])}
