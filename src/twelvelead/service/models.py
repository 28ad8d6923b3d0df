"""What requests and answers about recordings hold; OpenAPI is made from these."""

from datetime import datetime
from typing import Annotated, Any, Self

from pydantic import BaseModel, ConfigDict, Field

from twelvelead import ledger

_SHA256 = "^[0-9a-f]{64}$"


class Identity(BaseModel):
    """Whose recording it is, as the file says."""

    name: str | None
    patient_id: str | None
    issuer: str | None
    birth_date: str | None
    order: str | None
    study: str | None
    encounter: str | None
    recorded: str | None


class Patient(BaseModel):
    """Who the patient is, given by hand; it stands before the identity of the file."""

    patient_id: str
    issuer: str | None
    stated_by: str
    stated: datetime


class Recording(BaseModel):
    """A line of the worklist."""

    id: str
    source: Annotated[str, Field(pattern=_SHA256, description="SHA-256 of the bytes")]
    kind: Annotated[str, Field(description="Of file, as its reader is called")]
    received: datetime
    state: Annotated[str, Field(description="interpreted or refused")]
    code: Annotated[str | None, Field(description="Of a refusal")]
    findings: list[dict[str, Any]]
    statements: Annotated[list[str], Field(description="Said to be present")]
    urgency: Annotated[int, Field(description="4 critical, 3 urgent, 2 routine, 1 normal, 0 not told")]
    conclusion: str
    duration_s: float | None
    sampling_rate_hz: float | None
    answer_version: int
    reading_version: int
    signed: datetime | None
    signed_by: str | None
    seen: Annotated[bool, Field(description="Whether the caller has opened it")]
    identity: Identity | None
    patient: Patient | None

    @classmethod
    def of(cls, kept: ledger.Recording) -> Self:
        """As the ledger has it."""
        others = ("source", "identity", "patient")
        values = {name: getattr(kept, name) for name in cls.model_fields if name not in others}
        who, given = kept.identity, kept.patient
        identity = None if who is None else Identity(**{name: getattr(who, name) for name in Identity.model_fields})
        patient = None if given is None else Patient(**vars(given))
        return cls(**values, source=kept.source_sha256, identity=identity, patient=patient)


class Worklist(BaseModel):
    """Part of a list of recordings.

    Attributes:
        total: how many the whole list has.
    """

    total: int
    recordings: list[Recording]


class NewReading(BaseModel):
    """What a reader says of a recording."""

    model_config = ConfigDict(extra="forbid")

    statements: Annotated[list[dict[str, Any]], Field(max_length=1000, description="As the reader's program has them")]
    text: Annotated[str, Field(max_length=100_000)] = ""
    signed: bool = False
    measurements: dict[str, Any] | None = None
    author: Annotated[
        str | None,
        Field(min_length=1, max_length=200, description="As stated; counts only where nobody is logged in by name"),
    ] = None


class Reading(BaseModel):
    """A version of a reading."""

    version: int
    made: datetime
    author: str
    authenticated: Annotated[bool, Field(description="Whether the author was logged in by this name")]
    statements: list[dict[str, Any]]
    text: str
    signed: bool
    measurements: dict[str, Any] | None

    @classmethod
    def of(cls, kept: ledger.Reading) -> Self:
        """As the ledger has it."""
        return cls(**{name: getattr(kept, name) for name in cls.model_fields})
