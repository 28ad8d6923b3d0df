"""POST /v1/interpretations: recordings in, answers out, nothing kept."""

import json

from fastapi import APIRouter, Request, Response

from twelvelead.service.answering import Question
from twelvelead.service.auditing import Stamp, stamp_of
from twelvelead.service.callers import SECURITY, Caller, any_caller
from twelvelead.service.core import Core, ready_core
from twelvelead.service.forms import MEDIA, Form, choose
from twelvelead.service.options import Drawing, given, parameters
from twelvelead.service.problems import Problem, of_error, responses
from twelvelead.service.schemas import ANSWERS, BODY
from twelvelead.service.uploads import Upload, recordings

router = APIRouter(tags=["interpretations"])
_drawing = given(Drawing)


@router.post(
    "/v1/interpretations",
    summary="Interpret recordings; nothing is kept",
    response_class=Response,
    responses={200: ANSWERS, **responses(400, 401, 403, 406, 408, 413, 415, 422, 429, 503)},
    openapi_extra={"requestBody": BODY, "parameters": parameters(Drawing), "security": SECURITY},
)
async def interpret(request: Request) -> Response:
    """One recording as the body, of any content type: what it is, its bytes say. Or a multipart body, whose parts that
    belong together, the header and the signal files of a WFDB record, are one recording.

    One recording gives an object, several a list in their order, each an answer or a problem.
    """
    # asked here: as dependencies of FastAPI's the three take a quarter of all that the service adds to an answer
    core, caller, options = await ready_core(request), await any_caller(request), await _drawing(request)
    form = choose(request.headers.get("accept"))
    values = options.with_defaults(core.answerer)
    stamp = stamp_of(request, core)
    async with core.bodies.parts(request) as parts:
        found = recordings(parts, options.filename)
        if len(found) == 1:
            return _response(await _ask(core, caller, Question(found[0], values, form), stamp), found[0], form)
        if form != "json":
            raise Problem(406, "not-acceptable", "a picture shows one recording; send one, or accept application/json")
        # one at a time, so that a long list leaves workers to other requests
        answers = [await _entry(core, caller, Question(sent, values), stamp) for sent in found]
        return Response(b"[" + b",".join(answers) + b"]", media_type=MEDIA["json"])


async def _ask(core: Core, caller: Caller, question: Question, stamp: Stamp) -> bytes:
    """The answer, noted in the audit.

    Raises:
        Problem: there is none.
    """
    reply = await core.ask(question)
    digests = core.digests[question.options["weights"]]
    await core.keeping.note(caller, question.upload.sha256, reply, digests, stamp)
    if reply.error is not None:
        raise of_error(reply.error)
    return reply.body


async def _entry(core: Core, caller: Caller, question: Question, stamp: Stamp) -> bytes:
    try:
        return await _ask(core, caller, question, stamp)
    except Problem as problem:
        problem.more.setdefault("source", question.upload.sha256)
        return json.dumps(problem.to_dict(stamp.request_id)).encode()


def _response(body: bytes, sent: Upload, form: Form) -> Response:
    name = f"ecg-{sent.sha256[:12]}.{form}"
    headers = {} if form == "json" else {"Content-Disposition": f'inline; filename="{name}"'}
    return Response(body, media_type=MEDIA[form], headers=headers)
