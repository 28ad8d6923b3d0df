"""Folders and patterns become the recordings in them."""

import glob
import os
import re
from collections import Counter
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from pathlib import Path

from twelvelead.errors import Unreadable
from twelvelead.naming import shown
from twelvelead.readers.kinds import foreign, kind_of
from twelvelead.readers.recording import BadFile
from twelvelead.readers.source import Source

SUFFIXES = (".hea", ".npy", ".dcm", ".scp", ".edf", ".bdf")
"""Told by their name alone: opening each of 100,000 files takes longer than listing them."""

COMPANIONS = (".dat", ".mat")
"""Signal files, beside a header of the same name."""
_PATTERN = "*?["
_KIND = re.compile(r"\.[a-z0-9]{1,6}")
"""A suffix that tells the kind of a file; a longer one may be anything, a name too."""


@dataclass
class Found:
    """What files, folders and patterns mean.

    Attributes:
        files: the recordings in the order asked for, within a folder or pattern sorted by path, none twice.
        passed_over: kind -> how many files of it were no recordings: a suffix, or what a file is.
        faults: folders that cannot be opened, folders and patterns without a recording.
    """

    files: list[Path] = field(default_factory=list)
    passed_over: Counter[str] = field(default_factory=Counter)
    faults: list[Unreadable] = field(default_factory=list)

    def passed_over_in_words(self) -> str:
        """As in "3 files are no recordings: 2 .pdf, 1 .txt"; nothing where there are none."""
        total = self.passed_over.total()
        if not total:
            return ""
        kinds = ", ".join(f"{count:,} {kind}" for kind, count in sorted(self.passed_over.items()))
        return f"{total:,} {'file is no recording' if total == 1 else 'files are no recordings'}: {kinds}"


def recordings(paths: Iterable[str | os.PathLike[str]]) -> Found:
    """The recordings that files, folders and patterns mean.

    A file is taken as it is named, existing or not; `twelvelead.readers.read` says what is wrong with it. Folders are
    searched to the bottom, hidden files and folders left out, and a pattern such as "ecgs/**/*.xml" is expanded; of
    what they hold, files that start like a recording are taken, the parts of a WFDB record once, by its header.

    Args:
        paths: of files and folders, and patterns with *, ? or [].
    """
    found = Found()
    found.files = list(dict.fromkeys(each_recording(paths, found)))
    return found


def each_recording(paths: Iterable[str | os.PathLike[str]], found: Found) -> Iterator[Path]:
    """The recordings of `recordings`, one after another, so that the files of no more than a folder are held. One that
    is asked for twice comes twice.

    Args:
        paths: see `recordings`.
        found: gets what is passed over and the faults, on the way.
    """
    for path in map(Path, paths):
        name = str(path)
        if path.is_dir():
            what, members = "a folder", _folder(path, found)
        elif any(sign in name for sign in _PATTERN) and not path.exists():
            what, members = "a pattern", _matches(name, found)
        else:
            yield path
            continue
        faults, held = len(found.faults), False
        for member in members:
            if _is_recording(member, found.passed_over):
                held = True
                yield member
        if not held and len(found.faults) == faults:
            found.faults.append(
                Unreadable(f"{shown(path)}: {what} without a recording; check the path", code="not-found")
            )


def _folder(folder: Path, found: Found) -> Iterator[Path]:
    """All files below a folder that are not hidden, sorted; links to folders are not followed."""
    below = [iter(_visible(folder, found))]
    while below:
        entry = next(below[-1], None)
        if entry is None:
            below.pop()
        elif not entry.is_dir():
            yield Path(entry.path)
        elif not entry.is_symlink():
            below.append(iter(_visible(entry.path, found)))


def _visible(folder: str | Path, found: Found) -> list[os.DirEntry[str]]:
    """What a folder holds that is not hidden, sorted."""
    try:
        with os.scandir(folder) as entries:
            all_of_it = list(entries)
    except OSError as error:
        text = f"{shown(error.filename or folder)}: {error.strerror}; check the permissions of the folder"
        found.faults.append(Unreadable(text, code="not-found"))
        return []
    visible = sorted((entry for entry in all_of_it if not entry.name.startswith(".")), key=lambda entry: entry.name)
    if len(visible) < len(all_of_it):
        found.passed_over["hidden"] += len(all_of_it) - len(visible)
    return visible


def _matches(pattern: str, found: Found) -> Iterator[Path]:
    seen: set[Path] = set()
    for match in sorted(glob.glob(pattern, recursive=True)):  # noqa: PTH207 - a pattern may start anywhere
        path = Path(match)
        for file in _folder(path, found) if path.is_dir() else (path,):
            if file not in seen:
                seen.add(file)
                yield file


def _is_recording(file: Path, passed_over: Counter[str]) -> bool:
    """Whether a file is a recording; if it is neither that nor a part of one, it is counted."""
    suffix = file.suffix.lower()
    if suffix in SUFFIXES:
        return True
    if suffix in COMPANIONS and file.with_suffix(".hea").exists():
        return False
    if not file.is_file() and file.exists():
        passed_over["pipe, device or socket"] += 1
        return False
    source = Source(file)
    try:
        kind = kind_of(source)
        start = source.start
    except (OSError, BadFile):
        return True  # reading it says why it cannot be
    if kind is None or file.name == "DICOMDIR":
        passed_over[kind_in_words(file, start)] += 1
        return False
    return kind.module != "wfdb"


def kind_in_words(file: Path, start: bytes) -> str:
    """What a file is that is no recording: its suffix, or what it begins like."""
    if file.name == "DICOMDIR":
        return "DICOMDIR"
    suffix = file.suffix.lower()
    if _KIND.fullmatch(suffix):
        return suffix
    what = foreign(start)
    return what.partition(",")[0].partition(";")[0].removeprefix("a ") if what else "without a suffix"
