"""From a recording that came, or was read, to the files of its report: made by a worker, kept, and queued to go."""

import hashlib
from collections.abc import Callable
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from typing import Any

from twelvelead.errors import TwelveLeadError
from twelvelead.exchange.report import Signed
from twelvelead.gateway import working
from twelvelead.gateway.dicom_objects import lane_of
from twelvelead.gateway.metrics import Metrics
from twelvelead.gateway.outputs import outputs_for
from twelvelead.gateway.queues import ACTOR, PATIENTS, REPORTS, Consumer, Done, completed, deliveries_to
from twelvelead.gateway.settings import Settings
from twelvelead.gateway.state import State
from twelvelead.gateway.versions import Version, next_version, versions_of
from twelvelead.gateway.working import Made, Order
from twelvelead.ledger import Answer, Books, Event, Identity, Job, Ledger, NewAnswer, Reading, Recording
from twelvelead.ledger.recording import Json
from twelvelead.service import kept, options
from twelvelead.service.answerer import Answerer
from twelvelead.service.answering import Question
from twelvelead.service.drawing import overread_of
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
        if any(each.pdf for each in self._settings.destinations):
            self._worker(working.warm)
        lease = timedelta(seconds=3 * self._settings.answering.answer_seconds + 60)
        Consumer(REPORTS, self._ledger, self._state, lease, self._work).run()

    def _work(self, job: Job) -> Done:
        task = self._prepare(job)
        if task is None:
            return completed(job)
        made = self._make(task.order)
        return Done(
            lambda books: self._enter(books, job, task, made),
            made.files,
            lambda: self._tell(job, task, made),
        )

    def _prepare(self, job: Job) -> _Task | None:
        """What is to be made; None where it has been made."""
        assert job.recording is not None
        number = job.payload["reading"] or 0
        with self._ledger.view() as books:
            recording = books.recordings.get(job.recording, None)
            answer = books.recordings.answered(recording.id)
            history = [each for each in books.readings.history(recording.id) if each.version <= number]
            earlier = versions_of(books, recording.id)
            sent, told = kept.original(self._ledger, books, recording.id)
        if answer is not None and answer.state == "unreadable":
            answer = None
        version = next_version(
            earlier, recording.answer_version + (answer is None), number, datetime.now().astimezone()
        )
        if version is None:
            return None
        order = Order(
            question=Question(sent, self._asked(told), keep=answer is None),
            answer=None if answer is None else answer.content,
            id=recording.id,
            made=version.made,
            replaces=version.replaces,
            status=version.status,
            signed=_signed(history[-1]) if history else None,
            overread=overread_of(history),
            patient=recording.patient,
            outputs=outputs_for(self._settings.destinations, signed=bool(history)),
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
        new = None if reply is None else kept.new_answer(reply, self._answerer.sha256)
        if new is not None and reply is not None:
            if reply.kept is not None:
                kept.learn(books, recording.id, reply.kept, signal=False)
                _compare(books, recording, reply.kept.recording["identity"])
            books.recordings.answer(recording.id, new)
        books.audit.append(_event(recording, new))
        if reply is not None and reply.outcome == "unreadable":
            assert reply.error is not None
            text = for_http(reply.error["error"], recording.source_sha256)
            books.jobs.fail(job, f"{reply.error['code']}: {text}", again=None)
        elif self._dry_run:
            books.jobs.complete(job)
        else:
            self._queue(books, task, made)
            books.jobs.complete(job, {"version": task.version.to_dict()})

    def _tell(self, job: Job, task: _Task, made: Made) -> None:
        outcome = "reported" if made.reply is None else made.reply.outcome
        self._metrics.reported(outcome)
        recording, version = task.recording.id, task.version.label
        event("reported", recording=recording, job=job.id, outcome=outcome, version=version)
        for output, content in zip(task.order.outputs, made.files, strict=False):
            if self._dry_run:
                event("not sent", recording=recording, destination=output.destination, bytes=len(content))
            else:
                self._state.ring(deliveries_to(output.destination))

    def _queue(self, books: Books, task: _Task, made: Made) -> None:
        """Attach the files of a report, and queue each to go to its destination."""
        recording, label = task.recording.id, task.version.label
        lane = lane_of(made.study) or recording
        for output, content in zip(task.order.outputs, made.files, strict=True):
            name, sha256 = output.name(label), hashlib.sha256(content).hexdigest()
            books.recordings.attach(recording, name, output.media_type, sha256)
            payload = {"file": name, "sha256": sha256, "version": label}
            books.jobs.enqueue(deliveries_to(output.destination), payload, lane=lane, recording=recording)


def _compare(books: Books, recording: Recording, stated: Json | None) -> None:
    """Enter among the failures that a patient id came with another birth date before. Nothing is merged, and nothing is
    held back: each report says what its recording states."""
    identity = Identity(**stated or {})
    if identity.patient_id and identity.birth_date and books.recordings.born_otherwise(recording.owner, identity):
        reason = "contradiction: the same patient id came with another birth date before; each goes out as it states"
        payload = {"sha256": recording.source_sha256}
        books.jobs.enqueue(PATIENTS, payload, once=recording.id, recording=recording.id, failed=reason)


def _signed(reading: Reading) -> Signed:
    return Signed(
        reading.author, reading.authenticated, reading.made, reading.statements, reading.text, reading.measurements
    )


def _event(recording: Recording, new: NewAnswer | None) -> Event:
    told = Event(ACTOR, "report", subject=recording.id, input_sha256=recording.source_sha256)
    if new is None:
        return told
    return replace(
        told,
        outcome=new.code or "ok",
        weights_sha256=new.weights_sha256,
        contract_sha256=new.contract_sha256,
        settings_sha256=new.settings_sha256,
    )
