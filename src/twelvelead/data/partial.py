"""A folder that is there whole or not at all."""

import os
import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from secrets import token_hex

from twelvelead.errors import TwelveLeadError
from twelvelead.files import lock_folder


@contextmanager
def partial_folder(path: Path) -> Iterator[Path]:
    """A temporary folder beside `path` that takes its place when the block ends well and vanishes when it does not.

    What earlier processes left when they were killed is removed first. A process holds a lock on its temporary folder,
    which the system lets go when the process dies, so that the folder of a live one is left alone.

    Raises:
        TwelveLeadError: the folder cannot be made or filled (disk full, no permission).
    """
    path = path.resolve()
    folder: Path | None = None
    lock: int | None = None
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        for leftover in leftovers(path):
            dead = lock_folder(leftover)
            if dead is not None:
                shutil.rmtree(leftover, ignore_errors=True)
                os.close(dead)
        folder = path.with_name(f".{path.name}.{token_hex(4)}.partial")
        folder.mkdir()
        lock = lock_folder(folder)
        yield folder
        _sync(folder)
        if path.exists():
            aside = folder.with_suffix(".old.partial")
            path.rename(aside)
            folder.rename(path)
            shutil.rmtree(aside, ignore_errors=True)
        else:
            folder.rename(path)
    except OSError as error:
        raise TwelveLeadError(
            f"{path}: cannot be written ({error.strerror or error}); free some space or name a folder elsewhere"
        ) from error
    finally:
        if folder is not None:
            shutil.rmtree(folder, ignore_errors=True)
        if lock is not None:
            os.close(lock)


def leftovers(path: Path) -> list[Path]:
    """Temporary folders for `path` whose process ended before it was finished, or is still at work."""
    path = path.resolve()
    if not path.parent.is_dir():
        return []
    return [
        other
        for other in path.parent.iterdir()
        if other.name.startswith(f".{path.name}.") and other.suffix == ".partial"
    ]


def begin_writing(descriptor: int, start: int, length: int) -> None:
    """Has the system begin to write a part of a file to the disk, without waiting for it; where it knows no such
    request, nothing happens."""
    if hasattr(os, "posix_fadvise"):
        # "Not needed soon" makes Linux start to write dirty pages; those stay in its cache until they are written.
        os.posix_fadvise(descriptor, start, length, os.POSIX_FADV_DONTNEED)


def _sync(folder: Path) -> None:
    """Makes the files durable before the folder gets its name, so that a power cut cannot leave a store with holes."""
    for file in folder.rglob("*"):
        if file.is_file():
            with file.open("rb+") as stream:
                os.fsync(stream.fileno())
