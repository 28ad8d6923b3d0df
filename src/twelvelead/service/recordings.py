"""Recordings that are kept: sent, listed, looked at."""

import asyncio
from datetime import datetime
from hashlib import sha256
from typing import Annotated, Any, Literal

from fastapi import APIRouter, Depends, Path, Query, Request, Response
from fastapi.responses import JSONResponse

from twelvelead.ledger import Sort, Wanted
from twelvelead.service import answering, signals
from twelvelead.service.answering import Question
from twelvelead.service.auditing import Stamp, stamp_of
from twelvelead.service.callers import Caller, Reader, Writer
from twelvelead.service.core import Core, core_of, ready_core
from twelvelead.service.forms import MEDIA
from twelvelead.service.models import Recording, Worklist
from twelvelead.service.options import Reading, given, parameters
from twelvelead.service.problems import Problem, of_error, responses
from twelvelead.service.schemas import BODY, CONTENT, binary, entries
from twelvelead.service.uploads import Upload, recordings

router = APIRouter(prefix="/v1/recordings", tags=["recordings"])

Id = Annotated[str, Path(description="Of a recording", pattern="^[0-9a-f-]{36}$")]
ReadyCore = Annotated[Core, Depends(ready_core)]
AnyCore = Annotated[Core, Depends(core_of)]


@router.post(
    "",
    status_code=201,
    summary="Keep recordings, and interpret them",
    response_class=JSONResponse,
    responses={
        200: entries("Recording", "It was there already, with these options"),
        201: entries("Recording", "It is kept, and nothing loses it"),
        **responses(400, 401, 403, 408, 413, 415, 422, 429, 503),
    },
    openapi_extra={"requestBody": BODY, "parameters": parameters(Reading)},
)
async def add(
    request: Request, core: ReadyCore, caller: Writer, options: Annotated[Reading, Depends(given(Reading))]
) -> Response:
    """A body as of /v1/interpretations. What the quality gate refuses is kept too, with the state `refused`; what
    cannot be read is a problem, and nothing of it is kept. The identity that a file states is kept with it.

    One recording gives an object, several a list in their order, each a recording or a problem.
    """
    told = options.model_dump(exclude_defaults=True, exclude={"filename", "identify"}) | {"identify": True}
    values = options.with_defaults(core.answerer) | {"identify": True}
    stamp = stamp_of(request, core)
    async with core.bodies.parts(request) as parts:
        found = recordings(parts, options.filename)
        if len(found) == 1:
            recording, is_new = await _add(core, caller, found[0], told, values, stamp)
            headers = {"Location": f"/v1/recordings/{recording['id']}"}
            return JSONResponse(recording, 201 if is_new else 200, headers)
        answers = []
        for each in found:
            try:
                answers.append((await _add(core, caller, each, told, values, stamp))[0])
            except Problem as problem:
                problem.more.setdefault("source", each.sha256)
                answers.append(problem.to_dict(stamp.request_id))
        return JSONResponse(answers, 201)


async def _add(
    core: Core, caller: Caller, sent: Upload, told: dict[str, Any], values: dict[str, Any], stamp: Stamp
) -> tuple[dict[str, Any], bool]:
    reply = await core.ask(Question(sent, values, keep=True))
    if reply.kept is None or reply.outcome == "unreadable":
        assert reply.error is not None
        raise of_error(reply.error)
    recording, is_new = await asyncio.to_thread(core.keeping.add, caller, sent, told, reply, stamp)
    return Recording.of(recording).model_dump(mode="json"), is_new


