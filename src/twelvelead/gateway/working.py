"""What a worker process does for a gateway: a recording's bytes to its answer and the files of its report."""

import json
from dataclasses import dataclass, field, replace
from datetime import datetime
from typing import Any

from twelvelead.ecg.record import ECG
from twelvelead.errors import Unreadable
from twelvelead.exchange.report import Identity, Report, Signed, Status
from twelvelead.gateway.outputs import Output
from twelvelead.inference.interpretation import describe_recording
from twelvelead.service.answering import Outcome, Question, Reply, interpret, page_of, reply_to


@dataclass(frozen=True)
class Order:
    """A report that is to be made.

    Attributes:
        question: the recording and how it is answered.
        id: of the recording.
        made, replaces, status, signed: see `Report`.
        outputs: its files.
        answer: what is kept of an earlier answer, which is reported as it is; None where there is none.
        patient: id and issuer that a reader gave by hand; None where nobody did.
    """

    question: Question
    id: str
    made: datetime
    status: Status
    outputs: tuple[Output, ...]
    replaces: datetime | None = None
    signed: Signed | None = None
    answer: dict[str, Any] | None = field(default=None, repr=False)
    patient: tuple[str, str | None] | None = field(default=None, repr=False)


@dataclass(frozen=True)
class Made:
    """What became of an order.

    Attributes:
        reply: what is kept of the recording and its answer.
        files: one an output; none where the recording could not be read.
    """

    reply: Reply
    files: tuple[bytes, ...] = field(default=(), repr=False)


def make(order: Order) -> Made:
    """The answer and the files; only a fault of ours is raised."""
    question = order.question
    outcome = interpret(question)
    reply = reply_to(question, outcome)
    if reply.outcome == "unreadable":
        return Made(reply)
    assert outcome.ecg is not None
    said = order.answer or reply.error or json.loads(reply.body)
    if "error" in said:
        said = describe_recording(outcome.ecg) | said
    report = Report(
        said,
        order.made,
        id=order.id,
        status=order.status,
        identity=_identity(outcome.ecg, order.patient),
        signed=order.signed,
        replaces=order.replaces,
        page=page_of(replace(question, form="pdf"), outcome) if any(each.page for each in order.outputs) else None,
    )
    return Made(reply, tuple(each.write(report, question.upload.content) for each in order.outputs))


def fault(question: Question, code: str, text: str) -> Made:
    """What is kept of a recording that its worker did not survive."""
    return Made(reply_to(question, Outcome(None, error=Unreadable(text, code=code))))


def _identity(ecg: ECG, patient: tuple[str, str | None] | None) -> Identity | None:
    """Whose it is: an id given by hand stands before the file's, whose name and birth date then are another's."""
    stated = Identity.of(ecg)
    if patient is None:
        return stated
    own = stated or Identity()
    if own.patient_id is not None and (own.patient_id, own.issuer) != patient:
        own = replace(own, name=None, birth_date=None)
    return replace(own, patient_id=patient[0], issuer=patient[1])
