"""Associations that wait for what comes.

Those of pynetdicom look for it a thousand times a second, each in two threads, which costs about as much as all else
that a gateway does with an object. And an association's own thread sometimes takes the answer that the sender waits
for, since it passes the point where it has to stop before it says so. On a busy machine about one answer in 2,500 was
lost, and with it the association once the time for the answer was over.
"""

import queue
import socket
import threading
from contextlib import suppress
from select import select
from typing import Any

from pynetdicom.association import Association
from pynetdicom.transport import AssociationSocket

LOOK_SECONDS = 0.25
"""After which it is looked whether an association has idled for too long, or has been ended."""


def wait_for_what_comes(association: Association, kind: "type[WaitingSocket] | None" = None) -> Any:
    """Make an association wait.

    Args:
        association: with its connection, over which nothing is sent at the moment.
        kind: of the connection from now on; `WaitingSocket` where None.

    Returns:
        The connection.
    """
    checkpoint, outbox, connection = (
        _Checkpoint(association),
        _Outbox(),
        _as(association.dul.socket, kind or WaitingSocket),
    )
    for arrivals in (association.dul.to_user_queue, association.dimse.msg_queue):
        _as(arrivals, _Arrivals).came = checkpoint.came
    association._reactor_checkpoint, association.dul.to_provider_queue = checkpoint, outbox
    return connection


def _as(it: Any, kind: type) -> Any:
    """The same object, of another class; what its threads hold of it goes on."""
    it.__class__ = kind
    return it


class WaitingSocket(AssociationSocket):
    """A connection whose thread waits until bytes come or something is to be sent."""

    @property
    def ready(self) -> bool:
        """Whether bytes are there."""
        if super().ready:
            return True
        if not self._is_connected or self.event_queue.queue:
            return False
        outbox: Any = self.assoc.dul.to_provider_queue
        with suppress(OSError, TypeError, ValueError):  # closed by now, as the next look tells
            select([self.socket, outbox.bell], [], [], LOOK_SECONDS)
        return super().ready

    def close(self) -> None:
        """End the connection; nobody is rung for any more."""
        super().close()
        outbox: Any = self.assoc.dul.to_provider_queue
        outbox.close()


class _Outbox(queue.Queue[Any]):
    """What is to be sent.

    Attributes:
        bell: has bytes to read as long as something is.
    """

    def __init__(self) -> None:
        super().__init__()
        self.bell, self._rope = socket.socketpair()

    def _put(self, item: Any) -> None:
        super()._put(item)
        with suppress(OSError):
            self._rope.send(b"\0")

    def _get(self) -> Any:
        with suppress(OSError):
            self.bell.recv(1)
        return super()._get()

    def close(self) -> None:
        """Ring no more; what is put after it is taken all the same."""
        self.bell.close()
        self._rope.close()

    def __del__(self) -> None:
        self.close()


class _Arrivals(queue.Queue[Any]):
    """What came.

    Attributes:
        came: set as long as something may be there.
    """

    came = threading.Event()

    def _put(self, item: Any) -> None:
        super()._put(item)
        self.came.set()

    def _get(self) -> Any:
        item = super()._get()
        if self.queue:
            self.came.set()
        return item


class _Checkpoint(threading.Event):
    """Where the association's thread goes by before each look. It waits here until something has come; while this is
    not set, somebody else waits for an answer, and what comes is theirs.

    Args:
        association: whose it is.

    Attributes:
        came: see `_Arrivals`.
    """

    def __init__(self, association: Association) -> None:
        super().__init__()
        self.came = threading.Event()
        self._association, self._passing = association, threading.Lock()
        self.set()

    def wait(self, timeout: float | None = None) -> bool:
        while True:
            super().wait(timeout)
            self.came.wait(LOOK_SECONDS)
            with self._passing:
                if self.is_set():
                    self.came.clear()
                    self._association._is_paused = False
                    return True

    def clear(self) -> None:
        """From now on nobody goes by; whoever did so before has said it."""
        with self._passing:
            super().clear()
