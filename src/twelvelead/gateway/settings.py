"""What a gateway is told: one TOML file, checked before anything is started."""

import tomllib
from pathlib import Path
from typing import Annotated, Any, Literal, Self
from urllib.parse import urlsplit

from pydantic import Field, ValidationError, field_validator, model_validator

from twelvelead.errors import TwelveLeadError
from twelvelead.gateway.parts import AeTitle, Caller, Count, Door, Name, Network, Part, Place, Port, Seconds, Secret
from twelvelead.inference.workers import usable_cores
from twelvelead.ledger import Ledger
from twelvelead.readers.recording import LARGEST_FILE
from twelvelead.reading.languages import ENGLISH
from twelvelead.service.options import Reading
from twelvelead.service.settings import Settings as Service
from twelvelead.weights import DEFAULT


class Answering(Part):
    """How recordings are answered; the same settings as a service's give the same answers.

    Attributes:
        weights, operating_point, error_rate, measure, language: see `twelvelead serve`.
        workers: processes that answer, one recording at a time each.
        answer_seconds: that one recording may take.
    """

    weights: str = DEFAULT
    operating_point: str = "accuracy"
    error_rate: float = 0.1
    measure: bool = True
    language: str = ENGLISH
    workers: Count = Field(default_factory=usable_cores)
    answer_seconds: Seconds = 60

    def service(self) -> Service:
        """The same as the settings of a service without doors."""
        values = self.model_dump()
        return Service(**values | {"weights": (self.weights,), "queue": self.workers})


class Node(Door):
    """The DICOM node.

    Attributes:
        ae_title: what it is called by.
        calling: AE titles of those who may call it; empty for any.
        addresses: networks of those who may call it, as in "10.1.2.0/24"; empty for any.
        associations: at one time.
        pdu_bytes: of one PDU of DICOM's upper layer.
        object_bytes: of one object.
        idle_seconds: after which a silent association ends.
    """

    ae_title: AeTitle = "TWELVELEAD"
    port: Port = 11112
    calling: tuple[AeTitle, ...] = ()
    addresses: tuple[Network, ...] = ()
    associations: Count = 16
    pdu_bytes: Annotated[int, Field(ge=4096, le=1 << 20)] = 1 << 17
    object_bytes: Annotated[int, Field(gt=0, le=LARGEST_FILE)] = LARGEST_FILE
    idle_seconds: Seconds = 60


class Folder(Part):
    """A folder that is watched.

    Attributes:
        path: of it; files are taken from it and from the folders in it.
        done, failed: where files are moved to when they are entered, and when they cannot be read; folders "done" and
            "failed" in `path` where None.
        settle_seconds: for which a file has to be unchanged before it is taken.
        options: how files are read that do not say so themselves, as in { sampling_rate = 500, unit = "uV" }.
    """

    path: Place
    done: Place | None = None
    failed: Place | None = None
    settle_seconds: Annotated[float, Field(ge=0, le=3600)] = 2
    options: Reading = Reading()

    @property
    def done_folder(self) -> Path:
        return self.done or self.path / "done"

    @property
    def failed_folder(self) -> Path:
        return self.failed or self.path / "failed"


class _Destination(Caller):
    """Where reports go.

    Attributes:
        name: of it, for the list of deliveries, logs and metrics.
        only_signed: whether it gets nothing before a reader has signed.
        pdf: whether the page goes too.
        connections: at one time; within a study, reports go one after another all the same.
        seconds: that one delivery may take.
    """

    name: Name
    only_signed: bool = False
    pdf: bool = True
    connections: Annotated[int, Field(gt=0, le=16)] = 1
    seconds: Annotated[float, Field(gt=0, le=600)] = 30


class DicomDestination(_Destination):
    """A DICOM node: the report as SR, the page as Encapsulated PDF.

    Attributes:
        host, port, ae_title: of it.
        calling: our AE title.
        sr: whether the SR goes.
        tls: whether TLS is spoken.
    """

    kind: Literal["dicom"]
    host: str
    port: Annotated[int, Field(gt=0, le=65535)]
    ae_title: AeTitle
    calling: AeTitle = "TWELVELEAD"
    sr: bool = True
    tls: bool = False

    @model_validator(mode="after")
    def _whole(self) -> Self:
        self.require(self.host, tls=self.tls)
        if not (self.sr or self.pdf):
            raise ValueError("sr and pdf: at least one of them has to go")
        return self


