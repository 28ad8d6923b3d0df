"""Where a table lies: a folder of this machine, or of an object store behind fsspec."""

import errno
import os
import time
from abc import ABC, abstractmethod
from collections.abc import Iterator
from contextlib import AbstractContextManager, contextmanager, suppress
from pathlib import Path

from twelvelead.archive.addresses import opened, telling
from twelvelead.archive.claims import Claim, claimed
from twelvelead.errors import TwelveLeadError
from twelvelead.files import naming, owning, replacing
from twelvelead.naming import is_url, shown, shown_url

_NO_LINKS = (errno.EPERM, errno.ENOSYS, errno.ENOTSUP, errno.EOPNOTSUPP)
"""What file systems without hard links say."""

SETTLING = 1.0
"""Seconds after which a file that was put is looked at again, where the store itself cannot tell who was first."""


class Place(ABC):
    """A folder of small files, none of them in another folder.

    Attributes:
        shown: what it is called, without credentials.
    """

    shown: str

    @staticmethod
    def of(address: "str | os.PathLike[str] | Place") -> "Place":
        """The place of a path or a URL such as s3://bucket/folder.

        Raises:
            TwelveLeadError: it is a file, or of a kind that is not known.
            MissingExtra: a URL, and what opens it is not installed.
        """
        if isinstance(address, Place):
            return address
        text = os.fspath(address)
        return RemotePlace(text) if is_url(text) else LocalPlace(Path(text.removeprefix("file://")))

    @abstractmethod
    def names(self, prefix: str) -> list[str]:
        """The files whose names begin so, sorted; none where there is no such folder."""

    @abstractmethod
    def read(self, name: str) -> bytes | None:
        """What a file holds; None where there is none."""

    @abstractmethod
    def write(self, name: str, content: bytes) -> None:
        """Put a file there, whole or not at all, in the place of any of that name."""

    @abstractmethod
    def create(self, name: str, content: bytes) -> bool:
        """Put a file there, whole or not at all, if there is none of that name; whether it was so."""

    @abstractmethod
    def remove(self, name: str) -> None:
        """Take a file away, if it is there."""

    @abstractmethod
    def owning(self, what: str) -> AbstractContextManager[Claim]:
        """Own a share of the table while the block runs; whoever else wants to is refused.

        Args:
            what: the share, as files are called after it.

        Raises:
            TwelveLeadError: another process owns it; the text names that process.
        """


class LocalPlace(Place):
    """A folder of this machine, or of a file system that it shares."""

    def __init__(self, folder: Path) -> None:
        if folder.is_file():
            raise TwelveLeadError(f"{shown(folder)}: a file; name a folder, which receives the parts of the table")
        self.folder = folder
        self.shown = shown(folder)

    def names(self, prefix: str) -> list[str]:
        try:
            return sorted(name for name in os.listdir(self.folder) if name.startswith(prefix))  # noqa: PTH208
        except FileNotFoundError:
            return []

    def read(self, name: str) -> bytes | None:
        try:
            return (self.folder / name).read_bytes()
        except FileNotFoundError:
            return None

    def write(self, name: str, content: bytes) -> None:
        with replacing(self.folder / name) as partial:
            partial.write_bytes(content)

    def create(self, name: str, content: bytes) -> bool:
        target = self.folder / name
        self.folder.mkdir(parents=True, exist_ok=True)
        temporary = target.with_name(f".{name}.{os.getpid()}.part")
        try:
            temporary.write_bytes(content)
            try:
                os.link(temporary, target)  # fails where the name is taken, and is whole at once
            except OSError as error:
                if error.errno not in _NO_LINKS:
                    raise
                with target.open("xb") as stream:
                    stream.write(content)
        except FileExistsError:
            return False
        except OSError as error:
            raise naming(error, target) from error
        finally:
            temporary.unlink(missing_ok=True)
        return True

    def remove(self, name: str) -> None:
        (self.folder / name).unlink(missing_ok=True)

    def owning(self, what: str) -> AbstractContextManager[Claim]:
        for leftover in self.names("."):  # of a process that was killed while it wrote
            if what in leftover and leftover.endswith(".part"):
                self.remove(leftover)
        return _locked(self.folder, what)


@contextmanager
def _locked(folder: Path, what: str) -> Iterator[Claim]:
    """By a lock of the system, which ends with the process, however that ends."""
    with owning(folder, f".lock-{what}"):
        yield Claim()


class RemotePlace(Place):
    """A folder behind fsspec. Written for object stores, where what is put is whole or not there."""

    def __init__(self, url: str) -> None:
        self.shown = shown_url(url).rstrip("/")
        self._files, path = opened(url)
        self._folder = path.rstrip("/")

    def _at(self, name: str) -> str:
        return f"{self._folder}/{name}"

    def names(self, prefix: str) -> list[str]:
        with telling(self.shown, "listed"):
            self._files.invalidate_cache()
            try:
                found = self._files.ls(self._folder, detail=False)
            except FileNotFoundError:
                return []
        names = (str(path).rstrip("/").rpartition("/")[2] for path in found)
        return sorted(name for name in names if name.startswith(prefix))

    def read(self, name: str) -> bytes | None:
        with telling(self.shown, "read"):
            try:
                content: bytes = self._files.cat_file(self._at(name), start=0)
            except FileNotFoundError:
                return None
            return content

    def write(self, name: str, content: bytes) -> None:
        with telling(self.shown, "written"):
            self._files.pipe_file(self._at(name), content)

    def create(self, name: str, content: bytes) -> bool:
        with telling(self.shown, "written"):
            try:
                self._files.pipe_file(self._at(name), content, mode="create")
            except FileExistsError:
                return False
            except OSError as error:
                if error.errno != errno.ENOSYS:
                    raise
                return self._create_and_see(name, content)
            return True

    def _create_and_see(self, name: str, content: bytes) -> bool:
        """For a store that puts on no condition, such as Swift: who comes second within `SETTLING` wins."""
        if self.read(name) is not None:
            return False
        self._files.pipe_file(self._at(name), content)
        time.sleep(SETTLING)
        return self.read(name) == content

    def remove(self, name: str) -> None:
        with telling(self.shown, "written"), suppress(FileNotFoundError):
            self._files.rm_file(self._at(name))

    def owning(self, what: str) -> AbstractContextManager[Claim]:
        return claimed(self, what)
