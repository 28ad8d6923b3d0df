"""The folder of a ledger: for its user alone, and on the disk when it is said to be."""

import os
import sys
from contextlib import suppress
from pathlib import Path

from twelvelead.errors import TwelveLeadError


def default_folder() -> Path:
    """Where a ledger is kept unless another folder is named: "twelvelead" in the user's folder of data."""
    if sys.platform == "win32":
        return Path(os.environ.get("LOCALAPPDATA") or Path.home()) / "twelvelead"
    return Path(os.environ.get("XDG_DATA_HOME") or Path.home() / ".local" / "share") / "twelvelead"


def own_folder(folder: Path | None) -> Path:
    """The folder of a ledger, made where it is not there, that nobody else can look into.

    Args:
        folder: as it was given; `default_folder()` where None.

    Raises:
        TwelveLeadError: it cannot be written (code "not-writable"), or holds something already and others can look
            into it.
    """
    folder = default_folder() if folder is None else Path(folder).absolute()
    try:
        folder.parent.mkdir(parents=True, exist_ok=True)
        private_folder(folder)
        if not any(folder.iterdir()):
            folder.chmod(0o700)
        others = folder.stat().st_mode & 0o077
    except OSError as error:
        raise TwelveLeadError(
            f"{folder}: {error.strerror}; name a folder that can be written", code="not-writable"
        ) from None
    if others and sys.platform != "win32":
        raise TwelveLeadError(f"{folder}: others can look into it; chmod 700, or name another folder")
    return folder


def private_folder(folder: Path) -> None:
    """Make a folder that nobody else can look into, and remember on the disk that it is there."""
    with suppress(FileExistsError):
        folder.mkdir(mode=0o700)
        sync_folder(folder.parent)


def write_private(path: Path, content: bytes) -> None:
    """Write a new file that nobody else can read, and wait until the disk has it."""
    descriptor = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL | getattr(os, "O_BINARY", 0), 0o600)
    with os.fdopen(descriptor, "wb") as stream:
        stream.write(content)
        stream.flush()
        os.fsync(descriptor)


def sync_folder(folder: Path) -> None:
    """Wait until the disk has the names in a folder; Windows does that by itself."""
    if sys.platform == "win32":
        return
    descriptor = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)
