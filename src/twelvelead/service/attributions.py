"""What speaks for one class or statement of a kept recording, by lead and time."""

import asyncio
import json
from typing import Annotated, Any

from fastapi import APIRouter, Query, Request
from pydantic import BaseModel, Field

from twelvelead.service import answering
from twelvelead.service.answering import Question
from twelvelead.service.auditing import stamp_of
from twelvelead.service.callers import Reader
from twelvelead.service.forms import MEDIA
from twelvelead.service.options import Reading
from twelvelead.service.problems import Problem, responses
from twelvelead.service.recordings import Id, ReadyCore

router = APIRouter(prefix="/v1/recordings", tags=["recordings"])


class Attribution(BaseModel):
    """Stretches of leads, each with how much it speaks for the statement: by how much the log-odds fall when it alone
    is hidden, as a share of the strongest; 0 where they do not fall."""

    statement: str
    start_s: float
    step_s: float
    strongest_log_odds: Annotated[
        float, Field(ge=0, description="The fall at the strongest; near 0 nothing stands out")
    ]
    leads: dict[str, list[Annotated[float, Field(ge=0, le=1)]]]


@router.get(
    "/{recording}/attribution",
    summary="What speaks for one class or statement",
    responses=responses(400, 401, 404, 409, 422, 429, 503),
)
async def attribution(
    request: Request,
    core: ReadyCore,
    caller: Reader,
    recording: Id,
    statement: Annotated[str, Query(min_length=1, max_length=100, description="A class or statement of the answer")],
) -> Attribution:
    """By occlusion: each 0.4 s of each lead is replaced by a straight line in turn, and the weights are asked again.
    The first question about a recording takes seconds of a worker; what it tells is kept for the next ones. Of more
    than 20 s, the 10 s are looked at where the statement is most probable."""
    keeping = core.keeping
    answer = await asyncio.to_thread(keeping.answer, caller, recording, stamp_of(request, core), "explain")
    content = answer.content
    if answer.state != "interpreted":
        raise Problem(404, "no-resource", "the recording was refused, so nothing was said that anything speaks for")
    if statement not in content["classes"] and statement not in content["statements"]:
        raise Problem(400, "usage", "statement: the answer has none of this name")
    prefix = f"attribution-{answer.version}-"
    for kept in await asyncio.to_thread(keeping.attachments, caller, recording, prefix):
        found = json.loads(kept)
        if statement in found["log_odds"]:
            return _of(found, statement)
    weights = content["model"]["name"]
    if core.digests.get(weights) != (answer.weights_sha256, answer.contract_sha256):
        raise Problem(409, "conflict", "other weights gave the answer; send the recording again for a new one")
    sent, told = await asyncio.to_thread(keeping.original, caller, recording)
    values = Reading(**told | {"weights": weights}).with_defaults(core.answerer)
    made = await core.work(answering.explain, Question(sent, values), statement)
    found = json.loads(made)
    name = f"{prefix}{found['edges_s'][0]:g}.json"
    await asyncio.to_thread(keeping.keep_made, caller, recording, name, MEDIA["json"], made)
    return _of(found, statement)


def _of(found: dict[str, Any], statement: str) -> Attribution:
    edges, rows = found["edges_s"], found["log_odds"][statement]
    strongest = max(0.0, *(value for row in rows for value in row))
    shares = [[max(0.0, value) / strongest if strongest else 0.0 for value in row] for row in rows]
    return Attribution(
        statement=statement,
        start_s=edges[0],
        step_s=(edges[-1] - edges[0]) / (len(edges) - 1),
        strongest_log_odds=strongest,
        leads=dict(zip(found["leads"], shares, strict=True)),
    )
