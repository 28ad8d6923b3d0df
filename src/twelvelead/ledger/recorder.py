"""Rows of the audit from several threads in one transaction."""

import threading
from collections.abc import Callable
from contextlib import AbstractContextManager
from dataclasses import dataclass
from typing import Protocol

from twelvelead.ledger.audit import Audit, AuditRow, Event, checked


class _Books(Protocol):
    @property
    def audit(self) -> Audit: ...


@dataclass
class _Waiting:
    event: Event
    row: AuditRow | None = None
    error: Exception | None = None


class Recorder:
    """Whoever gets the turn writes what all have brought meanwhile; the others find theirs written.

    Args:
        begin: a transaction that writes.
    """

    def __init__(self, begin: Callable[[], AbstractContextManager[_Books]]) -> None:
        self._begin = begin
        self._turn = threading.Lock()
        self._guard = threading.Lock()
        self._waiting: list[_Waiting] = []

    def append(self, event: Event) -> AuditRow:
        """Add a row; it is on the disk when this returns. See `Ledger.record`."""
        mine = _Waiting(checked(event))
        with self._guard:
            self._waiting.append(mine)
        with self._turn:
            if mine.row is None and mine.error is None:
                self._write()
        if mine.row is None:
            raise mine.error or RuntimeError("neither written nor refused")
        return mine.row

    def _write(self) -> None:
        with self._guard:
            together, self._waiting = self._waiting, []
        try:
            with self._begin() as books:
                rows = books.audit.extend([each.event for each in together])
        except Exception as error:
            for each in together:
                each.error = error
        else:
            for each, row in zip(together, rows, strict=True):
                each.row = row
