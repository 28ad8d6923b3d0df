"""From the files of a report to a destination: at least once, in order within a study, until it is there or refused."""

import hashlib
import time
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Protocol

from twelvelead.gateway.metrics import Metrics
from twelvelead.gateway.queues import ACTOR, Consumer, Done, buried, deliveries_to
from twelvelead.gateway.settings import Settings
from twelvelead.gateway.state import State
from twelvelead.ledger import Books, Event, Job, Ledger, backoff
from twelvelead.service.log import event

SAID = "refusal-"
"""Before the number of a job: the attachment that has what a receiver said when it refused; it may name a patient."""

_TRIES = 5


class NotDelivered(Exception):
    """A delivery that did not succeed.

    Args:
        reason: why, as a clause; nothing of a patient.
        again: whether it is tried again.
        away: whether the destination as such is away, so that nothing else can go there either.
        after: seconds that the destination asks to be left alone for; 0 where it says nothing.
        said: what the destination said, in its own words.
    """

    def __init__(self, reason: str, *, again: bool, away: bool = False, after: float = 0.0, said: bytes = b"") -> None:
        super().__init__(reason)
        self.again, self.away, self.after, self.said = again, away, after, said


class Sender(Protocol):
    """A way to a destination: a connection that is made when it is needed, by one thread."""

    def send(self, file: Path) -> None:
        """Deliver a file; once this returns, the destination has it.

        Raises:
            NotDelivered: it has not, or that is not known.
        """

    def check(self) -> str:
        """Ask the destination whether it is there, without sending anything of a patient; what it said.

        Raises:
            NotDelivered: it is not.
        """

    def close(self) -> None:
        """End the connection."""


class Courier:
    """Delivers what is queued for a destination, over one connection.

    Args:
        name: of the destination.
        sender: the way there.
        ledger, settings, state, metrics: shared by all parts.
    """

    def __init__(
        self,
        name: str,
        sender: Sender,
        ledger: Ledger,
        settings: Settings,
        state: State,
        metrics: Metrics,
        seconds: float,
    ) -> None:
        self._name, self._sender = name, sender
        self._ledger, self._settings, self._metrics = ledger, settings, metrics
        self._longest = timedelta(seconds=settings.retry_longest_seconds)
        self._first = timedelta(seconds=settings.retry_seconds)
        self._failures = 0
        lease = timedelta(seconds=3 * seconds + 60)
        self._consumer = Consumer(deliveries_to(name), ledger, state, lease, self._work)

    def run(self) -> None:
        """Deliver one after another until the gateway stops."""
        try:
            self._consumer.run()
        finally:
            self._sender.close()

    def _work(self, job: Job) -> Done:
        if job.reason is not None and self._is_superseded(job):
            return buried(job, "superseded: a later version of the report has been delivered")
        file = self._ledger.file(job.payload["sha256"])
        begun = time.monotonic()
        try:
            self._sender.send(file)
        except NotDelivered as failure:
            return self._failed(job, failure)
        self._failures = 0
        return self._delivered(job, time.monotonic() - begun)

    def _is_superseded(self, job: Job) -> bool:
        """Whether a later version of the same report has been delivered, which an earlier one, a dead letter that is
        tried again, must not follow."""
        with self._ledger.view() as books:
            done = books.jobs.list(job.queue, "done", recording=job.recording)
        return any(each.id > job.id and each.payload["version"] != job.payload["version"] for each in done)

    def _delivered(self, job: Job, seconds: float) -> Done:
        def enter(books: Books) -> None:
            books.jobs.complete(job)
            books.audit.append(Event(ACTOR, "deliver", subject=job.recording, request_id=f"job-{job.id}"))

        def tell() -> None:
            waited = (datetime.now(UTC) - job.created).total_seconds()
            self._metrics.delivered(self._name, "ok", waited)
            event("delivered", destination=self._name, recording=job.recording, job=job.id, ms=round(seconds * 1000, 1))

        return Done(enter, tell=tell)

    def _failed(self, job: Job, failure: NotDelivered) -> Done:
        old = datetime.now(UTC) - job.created > timedelta(hours=self._settings.give_up_hours)
        given_up = old and job.attempts > _TRIES  # also of a dead letter that is tried again
        again = failure.again and not given_up
        reason = f"given up: {failure}" if failure.again and given_up else str(failure)
        if failure.away:
            self._failures += 1
            self._consumer.pause(
                max(failure.after, backoff(self._failures, self._first, self._longest).total_seconds())
            )
        wait = max(timedelta(seconds=failure.after), backoff(job.attempts, self._first, self._longest))
        said = f"{SAID}{job.id}-{job.attempts}.txt"

        def enter(books: Books) -> None:
            assert job.recording is not None
            books.jobs.fail(job, reason, again=(timedelta() if failure.away else wait) if again else None)
            if not again:
                books.audit.append(Event(ACTOR, "deliver", "refused", job.recording, f"job-{job.id}"))
                if failure.said:
                    sha256 = hashlib.sha256(failure.said).hexdigest()
                    books.recordings.attach(job.recording, said, "text/plain", sha256)

        def tell() -> None:
            self._metrics.delivered(self._name, "again" if again else "dead")
            event("not delivered", destination=self._name, job=job.id, again=again, why=reason)

        return Done(enter, (failure.said,) if failure.said and not again else (), tell)
