"""What a worker process does for a gateway: a recording's bytes to its answer and the files of its report."""

import json
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from datetime import datetime
from importlib import import_module
from typing import Any

from twelvelead.ecg.record import ECG
from twelvelead.errors import Unreadable
from twelvelead.exchange.report import Identity, Report, Signed, Status
from twelvelead.gateway.outputs import Output
from twelvelead.inference.interpretation import describe_recording
from twelvelead.ledger import Patient
from twelvelead.output.overread import Overread
from twelvelead.service.answering import Outcome, Question, Reply, interpret, read_sent, reply_to
from twelvelead.service.drawing import Sheet, draw


@dataclass(frozen=True)
class Order:
    """A report that is to be made.

    Attributes:
        question: the recording and how it is answered.
        answer: what is kept of an earlier answer, which is reported as it is; None where it is to be answered.
        id: of the recording.
        made, replaces, status, signed: see `Report`.
        overread: what the page shows of a reader's reading.
        patient: given by hand.
        outputs: its files.
    """

    question: Question
    answer: Mapping[str, Any] | None = field(repr=False)
    id: str
    made: datetime
    replaces: datetime | None
    status: Status
    signed: Signed | None
    overread: Overread | None
    patient: Patient | None
    outputs: tuple[Output, ...]


@dataclass(frozen=True)
class Made:
    """What became of an order.

    Attributes:
        reply: to the question; None where an earlier answer was reported.
        files: one an output; none where the recording could not be read.
        study: StudyInstanceUID of the recording; "" where it states none.
    """

    reply: Reply | None
    files: tuple[bytes, ...] = field(default=(), repr=False)
    study: str = field(default="", repr=False)


def make(order: Order) -> Made:
    """The answer and the files.

    Raises:
        TwelveLeadError: an earlier answer's recording cannot be read any more.
    """
    question, reply, said = order.question, None, order.answer
    if said is None:
        outcome = interpret(question)
        reply = reply_to(question, outcome)
        if reply.outcome == "unreadable":
            return Made(reply)
        assert outcome.ecg is not None
        ecg, said = outcome.ecg, reply.error or json.loads(reply.body)
    else:
        ecg = read_sent(question.upload, question.options)
    report = Report(
        {**describe_recording(ecg), **said} if "error" in said else said,
        order.made,
        id=order.id,
        status=order.status,
        identity=_identity(ecg, order.patient),
        signed=order.signed,
        replaces=order.replaces,
        page=_page(order, said) if any(each.page for each in order.outputs) else None,
    )
    files = tuple(each.write(report, question.upload.content) for each in order.outputs)
    return Made(reply, files, (ecg.identity and ecg.identity.study) or "")


def fault(question: Question, code: str, text: str) -> Made:
    """What is kept of a recording that its worker did not survive."""
    return Made(reply_to(question, Outcome(None, error=Unreadable(text, code=code))))


def warm() -> None:
    """Import what draws pages, so that the first one does not wait for it."""
    import_module("twelvelead.output.picture")


def _page(order: Order, said: Mapping[str, Any]) -> bytes:
    question = order.question
    return draw(Sheet(question.upload, question.options, said, order.overread, order.patient))


def _identity(ecg: ECG, patient: Patient | None) -> Identity | None:
    """Whose it is: an id given by hand stands before the file's, whose name and birth date then are another's."""
    stated = Identity.of(ecg)
    if patient is None:
        return stated
    own, given = stated or Identity(), (patient.patient_id, patient.issuer)
    if own.patient_id is not None and (own.patient_id, own.issuer) != given:
        own = replace(own, name=None, birth_date=None)
    return replace(own, patient_id=patient.patient_id, issuer=patient.issuer)
