"""How a gateway is: what is wrong with it at the moment, and what its parts wait for."""

import threading
import time

from twelvelead.service.log import event


class State:
    """Shared by all parts of a gateway, which run in threads of their own.

    Attributes:
        started: set once the workers have started, or cannot.
        stopping: set once nothing more is begun.
    """

    def __init__(self) -> None:
        self.started, self.stopping = threading.Event(), threading.Event()
        self._faults: dict[str, str] = {"workers": "it is starting"}
        self._bells: dict[str, threading.Condition] = {}
        self._rung: dict[str, int] = {}
        self._lock = threading.Lock()

    @property
    def faults(self) -> dict[str, str]:
        """Part -> why it cannot do its work, as a clause; empty where all is well."""
        with self._lock:
            return dict(self._faults)

    def fail(self, part: str, why: str) -> None:
        """Say that a part cannot do its work; it is logged when it is new."""
        with self._lock:
            known = self._faults.get(part) == why
            self._faults[part] = why
        if not known:
            event("fault", part=part, why=why)

    def recover(self, part: str) -> None:
        """Say that a part does its work."""
        with self._lock:
            known = self._faults.pop(part, None)
        if known is not None:
            event("recovered", part=part)

    def ring(self, queue: str) -> None:
        """Tell whoever waits for jobs of a queue that there is one."""
        bell = self._bell(queue)
        with bell:
            self._rung[queue] = self._rung.get(queue, 0) + 1
            bell.notify_all()

    def heard(self, queue: str) -> int:
        """How often it rang; taken before looking for jobs, so that `wait` misses none that comes after."""
        with self._bell(queue):
            return self._rung.get(queue, 0)

    def wait(self, queue: str, heard: int, seconds: float) -> None:
        """Wait until it has rung more often than that, or so long, or until the gateway stops."""
        end = time.monotonic() + seconds
        bell = self._bell(queue)
        with bell:
            while self._rung.get(queue, 0) == heard and not self.stopping.is_set():
                left = end - time.monotonic()
                if left <= 0:
                    return
                bell.wait(left)

    def stop(self) -> None:
        """Tell all parts to begin nothing more."""
        self.stopping.set()
        self.started.set()
        with self._lock:
            bells = list(self._bells)
        for queue in bells:
            self.ring(queue)

    def _bell(self, queue: str) -> threading.Condition:
        with self._lock:
            return self._bells.setdefault(queue, threading.Condition())
