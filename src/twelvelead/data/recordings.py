"""The recordings that a table of labels names: files of a folder, or members of files of many."""

from collections.abc import Iterator
from contextlib import ExitStack
from pathlib import Path
from types import TracebackType
from typing import Any, NamedTuple, Self

from twelvelead.data.containers import Container, kind_of, open_container
from twelvelead.ecg.leads import LEADS
from twelvelead.ecg.record import ECG
from twelvelead.errors import Unreadable
from twelvelead.naming import shown
from twelvelead.readers import read


class Member(NamedTuple):
    """A recording in a file of many.

    Attributes:
        file: which.
        member: its name there, an identifier.
    """

    file: Path
    member: str

    @property
    def name(self) -> str:
        """What it is called beside others of the file."""
        return shown(self.member)


Place = Path | Member


class Recordings:
    """A folder of recordings or of files of many, or one such file. Files of many are opened once, when they are asked
    for; close it, or use it in a `with` block.

    Args:
        source: the folder or the file.
        leads: of the last axis of arrays, where their file does not state them.
        reading: the other options of `open_container`, which are those of `twelvelead.read`.

    Attributes:
        source: as given.
        is_one: whether it is one file of many recordings.

    Raises:
        Unreadable: there is neither.
    """

    def __init__(self, source: Path | str, *, leads: tuple[str, ...] | None = None, **reading: Any) -> None:
        self.source = Path(source)
        self._leads, self._reading = leads, reading
        self._opened: dict[Path, Container] = {}
        self._files = ExitStack()
        self.is_one = not self.source.is_dir()
        if self.is_one:
            if not self.source.exists():
                raise Unreadable(
                    f"{shown(self.source)}: no such folder or file; name the one that holds the recordings",
                    code="not-found",
                )
            if kind_of(self.source) is None:
                raise Unreadable(
                    f"{shown(self.source)}: neither a folder nor a file of many recordings (HDF5, Parquet, NPY of "
                    "[n, samples, leads], tar, zip); name one",
                    code="unknown-format",
                )

    def opened(self, file: Path) -> Container:
        """A file of many recordings."""
        if file not in self._opened:
            container = open_container(file, leads=self._leads, **self._reading)
            self._opened[file] = self._files.enter_context(container)
        return self._opened[file]

    def read(self, place: Place, leads: tuple[str, ...] = LEADS) -> ECG:
        """A recording; see `twelvelead.read` for what it raises."""
        if isinstance(place, Member):
            return self.opened(place.file).read(place.member, leads=leads)
        return read(place, leads=leads, **self._reading)

    @property
    def variable(self) -> str | None:
        """The option of that name."""
        return self._reading.get("variable")

    @property
    def members(self) -> Iterator[Member]:
        """Of the files of many that were opened, one file after another, each in its order."""
        return (Member(file, member) for file, container in self._opened.items() for member in container)

    @property
    def containers(self) -> list[Container]:
        """The files of many that were opened."""
        return list(self._opened.values())

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._files.close()
