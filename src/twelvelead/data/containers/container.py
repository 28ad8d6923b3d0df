"""A file of many recordings, whatever its kind."""

from abc import ABC, abstractmethod
from collections import Counter
from collections.abc import Iterator, Sequence
from pathlib import Path
from types import TracebackType
from typing import BinaryIO, Self

from twelvelead.ecg.leads import LEADS
from twelvelead.ecg.record import ECG
from twelvelead.errors import Unreadable
from twelvelead.naming import shown

Origin = Path | BinaryIO
"""A file of this machine, or a stream that can seek; its `name` is what it is called where paths are shown."""


def called(origin: Origin) -> str:
    """What a file is called in messages."""
    return shown(origin) if isinstance(origin, Path) else origin.name


class Container(ABC):
    """An opened file of recordings; each is read when it is asked for.

    Attributes:
        name: of the file, as it is shown.
        members: names of its recordings, in its order, none twice.
        passed_over: kind -> how many things of it in the file were no recordings.
        leads: of the last axis, where it holds arrays; else None.
        cut: recordings read so far from which zeros at the ends were cut.
    """

    leads: tuple[str, ...] | None = None
    cut = 0

    def __init__(self, origin: Origin, members: Sequence[str], passed_over: Counter[str] | None = None) -> None:
        self.name = called(origin)
        self.members = members
        self.passed_over = passed_over or Counter()
        self._places = {member: place for place, member in enumerate(members)}

    def read(self, member: str, *, leads: tuple[str, ...] | None = LEADS, name: str | None = None) -> ECG:
        """One recording; in the order of `members` this is fastest.

        Args:
            member: its name.
            leads: which, in which order; None for all as stored.
            name: what it is called in messages and as `ECG.source`; `FILE#MEMBER` without.

        Raises:
            Unreadable: there is no such member, or it cannot be read.
            Refused: a lead asked for is missing.
        """
        called = name or self.address(member)
        if member not in self._places:
            raise Unreadable(f"{called}: no such recording in the file; check its name", code="not-found")
        ecg = self._read(self._places[member], called, leads)
        return ecg if leads is None else ecg.select(leads)

    def find(self, text: str) -> str | None:
        """The member that a table means by a text; None where there is none."""
        return text if text in self._places else None

    def address(self, member: str) -> str:
        """What a member is called where paths are shown: FILE#MEMBER."""
        return f"{self.name}#{shown(member)}"

    @abstractmethod
    def _read(self, place: int, name: str, leads: tuple[str, ...] | None) -> ECG:
        """The recording at a place; with the leads that those asked for are taken from, or more."""

    @abstractmethod
    def close(self) -> None:
        """Lets go of the file."""

    def __len__(self) -> int:
        return len(self.members)

    def __iter__(self) -> Iterator[str]:
        return iter(self.members)

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()
