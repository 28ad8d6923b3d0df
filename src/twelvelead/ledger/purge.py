"""Removing what is old, so that its bytes are gone."""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path

from sqlalchemy import Connection, Exists, Select, delete, exists, func, select

from twelvelead.ledger import schema
from twelvelead.ledger.audit import Audit, Event
from twelvelead.ledger.database import Database
from twelvelead.ledger.objects import Objects

_RECORDING = schema.recordings.c
_JOB = schema.jobs.c
_AT_ONCE = 200


@dataclass(frozen=True)
class Purged:
    """What a purge did.

    Attributes:
        recordings: removed.
        objects: files removed; bytes that another recording has too are kept.
        waiting: recordings old enough that stayed, because a job of theirs is not done.
    """

    recordings: int
    objects: int
    waiting: int


def purge(
    database: Database,
    objects: Objects,
    clock: Callable[[], datetime],
    before: datetime,
    signed_only: bool,
    event: Event,
) -> Purged:
    """Remove the recordings that came before a time, some at once so that others are not held up; then make the
    database forget their bytes.

    Args:
        event: for the audit; each recording gets a row of it with its own id and hash.
    """
    recordings = removed = 0
    while True:
        taken: list[Path] = []
        try:
            with database.begin() as connection:
                batch = connection.execute(_old(before, signed_only).where(~_waits()).limit(_AT_ONCE)).all()
                Audit(connection, clock()).extend([_of(event, row.id, row.source_sha256) for row in batch])
                for sha256 in _remove(connection, [row.id for row in batch]):
                    taken.append(objects.take_out(sha256))
        except BaseException:
            with database.begin() as connection:
                objects.settle(connection, taken)
            raise
        objects.forget(taken)
        recordings += len(batch)
        removed += len(taken)
        if len(batch) < _AT_ONCE:
            break
    with database.begin() as connection:
        connection.execute(
            delete(schema.jobs).where(_JOB.recording.is_(None), _JOB.state == "done", _JOB.changed < before)
        )
    database.scrub()
    with database.view() as connection:
        waiting = connection.scalars(select(func.count()).select_from(_old(before, signed_only).subquery())).one()
    return Purged(recordings, removed, waiting)


def _old(before: datetime, signed_only: bool) -> Select[tuple[str, str]]:
    old = select(_RECORDING.id, _RECORDING.source_sha256).where(_RECORDING.received < before)
    return old.where(_RECORDING.signed.is_not(None)) if signed_only else old


def _waits() -> Exists:
    return exists().where(_JOB.recording == _RECORDING.id, _JOB.state.in_(("queued", "claimed")))


def _of(event: Event, recording: str, sha256: str) -> Event:
    return Event(event.actor, event.action, event.outcome, recording, event.request_id, sha256)


def _remove(connection: Connection, recordings: list[str]) -> list[str]:
    """Remove recordings, and the entries of bytes that nothing refers to any more; the hashes of these."""
    referring = (schema.files, schema.attachments)
    held: set[str] = set()
    for table in referring:
        held |= set(connection.scalars(select(table.c.sha256).where(table.c.recording.in_(recordings))))
    connection.execute(delete(schema.recordings).where(_RECORDING.id.in_(recordings)))
    for table in referring:
        held -= set(connection.scalars(select(table.c.sha256).where(table.c.sha256.in_(held)).distinct()))
    connection.execute(delete(schema.objects).where(schema.objects.c.sha256.in_(held)))
    return sorted(held)