@router.get(
    "",
    summary="The worklist",
    response_model=Worklist,
    responses={304: {"description": "It is as If-None-Match names it"}, **responses(400, 401, 503)},
)
def worklist(
    request: Request,
    core: AnyCore,
    caller: Reader,
    sort: Annotated[
        Sort, Query(description="The newest first, or what is not readable and the most urgent")
    ] = "received",
    state: Annotated[Literal["interpreted", "refused"] | None, Query()] = None,
    statement: Annotated[str | None, Query(max_length=50, description="Said to be present")] = None,
    urgency: Annotated[int | None, Query(ge=0, le=4, description="At least")] = None,
    since: Annotated[datetime | None, Query(description="Received from then on, with its zone")] = None,
    until: Annotated[datetime | None, Query(description="Received before then, with its zone")] = None,
    signed: bool | None = None,
    seen: bool | None = None,
    source: Annotated[str | None, Query(pattern="^[0-9a-f]{64}$", description="SHA-256 of the bytes")] = None,
    limit: Annotated[int, Query(ge=1, le=1000)] = 100,
    offset: Annotated[int, Query(ge=0, le=10**9)] = 0,
) -> Response:
    """Its ETag changes with whatever it shows: who asks again with If-None-Match is told of news alone."""
    for name, time in (("since", since), ("until", until)):
        if time is not None and time.tzinfo is None:
            raise Problem(400, "usage", f"{name}: give the zone too, as in 2026-01-31T12:00:00Z")
    wanted = Wanted(state, source, statement, urgency, since, until, signed, seen)
    page = core.keeping.list(caller, wanted, sort, limit, offset)
    shown = Worklist(total=page.total, recordings=[Recording.of(each) for each in page.recordings])
    body = shown.model_dump_json().encode()
    headers = {"ETag": f'"{sha256(body).hexdigest()}"'}
    if request.headers.get("if-none-match") == headers["ETag"]:
        return Response(status_code=304, headers=headers)
    core.keeping.note_list(caller, stamp_of(request, core))
    return Response(body, media_type=MEDIA["json"], headers=headers)


@router.get("/{recording}", summary="One recording", responses=responses(400, 401, 404, 503))
def one(request: Request, core: AnyCore, caller: Reader, recording: Id) -> Recording:
    return Recording.of(core.keeping.get(caller, recording, stamp_of(request, core)))


@router.get(
    "/{recording}/interpretation",
    summary="What was said of it",
    response_class=JSONResponse,
    responses={200: CONTENT, **responses(400, 401, 404, 503)},
)
def interpretation(request: Request, core: AnyCore, caller: Reader, recording: Id) -> Response:
    """The command line's JSON: an interpretation, or of a refused recording the error with its findings."""
    answer = core.keeping.answer(caller, recording, stamp_of(request, core))
    return JSONResponse(answer.content, headers={"ETag": f'"{answer.version}"'})


@router.get(
    "/{recording}/signal",
    summary="Its signal as compact bytes",
    response_class=Response,
    responses={200: binary(signals.MEDIA), **responses(400, 401, 404, 422, 429, 503)},
)
async def signal(request: Request, core: AnyCore, caller: Reader, recording: Id) -> Response:
    """`12L1`, the length of the head as four bytes, the head as JSON (`sampling_rate_hz`, `leads`, `samples`,
    `microvolts_per_step`), then [samples, leads] int16; all little-endian, -32768 where there is no value."""
    content = await asyncio.to_thread(core.keeping.signal, caller, recording, stamp_of(request, core))
    if content is None:  # a gateway keeps none
        sent, told = await asyncio.to_thread(core.keeping.original, caller, recording)
        values = Reading(**told).with_defaults(core.answerer)
        content = await core.work(answering.signal_of, Question(sent, values))
    if content is None:
        raise Problem(404, "no-resource", "there is no signal")
    return Response(content, media_type=signals.MEDIA)


@router.put(
    "/{recording}/seen", status_code=204, summary="Mark it as seen", responses=responses(400, 401, 403, 404, 503)
)
def mark_seen(core: AnyCore, caller: Reader, recording: Id) -> None:
    core.keeping.mark_seen(caller, recording, True)


@router.delete(
    "/{recording}/seen", status_code=204, summary="Mark it as not seen", responses=responses(400, 401, 403, 404, 503)
)
def mark_unseen(core: AnyCore, caller: Reader, recording: Id) -> None:
    core.keeping.mark_seen(caller, recording, False)
