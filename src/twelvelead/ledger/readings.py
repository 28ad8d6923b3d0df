"""What readers say of a recording: versions, of which only the newest may be followed by another."""

from collections.abc import Iterator
from dataclasses import asdict, dataclass, field
from datetime import datetime

from sqlalchemy import Connection, Row, Select, func, insert, select, update

from twelvelead.errors import Conflict
from twelvelead.ledger import schema
from twelvelead.ledger.recording import Json

_COLUMN = schema.readings.c


@dataclass(frozen=True)
class NewReading:
    """What a reader says of a recording.

    Attributes:
        author: name of the login, or as it was stated.
        authenticated: whether the name is that of a login.
        statements: plain values; which keys they have is the service's matter.
        text: in the reader's words.
        signed: whether this version is signed.
        measurements: what the reader moved or measured; None for nothing.
    """

    author: str
    authenticated: bool
    statements: tuple[Json, ...]
    text: str = field(default="", repr=False)
    signed: bool = False
    measurements: Json | None = None


@dataclass(frozen=True)
class Reading:
    """One version of a reading: `NewReading` as it is kept.

    Attributes:
        version: 1 for the first.
        made: when; the time of the signature where `signed`.
    """

    recording: str
    version: int
    made: datetime
    author: str
    authenticated: bool
    statements: tuple[Json, ...]
    text: str = field(repr=False)
    signed: bool
    measurements: Json | None


class Readings:
    """The readings of all recordings. Whether someone may see a recording, `Recordings.get` says."""

    def __init__(self, connection: Connection, now: datetime) -> None:
        self._connection = connection
        self._now = now

    def add(self, recording: str, new: NewReading, *, after: int) -> Reading:
        """Add the next version.

        Args:
            recording: its id.
            new: what the reader says.
            after: the version that the reader had before the eyes; 0 for none.

        Raises:
            Conflict: that is not the newest version any more; nothing is kept.
        """
        newest = self._connection.scalar(select(func.max(_COLUMN.version)).where(_COLUMN.recording == recording)) or 0
        if after != newest:
            raise Conflict(
                f"the reading is at version {newest}, and this follows version {after}: load it, and change it again"
            )
        row: Json = {"recording": recording, "version": newest + 1, "made": self._now} | asdict(new)
        self._connection.execute(insert(schema.readings).values(row))
        signature = (
            {"signed": self._now, "signed_by": new.author} if new.signed else {"signed": None, "signed_by": None}
        )
        self._connection.execute(
            update(schema.recordings)
            .where(schema.recordings.c.id == recording)
            .values(reading_version=newest + 1, **signature)
        )
        return Reading(**row)

    def latest(self, recording: str, *, signed: bool = False) -> Reading | None:
        """The newest version, or the newest signed one; None where there is none."""
        found = self._versions(recording).order_by(_COLUMN.version.desc()).limit(1)
        if signed:
            found = found.where(_COLUMN.signed)
        row = self._connection.execute(found).first()
        return None if row is None else _reading(row)

    def get(self, recording: str, version: int) -> Reading | None:
        """One version; None where there is none."""
        row = self._connection.execute(self._versions(recording).where(_COLUMN.version == version)).first()
        return None if row is None else _reading(row)

    def history(self, recording: str) -> tuple[Reading, ...]:
        """All versions, the first first."""
        return tuple(map(_reading, self._connection.execute(self._versions(recording).order_by(_COLUMN.version))))

    def signed(self, owner: str | None) -> Iterator[Reading]:
        """The newest signed version of every recording that has one, in the order in which recordings came.

        Args:
            owner: whose recordings; None for everybody's.
        """
        recording = schema.recordings.c
        newest = (
            select(_COLUMN.recording, func.max(_COLUMN.version).label("version"))
            .where(_COLUMN.signed)
            .group_by(_COLUMN.recording)
            .subquery()
        )
        wanted = (
            select(schema.readings)
            .join(newest, (newest.c.recording == _COLUMN.recording) & (newest.c.version == _COLUMN.version))
            .join(schema.recordings, recording.id == _COLUMN.recording)
            .order_by(recording.received, recording.id)
        )
        if owner is not None:
            wanted = wanted.where(recording.owner == owner)
        with self._connection.execute(wanted.execution_options(yield_per=200)) as found:
            yield from map(_reading, found)

    @staticmethod
    def _versions(recording: str) -> "Select[tuple[object, ...]]":
        return select(schema.readings).where(_COLUMN.recording == recording)


def _reading(row: "Row[tuple[object, ...]]") -> Reading:
    values = dict(row._mapping)
    return Reading(**values | {"statements": tuple(values["statements"])})
