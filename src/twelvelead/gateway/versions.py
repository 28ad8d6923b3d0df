"""Which versions of a recording's report have gone out, and which is next."""

import json
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Self

from twelvelead.exchange.report import Status
from twelvelead.ledger import Attachment, Books, Ledger

_NAME = "report-"
_SUFFIX = ".json"
MEDIA = "application/json"


@dataclass(frozen=True)
class Version:
    """One version of the report of a recording; kept as an attachment, so that what is made again is the same.

    Attributes:
        answer, reading: of the machine and the reader, what it is made of; 0 for no reading.
        status: as it goes out.
        made: when; identifiers are made from it.
        replaces: `made` of the version before; None for the first.
    """

    answer: int
    reading: int
    status: Status
    made: datetime
    replaces: datetime | None = None

    @property
    def label(self) -> str:
        """What it is called in the names of its files."""
        return f"{self.answer}.{self.reading}"

    @property
    def name(self) -> str:
        """Of the attachment."""
        return f"{_NAME}{self.label}{_SUFFIX}"

    def encode(self) -> bytes:
        """Its bytes."""
        replaces = None if self.replaces is None else self.replaces.isoformat()
        return json.dumps({**vars(self), "made": self.made.isoformat(), "replaces": replaces}).encode()

    @classmethod
    def decode(cls, content: bytes) -> Self:
        """The version of its bytes."""
        values = json.loads(content)
        for name in ("made", "replaces"):
            values[name] = None if values[name] is None else datetime.fromisoformat(values[name])
        return cls(**values)


def versions_of(ledger: Ledger, books: Books, recording: str) -> tuple[Version, ...]:
    """All versions that have gone out, in their order."""
    found = [each for each in books.recordings.attachments(recording) if _is_version(each)]
    return tuple(sorted((Version.decode(ledger.content(each.sha256)) for each in found), key=lambda one: one.made))


def next_version(earlier: Sequence[Version], answer: int, reading: int, now: datetime) -> Version | None:
    """The version to be made; None where there is one like it.

    Args:
        earlier: of the same recording.
        answer, reading: what it is to be made of.
        now: with its zone.
    """
    if any((each.answer, each.reading) == (answer, reading) for each in earlier):
        return None
    status: Status = "preliminary"
    if reading:
        status = "corrected" if any(each.reading for each in earlier) else "final"
    return Version(answer, reading, status, now, earlier[-1].made if earlier else None)


def _is_version(attachment: Attachment) -> bool:
    return attachment.name.startswith(_NAME) and attachment.name.endswith(_SUFFIX)
