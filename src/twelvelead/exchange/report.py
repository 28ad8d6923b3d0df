"""What every standard is made from: an answer, whose it is, what a reader signed, and when."""

import hashlib
import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any, Literal, Self

from twelvelead.ecg.record import ECG
from twelvelead.errors import TwelveLeadError
from twelvelead.inference.interpretation import Interpretation
from twelvelead.reading.compose import compose
from twelvelead.reading.languages import ENGLISH

Status = Literal["preliminary", "final", "corrected"]


@dataclass(frozen=True, repr=False)
class Identity:
    """Whose recording it is, as far as it is to be told. Texts as the file or the user states them; a standard that
    cannot hold an id exactly leaves it out. Its `repr` says nothing.

    Attributes:
        name: of the patient; DICOM's parts are separated by ^.
        patient_id, issuer: who the patient is for whom.
        birth_date: ISO 8601; anything else is left out.
        sex: "male" or "female"; what the answer says where it is None.
        order: accession or order number.
        encounter: the visit.
        recorded: when, ISO 8601: local time where it states no zone, or the date alone; anything else is left out.
        study: StudyInstanceUID of the input.
    """

    name: str | None = None
    patient_id: str | None = None
    issuer: str | None = None
    birth_date: str | None = None
    sex: str | None = None
    order: str | None = None
    encounter: str | None = None
    recorded: str | None = None
    study: str | None = None

    @classmethod
    def of(cls, ecg: ECG) -> Self | None:
        """Of a recording that was read with `identify=True`; None of any other."""
        if ecg.identity is None:
            return None
        stated, recorded = ecg.identity, ecg.recorded
        return cls(
            name=stated.name,
            patient_id=stated.patient_id,
            issuer=stated.issuer,
            birth_date=None if stated.birth_date is None else stated.birth_date.isoformat(),
            sex=ecg.sex,
            order=stated.order,
            encounter=stated.encounter,
            study=stated.study,
            recorded=recorded.isoformat() if isinstance(recorded, datetime) else recorded,
        )

    def __repr__(self) -> str:
        return "Identity(…)"


@dataclass(frozen=True)
class Signed:
    """What a reader says of a recording, signed.

    Attributes:
        author: name of the reader.
        authenticated: whether the name is that of a login.
        at: time of the signature, with its zone.
        statements: what holds, as a reading in the ledger has it: "code", the acronym, with a remark as "text" or
            without, or a "text" alone.
        text: in the reader's words.
        measurements: as an answer has them; they count where "moved" says that the reader moved a mark.
    """

    author: str
    authenticated: bool
    at: datetime
    statements: tuple[Mapping[str, Any], ...] = ()
    text: str = field(default="", repr=False)
    measurements: Mapping[str, Any] | None = None


@dataclass(frozen=True)
class Report:
    """One version of what goes out about a recording. The same report gives the same bytes in every standard.

    Attributes:
        answer: an interpretation with its reading, or the error of a refused recording, as `twelvelead interpret
            --json` prints them; such an error may stand beside `describe_recording`, for age, sex and device.
        made: when this version was, with its zone; identifiers of DICOM objects and messages are made from it and
            `id`. Clock times are written in this zone.
        id: what stays the same over all versions; "" stands for the input's SHA-256.
        status: "preliminary" as long as nobody signed, "final" when signed, "corrected" when signed again.
        identity: None for a report that names nobody.
        signed: None as long as nobody signed.
        replaces: `made` of the version that this one replaces.
        page: the page as PDF.
    """

    answer: Mapping[str, Any] = field(repr=False)
    made: datetime
    id: str = ""
    status: Status = "preliminary"
    identity: Identity | None = None
    signed: Signed | None = None
    replaces: datetime | None = None
    page: bytes | None = field(default=None, repr=False)

    def __post_init__(self) -> None:
        """
        Raises:
            TwelveLeadError: the file was not even read, a time has no zone, or the status contradicts the signature.
        """
        if self.answer.get("reading") is None:
            raise TwelveLeadError("a recording that cannot be read has no report; report its error")
        times = [self.made, self.replaces or self.made, self.signed.at if self.signed else self.made]
        if any(time.utcoffset() is None for time in times):
            raise TwelveLeadError("times of a report need a zone, as in datetime.now().astimezone()")
        if (self.status == "preliminary") == (self.signed is not None):
            raise TwelveLeadError(f"a report {'with' if self.signed else 'without'} a signature is not {self.status}")
        if not self.id:
            object.__setattr__(self, "id", self.answer.get("source_sha256") or _digest(self.answer))

    @classmethod
    def of(cls, interpretation: Interpretation, made: datetime, *, language: str = ENGLISH, **more: Any) -> Self:
        """The preliminary report of an interpretation.

        Args:
            interpretation: with the identity, if it was read with `identify=True`.
            made: when, with its zone.
            language: of the reading.
            more: any other attribute.

        Raises:
            TwelveLeadError: there are no texts in this language, or an attribute contradicts another.
        """
        answer = interpretation.to_dict() | {"reading": compose(interpretation, language).to_dict()}
        more.setdefault("identity", Identity.of(interpretation.ecg))
        return cls(answer, made, **more)

    @property
    def refused(self) -> bool:
        """Whether the recording was not fit to interpret."""
        return "error" in self.answer


def _digest(answer: Mapping[str, Any]) -> str:
    return hashlib.sha256(json.dumps(answer, sort_keys=True).encode()).hexdigest()
