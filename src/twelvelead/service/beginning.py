"""What a reader's program asks first: who reads, in which languages, and which statements a reading may hold."""

from collections.abc import Iterator
from typing import Annotated

from fastapi import APIRouter, Query
from pydantic import BaseModel, Field

from twelvelead.inference.interpretation import NOTICE
from twelvelead.inference.shown import FULL
from twelvelead.reading.languages import Texts, languages, load_texts
from twelvelead.service.callers import Reader
from twelvelead.service.core import Core
from twelvelead.service.problems import responses
from twelvelead.service.recordings import AnyCore
from twelvelead.weights.statements import Statement as Known
from twelvelead.weights.statements import load_statements

router = APIRouter(prefix="/v1", tags=["readings"])


class Me(BaseModel):
    """Who reads, and in which languages."""

    name: Annotated[str, Field(description="Of the login; without one whoever uses this machine")]
    authenticated: Annotated[bool, Field(description="Whether the name is that of a login")]
    role: str
    owner: str
    language: Annotated[str, Field(description="Of readings where a request names none")]
    languages: list[str]
    notice: str


class Statement(BaseModel):
    """What a reading may state. Codes are "" where no public table at hand has one."""

    code: Annotated[str, Field(description="SCP-ECG acronym, superclass of PTB-XL, or class of weights of one's own")]
    name: Annotated[str, Field(description="In the language")]
    kinds: Annotated[list[str], Field(description="Of superclass, diagnostic, form, rhythm and class")]
    superclass: Annotated[str, Field(description="That a diagnostic statement belongs to")] = ""
    snomed: str = ""
    dicom: str = ""
    aecg: str = ""


@router.get("/me", summary="Who reads", responses=responses(401, 503))
def me(core: AnyCore, caller: Reader) -> Me:
    return Me(
        name=caller.name,
        authenticated=caller.authenticated,
        role=caller.role,
        owner=caller.owner,
        language=core.settings.language,
        languages=list(languages()),
        notice=NOTICE,
    )


@router.get("/statements", summary="What a reading may state", responses=responses(400, 401, 503))
def statements(
    core: AnyCore,
    caller: Reader,
    language: Annotated[str | None, Query(max_length=20, description="Of the names: en, de or es")] = None,
) -> list[Statement]:
    """The superclasses of PTB-XL, its 71 statements, and the classes of weights that have others."""
    return list(_all(core, load_texts(language or core.settings.language)))


def _all(core: Core, texts: Texts) -> Iterator[Statement]:
    known = {each.statement: each for each in load_statements()}
    for code in FULL:
        if code in known:  # NORM is a statement too
            yield _of(known[code], texts)
        else:
            yield Statement(code=code, name=texts("classes", code), kinds=["superclass"], superclass=code)
    for each in known.values():
        if each.statement not in FULL:
            yield _of(each, texts)
    others = dict.fromkeys(name for contract in core.contracts.values() for name in contract.classes)
    for code in others:
        if code not in known and code not in FULL:
            yield Statement(code=code, name=code, kinds=["class"])


def _of(known: Known, texts: Texts) -> Statement:
    kinds = (["superclass"] if known.statement in FULL else []) + list(known.kinds)
    return Statement(
        code=known.statement,
        name=texts("statements", known.statement),
        kinds=kinds,
        superclass=known.superclass,
        snomed=known.snomed,
        dicom=known.dicom,
        aecg=known.aecg,
    )
