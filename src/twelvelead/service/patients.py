"""Whose recording it is, given by hand, and the earlier recordings of the same patient.

Two recordings are of the same patient where the id and its issuer are equal, character by character; what was given by
hand stands before what the file states. Nothing is guessed from names or birth dates.
"""

from collections.abc import Iterable
from datetime import UTC, datetime
from typing import Annotated

from fastapi import APIRouter, Request
from pydantic import AfterValidator, BaseModel, ConfigDict, Field

from twelvelead import ledger
from twelvelead.ledger import Wanted
from twelvelead.service.auditing import Stamp, stamp_of, tell_head, touched
from twelvelead.service.callers import Caller, Reader, Writer
from twelvelead.service.core import Core
from twelvelead.service.models import Recording, printed
from twelvelead.service.problems import responses
from twelvelead.service.recordings import AnyCore, Id

router = APIRouter(prefix="/v1/recordings", tags=["patients"])

MOST = 1000
"""Recordings of one patient that are looked at."""


_Words = Annotated[str, Field(min_length=1, max_length=200), AfterValidator(printed)]


class NewPatient(BaseModel):
    """Who the patient is for whom."""

    model_config = ConfigDict(extra="forbid")

    id: _Words
    issuer: Annotated[_Words | None, Field(description="Of the id; none is a value too: it equals none alone")] = None


@router.put(
    "/{recording}/patient",
    summary="Say by hand whose recording it is",
    responses=responses(400, 401, 403, 404, 503),
)
def state(request: Request, core: AnyCore, caller: Writer, recording: Id, patient: NewPatient) -> Recording:
    """It stands before what the file states, which stays as it is. The audit says who gave one when, not which."""
    given = ledger.Patient(patient.id, patient.issuer, caller.name, datetime.now(UTC))
    return _stated(core, caller, recording, given, stamp_of(request, core))


@router.delete(
    "/{recording}/patient",
    summary="Take back what was said by hand",
    responses=responses(400, 401, 403, 404, 503),
)
def take_back(request: Request, core: AnyCore, caller: Writer, recording: Id) -> Recording:
    return _stated(core, caller, recording, None, stamp_of(request, core))


@router.get(
    "/{recording}/earlier", summary="Earlier recordings of the same patient", responses=responses(400, 401, 404, 503)
)
def earlier(request: Request, core: AnyCore, caller: Reader, recording: Id) -> list[Recording]:
    """The newest first; none where no id is known. The time is that of the recording where both files state one, else
    that of their arrival. The same bytes sent again are not an earlier recording."""
    keeping = core.keeping
    with keeping.ledger.view() as books:
        found = books.recordings.get(recording, caller.scope)
        others: tuple[ledger.Recording, ...] = ()
        if found.whose is not None:
            wanted = Wanted(patient=found.whose)
            others = books.recordings.list(caller.scope, wanted, reader=caller.name, limit=MOST).recordings
    tell_head(keeping.ledger.record(touched(caller, "earlier", found, stamp_of(request, core))))
    return [Recording.of(each) for each in before(found, others)]


def before(recording: ledger.Recording, others: Iterable[ledger.Recording]) -> list[ledger.Recording]:
    """Those of others that were made before a recording, the newest first."""
    found = [
        other for other in others if other.source_sha256 != recording.source_sha256 and _is_before(other, recording)
    ]
    return sorted(found, key=when, reverse=True)


def when(recording: ledger.Recording) -> datetime:
    """When it was made, as far as that is known; else when it came. Without a zone, as devices write it."""
    made = made_at(recording)
    return made if made is not None else recording.received.replace(tzinfo=None)


def made_at(recording: ledger.Recording) -> datetime | None:
    """When it was made, as its file says; None where that says nothing that is a time."""
    stated = None if recording.identity is None else recording.identity.recorded
    try:
        return None if stated is None else datetime.fromisoformat(stated).replace(tzinfo=None)
    except ValueError:
        return None


def _is_before(other: ledger.Recording, recording: ledger.Recording) -> bool:
    theirs, ours = made_at(other), made_at(recording)
    if theirs is None or ours is None or theirs == ours:
        return other.received < recording.received
    return theirs < ours


def _stated(core: Core, caller: Caller, recording: str, patient: ledger.Patient | None, stamp: Stamp) -> Recording:
    keeping = core.keeping
    with keeping.ledger.begin() as books:
        found = books.recordings.get(recording, caller.scope)
        books.recordings.state_patient(recording, patient)
        row = books.audit.append(touched(caller, "patient", found, stamp))
        changed = books.recordings.get(recording, caller.scope, reader=caller.name)
    tell_head(row)
    return Recording.of(changed)
