"""What waits, what is with the dead letters, and why, for whoever runs a gateway. Patients only where asked for."""

from collections import Counter
from collections.abc import Iterator
from datetime import UTC, datetime

from twelvelead.errors import TwelveLeadError
from twelvelead.gateway.delivering import SAID
from twelvelead.gateway.queues import ACTOR, ARRIVALS, DELIVERIES, PATIENTS, REPORTS, deliveries_to
from twelvelead.gateway.settings import Settings
from twelvelead.ledger import Books, Event, Job, Ledger, Recording

MOST = 1000


def status(ledger: Ledger, settings: Settings, *, identify: bool = False) -> Iterator[str]:
    """Lines: one a queue, then one a dead letter, and one for each first in its lane that has failed so far.

    Args:
        ledger: of the gateway.
        settings: of the gateway.
        identify: whether patients are named.
    """
    counts = ledger.metrics().jobs
    queues = [REPORTS, *(deliveries_to(each.name) for each in settings.destinations)]
    others = {queue for queue, _ in counts if queue.startswith(DELIVERIES) or queue in (ARRIVALS, PATIENTS)}
    queues += sorted(others - set(queues))
    for queue in queues:
        number = Counter({state: counts.get((queue, state), 0) for state in ("queued", "claimed", "done", "dead")})
        waiting = number["queued"] + number["claimed"]
        yield f"{queue}: {waiting:,} waiting, {number['done']:,} done, {number['dead']:,} dead letters"
    with ledger.view() as books:
        for queue in queues:
            for job in books.jobs.list(queue, "dead", limit=MOST):
                yield _line(books, job, identify)
            for job in books.jobs.list(queue, "queued", limit=MOST):
                if job.reason is not None:
                    yield _line(books, job, identify)
    if identify:
        ledger.record(Event(ACTOR, "list"))


def retry(ledger: Ledger, jobs: list[int], *, everything: bool = False, queue: str | None = None) -> int:
    """Queue dead letters again.

    Args:
        ledger: of the gateway.
        jobs: numbers of them.
        everything: whether all are meant that can be tried again.
        queue: of which, where all are meant; None for any.

    Returns:
        How many.

    Raises:
        TwelveLeadError: one is not there, or is of what was never taken.
    """
    with ledger.begin() as books:
        if everything:
            dead = books.jobs.list(queue, "dead", limit=10**9)
            jobs = [each.id for each in dead if each.queue == REPORTS or each.queue.startswith(DELIVERIES)]
        for job in jobs:
            found = books.jobs.retry(job)
            if found.queue == ARRIVALS:
                raise TwelveLeadError(f"{job}: was not taken, so its sender has to send it again")
            if found.queue == PATIENTS:
                raise TwelveLeadError(f"{job}: has gone out; give the right patient's id in the reading room")
            books.audit.append(Event("local", "retry", subject=found.recording, request_id=f"job-{job}"))
    return len(jobs)


def show(ledger: Ledger, number: int, *, identify: bool = False) -> Iterator[str]:
    """All about one job: what it is of and what has become of it.

    Args:
        ledger: of the gateway.
        number: of the job.
        identify: whether the patient is named, and what a receiver said is shown, which may name one.

    Raises:
        TwelveLeadError: there is none, code "not-found".
    """
    with ledger.view() as books:
        job = books.jobs.get(number)
        yield f"job: {job.id}"
        yield f"queue: {job.queue}"
        yield f"state: {job.state}, tried {job.attempts} times"
        yield f"reason: {job.reason or 'none'}"
        yield f"queued: {job.created:%Y-%m-%d %H:%M:%S} UTC, changed {job.changed:%Y-%m-%d %H:%M:%S} UTC"
        for name in ("version", "file", "reading", "sha256"):
            if job.payload.get(name) is not None:
                yield f"{name}: {job.payload[name]}"
        if job.recording is None:
            return
        recording = books.recordings.get(job.recording, None)
        yield f"recording: {recording.id}, {recording.state}, received {recording.received:%Y-%m-%d %H:%M:%S} UTC"
        yield f"bytes: {recording.source_sha256}"
        if not identify:
            return
        yield from _identity(recording)
        for attachment in books.recordings.attachments(recording.id):
            if attachment.name.startswith(f"{SAID}{job.id}-"):
                yield f"the receiver said: {ledger.content(attachment.sha256).decode('utf-8', 'replace')}"
    ledger.record(Event("local", "look", subject=job.recording, request_id=f"job-{job.id}"))


def _line(books: Books, job: Job, identify: bool) -> str:
    age = (datetime.now(UTC) - job.created).total_seconds()
    state = "dead" if job.state == "dead" else f"tried {job.attempts} times"
    line = f"{job.id}\t{job.queue}\t{state}\t{age / 60:.0f} min old\t{job.reason}"
    if identify and job.recording is not None:
        line += "\t" + ", ".join(_identity(books.recordings.get(job.recording, None)))
    return line


def _identity(recording: Recording) -> Iterator[str]:
    whose, stated = recording.whose, recording.identity
    yield f"patient: {' of '.join(part for part in whose if part) if whose else 'none known'}"
    if stated is not None:
        named = {"name": stated.name, "born": stated.birth_date, "order": stated.order, "visit": stated.encounter}
        yield from (f"{name}: {value}" for name, value in named.items() if value)
