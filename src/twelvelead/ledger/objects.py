"""Bytes under their SHA-256, each once: whole and on the disk before anything refers to them.

    objects/9f/86/9f86…           what is referred to
    arriving/PROCESS/9f86….TOKEN  what is coming or going while a transaction lasts

A process that is killed leaves files in its folder under `arriving`. Whether the database refers to them says what
becomes of each, when the next process opens the ledger.
"""

import hashlib
import os
import secrets
from collections.abc import Iterable
from contextlib import suppress
from dataclasses import dataclass, field
from pathlib import Path

from sqlalchemy import Connection, insert, select

from twelvelead.errors import TwelveLeadError, Unreadable
from twelvelead.files import lock_folder
from twelvelead.ledger import schema
from twelvelead.ledger.folder import private_folder, sync_folder, write_private

_COLUMN = schema.objects.c


def is_kept(connection: Connection, sha256: str) -> bool:
    """Whether the database refers to these bytes."""
    return connection.scalar(select(_COLUMN.sha256).where(_COLUMN.sha256 == sha256)) is not None


@dataclass(frozen=True)
class Arrivals:
    """Bytes on the disk that a transaction may refer to.

    Attributes:
        objects: that they are among.
        there: SHA-256 -> size and file under `arriving`.
        referred: those that the transaction refers to.
    """

    objects: "Objects"
    there: dict[str, tuple[int, Path]] = field(default_factory=dict)
    referred: set[str] = field(default_factory=set)

    def refer(self, connection: Connection, sha256: str) -> None:
        """Enter bytes in the database, unless it has them.

        Raises:
            ValueError: they were not given to `Ledger.begin`, and are not kept either.
        """
        self.referred.add(sha256)
        if is_kept(connection, sha256):
            return
        if sha256 not in self.there:
            raise ValueError("the bytes were not given to `Ledger.begin`")
        size, arrived = self.there[sha256]
        if not self.objects.path(sha256).exists():  # a purge may have come between
            self.objects.place(sha256, arrived)
        connection.execute(insert(schema.objects).values(sha256=sha256, size=size))


class Objects:
    """The files of a ledger's folder.

    Args:
        folder: of the ledger; there already.
    """

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self._arriving = folder / "arriving" / secrets.token_hex(8)
        self._lock: int | None = None

    def path(self, sha256: str) -> Path:
        """Where bytes are kept."""
        return self.folder / "objects" / sha256[:2] / sha256[2:4] / sha256

    def content(self, sha256: str) -> bytes:
        """The bytes of a hash.

        Raises:
            Unreadable: they are not there, or are not what they were.
        """
        path = self.path(sha256)
        try:
            content = path.read_bytes()
        except OSError as error:
            raise Unreadable(f"{path}: {error.strerror}; restore a backup", code="not-found") from None
        if hashlib.sha256(content).hexdigest() != sha256:
            raise Unreadable(f"{path}: the bytes are not those that were kept; restore a backup", code="damaged")
        return content

    def open(self, connection: Connection) -> None:
        """Settle what killed processes left, and begin. Only within a transaction that writes."""
        for folder in (self.folder / "objects", self.folder / "arriving"):
            private_folder(folder)
        for left in (self.folder / "arriving").iterdir():
            with suppress(FileNotFoundError):  # its process ends at this moment, and removes it
                self._settle_all(connection, left)
        private_folder(self._arriving)
        self._lock = lock_folder(self._arriving)

    def _settle_all(self, connection: Connection, left: Path) -> None:
        lock = lock_folder(left)
        if lock is None:
            return
        try:
            self.settle(connection, list(left.iterdir()))
            left.rmdir()
        finally:
            os.close(lock)

    def close(self) -> None:
        """End; nothing is left under `arriving`."""
        with suppress(OSError):
            self._arriving.rmdir()
        if self._lock is not None:
            os.close(self._lock)
            self._lock = None

    def arrive(self, contents: Iterable[bytes], arrivals: Arrivals) -> None:
        """Write bytes and place them, synced. Whatever happens, `arrivals` says what has to be settled.

        Raises:
            TwelveLeadError: the disk does not take them, code "not-writable".
        """
        try:
            for content in contents:
                sha256 = hashlib.sha256(content).hexdigest()
                if sha256 not in arrivals.there:
                    path = self._arriving / f"{sha256}.{secrets.token_hex(8)}"
                    arrivals.there[sha256] = (len(content), path)
                    write_private(path, content)
                    self.place(sha256, path)
        except OSError as error:
            raise TwelveLeadError(
                f"{self.folder}: {error.strerror or error}; make room or mend the disk", code="not-writable"
            ) from None

    def place(self, sha256: str, arrived: Path) -> None:
        """Make sure that bytes are under their hash, synced, by a second name of a file under `arriving`."""
        path = self.path(sha256)
        private_folder(path.parent.parent)
        private_folder(path.parent)
        with suppress(FileExistsError):
            os.link(arrived, path)
        sync_folder(path.parent)

    def take_out(self, sha256: str) -> Path:
        """Move bytes that nothing refers to any more to `arriving`; `settle` ends or undoes it.

        Returns:
            Where they are now.
        """
        gone = self._arriving / f"{sha256}.{secrets.token_hex(8)}"
        with suppress(FileNotFoundError):
            self.path(sha256).replace(gone)
            sync_folder(self.path(sha256).parent)
        return gone

    def settle(self, connection: Connection, arrived: Iterable[Path]) -> None:
        """Keep what the database refers to, remove what it does not. Only within a transaction that writes."""
        for path in arrived:
            sha256 = path.name.partition(".")[0]
            if is_kept(connection, sha256):
                if not self.path(sha256).exists() and _is_whole(path, sha256):
                    self.place(sha256, path)
            else:
                self.path(sha256).unlink(missing_ok=True)
            path.unlink(missing_ok=True)

    def withdraw(self, arrived: Iterable[Path]) -> None:
        """Remove bytes that came for a ledger which was not made."""
        for path in arrived:
            self.path(path.name.partition(".")[0]).unlink(missing_ok=True)
            path.unlink(missing_ok=True)

    def forget(self, arrived: Iterable[Path]) -> None:
        """Remove files under `arriving` whose bytes are kept, or never were."""
        for path in arrived:
            path.unlink(missing_ok=True)


def _is_whole(path: Path, sha256: str) -> bool:
    with suppress(FileNotFoundError):
        return hashlib.sha256(path.read_bytes()).hexdigest() == sha256
    return False
