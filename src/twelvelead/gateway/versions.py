"""Which versions of a recording's report have been made, and which is next."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Self

from twelvelead.exchange.report import Status
from twelvelead.gateway.queues import REPORTS
from twelvelead.ledger import Books
from twelvelead.ledger.recording import Json


@dataclass(frozen=True)
class Version:
    """One version of the report of a recording; kept as what came of the job that made it.

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

    def to_dict(self) -> Json:
        """Plain values, as a job keeps them."""
        replaces = None if self.replaces is None else self.replaces.isoformat()
        return {**vars(self), "made": self.made.isoformat(), "replaces": replaces}

    @classmethod
    def from_dict(cls, values: Json) -> Self:
        """Of what `to_dict` gave."""
        times = {name: values[name] and datetime.fromisoformat(values[name]) for name in ("made", "replaces")}
        return cls(**values | times)


def versions_of(books: Books, recording: str) -> tuple[Version, ...]:
    """All versions that have been made, in their order."""
    done = books.jobs.list(REPORTS, "done", recording=recording)
    found = (Version.from_dict(job.payload["version"]) for job in done if "version" in job.payload)
    return tuple(sorted(found, key=lambda version: version.made))


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
