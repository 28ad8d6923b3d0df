"""Recordings: what came, whose it is, what was said of it. An owner sees his own alone."""

import uuid
from collections.abc import Sequence
from dataclasses import asdict
from datetime import datetime
from typing import Any

from sqlalchemy import Connection, Row, delete, insert, select, update

from twelvelead.errors import Conflict, TwelveLeadError
from twelvelead.ledger import schema
from twelvelead.ledger.objects import Arrivals
from twelvelead.ledger.recording import (
    Answer,
    Attachment,
    File,
    Identity,
    NewAnswer,
    Page,
    Patient,
    Recording,
    Sort,
    Wanted,
)
from twelvelead.ledger.worklist import page, recording_of, worklist

_COLUMN = schema.recordings.c


class Recordings:
    """All recordings, with their files, answers, identities and attachments."""

    def __init__(self, connection: Connection, now: datetime, arrivals: Arrivals) -> None:
        self._connection = connection
        self._now = now
        self._arrivals = arrivals

    def add(
        self,
        owner: str,
        source_sha256: str,
        kind: str,
        files: Sequence[File],
        *,
        identity: Identity | None = None,
        once: str | None = None,
    ) -> tuple[Recording, bool]:
        """Enter a recording. Its bytes were given to `Ledger.begin`; once that block has ended, nothing loses them.

        Args:
            owner: whose it is.
            source_sha256: of its bytes, as `ECG.sha256`.
            kind: of file; empty where none was recognised.
            files: what it consists of, in order; the bytes of each are kept once, whoever else has them.
            identity: whose recording it is, where that is known.
            once: what an owner has once: a hash of the source and the options, or of a DICOM SOP Instance UID; None
                for a new recording whatever there is.

        Returns:
            The recording, and whether it is new: `once` and the same bytes give the one that is there.

        Raises:
            Conflict: `once` is there with other bytes.
        """
        if once is not None:
            there = self._connection.execute(
                select(_COLUMN.id, _COLUMN.source_sha256).where(_COLUMN.owner == owner, _COLUMN.once == once)
            ).first()
            if there is not None:
                if there.source_sha256 != source_sha256:
                    raise Conflict("the same identifier came before with other bytes; what came first is kept")
                return self.get(there.id, owner), False
        recording = str(uuid.uuid4())
        new = Recording(recording, owner, source_sha256, kind, self._now)
        row = {column.name: getattr(new, column.name) for column in _COLUMN if column.name != "once"}
        self._connection.execute(insert(schema.recordings).values(row | {"once": once}))
        for position, file in enumerate(files):
            self._arrivals.refer(self._connection, file.sha256)
            row = {"recording": recording, "position": position, "name": file.name, "sha256": file.sha256}
            self._connection.execute(insert(schema.files).values(row))
        if identity is not None:
            self.identify(recording, identity)
        return self.get(recording, owner), True

    def get(self, recording: str, owner: str | None, *, reader: str | None = None) -> Recording:
        """One recording.

        Args:
            recording: its id.
            owner: whose recordings are looked at; None for everybody's.
            reader: whose mark `Recording.seen` is.

        Raises:
            TwelveLeadError: there is none, or it is another owner's: the same error, code "not-found".
        """
        row = self._connection.execute(worklist(owner, Wanted(), reader).where(_COLUMN.id == recording)).first()
        if row is None:
            raise TwelveLeadError("there is no such recording", code="not-found")
        return recording_of(row)

    def find(self, owner: str, once: str) -> Recording | None:
        """The recording that an owner has under `once`; None where there is none."""
        recording = self._connection.scalar(select(_COLUMN.id).where(_COLUMN.owner == owner, _COLUMN.once == once))
        return None if recording is None else self.get(recording, owner)

    def born_otherwise(self, owner: str, identity: Identity) -> str | None:
        """A recording of an owner whose file states the same patient id and issuer with another birth date; None where
        there is none, or one of them states none."""
        stated = schema.identities.c
        return self._connection.scalar(
            select(_COLUMN.id)
            .join(schema.identities, stated.recording == _COLUMN.id)
            .where(
                stated.patient_id == identity.patient_id,
                stated.issuer.is_not_distinct_from(identity.issuer),
                stated.birth_date != identity.birth_date,
                _COLUMN.owner == owner,
            )
            .limit(1)
        )

    def list(
        self,
        owner: str | None,
        wanted: Wanted | None = None,
        *,
        sort: Sort = "received",
        reader: str | None = None,
        limit: int = 100,
        offset: int = 0,
    ) -> Page:
        """Part of the worklist.

        Args:
            owner: whose recordings; None for everybody's.
            wanted: which of them; None for all.
            sort: by the time they came, the newest first; or by urgency: what is not readable, then the most urgent,
                then the newest.
            reader: whose marks `Recording.seen` and `Wanted.seen` are.
            limit, offset: how many, from which on.
        """
        return page(self._connection, worklist(owner, wanted or Wanted(), reader), sort, limit, offset)

    def identify(self, recording: str, identity: Identity | None) -> None:
        """Say whose recording it is, in place of what was said before; None for nobody's."""
        self._connection.execute(delete(schema.identities).where(schema.identities.c.recording == recording))
        if identity is not None:
            self._connection.execute(insert(schema.identities).values(asdict(identity) | {"recording": recording}))

    def state_patient(self, recording: str, patient: Patient | None) -> None:
        """Keep who the patient is as it was given by hand, in place of what was given before; None takes it back."""
        self._connection.execute(delete(schema.patients).where(schema.patients.c.recording == recording))
        if patient is not None:
            self._connection.execute(insert(schema.patients).values(asdict(patient) | {"recording": recording}))

    def recognise(self, recording: str, kind: str) -> None:
        """Say of which kind its file is, once that is known."""
        self._connection.execute(update(schema.recordings).where(_COLUMN.id == recording).values(kind=kind))

    def mark_seen(self, recording: str, reader: str, seen: bool = True) -> None:
        """Mark a recording as opened by a reader, or take the mark away."""
        mark = schema.seen.c
        self._connection.execute(delete(schema.seen).where(mark.recording == recording, mark.reader == reader))
        if seen:
            self._connection.execute(insert(schema.seen).values(recording=recording, reader=reader))

    def files(self, recording: str) -> tuple[File, ...]:
        """What a recording consists of, in order; `Ledger.content` has the bytes."""
        column = schema.files.c
        rows = self._connection.execute(
            select(column.name, column.sha256).where(column.recording == recording).order_by(column.position)
        )
        return tuple(File(row.name, row.sha256) for row in rows)

    def answer(self, recording: str, new: NewAnswer) -> Answer:
        """Enter what the machine says of a recording: its next version, and what the worklist shows from now on."""
        version = 1 + self._connection.scalars(select(_COLUMN.answer_version).where(_COLUMN.id == recording)).one()
        row: dict[str, Any] = {"recording": recording, "version": version, "made": self._now}
        row |= {column.name: getattr(new, column.name) for column in schema.answers.c if column.name not in row}
        self._connection.execute(insert(schema.answers).values(row))
        shown = {column.name: getattr(new, column.name) for column in _COLUMN if hasattr(new, column.name)}
        self._connection.execute(
            update(schema.recordings).where(_COLUMN.id == recording).values(shown | {"answer_version": version})
        )
        return Answer(**row)

    def answered(self, recording: str, version: int | None = None) -> Answer | None:
        """What the machine said of a recording: the latest version, or the one asked for; None where there is none."""
        column = schema.answers.c
        wanted = select(schema.answers).where(column.recording == recording).order_by(column.version.desc()).limit(1)
        if version is not None:
            wanted = wanted.where(column.version == version)
        row = self._connection.execute(wanted).first()
        return None if row is None else Answer(**row._mapping)

    def attach(self, recording: str, name: str, media_type: str, sha256: str) -> Attachment:
        """Keep a file made from a recording. Its bytes were given to `Ledger.begin`.

        Raises:
            Conflict: one of that name is there with other bytes, which stay.
        """
        there = self.attachment(recording, name)
        if there is not None:
            if there.sha256 != sha256:
                raise Conflict(f"{name} is there already with other bytes; what was made first is kept")
            return there
        self._arrivals.refer(self._connection, sha256)
        made = Attachment(name, media_type, sha256, self._now)
        self._connection.execute(insert(schema.attachments).values(asdict(made) | {"recording": recording}))
        return made

    def attachment(self, recording: str, name: str) -> Attachment | None:
        """One attachment by its name; None where there is none."""
        column = schema.attachments.c
        row = self._connection.execute(
            select(schema.attachments).where(column.recording == recording, column.name == name)
        ).first()
        return None if row is None else _attachment(row)

    def attachments(self, recording: str) -> tuple[Attachment, ...]:
        """All that was made from a recording, by name."""
        column = schema.attachments.c
        rows = self._connection.execute(
            select(schema.attachments).where(column.recording == recording).order_by(column.name)
        )
        return tuple(map(_attachment, rows))


def _attachment(row: Row[Any]) -> Attachment:
    return Attachment(row.name, row.media_type, row.sha256, row.made)
