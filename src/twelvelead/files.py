"""Files that are whole or not there, and folders that one process at a time writes into."""

import errno
import os
import socket
import stat
import sys
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

from twelvelead.errors import TwelveLeadError

LOCK = ".lock"
"""File of a folder that a process owns; one that a killed process left has no meaning."""


_READ = os.O_RDONLY | getattr(os, "O_BINARY", 0) | getattr(os, "O_NONBLOCK", 0) | getattr(os, "O_NOCTTY", 0)
_AT_ONCE = 1 << 24


def open_regular(path: str | os.PathLike[str]) -> tuple[int, int]:
    """A descriptor of a regular file for reading, and its size in bytes; without blocking, whatever it is.

    Raises:
        OSError: there is none, it cannot be read, or it is a folder, a pipe, a device or a socket.
    """
    descriptor = os.open(path, _READ)
    try:
        status = os.fstat(descriptor)
        if not stat.S_ISREG(status.st_mode):
            if stat.S_ISDIR(status.st_mode):
                raise IsADirectoryError(errno.EISDIR, os.strerror(errno.EISDIR))
            raise OSError(errno.EINVAL, "a pipe, a device or a socket, and no regular file")
    except BaseException:
        os.close(descriptor)
        raise
    return descriptor, status.st_size


def read_regular(path: str | os.PathLike[str], most: int) -> bytes:
    """The bytes of a regular file; half the price of opening it as a Python stream.

    Args:
        path: of the file.
        most: bytes that are read; of a larger file, so many and one more.

    Raises:
        OSError: as `open_regular`.
    """
    descriptor, size = open_regular(path)
    try:
        wanted = min(size, most + 1)
        content = os.read(descriptor, min(wanted, _AT_ONCE))
        while len(content) < wanted and (more := os.read(descriptor, wanted - len(content))):
            content += more
        return content
    finally:
        os.close(descriptor)


@contextmanager
def replacing(path: str | os.PathLike[str]) -> Iterator[Path]:
    """A path beside `path` to write to; it takes the place of `path` when the block ends well, else it is removed.

    Raises:
        OSError: it cannot be written; of all such errors this one names the file.
    """
    target = Path(path)
    target.parent.mkdir(parents=True, exist_ok=True)
    temporary = target.with_name(f".{target.name}.{os.getpid()}.part")
    try:
        yield temporary
        temporary.replace(target)
    except OSError as error:
        raise naming(error, target) from error
    finally:
        temporary.unlink(missing_ok=True)


def naming(error: OSError, path: str | os.PathLike[str]) -> OSError:
    """The error with the file that it is of: what a full disk gives to a stream that writes has none."""
    if error.filename is not None or error.errno is None:
        return error
    return type(error)(error.errno, os.strerror(error.errno), os.fspath(path))  # libraries have words of their own


@contextmanager
def owning(folder: Path, name: str = LOCK) -> Iterator[None]:
    """Own a folder, or a share of one, while the block runs: whoever else wants to is refused.

    The system lets the lock go when the process ends, however it ends. A file system without locks guards nothing.

    Args:
        folder: made where it is not there.
        name: of the file that holds the lock; each share of a folder has one of its own.

    Raises:
        TwelveLeadError: another process owns it; the text names that process.
    """
    folder.mkdir(parents=True, exist_ok=True)
    path = folder / name
    descriptor = _lock_file(path)
    try:
        os.ftruncate(descriptor, 0)
        os.pwrite(descriptor, f"process {os.getpid()} on {socket.gethostname()}\n".encode(), 0)
        yield
    finally:
        path.unlink(missing_ok=True)
        os.close(descriptor)


def _lock_file(path: Path) -> int:
    """A descriptor of the file that holds its lock."""
    while True:
        descriptor = os.open(path, os.O_RDWR | os.O_CREAT, 0o644)
        if not _locked(descriptor):
            owner = os.read(descriptor, 200).decode("utf-8", "replace").strip() or "another process"
            os.close(descriptor)
            raise TwelveLeadError(
                f"{path.parent}: {owner} is at work there; wait until it ends, or name another folder"
            )
        # its last owner may have removed it between our opening and our lock
        with suppress(FileNotFoundError):
            if os.path.samestat(os.fstat(descriptor), path.stat()):
                return descriptor
        os.close(descriptor)


def lock_folder(folder: Path) -> int | None:
    """Take the lock of a folder without leaving a file in it: a descriptor that holds it until closed; None where
    another process has it, or where the system knows no such locks."""
    if sys.platform == "win32":
        return None
    descriptor = os.open(folder, os.O_RDONLY)
    if _locked(descriptor, unknown=False):
        return descriptor
    os.close(descriptor)
    return None


def _locked(descriptor: int, *, unknown: bool = True) -> bool:
    """Whether the lock is ours now; `unknown` where the system or the file system knows no locks."""
    if sys.platform == "win32":
        return unknown
    import fcntl

    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        return False
    except OSError:
        return unknown
    return True
