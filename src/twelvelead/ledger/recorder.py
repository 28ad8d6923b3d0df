"""Rows of the audit from several threads in one transaction: waiting for the disk is what takes long."""

from collections import deque
from collections.abc import Callable
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import AbstractContextManager
from typing import Protocol

from twelvelead.ledger.audit import Audit, AuditRow, Event, checked


class _Books(Protocol):
    @property
    def audit(self) -> Audit: ...


class Recorder:
    """One thread writes what all have brought since it wrote last.

    Args:
        begin: a transaction that writes.
    """

    def __init__(self, begin: Callable[[], AbstractContextManager[_Books]]) -> None:
        self._begin = begin
        self._brought: deque[tuple[Event, Future[AuditRow]]] = deque()
        self._writer = ThreadPoolExecutor(1, "audit")
        self._is_called = False

    def append(self, event: Event) -> Future[AuditRow]:
        """Add a row; it is on the disk when the result is there. See `Ledger.record`."""
        written: Future[AuditRow] = Future()
        written.set_running_or_notify_cancel()  # whoever no longer waits for it does not stop it
        self._brought.append((checked(event), written))
        if not self._is_called:
            self._is_called = True
            self._writer.submit(self._write)
        return written

    def close(self) -> None:
        """End the thread; what was brought is written."""
        self._writer.shutdown()

    def _write(self) -> None:
        self._is_called = False  # before looking: what is brought from here on calls again
        together = [self._brought.popleft() for _ in range(len(self._brought))]
        if not together:
            return
        try:
            with self._begin() as books:
                rows = books.audit.extend([event for event, _ in together])
        except Exception as error:
            for _, written in together:
                written.set_exception(error)
        else:
            for (_, written), row in zip(together, rows, strict=True):
                written.set_result(row)
