"""How far readers and model agree, by statement."""

from collections.abc import Iterator, Mapping
from typing import Annotated, Any, NamedTuple

import numpy as np
from fastapi import APIRouter, Request
from pydantic import BaseModel, Field

from twelvelead.evaluation.agreement import agreements
from twelvelead.inference.shown import FULL
from twelvelead.ledger import Answer, Books, Event, Reading
from twelvelead.service.auditing import stamp_of, tell_head
from twelvelead.service.callers import Reader
from twelvelead.service.export import superclass_of
from twelvelead.service.problems import responses
from twelvelead.service.recordings import AnyCore

router = APIRouter(prefix="/v1", tags=["readings"])


class Agreed(BaseModel):
    """Of one class or statement."""

    code: str
    recordings: Annotated[int, Field(description="Of which the model was asked")]
    both: int
    model_only: int
    reader_only: int
    neither: int
    kappa: Annotated[float | None, Field(description="Cohen's; null where neither or both always state it")]
    low: Annotated[float | None, Field(description="Of its 95 % interval; null with fewer than 20 of a kind")]
    high: float | None


class Agreement(BaseModel):
    """Readers against model. The readers had seen the model's answer before they signed, so that this is not how two
    who do not know of each other agree, and no measure of either's truth."""

    recordings: Annotated[int, Field(description="With a signed reading that states a code")]
    patients: int
    without_a_code: Annotated[int, Field(description="Signed in free words alone, or of a refused recording")]
    statements: list[Agreed]


class _Said(NamedTuple):
    patient: object
    reader: frozenset[str]
    model: Mapping[str, bool]


@router.get("/agreement", summary="How far readers and model agree", responses=responses(401, 503))
def agreement(request: Request, core: AnyCore, caller: Reader) -> Agreement:
    """Of each recording that the caller may see, the newest signed version of the reading, against the answer that was
    the newest when it was signed. A reader states a superclass by it or by any of its statements; what is not stated
    counts as absent."""
    stamp = stamp_of(request, core)
    with core.keeping.ledger.view() as books:
        found = list(_all(books, caller.scope))
    event = Event(caller.name, "agreement", request_id=stamp.request_id, settings_sha256=stamp.settings_sha256)
    tell_head(core.keeping.ledger.record(event))
    said = [each for each in found if each is not None]
    return Agreement(
        recordings=len(said),
        patients=len({each.patient for each in said}),
        without_a_code=len(found) - len(said),
        statements=_agreed(said),
    )


def _all(books: Books, scope: str | None) -> Iterator[_Said | None]:
    for reading in books.readings.signed(scope):
        codes = {statement["code"] for statement in reading.statements if statement.get("code")}
        answer = _answer_then(books, reading)
        if not codes or answer is None or answer.state != "interpreted":
            yield None
            continue
        recording = books.recordings.get(reading.recording, scope)
        results = {**answer.content.get("statements", {}), **answer.content["classes"]}
        model = {name: result["present"] for name, result in results.items()}
        reader = frozenset(codes | {superclass_of(code) for code in codes})
        yield _Said(recording.whose or recording.id, reader, model)


def _answer_then(books: Books, reading: Reading) -> Answer | None:
    """The newest answer that was there when it was signed."""
    answer = books.recordings.answered(reading.recording)
    while answer is not None and answer.made > reading.made:
        answer = books.recordings.answered(reading.recording, answer.version - 1)
    return answer


def _agreed(said: list[_Said]) -> list[Agreed]:
    codes = [*FULL, *sorted({name for each in said for name in each.model} - FULL.keys())]
    shape = (len(said), len(codes))
    model, reader, known = (np.zeros(shape, bool) for _ in range(3))
    for row, each in enumerate(said):
        known[row] = [code in each.model for code in codes]
        model[row] = [each.model.get(code, False) for code in codes]
        reader[row] = [code in each.reader for code in codes]
    found = agreements(model, reader, known, [each.patient for each in said])
    return [Agreed(**_values(code, each)) for code, each in zip(codes, found, strict=True) if each.records]


def _values(code: str, found: Any) -> dict[str, Any]:
    return {
        "code": code,
        "recordings": found.records,
        "both": found.both,
        "model_only": found.first_only,
        "reader_only": found.second_only,
        "neither": found.neither,
        "kappa": found.kappa,
        "low": found.low,
        "high": found.high,
    }
