"""Folders and patterns become the recordings in them."""

import glob
import os
from collections.abc import Iterable
from pathlib import Path

from twelvelead.errors import Unreadable
from twelvelead.readers.kinds import kind_of
from twelvelead.readers.recording import Fault
from twelvelead.readers.source import Source

_SUFFIXES = (".hea", ".npy", ".dcm", ".scp", ".edf", ".bdf")
"""Told by their name alone: opening each of 100,000 files takes longer than listing them."""

_COMPANIONS = (".dat", ".mat")
_PATTERN = "*?["


def recordings(paths: Iterable[str | os.PathLike[str]]) -> tuple[list[Path], list[Unreadable]]:
    """The recordings that files, folders and patterns mean.

    A file is taken as it is named, existing or not; `twelvelead.readers.read` says what is wrong with it. Folders are
    searched to the bottom, hidden files and folders left out, and a pattern such as "ecgs/**/*.xml" is expanded; of
    what they hold, files that start like a recording are taken, the parts of a WFDB record once, by its header.

    Args:
        paths: of files and folders, and patterns with *, ? or [].

    Returns:
        The recordings in the order of `paths`, within a folder or pattern sorted by path, none twice; and what is
        wrong: folders that cannot be opened, folders and patterns without a recording.
    """
    found: dict[Path, None] = {}
    faults: list[Unreadable] = []
    for path in map(Path, paths):
        name = str(path)
        if path.is_dir():
            members = _folder(path, faults)
            what = "a folder"
        elif any(sign in name for sign in _PATTERN) and not path.exists():
            members = _matches(name, faults)
            what = "a pattern"
        else:
            found[path] = None
            continue
        before = len(faults)
        held = [member for member in members if _is_recording(member)]
        if not held and len(faults) == before and not any(name in str(fault) for fault in faults):
            faults.append(Unreadable(f"{name}: {what} without a recording; check the path"))
        found.update(dict.fromkeys(held))
    return list(found), faults


def _folder(folder: Path, faults: list[Unreadable]) -> list[Path]:
    """All files below a folder that are not hidden, sorted."""
    files: list[Path] = []

    def unreadable(error: OSError) -> None:
        faults.append(Unreadable(f"{error.filename}: {error.strerror}; check the permissions of the folder"))

    for place, folders, names in os.walk(folder, onerror=unreadable):
        folders[:] = sorted(name for name in folders if not name.startswith("."))
        files.extend(Path(place, name) for name in sorted(names) if not name.startswith("."))
    return sorted(files)


def _matches(pattern: str, faults: list[Unreadable]) -> list[Path]:
    files: dict[Path, None] = {}
    for match in sorted(glob.glob(pattern, recursive=True)):  # noqa: PTH207 - a pattern may start anywhere
        path = Path(match)
        files.update(dict.fromkeys(_folder(path, faults) if path.is_dir() else [path]))
    return list(files)


def _is_recording(file: Path) -> bool:
    suffix = file.suffix.lower()
    if suffix in _SUFFIXES:
        return True
    if suffix in _COMPANIONS and file.with_suffix(".hea").exists():
        return False
    try:
        kind = kind_of(Source(file))
    except (OSError, Fault):
        return True  # reading it says why it cannot be
    return kind is not None and kind.module != "wfdb" and file.name != "DICOMDIR"
