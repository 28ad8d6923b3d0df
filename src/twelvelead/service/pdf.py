"""The page of a recording, kept for each answer and each version of the reading."""

import asyncio
import hashlib
from collections.abc import Sequence

from fastapi import APIRouter, Request, Response

from twelvelead import ledger
from twelvelead.errors import TwelveLeadError
from twelvelead.service import drawing
from twelvelead.service.auditing import Stamp, stamp_of, tell_head, touched
from twelvelead.service.callers import Caller, Reader
from twelvelead.service.core import Core
from twelvelead.service.drawing import Sheet, overread_of
from twelvelead.service.forms import MEDIA
from twelvelead.service.problems import responses
from twelvelead.service.recordings import Id, ReadyCore
from twelvelead.service.schemas import binary

router = APIRouter(prefix="/v1/recordings", tags=["recordings"])


@router.get(
    "/{recording}/page.pdf",
    summary="Its page",
    response_class=Response,
    responses={200: binary(MEDIA["pdf"]), **responses(400, 401, 404, 422, 429, 503)},
)
async def page(request: Request, core: ReadyCore, caller: Reader, recording: Id) -> Response:
    """The ECG on paper with its answer, or with why it was refused, as they are kept; once somebody has read it, with
    the reader's reading too, an unsigned one marked as a draft. The same bytes for the same answer and version of the
    reading."""
    stamp, keeping = stamp_of(request, core), core.keeping
    found, answer, history = await asyncio.to_thread(_look, core, caller, recording, stamp)
    name = _name(answer, history, found.patient)
    content = await asyncio.to_thread(keeping.attachment, caller, recording, name)
    if content is None:
        sent, told = await asyncio.to_thread(keeping.original, caller, recording)
        sheet = Sheet(sent, told, answer.content, overread_of(history), found.patient)
        content = await core.work(drawing.draw, sheet)
        await asyncio.to_thread(keeping.keep_made, caller, recording, name, MEDIA["pdf"], content)
    headers = {"Content-Disposition": f'inline; filename="ecg-{recording}.pdf"'}
    return Response(content, media_type=MEDIA["pdf"], headers=headers)


def _look(
    core: Core, caller: Caller, recording: str, stamp: Stamp
) -> tuple[ledger.Recording, ledger.Answer, tuple[ledger.Reading, ...]]:
    with core.keeping.ledger.view() as books:
        found = books.recordings.get(recording, caller.scope)
        answer = books.recordings.answered(recording)
        history = books.readings.history(recording)
    if answer is None:
        raise TwelveLeadError("there is no answer yet", code="not-found")
    tell_head(core.keeping.ledger.record(touched(caller, "page", found, stamp)))
    return found, answer, history


def _name(answer: ledger.Answer, history: Sequence[ledger.Reading], patient: ledger.Patient | None) -> str:
    """Of the attachment: another one for whatever the page shows otherwise."""
    given = "" if patient is None else "-" + hashlib.sha256(repr(vars(patient)).encode()).hexdigest()[:16]
    return f"page-{answer.version}-{len(history)}{given}.pdf"
