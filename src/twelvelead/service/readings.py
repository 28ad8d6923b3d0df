"""A reader's reading: versions, of which nobody overwrites one that he has not seen."""

import re
from typing import Annotated

from fastapi import APIRouter, Header, Request, Response

from twelvelead.errors import Conflict
from twelvelead.inference.shown import FULL
from twelvelead.ledger import NewReading as Said
from twelvelead.service.auditing import stamp_of
from twelvelead.service.callers import Caller, Reader, Writer
from twelvelead.service.core import Core
from twelvelead.service.models import NewReading, Reading
from twelvelead.service.problems import Problem, responses
from twelvelead.service.recordings import AnyCore, Id
from twelvelead.weights.statements import load_statements

router = APIRouter(prefix="/v1/recordings", tags=["readings"])

KNOWN = frozenset(FULL) | {each.statement for each in load_statements()}
"""Codes that any reading may state: PTB-XL's superclasses and statements."""


@router.get("/{recording}/reading", summary="The latest reading", responses=responses(400, 401, 404, 503))
def latest(request: Request, response: Response, core: AnyCore, caller: Reader, recording: Id) -> Reading:
    found = core.keeping.reading(caller, recording, stamp_of(request, core))
    if found is None:
        raise Problem(404, "no-resource", "nobody has read it yet", headers={"ETag": '"0"'})
    response.headers["ETag"] = f'"{found.version}"'
    return Reading.of(found)


@router.get("/{recording}/readings", summary="All versions of the reading", responses=responses(400, 401, 404, 503))
def versions(request: Request, core: AnyCore, caller: Reader, recording: Id) -> list[Reading]:
    """The first first; none where nobody has read it yet."""
    return [Reading.of(each) for each in core.keeping.readings(caller, recording, stamp_of(request, core))]


@router.put(
    "/{recording}/reading",
    summary="Add a version of the reading",
    responses=responses(400, 401, 403, 404, 412, 428, 503),
)
def add(
    request: Request,
    response: Response,
    core: AnyCore,
    caller: Writer,
    recording: Id,
    reading: NewReading,
    if_match: Annotated[
        str | None, Header(description='ETag of the version that was changed, as in "3"; "0" for the first')
    ] = None,
) -> Reading:
    """Its author is whoever is logged in by name; else the one that is stated, marked as not authenticated."""
    _require_known(core, caller, recording, reading)
    author = caller.name if caller.authenticated else reading.author or caller.name
    statements = tuple(each.model_dump(exclude_none=True) for each in reading.statements)
    measured = None if reading.measurements is None else reading.measurements.model_dump(exclude_unset=True)
    said = Said(author, caller.authenticated, statements, reading.text, reading.signed, measured)
    try:
        kept = core.keeping.read(caller, recording, said, _version(if_match), stamp_of(request, core))
    except Conflict as conflict:
        raise Problem(412, "conflict", str(conflict)) from None
    response.headers["ETag"] = f'"{kept.version}"'
    return Reading.of(kept)


def _require_known(core: Core, caller: Caller, recording: str, reading: NewReading) -> None:
    """See that each code is one that there is, once.

    Raises:
        Problem: 400, it is not.
        TwelveLeadError: there is no such recording, code "not-found".
    """
    codes = [each.code for each in reading.statements if each.code is not None]
    with core.keeping.ledger.view() as books:
        books.recordings.get(recording, caller.scope)
        answer = books.recordings.answered(recording)
    content = {} if answer is None else answer.content
    known = {*KNOWN, *content.get("classes", {}), *content.get("statements", {}), *content.get("not_assessed", ())}
    unknown = [code for code in codes if code not in known]
    if unknown:
        raise Problem(400, "usage", f"statements: {unknown[0][:50]!r} is no code of /v1/statements or of the answer")
    if len(set(codes)) < len(codes):
        raise Problem(400, "usage", "statements: a code stands there twice")


def _version(if_match: str | None) -> int:
    if if_match is None:
        raise Problem(428, "usage", 'If-Match: name the version that was changed, as in "3"; "0" for the first')
    found = re.fullmatch(r'"(\d{1,9})"', if_match)
    if found is None:
        raise Problem(412, "conflict", 'If-Match is no version of a reading; as in "3"')
    return int(found[1])
