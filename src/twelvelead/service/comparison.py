"""What differs between a recording and an earlier one."""

from collections.abc import Iterator
from dataclasses import asdict
from datetime import datetime
from typing import Annotated, Literal

from fastapi import APIRouter, Query, Request
from pydantic import BaseModel, Field

from twelvelead import ledger
from twelvelead.errors import TwelveLeadError
from twelvelead.inference.changes import changes
from twelvelead.service.auditing import stamp_of, tell_head, touched
from twelvelead.service.callers import Reader
from twelvelead.service.patients import made_at, when
from twelvelead.service.problems import Problem, responses
from twelvelead.service.recordings import AnyCore, Id

router = APIRouter(prefix="/v1/recordings", tags=["patients"])

Note = Literal["refused", "other-weights", "other-patient", "patient-unknown", "not-earlier"]


class Side(BaseModel):
    """One of the two recordings."""

    id: str
    made: Annotated[str | None, Field(description="As the file says; null where it says nothing that is a time")]
    received: datetime


class Row(BaseModel):
    """One quantity."""

    name: Annotated[str, Field(description="Of the answer's measurements, of a class or of a statement")]
    unit: Annotated[str, Field(description='"/min", "ms", "°", or "" for a probability')]
    before: float | None
    now: float | None
    difference: Annotated[float | None, Field(description="now - before; of the axis the shorter way round")]
    usual: Annotated[
        tuple[float, float] | None,
        Field(description="Where it lies in 95 % of pairs of PTB-XL with unchanged labels; null where not known"),
    ]
    beyond: Annotated[bool | None, Field(description="Whether it lies outside of that")]


class Comparison(BaseModel):
    """Two recordings side by side; docs/comparing.md says what it means."""

    before: Side
    now: Side
    days: Annotated[float | None, Field(description="Between the two, where both files state a time")]
    notes: Annotated[list[Note], Field(description="What to mind")]
    rows: list[Row]


@router.get(
    "/{recording}/comparison",
    summary="What differs from an earlier recording",
    responses=responses(400, 401, 404, 503),
)
def comparison(
    request: Request,
    core: AnyCore,
    caller: Reader,
    recording: Id,
    earlier: Annotated[str, Query(pattern="^[0-9a-f-]{36}$", description="Id of the earlier one, of any patient")],
) -> Comparison:
    """Of the machine's answers as they are kept. There are no rows where one of the two was refused."""
    if earlier == recording:
        raise Problem(400, "usage", "earlier: is the recording itself; name another")
    with core.keeping.ledger.view() as books:
        pair = [books.recordings.get(each, caller.scope) for each in (earlier, recording)]
        answers = [books.recordings.answered(each.id) for each in pair]
    before, now = answers
    if before is None or now is None:
        raise TwelveLeadError("there is no answer yet", code="not-found")
    for each in pair:
        tell_head(core.keeping.ledger.record(touched(caller, "compare", each, stamp_of(request, core))))
    readable = before.state == now.state == "interpreted"
    made = [made_at(each) for each in pair]
    days = None if made[0] is None or made[1] is None else (made[1] - made[0]).total_seconds() / 86400
    return Comparison(
        before=_side(pair[0]),
        now=_side(pair[1]),
        days=days,
        notes=list(_notes(pair[0], pair[1], before, now)),
        rows=[Row(**asdict(each)) for each in changes(before.content, now.content)] if readable else [],
    )


def _side(recording: ledger.Recording) -> Side:
    stated = None if made_at(recording) is None or recording.identity is None else recording.identity.recorded
    return Side(id=recording.id, made=stated, received=recording.received)


def _notes(
    earlier: ledger.Recording, recording: ledger.Recording, before: ledger.Answer, now: ledger.Answer
) -> Iterator[Note]:
    if before.state != "interpreted" or now.state != "interpreted":
        yield "refused"
    elif before.weights_sha256 != now.weights_sha256:
        yield "other-weights"
    if earlier.whose is None or recording.whose is None:
        yield "patient-unknown"
    elif earlier.whose != recording.whose:
        yield "other-patient"
    if when(earlier) >= when(recording):
        yield "not-earlier"
