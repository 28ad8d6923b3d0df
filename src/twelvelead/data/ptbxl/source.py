"""PTB-XL as it lies: a folder as PhysioNet publishes it, or PhysioNet's zip, which is read without unpacking it."""

import os
import zipfile
import zlib
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from errno import ENOENT
from pathlib import Path
from typing import Protocol

from twelvelead.data.ptbxl.release import TABLES
from twelvelead.errors import Unreadable
from twelvelead.readers.wfdb import load_file

ZIP_FAULTS = (zipfile.BadZipFile, zlib.error, EOFError, NotImplementedError, RuntimeError, ValueError)
"""What the standard library raises for a zip that is damaged, encrypted or compressed in an unknown way."""

_LARGEST = 64_000_000
"""Bytes of one file, beyond which a zip lies about what it holds; the largest of the release has 7 million."""


class Source(Protocol):
    """Where the files of a release are read from. Paths of files begin with `name` and a slash."""

    name: str

    def names(self, folders: Iterable[str]) -> set[str]:
        """The files in some folders, relative to the source."""

    def load(self, path: str) -> bytes:
        """The bytes of a file.

        Raises:
            OSError, Unreadable: it is missing or damaged.
        """

    def table(self, name: str) -> Path | zipfile.Path:
        """A file to open as text."""


class Folder:
    """See `Source`."""

    def __init__(self, path: Path) -> None:
        self.name = str(path)
        self._path = path

    def names(self, folders: Iterable[str]) -> set[str]:
        found: set[str] = set()
        for folder in folders:
            if (self._path / folder).is_dir():
                found.update(f"{folder}/{name}".lstrip("/") for name in os.listdir(self._path / folder))  # noqa: PTH208
        return found

    def load(self, path: str) -> bytes:
        return load_file(path)

    def table(self, name: str) -> Path:
        return self._path / name


class Zip:
    """See `Source`. The folder in the zip that holds ptbxl_database.csv stands for the source."""

    def __init__(self, path: Path) -> None:
        self.name = str(path)
        try:
            self.file = zipfile.ZipFile(path)
        except OSError as error:
            raise Unreadable(f"{path}: {error.strerror or error}; check the path") from None
        except ZIP_FAULTS as error:
            raise Unreadable(
                f"{path}: not a whole zip ({error}), as after a download that broke off; fetch it again, or what is "
                "missing of it with: twelvelead ptbxl download DEST --zip"
            ) from None
        roots = [name.removesuffix(TABLES[0]) for name in self.file.namelist() if name.endswith(TABLES[0])]
        if not roots:
            raise Unreadable(f"{path}: holds no {TABLES[0]}; take PhysioNet's zip of PTB-XL")
        self.root = min(roots, key=len)
        self._start = len(self.name) + 1

    def names(self, folders: Iterable[str] = ()) -> set[str]:
        start = len(self.root)
        return {name[start:] for name in self.file.namelist() if name.startswith(self.root) and not name.endswith("/")}

    def load(self, path: str) -> bytes:
        try:
            info = self.file.getinfo(self.root + path[self._start :])
            if info.file_size > _LARGEST:
                raise Unreadable(f"{path}: {info.file_size:,} bytes, which no file of PTB-XL has; fetch the zip again")
            return self.file.read(info)
        except KeyError:
            raise FileNotFoundError(ENOENT, "not in the zip", path) from None
        except (OSError, *ZIP_FAULTS) as error:
            raise Unreadable(f"{path}: damaged in the zip ({error}); fetch the zip again") from None

    def table(self, name: str) -> zipfile.Path:
        return zipfile.Path(self.file, self.root + name)


@contextmanager
def open_source(path: Path | str) -> Iterator[Source]:
    """The folder or zip at `path`.

    Raises:
        Unreadable: there is neither.
    """
    path = Path(path)
    if path.is_dir():
        yield Folder(path)
    elif path.is_file():
        archive = Zip(path)
        with archive.file:
            yield archive
    else:
        raise Unreadable(f"{path}: no such folder; name the one that holds {TABLES[0]}, or PhysioNet's zip")
