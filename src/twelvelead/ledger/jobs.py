"""A queue that survives: each job is done at least once, in its lane in order, or lies with the dead letters."""

import secrets
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any, Literal

from sqlalchemy import ColumnElement, Connection, Row, Select, and_, bindparam, exists, func, insert, select, update

from twelvelead.errors import Conflict, TwelveLeadError
from twelvelead.ledger import schema
from twelvelead.ledger.recording import Json

JobState = Literal["queued", "claimed", "done", "dead"]
_COLUMN = schema.jobs.c


@dataclass(frozen=True)
class Job:
    """One piece of work of a queue.

    Attributes:
        id: in the order of arrival.
        queue: such as "deliver".
        payload: what to do, and once it is done what came of it; refers to a recording and its attachments, holds
            nothing of a patient.
        lane: jobs of one lane of a queue are done one after another; None for no such order.
        once: a queue takes it once; None for any number.
        recording: it is about; the job goes with it when it is purged.
        state: queued, claimed, done or dead.
        attempts: how often it was claimed.
        due: not before then.
        lease: whoever claimed it last holds this; None before.
        reason: of the last failure.
        created, changed: when.
    """

    id: int
    queue: str
    payload: Json
    lane: str | None
    once: str | None
    recording: str | None
    state: JobState
    attempts: int
    due: datetime
    lease: str | None
    reason: str | None
    created: datetime
    changed: datetime


def _first_due(state: JobState) -> Select[tuple[datetime, int]]:
    """The job of a queue that has been due for longest, of those that none before them in their lane holds up."""
    earlier = schema.jobs.alias()
    blocked = exists().where(
        earlier.c.queue == _COLUMN.queue,
        earlier.c.lane == _COLUMN.lane,
        earlier.c.id < _COLUMN.id,
        earlier.c.state.in_(("queued", "claimed")),
    )
    return (
        select(_COLUMN.due, _COLUMN.id)
        .where(_COLUMN.queue == bindparam("queue"), _COLUMN.state == state, _COLUMN.due <= bindparam("now"), ~blocked)
        .order_by(_COLUMN.due, _COLUMN.id)
        .limit(1)
    )


_DUE = (_first_due("queued"), _first_due("claimed"))
"""One state at a time follows the index, however many wait."""