class FhirDestination(_Destination):
    """A FHIR R4 server: one transaction a report.

    Attributes:
        url: its base, as in "https://fhir.hospital.example/r4".
        token: sent as Authorization: Bearer.
    """

    kind: Literal["fhir"]
    url: str
    token: Secret | None = None

    @model_validator(mode="after")
    def _whole(self) -> Self:
        parts = urlsplit(self.url)
        if parts.scheme not in ("http", "https") or not parts.hostname or parts.query or parts.fragment:
            raise ValueError('url: give the base of a FHIR server, as in "https://fhir.hospital.example/r4"')
        if parts.username is not None or parts.password is not None:
            raise ValueError("url: holds a user or a password; give a token in the environment or in a file")
        self.require(parts.hostname, tls=parts.scheme == "https")
        return self


class Hl7Destination(_Destination):
    """A receiver of HL7 v2.5.1 over MLLP.

    Attributes:
        host, port: of it.
        tls: whether TLS is spoken.
        sender, receiver: application and facility, MSH-3 to 6.
    """

    kind: Literal["hl7"]
    host: str
    port: Annotated[int, Field(gt=0, le=65535)]
    tls: bool = False
    sender: tuple[str, str] = ("TWELVELEAD", "")
    receiver: tuple[str, str] = ("", "")

    @model_validator(mode="after")
    def _whole(self) -> Self:
        self.require(self.host, tls=self.tls)
        return self


Destination = Annotated[DicomDestination | FhirDestination | Hl7Destination, Field(discriminator="kind")]


class Settings(Part):
    """All that a gateway is told.

    Attributes:
        store: folder of what is kept, the same as a service's where readers are to see it; None for that of the user.
        database: URL of a PostgreSQL database in place of SQLite in the store.
        owner: of the recordings that come in; keys of this owner see them.
        monitor_port: on this machine alone, for health and metrics; 0 for any.
        reading_room: whether reports go out of what a service with the same store takes in, too.
        queue: recordings that may wait to be answered; more are not taken in until it is shorter.
        reserve_bytes: of the disk that are left free; where there is less, nothing more is taken in.
        retry_seconds, retry_longest_seconds: before a delivery is tried again, doubling from the first to the second.
        give_up_hours: after which a delivery that does not succeed goes to the dead letters.
        answering, dicom, folders, destinations: see there.
    """

    store: Place | None = None
    database: Secret | None = None
    owner: Annotated[str, Field(pattern=r"^\w[\w .@-]{0,63}$")] = "gateway"
    monitor_port: Port = 8766
    reading_room: bool = True
    queue: Count = 1000
    reserve_bytes: Annotated[int, Field(ge=0)] = 100_000_000
    retry_seconds: Seconds = 1
    retry_longest_seconds: Seconds = 300
    give_up_hours: Annotated[float, Field(gt=0)] = 72
    answering: Answering = Field(default_factory=Answering)
    dicom: Node | None = None
    folders: tuple[Folder, ...] = ()
    destinations: tuple[Destination, ...] = ()

    @field_validator("destinations")
    @classmethod
    def _distinct(cls, destinations: tuple[_Destination, ...]) -> tuple[_Destination, ...]:
        names = [each.name for each in destinations]
        for name in names:
            if names.count(name) > 1:
                raise ValueError(f"two are called {name}; give each a name of its own")
        return destinations

    @model_validator(mode="after")
    def _something_comes_in(self) -> Self:
        if self.dicom is None and not self.folders and not self.reading_room:
            raise ValueError("nothing comes in: add [dicom] or [[folders]], or leave reading_room = true")
        return self


def load_settings(file: Path) -> Settings:
    """The settings of a gateway.

    Raises:
        TwelveLeadError: the file cannot be read, or a setting is unknown, impossible or contradicts another.
    """
    try:
        values: dict[str, Any] = tomllib.loads(file.read_text(encoding="utf-8"))
    except OSError as error:
        raise TwelveLeadError(f"{file}: {error.strerror}; check the path of the settings") from None
    except (tomllib.TOMLDecodeError, UnicodeDecodeError) as error:
        raise TwelveLeadError(f"{file}: not TOML ({error}); mend it") from None
    try:
        return Settings.model_validate(values, context={"folder": file.absolute().parent})
    except ValidationError as error:
        fault = error.errors(include_url=False, include_input=False)[0]
        setting = ".".join(map(str, _without_kind(fault["loc"])))
        text = fault["msg"].removeprefix("Value error, ")
        raise TwelveLeadError(f"{file}: {f'setting {setting}: ' if setting else ''}{text}") from None


def _without_kind(place: tuple[int | str, ...]) -> tuple[int | str, ...]:
    """Where a fault is, as the file has it: pydantic puts the kind of a destination behind its number."""
    return place[:2] + place[3:] if place[:1] == ("destinations",) and len(place) > 2 else place


def open_ledger(settings: Settings) -> Ledger:
    """The ledger that the settings name.

    Raises:
        TwelveLeadError: see `Ledger.open`.
    """
    return Ledger.open(settings.store, None if settings.database is None else settings.database.read())
