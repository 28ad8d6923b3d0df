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

    def append(self, event: Event) -> AuditRow:
        """Add a row; it is on the disk when this returns. See `Ledger.record`."""
        written: Future[AuditRow] = Future()
        self._brought.append((checked(event), written))
        self._writer.submit(self._write)
        return written.result()

    def close(self) -> None:
        """End the thread; what was brought is written."""
        self._writer.shutdown()

    def _write(self) -> None:
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
