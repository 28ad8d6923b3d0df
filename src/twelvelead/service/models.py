"""What requests and answers about recordings hold; OpenAPI is made from these."""

from datetime import datetime
from typing import Annotated, Any, Self

from pydantic import AfterValidator, BaseModel, ConfigDict, Field, model_validator

from twelvelead import ledger

_SHA256 = "^[0-9a-f]{64}$"


def printed(text: str) -> str:
    """A word or a name as a person types it.

    Raises:
        ValueError: spaces at its ends, or what cannot be printed.
    """
    if text != text.strip() or not text.isprintable():
        raise ValueError("has spaces at its ends, or what cannot be printed")
    return text


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


class Stated(BaseModel):
    """One thing that a reader states: a statement by its code, with a remark or without, or free words."""

    model_config = ConfigDict(extra="forbid")

    code: Annotated[
        str | None, Field(min_length=1, max_length=100, description="Of /v1/statements, or of the answer")
    ] = None
    name: Annotated[str | None, Field(max_length=300, description="As it was shown to the reader")] = None
    text: Annotated[str | None, Field(min_length=1, max_length=2000)] = None

    @model_validator(mode="after")
    def _says_something(self) -> Self:
        if self.code is None and self.text is None:
            raise ValueError("give a code, or a text")
        return self


_Text = Annotated[str, Field(max_length=500)]
_Value = Annotated[float | None, Field(ge=0, le=10_000)]
_Second = Annotated[float, Field(ge=-10, le=100_000)]


class Measured(BaseModel):
    """Measurements as an answer has them, or as a reader moved the marks that they are taken at."""

    model_config = ConfigDict(extra="forbid", allow_inf_nan=False)

    heart_rate_per_minute: _Value = None
    pr_ms: _Value = None
    qrs_ms: _Value = None
    qt_ms: _Value = None
    qtc_bazett_ms: _Value = None
    qtc_fridericia_ms: _Value = None
    axis_degrees: Annotated[float | None, Field(ge=-180, le=180)] = None
    heart_rate_range: tuple[_Value, _Value] | None = None
    withheld: Annotated[dict[_Text, _Text], Field(max_length=50)] = {}
    leads_left_out: Annotated[dict[_Text, _Text], Field(max_length=50)] = {}
    beat_times_s: Annotated[list[_Second], Field(max_length=1000)] = []
    dominant: Annotated[list[bool], Field(max_length=1000)] = []
    marks_s: Annotated[dict[_Text, _Second | None], Field(max_length=50)] = {}
    other_beats: Annotated[int, Field(ge=0, le=1000)] = 0
    rr_irregularity: _Value = None
    p_waves: bool | None = None
    resolution_ms: _Value = None
    seconds: Annotated[float | None, Field(ge=0, le=100_000)] = None
    moved: Annotated[bool, Field(description="Whether the reader moved a mark")] = False


class NewReading(BaseModel):
    """What a reader says of a recording."""

    model_config = ConfigDict(extra="forbid")

    statements: Annotated[list[Stated], Field(max_length=200, description="Those that the reader holds to be true")]
    text: Annotated[str, Field(max_length=100_000)] = ""
    signed: bool = False
    measurements: Measured | None = None
    author: Annotated[
        str | None,
        Field(min_length=1, max_length=200, description="As stated; counts only where nobody is logged in by name"),
        AfterValidator(printed),
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
