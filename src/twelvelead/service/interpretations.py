"""POST /v1/interpretations: recordings in, answers out, nothing kept."""

import json
from typing import Annotated, Any

from fastapi import APIRouter, Depends, Query, Request, Response

from twelvelead.service.answering import Question
from twelvelead.service.callers import AnyCaller
from twelvelead.service.core import Core, ready_core
from twelvelead.service.forms import MEDIA, choose
from twelvelead.service.options import Drawing
from twelvelead.service.problems import Problem, of_error, responses
from twelvelead.service.schemas import ANSWERS, BODY
from twelvelead.service.uploads import Upload, recordings

router = APIRouter(tags=["interpretations"])


@router.post(
    "/v1/interpretations",
    summary="Interpret recordings; nothing is kept",
    response_class=Response,
    responses={200: ANSWERS, **responses(400, 401, 403, 406, 408, 413, 415, 422, 429, 503)},
    openapi_extra={"requestBody": BODY},
)
async def interpret(
    request: Request, core: Annotated[Core, Depends(ready_core)], _: AnyCaller, options: Annotated[Drawing, Query()]
) -> Response:
    """One recording as the body, of any content type: what it is, its bytes say. Or a multipart body, whose parts that
    belong together, the header and the signal files of a WFDB record, are one recording.

    One recording gives an object, several a list in their order, each an answer or a problem.
    """
    form = choose(request.headers.get("accept"))
    values = options.with_defaults(core.settings)
    async with core.bodies.parts(request) as parts:
        found = recordings(parts, options.filename)
        if len(found) == 1:
            return await _one(core, Question(found[0], values, form))
        if form != "json":
            raise Problem(406, "not-acceptable", "a picture shows one recording; send one, or accept application/json")
        return await _several(core, found, values, request.scope["twelvelead.request_id"])


async def _one(core: Core, question: Question) -> Response:
    reply = await core.ask(question)
    if reply.error is not None:
        raise of_error(reply.error)
    name = f"ecg-{question.upload.sha256[:12]}.{question.form}"
    headers = {} if question.form == "json" else {"Content-Disposition": f'inline; filename="{name}"'}
    return Response(reply.body, media_type=MEDIA[question.form], headers=headers)


async def _several(core: Core, found: list[Upload], values: dict[str, Any], request_id: str) -> Response:
    """A list; one recording at a time, so that a long one leaves workers to other requests."""

    async def answer(sent: Upload) -> bytes:
        try:
            reply = await core.ask(Question(sent, values))
            if reply.error is None:
                return reply.body
            problem = of_error(reply.error)
        except Problem as raised:
            problem = raised
            problem.more.setdefault("source", sent.sha256)
        return json.dumps(problem.to_dict(request_id)).encode()

    answers = [await answer(sent) for sent in found]
    return Response(b"[" + b",".join(answers) + b"]", media_type=MEDIA["json"])
