"""What the ledger is told and asked of recordings; a transaction each."""

import asyncio
import hashlib
from collections.abc import Mapping
from typing import Any

from twelvelead.errors import TwelveLeadError
from twelvelead.ledger import (
    Answer,
    Event,
    Ledger,
    NewReading,
    Page,
    Reading,
    Recording,
    Sort,
    Wanted,
)
from twelvelead.service import kept
from twelvelead.service.answering import Reply
from twelvelead.service.auditing import Stamp, answered, tell_head, touched
from twelvelead.service.callers import Caller
from twelvelead.service.uploads import Upload


class Keeping:
    """The recordings of a service.

    Args:
        ledger: that has them.
    """

    def __init__(self, ledger: Ledger) -> None:
        self.ledger = ledger

    def add(
        self, caller: Caller, sent: Upload, options: Mapping[str, Any], reply: Reply, stamp: Stamp
    ) -> tuple[Recording, bool]:
        """Keep a recording with what was said of it; the same bytes and options are kept once, and answered anew
        where other settings answered before.

        Args:
            caller: whose it is.
            sent: its bytes.
            options: as the request gave them.
            reply: an answer, or a refusal of the gate.
            stamp: of the request.

        Returns:
            The recording, and whether it is new.
        """
        assert reply.kept is not None
        new = kept.new_answer(reply, stamp.settings_sha256)
        digests = (new.content["model"]["sha256"], new.content["model"]["contract_sha256"])
        with self.ledger.begin(*kept.contents_of(sent, options), reply.kept.signal) as books:
            recording, is_new = kept.add(books, caller.owner, sent, options)
            latest = books.recordings.answered(recording.id)
            if latest is None:
                kept.learn(books, recording.id, reply.kept)
            if latest is None or latest.settings_sha256 != new.settings_sha256:
                books.recordings.answer(recording.id, new)
            row = books.audit.append(answered(caller, sent.sha256, reply, digests, stamp, recording.id))
            recording = books.recordings.get(recording.id, caller.scope, reader=caller.name)
        tell_head(row)
        return recording, is_new

    async def note(self, caller: Caller, source: str, reply: Reply, digests: tuple[str, str], stamp: Stamp) -> None:
        """Tell the audit of an answer that is not kept.

        Args:
            caller: who asked.
            source: SHA-256 of the recording.
            reply: what was said.
            digests: SHA-256 of the weights and of their contract.
            stamp: of the request.
        """
        event = answered(caller, source, reply, digests, stamp)
        tell_head(await asyncio.wrap_future(self.ledger.record_soon(event)))

    def list(self, caller: Caller, wanted: Wanted, sort: Sort, limit: int, offset: int) -> Page:
        """Part of the worklist of a caller; see `Recordings.list`."""
        with self.ledger.view() as books:
            return books.recordings.list(
                caller.scope, wanted, sort=sort, reader=caller.name, limit=limit, offset=offset
            )

    def note_list(self, caller: Caller, stamp: Stamp) -> None:
        """Tell the audit that a worklist was given out."""
        event = Event(caller.name, "list", request_id=stamp.request_id, settings_sha256=stamp.settings_sha256)
        tell_head(self.ledger.record(event))

    def get(self, caller: Caller, recording: str, stamp: Stamp) -> Recording:
        """One recording that the caller may see; the audit is told.

        Raises:
            TwelveLeadError: there is none, code "not-found".
        """
        with self.ledger.view() as books:
            found = books.recordings.get(recording, caller.scope, reader=caller.name)
        tell_head(self.ledger.record(touched(caller, "look", found, stamp)))
        return found

    def answer(self, caller: Caller, recording: str, stamp: Stamp, action: str = "view") -> Answer:
        """What was said of a recording; the audit is told.

        Args:
            caller, recording, stamp: who asks for which.
            action: for the audit.

        Raises:
            TwelveLeadError: there is none, or nothing was said; code "not-found".
        """
        with self.ledger.view() as books:
            found = books.recordings.get(recording, caller.scope)
            latest = books.recordings.answered(recording)
        if latest is None:
            raise TwelveLeadError("there is no answer yet", code="not-found")
        tell_head(self.ledger.record(touched(caller, action, found, stamp)))
        return latest

    def signal(self, caller: Caller, recording: str, stamp: Stamp) -> bytes | None:
        """The signal of a recording, see `signals`; None where there is none. The audit is told.

        Raises:
            TwelveLeadError: there is no such recording, code "not-found".
        """
        with self.ledger.view() as books:
            found = books.recordings.get(recording, caller.scope)
            found_signal = books.recordings.attachment(recording, kept.SIGNAL)
        tell_head(self.ledger.record(touched(caller, "signal", found, stamp)))
        return None if found_signal is None else self.ledger.content(found_signal.sha256)

    def attachment(self, caller: Caller, recording: str, name: str) -> bytes | None:
        """A file made from a recording; None where there is none.

        Raises:
            TwelveLeadError: there is no such recording, code "not-found".
        """
        with self.ledger.view() as books:
            books.recordings.get(recording, caller.scope)
            found = books.recordings.attachment(recording, name)
        return None if found is None else self.ledger.content(found.sha256)

    def original(self, caller: Caller, recording: str) -> tuple[Upload, dict[str, Any]]:
        """The bytes of a recording as they were sent, and the options that it was read and answered with.

        Raises:
            TwelveLeadError: there is no such recording, code "not-found".
        """
        with self.ledger.view() as books:
            books.recordings.get(recording, caller.scope)
            return kept.original(self.ledger, books, recording)

    def attachments(self, caller: Caller, recording: str, prefix: str) -> tuple[bytes, ...]:
        """The files made from a recording whose names begin so, by name.

        Raises:
            TwelveLeadError: there is no such recording, code "not-found".
        """
        with self.ledger.view() as books:
            books.recordings.get(recording, caller.scope)
            found = books.recordings.attachments(recording)
        return tuple(self.ledger.content(each.sha256) for each in found if each.name.startswith(prefix))

    def keep_made(self, caller: Caller, recording: str, name: str, media: str, content: bytes) -> None:
        """Keep a file made from a recording, so that it stays the same; one of that name stays as it is.

        Raises:
            TwelveLeadError: there is no such recording any more, code "not-found".
        """
        with self.ledger.begin(content) as books:
            books.recordings.get(recording, caller.scope)
            if books.recordings.attachment(recording, name) is None:
                books.recordings.attach(recording, name, media, hashlib.sha256(content).hexdigest())

    def reading(self, caller: Caller, recording: str, stamp: Stamp) -> Reading | None:
        """The latest reading; None where there is none. The audit is told.

        Raises:
            TwelveLeadError: there is no such recording, code "not-found".
        """
        with self.ledger.view() as books:
            found = books.recordings.get(recording, caller.scope)
            latest = books.readings.latest(recording)
        tell_head(self.ledger.record(touched(caller, "reading", found, stamp)))
        return latest

    def readings(self, caller: Caller, recording: str, stamp: Stamp) -> tuple[Reading, ...]:
        """All versions of the reading, the first first. The audit is told.

        Raises:
            TwelveLeadError: there is no such recording, code "not-found".
        """
        with self.ledger.view() as books:
            found = books.recordings.get(recording, caller.scope)
            versions = books.readings.history(recording)
        tell_head(self.ledger.record(touched(caller, "readings", found, stamp)))
        return versions

    def read(self, caller: Caller, recording: str, new: NewReading, after: int, stamp: Stamp) -> Reading:
        """Add a version of the reading.

        Raises:
            Conflict: `after` is not the latest version any more.
            TwelveLeadError: there is no such recording, code "not-found".
        """
        with self.ledger.begin() as books:
            found = books.recordings.get(recording, caller.scope)
            reading = books.readings.add(recording, new, after=after)
            row = books.audit.append(touched(caller, "sign" if new.signed else "read", found, stamp))
        tell_head(row)
        return reading

    def mark_seen(self, caller: Caller, recording: str, seen: bool) -> None:
        """Mark a recording as opened by the caller, or take the mark away.

        Raises:
            TwelveLeadError: there is no such recording, code "not-found".
        """
        with self.ledger.begin() as books:
            books.recordings.get(recording, caller.scope)
            books.recordings.mark_seen(recording, caller.name, seen)
