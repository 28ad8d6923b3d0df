"""Recordings that are files in an archive: names inside it are identifiers, nothing is unpacked to disk."""

from abc import abstractmethod
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping
from pathlib import Path
from typing import NamedTuple

from twelvelead.data.containers.container import Container, Origin, called
from twelvelead.data.containers.stated import Stated
from twelvelead.ecg.record import ECG
from twelvelead.errors import Unreadable
from twelvelead.readers import read
from twelvelead.readers.find import COMPANIONS, SUFFIXES, kind_in_words
from twelvelead.readers.kinds import kind_of
from twelvelead.readers.recording import LARGEST_FILE, BadFile
from twelvelead.readers.source import START, Source

HEADER = ".hea"


class Held(NamedTuple):
    """A file in an archive.

    Attributes:
        name: as the archive has it.
        start: its first bytes; None where its name alone tells what it is.
    """

    name: str
    start: bytes | None


class Files(Container):
    """Recordings that are files in an archive. A WFDB record is one, under the name of its header.

    Args:
        origin: of the archive.
        held: what it holds, in its order; of two files of one name the later counts, as when they are unpacked.
        given: how they are read.

    Raises:
        Unreadable: it holds no recording.
    """

    def __init__(self, origin: Origin, held: Iterable[Held], given: Stated) -> None:
        names: dict[str, str | None] = {}
        passed_over: Counter[str] = Counter()
        for one in held:
            if _is_hidden(one.name):
                passed_over["hidden"] += 1
                continue
            names.pop(one.name, None)
            names[one.name] = _other(one)
        members = []
        for name, other in names.items():
            if _suffix(name) in COMPANIONS and f"{name[: -len(_suffix(name))]}{HEADER}" in names:
                continue
            if other is None:
                members.append(name)
            else:
                passed_over[other] += 1
        if not members:
            kinds = ", ".join(f"{count:,} {kind}" for kind, count in sorted(passed_over.items())) or "no file"
            raise Unreadable(f"{called(origin)}: holds no recording ({kinds}); unpack it", code="not-found")
        super().__init__(origin, members, passed_over)
        self._reading = {
            "sampling_rate": given.sampling_rate,
            "unit": given.unit,
            "scale": given.scale,
            "variable": given.variable,
            "time_unit": given.time_unit,
        }

    def find(self, text: str) -> str | None:
        """The member that a table means: its name, or of a WFDB record its signal file or the bare name."""
        suffix = _suffix(text)
        bare = text[: -len(suffix)] if suffix in COMPANIONS else text
        return next((name for name in (text, f"{text}{HEADER}", f"{bare}{HEADER}") if name in self._places), None)

    def _read(self, place: int, name: str, leads: tuple[str, ...] | None) -> ECG:
        member = self.members[place]
        try:
            content = self._content(member)
            beside = _Beside(self, member.rpartition("/")[0]) if _suffix(member) == HEADER else {}
            return read(content, leads=leads, name=name, beside=beside, **self._reading)  # type: ignore[arg-type]
        except BadFile as fault:
            raise Unreadable(f"{name}: {fault}", code=fault.code) from None

    @abstractmethod
    def _content(self, member: str) -> bytes:
        """The bytes of a file of the archive, at most `LARGEST_FILE`.

        Raises:
            KeyError: it holds no such file.
            BadFile: they are more, or damaged.
        """


class _Beside(Mapping[str, bytes]):
    """What lies in one folder of an archive: name -> bytes."""

    def __init__(self, files: Files, folder: str) -> None:
        self._files, self._folder = files, f"{folder}/" if folder else ""

    def __getitem__(self, name: str) -> bytes:
        return self._files._content(f"{self._folder}{name}")

    def __iter__(self) -> Iterator[str]:
        return (name.removeprefix(self._folder) for name in self._files if name.startswith(self._folder))

    def __len__(self) -> int:
        return len(self._files)


def require_size(size: int) -> None:
    """See that a file of an archive is not larger than is read at once.

    Raises:
        BadFile: it is.
    """
    if size > LARGEST_FILE:
        raise BadFile(
            f"more than the {LARGEST_FILE:,} bytes that are read at once; export a shorter recording", code="too-large"
        )


def tells_by_name(name: str) -> bool:
    """Whether the name alone tells whether a file is a recording or a part of one."""
    return _suffix(name) in (*SUFFIXES, *COMPANIONS)


def _is_hidden(name: str) -> bool:
    return any((part.startswith(".") and part.strip(".")) or part == "__MACOSX" for part in name.split("/"))


def _other(held: Held) -> str | None:
    """What a file is that is no recording; None of a recording."""
    suffix = _suffix(held.name)
    if suffix in SUFFIXES:
        return None
    source = Source((held.start or b"")[:START], held.name)
    kind = kind_of(source)
    if kind is None or kind.module == "wfdb":
        return kind_in_words(Path(held.name), source.start)
    return None


def _suffix(name: str) -> str:
    base = name.rpartition("/")[2]
    dot = base.rfind(".")
    return base[dot:].lower() if dot > 0 else ""