class Jobs:
    """The jobs of all queues."""

    def __init__(self, connection: Connection, now: datetime) -> None:
        self._connection = connection
        self._now = now

    def enqueue(
        self,
        queue: str,
        payload: Json,
        *,
        lane: str | None = None,
        once: str | None = None,
        recording: str | None = None,
        after: timedelta = timedelta(),
        failed: str | None = None,
    ) -> tuple[Job, bool]:
        """Add a job at the end of its lane.

        Args:
            queue, payload, lane, once, recording: see `Job`.
            after: not before so long from now.
            failed: a reason with which it goes to the dead letters at once.

        Returns:
            The job, and whether it is new: `once` gives the one that is there, whatever has become of it.
        """
        if once is not None:
            there = self._connection.execute(
                select(schema.jobs).where(_COLUMN.queue == queue, _COLUMN.once == once)
            ).first()
            if there is not None:
                return _job(there), False
        row: dict[str, Any] = {"queue": queue, "payload": payload, "lane": lane, "once": once, "recording": recording}
        row |= {"state": "queued" if failed is None else "dead", "reason": failed, "attempts": 0, "lease": None}
        row |= {"due": self._now + after, "created": self._now, "changed": self._now}
        number = self._connection.execute(insert(schema.jobs).values(row).returning(_COLUMN.id)).scalar_one()
        return Job(id=number, **row), True

    def claim(self, queue: str, lease: timedelta) -> Job | None:
        """Take the job that has been due for longest, the first of its lane; None where none is due.

        Whoever takes it has so long; then it is due again, as after a crash. A dead letter does not hold up its lane.
        """
        due = [row for wanted in _DUE for row in self._connection.execute(wanted, {"queue": queue, "now": self._now})]
        if not due:
            return None
        number = min(due, key=lambda row: (row.due, row.id)).id
        values = {"state": "claimed", "due": self._now + lease, "lease": secrets.token_hex(16)}
        return self._change(_COLUMN.id == number, values | {"attempts": _COLUMN.attempts + 1})

    def extend(self, job: Job, lease: timedelta) -> Job:
        """Keep a claimed job for so long from now.

        Raises:
            Conflict: the lease had ended, and someone else has the job.
        """
        return self._held(job, {"due": self._now + lease})

    def complete(self, job: Job, result: Json | None = None) -> Job:
        """Mark a claimed job as done.

        Args:
            job: as `claim` gave it.
            result: what came of it; stands in its payload from now on.

        Raises:
            Conflict: the lease had ended, and someone else has the job.
        """
        return self._held(job, {"state": "done", "reason": None, "payload": job.payload | (result or {})})

    def fail(self, job: Job, reason: str, *, again: timedelta | None) -> Job:
        """Give a claimed job back.

        Args:
            job: as `claim` gave it.
            reason: why; names nothing of a patient.
            again: it is due after so long (`backoff`); None puts it with the dead letters.

        Raises:
            Conflict: the lease had ended, and someone else has the job.
        """
        if again is None:
            return self._held(job, {"state": "dead", "reason": reason})
        return self._held(job, {"state": "queued", "reason": reason, "due": self._now + again})

    def release(self, queue: str) -> int:
        """Queue all claimed jobs of a queue again, due now; for who knows that whoever had them is gone.

        Returns:
            How many.
        """
        change = (
            update(schema.jobs)
            .where(_COLUMN.queue == queue, _COLUMN.state == "claimed")
            .values(state="queued", due=self._now, changed=self._now)
        )
        return self._connection.execute(change).rowcount

    def retry(self, job: int) -> Job:
        """Queue a dead letter again, due now.

        Raises:
            TwelveLeadError: there is no such dead letter, code "not-found".
        """
        values = {"state": "queued", "due": self._now, "attempts": 0}
        found = self._change(and_(_COLUMN.id == job, _COLUMN.state == "dead"), values)
        if found is None:
            raise TwelveLeadError(f"there is no dead letter {job}", code="not-found")
        return found

    def get(self, job: int) -> Job:
        """One job.

        Raises:
            TwelveLeadError: there is none, code "not-found".
        """
        row = self._connection.execute(select(schema.jobs).where(_COLUMN.id == job)).first()
        if row is None:
            raise TwelveLeadError(f"there is no job {job}", code="not-found")
        return _job(row)

    def waiting(self, queue: str) -> int:
        """How many jobs of a queue are neither done nor dead."""
        wanted = select(func.count()).where(_COLUMN.queue == queue, _COLUMN.state.in_(("queued", "claimed")))
        return self._connection.scalars(wanted).one()

    def list(
        self,
        queue: str | None = None,
        state: JobState | None = None,
        *,
        recording: str | None = None,
        limit: int = 1000,
    ) -> tuple[Job, ...]:
        """Jobs in the order in which they came: of a queue, in a state, of a recording; None for any."""
        wanted = select(schema.jobs).order_by(_COLUMN.id).limit(limit)
        for column, value in ((_COLUMN.queue, queue), (_COLUMN.state, state), (_COLUMN.recording, recording)):
            if value is not None:
                wanted = wanted.where(column == value)
        return tuple(map(_job, self._connection.execute(wanted)))

    def _held(self, job: Job, values: Json) -> Job:
        changed = self._change(
            and_(_COLUMN.id == job.id, _COLUMN.state == "claimed", _COLUMN.lease == job.lease), values
        )
        if changed is None:
            raise Conflict(f"job {job.id} was not finished in its time, and someone else has it now")
        return changed

    def _change(self, which: ColumnElement[bool], values: dict[str, Any]) -> Job | None:
        change = update(schema.jobs).where(which).values(values | {"changed": self._now}).returning(*_COLUMN)
        row = self._connection.execute(change).first()
        return None if row is None else _job(row)


def backoff(attempts: int, first: timedelta, longest: timedelta) -> timedelta:
    """How long to wait after so many attempts: `first`, then twice as long each time, never longer than `longest`."""
    return min(first * float(2 ** min(attempts - 1, 20)), longest)


def _job(row: Row[Any]) -> Job:
    return Job(**row._mapping)
