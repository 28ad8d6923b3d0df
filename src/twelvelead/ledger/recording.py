"""A recording as the ledger takes and gives it. Times are in UTC.

Whose recording it is stands in `Identity`, in the name of a `File` and in the content of an answer, nowhere else; a
`repr` shows none of them.
"""

from dataclasses import dataclass, field
from datetime import datetime
from typing import Any, Literal

Json = dict[str, Any]
State = Literal["received", "interpreted", "refused", "unreadable"]
Sort = Literal["received", "urgency"]


@dataclass(frozen=True)
class File:
    """A file of a recording.

    Attributes:
        name: what the reader has to call it: a WFDB header names its signal file. A name may name a patient.
        sha256: of its bytes.
    """

    name: str = field(repr=False)
    sha256: str


@dataclass(frozen=True)
class Attachment:
    """A file made from a recording, kept so that it is the same whenever it is asked for: a signal, a page, a report.

    Attributes:
        name: of one attachment of a recording: "page.pdf", "archive-1.sr.dcm".
        media_type: "application/pdf".
        sha256: of its bytes.
        made: when it was attached.
    """

    name: str
    media_type: str
    sha256: str
    made: datetime


@dataclass(frozen=True, repr=False)
class Identity:
    """Whose recording it is, as the file states it or as the user gave it. Never in a log; its `repr` says nothing.

    Attributes:
        name: of the patient.
        patient_id, issuer: who the patient is for whom; compared exactly, both together.
        birth_date: ISO 8601, or the file's own words.
        order: accession or order number.
        recorded: when, ISO 8601 in local time, or the file's own words.
        study, encounter: DICOM's StudyInstanceUID, and the visit.
        more: what else has to come out again as it came in.
    """

    name: str | None = None
    patient_id: str | None = None
    issuer: str | None = None
    birth_date: str | None = None
    order: str | None = None
    recorded: str | None = None
    study: str | None = None
    encounter: str | None = None
    more: Json = field(default_factory=dict)

    def __repr__(self) -> str:
        return "Identity(…)"


@dataclass(frozen=True, repr=False)
class Patient:
    """Who the patient is, given by hand; it stands before what the file states, which stays as it is.

    Attributes:
        patient_id, issuer: as in `Identity`.
        stated_by: who gave it.
        stated: when.
    """

    patient_id: str
    issuer: str | None
    stated_by: str
    stated: datetime

    def __repr__(self) -> str:
        return "Patient(…)"


@dataclass(frozen=True)
class NewAnswer:
    """What the machine says of a recording.

    Attributes:
        state: interpreted, refused by the gate, or unreadable.
        content: the answer as `twelvelead interpret --json` gives it, or the error.
        code: of the error; None where there is an answer.
        findings: of the reader and the gate, plain values.
        statements: codes of what is said to be present; the worklist is filtered by them.
        urgency: the larger, the sooner someone should look.
        conclusion: the words that a worklist shows.
        duration_s, sampling_rate_hz: of the recording; None where it could not be read.
        weights_sha256, contract_sha256, settings_sha256: what answered, and under which settings.
        product: name and version.
    """

    state: State
    content: Json = field(repr=False)
    code: str | None = None
    findings: tuple[Json, ...] = ()
    statements: tuple[str, ...] = ()
    urgency: int = 0
    conclusion: str = ""
    duration_s: float | None = None
    sampling_rate_hz: float | None = None
    weights_sha256: str | None = None
    contract_sha256: str | None = None
    settings_sha256: str | None = None
    product: str = ""


@dataclass(frozen=True)
class Answer:
    """One version of what the machine said of a recording: `NewAnswer` as it is kept.

    Attributes:
        version: 1 for the first; a recording that is interpreted again gets the next.
        made: when.
    """

    recording: str
    version: int
    made: datetime
    state: State
    code: str | None
    weights_sha256: str | None
    contract_sha256: str | None
    settings_sha256: str | None
    product: str
    content: Json = field(repr=False)


@dataclass(frozen=True)
class Recording:
    """A recording as a worklist shows it.

    Attributes:
        id: opaque; cannot be guessed.
        owner: whose it is: the owner of the key that brought it.
        source_sha256: of its bytes; of several files, what `ECG.sha256` says.
        kind: of file, such as "DICOM"; empty where none was recognised.
        received: when its bytes were.
        state, code, findings, statements, urgency, conclusion, duration_s, sampling_rate_hz: of the latest answer, see
            `NewAnswer`; "received" and empty before the first.
        answer_version: number of answers.
        reading_version: number of versions of its reading; 0 for none.
        signed, signed_by: when and by whom the latest version of its reading was signed; None where it is not.
        seen: whether the reader who asks has opened it.
        identity: None where none is known.
        patient: given by hand; None where nobody gave one.
    """

    id: str
    owner: str
    source_sha256: str
    kind: str
    received: datetime
    state: State = "received"
    code: str | None = None
    findings: tuple[Json, ...] = ()
    statements: tuple[str, ...] = ()
    urgency: int = 0
    conclusion: str = ""
    duration_s: float | None = None
    sampling_rate_hz: float | None = None
    answer_version: int = 0
    reading_version: int = 0
    signed: datetime | None = None
    signed_by: str | None = None
    seen: bool = False
    identity: Identity | None = None
    patient: Patient | None = None

    @property
    def whose(self) -> tuple[str, str | None] | None:
        """Patient id and issuer: those given by hand, else those of the file; None where neither has an id."""
        if self.patient is not None:
            return self.patient.patient_id, self.patient.issuer
        if self.identity is None or self.identity.patient_id is None:
            return None
        return self.identity.patient_id, self.identity.issuer


@dataclass(frozen=True)
class Wanted:
    """Which recordings a list holds: those that meet all that is given.

    Attributes:
        state, source_sha256: equal.
        statement: said to be present.
        urgency: at least.
        since, until: received from then on, and before then.
        signed, seen: or not.
        patient: patient id and its issuer, both exactly, as `Recording.whose`; an issuer of None is that of what states
            none.
    """

    state: State | None = None
    source_sha256: str | None = None
    statement: str | None = None
    urgency: int | None = None
    since: datetime | None = None
    until: datetime | None = None
    signed: bool | None = None
    seen: bool | None = None
    patient: tuple[str, str | None] | None = None


@dataclass(frozen=True)
class Page:
    """Part of a list.

    Attributes:
        recordings: in the order asked for.
        total: how many the whole list has.
    """

    recordings: tuple[Recording, ...]
    total: int
