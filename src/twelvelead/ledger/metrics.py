"""Counts of what is kept, for a monitor."""

import shutil
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path

from sqlalchemy import Connection, func, select

from twelvelead.ledger import schema


@dataclass(frozen=True)
class Metrics:
    """Counts for a monitor; nothing of a patient.

    Attributes:
        recordings: state -> how many.
        signed: recordings whose reading is signed.
        jobs: queue, state -> how many.
        oldest_due_s: queue -> for how many seconds the oldest job that is due has been waiting.
        audit: the last row's number.
        objects, object_bytes: files kept, and their size.
        free_bytes: left on the disk of the folder.
    """

    recordings: dict[str, int]
    signed: int
    jobs: dict[tuple[str, str], int]
    oldest_due_s: dict[str, float]
    audit: int
    objects: int
    object_bytes: int
    free_bytes: int


def measure(connection: Connection, now: datetime, folder: Path) -> Metrics:
    """The counts as they stand."""
    recording, job = schema.recordings.c, schema.jobs.c
    states = connection.execute(select(recording.state, func.count()).group_by(recording.state))
    jobs = connection.execute(select(job.queue, job.state, func.count()).group_by(job.queue, job.state))
    due = connection.execute(
        select(job.queue, func.min(job.due)).where(job.state == "queued", job.due <= now).group_by(job.queue)
    )
    files, size = connection.execute(select(func.count(), func.coalesce(func.sum(schema.objects.c.size), 0))).one()
    signed = select(func.count()).select_from(schema.recordings).where(recording.signed.is_not(None))
    return Metrics(
        recordings={row[0]: row[1] for row in states},
        signed=connection.scalars(signed).one(),
        jobs={(queue, state): number for queue, state, number in jobs},
        oldest_due_s={queue: (now - oldest).total_seconds() for queue, oldest in due},
        audit=connection.scalar(select(func.max(schema.audit.c.sequence))) or 0,
        objects=files,
        object_bytes=int(size),
        free_bytes=shutil.disk_usage(folder).free,
    )
