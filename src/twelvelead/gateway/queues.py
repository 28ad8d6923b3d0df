"""What a gateway has to do, as jobs of the ledger, and how each is done in its turn."""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import timedelta

from twelvelead.errors import Conflict, TwelveLeadError
from twelvelead.gateway.state import State
from twelvelead.ledger import Books, Job, Ledger
from twelvelead.service.log import event, logger

ACTOR = "gateway"
"""Who did it, for the audit."""

ARRIVALS = "receive"
"""What could not be taken; nothing but failures."""

PATIENTS = "patient"
"""Recordings of what cannot be one patient, under one patient id; nothing but failures."""

REPORTS = "report"
"""A recording came, or was answered or signed in the reading room: its report is to be made."""

DELIVERIES = "deliver."
"""Before the name of a destination: what is to go there."""


def deliveries_to(name: str) -> str:
    """The queue of a destination."""
    return DELIVERIES + name


def ask_for_report(
    books: Books, recording: str, lane: str | None = None, *, answer: int = 0, reading: int | None = None
) -> bool:
    """Queue the report of a recording, once.

    Args:
        books: in a transaction that writes.
        recording: its id.
        lane: in which reports are made in order; its own where None.
        answer: version of what was answered already; 0 where nothing was.
        reading: version of what was signed; None for nothing.

    Returns:
        Whether that is new.
    """
    once = f"{recording} {answer}" if reading is None else f"{recording} signed {reading}"
    payload = {"reading": reading}
    return books.jobs.enqueue(REPORTS, payload, lane=lane or recording, once=once, recording=recording)[1]


POLL_SECONDS = 1.0
"""After which a queue is looked at though nobody rang: what another process queued, and what is due again."""


@dataclass(frozen=True)
class Done:
    """What became of a job.

    Attributes:
        enter: enters it, in the transaction that also takes the next job.
        contents: bytes that it refers to.
        tell: called once that is on the disk.
    """

    enter: Callable[[Books], None]
    contents: tuple[bytes, ...] = ()
    tell: Callable[[], None] = lambda: None


def completed(job: Job) -> Done:
    """Nothing but that it is done."""

    def enter(books: Books) -> None:
        books.jobs.complete(job)

    return Done(enter)


def buried(job: Job, reason: str) -> Done:
    """That it cannot be done, and why; nothing of a patient."""

    def enter(books: Books) -> None:
        books.jobs.fail(job, reason, again=None)

    return Done(enter, tell=lambda: event("dead letter", job=job.id, queue=job.queue, reason=reason.partition(":")[0]))


class Consumer:
    """Does the jobs of a queue, one after another; several may share a queue.

    Args:
        queue: of the ledger.
        ledger, state: shared by all parts.
        lease: that a job is taken for.
        work: does a job outside of any transaction; a `TwelveLeadError` of it puts the job with the dead letters.
    """

    def __init__(self, queue: str, ledger: Ledger, state: State, lease: timedelta, work: Callable[[Job], Done]) -> None:
        self._queue, self._ledger, self._state, self._lease, self._work = queue, ledger, state, lease, work
        self._pause = 0.0

    def pause(self, seconds: float) -> None:
        """Take no job for so long; from within `work`."""
        self._pause = seconds

    def run(self) -> None:
        """Work until the gateway stops."""
        job: Job | None = None
        done: Done | None = None
        while not self._state.stopping.is_set():
            heard = self._state.heard(self._queue)
            try:
                if job is not None and done is None:
                    done = self._do(job)
                job, done = self._settle(job, done), None
                self._state.recover(self._queue)
            except TwelveLeadError as error:  # what was done is entered once the ledger takes it
                self._state.fail(self._queue, f"what is kept cannot be reached: {error}")
                self._state.stopping.wait(POLL_SECONDS)
                continue
            if self._pause:
                self._state.stopping.wait(self._pause)
                self._pause = 0.0
            elif job is None:
                self._state.wait(self._queue, heard, POLL_SECONDS)
        if job is not None:
            self._settle(job, done or _given_back(job), last=True)

    def _do(self, job: Job) -> Done:
        try:
            return self._work(job)
        except TwelveLeadError as error:
            if error.code == "ledger":
                raise
            return buried(job, f"{error.code}: {error}")
        except Exception as error:
            return self._fault(job, error)

    def _settle(self, job: Job | None, done: Done | None, *, last: bool = False) -> Job | None:
        """Enter what became of a job, and take the next one."""
        try:
            return self._enter(done, last)
        except Conflict as conflict:  # its lease had ended, or something is there otherwise already
            ended = None if job is None else buried(job, f"conflict: {conflict}")
        except TwelveLeadError:
            raise
        except Exception as error:
            if job is None:
                raise
            ended = self._fault(job, error)
        try:
            return self._enter(ended, last)
        except Conflict:
            return None  # someone else has it

    def _enter(self, done: Done | None, last: bool) -> Job | None:
        with self._ledger.begin(*(() if done is None else done.contents)) as books:
            if done is not None:
                done.enter(books)
            following = None if self._pause or last else books.jobs.claim(self._queue, self._lease)
        if done is not None:
            done.tell()
        return following

    def _fault(self, job: Job, error: Exception) -> Done:
        """A fault of ours: of the error its type alone, since its text may quote a file."""
        logger.error("fault", exc_info=error, extra={"fields": {"job": job.id}})
        return buried(job, f"internal: {type(error).__qualname__}")


def _given_back(job: Job) -> Done:
    def enter(books: Books) -> None:
        books.jobs.fail(job, "the gateway stopped", again=timedelta())

    return Done(enter)
