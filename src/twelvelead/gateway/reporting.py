"""From a recording that came, or was read, to the files of its report: made by a worker, kept, and queued to go."""

import hashlib
from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from twelvelead.errors import TwelveLeadError
from twelvelead.exchange.report import Signed
from twelvelead.gateway import working
from twelvelead.gateway.dicom_objects import lane_of
from twelvelead.gateway.metrics import Metrics
from twelvelead.gateway.outputs import outputs_for
from twelvelead.gateway.queues import ACTOR, REPORTS, Consumer, Done, completed, deliveries_to
from twelvelead.gateway.settings import Settings
from twelvelead.gateway.state import State
from twelvelead.gateway.versions import Version, next_version, versions_of
from twelvelead.gateway.working import Made, Order
from twelvelead.ledger import Answer, Books, Event, Job, Ledger, NewAnswer, Reading, Recording
from twelvelead.service import kept, options
from twelvelead.service.answerer import Answerer
from twelvelead.service.answering import Question
from twelvelead.service.log import event
from twelvelead.service.problems import Problem, for_http


@dataclass(frozen=True)
class _Task:
    """A report that is to be made.

    Attributes:
        recording, answer: as they are kept; the latest answer, None where there is none or it could not be read.
        version: of the report.
        order: for a worker.
    """

    recording: Recording
    answer: Answer | None
    version: Version
    order: Order


class Reporting:
    """Makes reports.

    Args:
        ledger, settings, state, metrics: shared by all parts.
        answerer: how recordings are answered.
        work: gives what a function of a module gives in a worker; see `Answerer.work`.
        dry_run: whether nothing is queued to go.
    """

    def __init__(
        self,
        ledger: Ledger,
        settings: Settings,
        state: State,
        metrics: Metrics,
        answerer: Answerer,
        work: Callable[..., Any],
        *,
        dry_run: bool = False,
    ) -> None:
        self._ledger, self._settings, self._state, self._metrics = ledger, settings, state, metrics
        self._answerer, self._worker, self._dry_run = answerer, work, dry_run

    def run(self) -> None:
        """Make one after another until the gateway stops; in as many threads as there are workers."""
        lease = timedelta(seconds=3 * self._settings.answering.answer_seconds + 60)
        Consumer(REPORTS, self._ledger, self._state, lease, self._work).run()

    def _work(self, job: Job) -> Done:
        task = self._prepare(job)
        if task is None:
            return completed(job)
        made = self._make(task.order)
        signal = () if made.reply.kept is None else (made.reply.kept.signal,)
        return Done(
            lambda books: self._enter(books, job, task, made),
            (*signal, *made.files),
            lambda: self._tell(job, task, made),
        )

    def _prepare(self, job: Job) -> _Task | None:
        """What is to be made; None where it has been made."""
        assert job.recording is not None
        number = job.payload["reading"]
        with self._ledger.view() as books:
            recording = books.recordings.get(job.recording, None)
            answer = books.recordings.answered(recording.id)
            reading = None if number is None else books.readings.get(recording.id, number)
            earlier = versions_of(books, recording.id)
            sent, told = kept.original(self._ledger, books, recording.id)
        if answer is not None and answer.state == "unreadable":
            answer = None
        version = next_version(
            earlier, recording.answer_version + (answer is None), number or 0, datetime.now().astimezone()
        )
        if version is None:
            return None
        outputs = outputs_for(self._settings.destinations, signed=reading is not None)
        if answer is not None and answer.settings_sha256 != self._answerer.sha256:
            event("page left out", recording=recording.id, why="a service with other settings answered")
            outputs = tuple(each.without_page() for each in outputs if each.form != "dicom-pdf")
        order = Order(
            Question(sent, self._asked(told), keep=answer is None),
            recording.id,
            version.made,
            version.status,
            outputs,
            version.replaces,
            None if reading is None else _signed(reading),
            None if answer is None else answer.content,
            None if recording.patient is None else recording.whose,
        )
        return _Task(recording, answer, version, order)

    def _asked(self, told: dict[str, Any]) -> dict[str, Any]:
        try:
            return options.Reading(**told).with_defaults(self._answerer) | {"identify": True}
        except Problem as problem:
            raise TwelveLeadError(problem.detail, code=problem.code) from None

    def _make(self, order: Order) -> Made:
        try:
            made: Made = self._worker(working.make, order)
        except Problem as problem:  # its worker died, or it took too long
            made = self._worker(working.fault, order.question, problem.code, problem.detail)
        return made

    def _enter(self, books: Books, job: Job, task: _Task, made: Made) -> None:
        """Enter what was made, and queue it to go."""
        reply, recording = made.reply, task.recording
        new = None if task.answer is not None else kept.new_answer(reply, self._answerer.sha256)
        if new is not None:
            if reply.kept is not None:
                kept.learn(books, recording.id, reply.kept)
            books.recordings.answer(recording.id, new)
        error = reply.error or {"code": "ok"}
        books.audit.append(_event(recording, error["code"], new))
        if reply.outcome == "unreadable":
            text = for_http(error["error"], recording.source_sha256)
            books.jobs.fail(job, f"{error['code']}: {text}", again=None)
        else:
            if not self._dry_run:
                self._queue(books, task, made)
            books.jobs.complete(job, None if self._dry_run else {"version": task.version.to_dict()})

    def _tell(self, job: Job, task: _Task, made: Made) -> None:
        self._metrics.reported(made.reply.outcome)
        recording, version = task.recording.id, task.version.label
        event("reported", recording=recording, job=job.id, outcome=made.reply.outcome, version=version)
        for output, content in zip(task.order.outputs, made.files, strict=False):
            if self._dry_run:
                event("not sent", recording=recording, destination=output.destination, bytes=len(content))
            else:
                self._state.ring(deliveries_to(output.destination))

    def _queue(self, books: Books, task: _Task, made: Made) -> None:
        """Attach the files of a report, and queue each to go to its destination."""
        recording, version = task.recording.id, task.version
        identity = books.recordings.get(recording, None).identity
        study = None if identity is None else lane_of(identity.study or "")
        for output, content in zip(task.order.outputs, made.files, strict=True):
            name, queue = output.name(version.label), deliveries_to(output.destination)
            sha256 = hashlib.sha256(content).hexdigest()
            books.recordings.attach(recording, name, output.media_type, sha256)
            payload = {"file": name, "sha256": sha256, "version": version.label}
            books.jobs.enqueue(queue, payload, lane=study or recording, once=f"{recording} {name}", recording=recording)


def _signed(reading: Reading) -> Signed:
    return Signed(
        reading.author, reading.authenticated, reading.made, reading.statements, reading.text, reading.measurements
    )


def _event(recording: Recording, outcome: str, new: NewAnswer | None) -> Event:
    return Event(
        ACTOR,
        "report",
        outcome,
        recording.id,
        input_sha256=recording.source_sha256,
        weights_sha256=None if new is None else new.weights_sha256,
        contract_sha256=None if new is None else new.contract_sha256,
        settings_sha256=None if new is None else new.settings_sha256,
    )
