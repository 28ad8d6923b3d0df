"""What comes in: kept, entered and queued in one step, before whoever brought it is told so."""

import os
import shutil
from collections.abc import Mapping
from typing import Any

from twelvelead.errors import ERROR_CODES, Conflict, TwelveLeadError
from twelvelead.gateway.queues import ACTOR, ARRIVALS, REPORTS, ask_for_report
from twelvelead.gateway.settings import Settings
from twelvelead.gateway.state import State
from twelvelead.ledger import Event, Ledger, Recording
from twelvelead.service import kept
from twelvelead.service.log import event
from twelvelead.service.uploads import Upload

STORE = "store"
"""The part of `State` that is at fault where nothing can be kept."""


class Full(Exception):
    """Nothing more is taken at the moment; the text is a clause for the sender."""


class Inbox:
    """Where everything comes in, whichever way.

    Args:
        ledger: where it is kept.
        settings: owner, queue and reserve_bytes of them.
        state: told where the disk takes nothing more.
    """

    def __init__(self, ledger: Ledger, settings: Settings, state: State) -> None:
        self._ledger, self._settings, self._state = ledger, settings, state
        self._too_many = False
        self._failed_size = 0

    def require_room(self) -> None:
        """See that more can be taken.

        Raises:
            Full: it cannot.
        """
        if STORE in self._state.faults:
            raise Full("the disk is full")
        if self._too_many:
            raise Full("too many recordings wait")

    def take(
        self, sent: Upload, options: Mapping[str, Any], *, once: str | None = None, lane: str | None = None, way: str
    ) -> tuple[Recording, bool]:
        """Keep a recording; once this returns, nothing loses it.

        Args:
            sent: its bytes.
            options: how it is read.
            once: what the owner has once; the bytes with the options where None.
            lane: in which it is answered in order.
            way: in which it came, for the log.

        Returns:
            The recording, and whether it is new.

        Raises:
            Full: it cannot be kept.
            Conflict: `once` is there with other bytes; that is listed.
        """
        self.require_room()
        told = {**options, "identify": True}
        owner = self._settings.owner
        try:
            with self._ledger.begin(*kept.contents_of(sent, told)) as books:
                recording, is_new = kept.add(books, owner, sent, told, once=once)
                if is_new:
                    ask_for_report(books, recording.id, lane)
                books.audit.append(Event(ACTOR, "receive", subject=recording.id, input_sha256=sent.sha256))
        except Conflict:
            assert once is not None
            self._list_conflict(once, sent)
            raise
        except TwelveLeadError as error:
            if error.code not in ("not-writable", "ledger"):
                raise
            self._failed_size = max(self._failed_size, len(sent.content))
            self._state.fail(STORE, f"what comes in cannot be kept: {error}")
            raise Full("the disk is full") from None
        event("received", recording=recording.id, way=way, new=is_new)
        if is_new:
            self._state.ring(REPORTS)
        return recording, is_new

    def watch(self) -> None:
        """Look whether there is room, and whether the queue is short; called every second or so."""
        with self._ledger.view() as books:
            waiting = books.jobs.waiting(REPORTS)
        limit = self._settings.queue
        self._too_many = waiting >= (limit if not self._too_many else limit * 9 // 10)
        if shutil.disk_usage(self._ledger.folder).free < self._settings.reserve_bytes:
            self._state.fail(STORE, f"its disk has less than {self._settings.reserve_bytes:,} bytes left")
        elif STORE in self._state.faults and self._can_write():
            self._failed_size = 0
            self._state.recover(STORE)

    def _can_write(self) -> bool:
        """Whether as many bytes as could not be kept last can be written now."""
        path = self._ledger.folder / "upkeep" / "probe"
        try:
            path.parent.mkdir(mode=0o700, exist_ok=True)
            with path.open("wb") as stream:
                stream.write(b"\0" * max(self._failed_size, 1 << 20))
                stream.flush()
                os.fsync(stream.fileno())
            with self._ledger.begin() as books:
                books.audit.append(Event(ACTOR, "recover"))
        except (OSError, TwelveLeadError):
            return False
        finally:
            path.unlink(missing_ok=True)
        return True

    def list_refused(self, code: str, sha256: str) -> None:
        """Enter among the failures something that is not kept.

        Args:
            code: of `twelvelead.errors.ERROR_CODES`.
            sha256: of its bytes.
        """
        with self._ledger.begin() as books:
            reason = f"{code}: {ERROR_CODES[code]}; not kept"
            books.jobs.enqueue(ARRIVALS, {"sha256": sha256}, once=f"{code} {sha256}", failed=reason)
            books.audit.append(Event(ACTOR, "receive", code, input_sha256=sha256))
        event("refused", code=code)

    def _list_conflict(self, once: str, sent: Upload) -> None:
        """Enter among the failures that an identifier came again with other bytes; they are the sender's to keep."""
        with self._ledger.begin() as books:
            first = books.recordings.find(self._settings.owner, once)
            subject = None if first is None else first.id
            reason = "conflict: the same SOP Instance UID came with other bytes before, which are kept"
            key = f"{once} {sent.sha256}"
            books.jobs.enqueue(ARRIVALS, {"sha256": sent.sha256}, once=key, recording=subject, failed=reason)
            books.audit.append(Event(ACTOR, "receive", "conflict", subject=subject, input_sha256=sent.sha256))
        event("refused", code="conflict", recording=subject)
