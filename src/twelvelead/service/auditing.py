"""What the audit is told of requests: who asked what of which recording."""

from dataclasses import dataclass
from typing import TYPE_CHECKING

from starlette.requests import Request

from twelvelead.ledger import AuditRow, Event, Recording
from twelvelead.service.answering import Reply
from twelvelead.service.callers import Caller
from twelvelead.service.log import event

if TYPE_CHECKING:
    from twelvelead.service.core import Core


@dataclass(frozen=True)
class Stamp:
    """What stands in the audit beside every event of a request.

    Attributes:
        request_id: of the request.
        settings_sha256: of what decides answers.
    """

    request_id: str
    settings_sha256: str


def stamp_of(request: Request, core: "Core") -> Stamp:
    """That of a request to a service."""
    return Stamp(request.scope["twelvelead.request_id"], core.answering_sha256)


def answered(
    caller: Caller, source: str, reply: Reply, digests: tuple[str, str], stamp: Stamp, subject: str | None = None
) -> Event:
    """That a recording was answered, `subject` where it is kept."""
    outcome = reply.error["code"] if reply.error is not None else "ok"
    return Event(caller.name, "interpret", outcome, subject, stamp.request_id, source, *digests, stamp.settings_sha256)


def touched(caller: Caller, action: str, recording: Recording, stamp: Stamp) -> Event:
    """That something of a kept recording was given out or changed."""
    return Event(
        caller.name,
        action,
        subject=recording.id,
        request_id=stamp.request_id,
        input_sha256=recording.source_sha256,
        settings_sha256=stamp.settings_sha256,
    )


def tell_head(row: AuditRow) -> None:
    """The end of the audit's chain, in the log: outside the store, where a chain that was cut off is told by it."""
    event("audit", head=f"{row.sequence}:{row.hash}")
