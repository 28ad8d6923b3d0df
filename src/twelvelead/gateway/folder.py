"""A folder that is watched: what is put there is taken once it is whole, and moved away once it is kept."""

import hashlib
import os
import shutil
import time
from collections.abc import Iterator
from pathlib import Path
from typing import NamedTuple

from watchfiles import watch

from twelvelead.errors import TwelveLeadError
from twelvelead.files import read_regular
from twelvelead.gateway.arriving import Full, Inbox
from twelvelead.gateway.dicom_objects import lane_of, study_of
from twelvelead.gateway.metrics import Metrics
from twelvelead.gateway.settings import Folder as FolderSettings
from twelvelead.gateway.state import State
from twelvelead.readers.kinds import kind_of
from twelvelead.readers.recording import LARGEST_FILE
from twelvelead.readers.source import Source
from twelvelead.service.log import event, logger
from twelvelead.service.uploads import Upload, signal_files, upload

PATIENCE_SECONDS = 30.0
"""For which a part of a recording waits for the others: a signal file for its header, a header for its signals."""

_LOOK_MS = 1000
"""After which a folder is looked through though nothing was told: network drives tell nothing."""

_PARTIAL = (".part", ".partial", ".tmp", ".temp", ".crdownload", ".filepart", ".lock", ".swp")
_SYSTEM = ("thumbs.db", "desktop.ini")
_COMPANIONS = (".dat", ".mat")


class _Stand(NamedTuple):
    """How a file stood when it was looked at.

    Attributes:
        size, changed: of it.
        since: when it was first seen so, on the clock of this process.
    """

    size: int
    changed: int
    since: float


class Watched:
    """One watched folder.

    Args:
        settings: of it.
        inbox: where its files go.
        state, metrics: shared by all parts.

    Raises:
        TwelveLeadError: there is no such folder, or nothing can be written in it.
    """

    def __init__(self, settings: FolderSettings, inbox: Inbox, state: State, metrics: Metrics) -> None:
        self._settings, self._inbox, self._state, self._metrics = settings, inbox, state, metrics
        self._seen: dict[Path, _Stand] = {}
        self._stuck: dict[Path, Path] = {}  # dealt with -> where it goes
        self._told = settings.options.model_dump(exclude_defaults=True, exclude={"filename", "identify"})
        self._part = f"folder {settings.path.name}"
        if not settings.path.is_dir():
            raise TwelveLeadError(f"{settings.path}: no such folder; make it, or name another in [[folders]]")
        for folder in (settings.done_folder, settings.failed_folder):
            try:
                folder.mkdir(parents=True, exist_ok=True)
            except OSError as error:
                raise TwelveLeadError(f"{folder}: {error.strerror}; name another in [[folders]]") from None

    def run(self) -> None:
        """Take what comes until the gateway stops."""
        while not self._state.stopping.is_set():
            try:
                for _ in watch(
                    self._settings.path,
                    stop_event=self._state.stopping,
                    rust_timeout=_LOOK_MS,
                    yield_on_timeout=True,
                    debounce=200,
                    ignore_permission_denied=True,
                ):
                    self.look()
            except OSError as error:  # a network drive that is away for a while
                self._state.fail(self._part, f"it cannot be read: {error.strerror or type(error).__name__}")
            except Exception as error:
                logger.error("fault", exc_info=error)
                self._state.fail(self._part, f"a fault of the gateway's own: {type(error).__qualname__}")
            self._state.stopping.wait(2.0)

    def look(self) -> None:
        """Take what is whole."""
        standing = dict(self._standing())
        now = time.monotonic()
        for path, stand in standing.items():
            before = self._seen.get(path)
            if before is not None and before[:2] == stand[:2]:
                standing[path] = before
        self._seen = standing
        settled = {path for path, stand in standing.items() if now - stand.since >= self._settings.settle_seconds}
        taken: set[Path] = set()
        for path in sorted(settled, key=lambda each: (standing[each].changed, each)):
            if path in taken or path in self._stuck:
                continue
            if self._state.stopping.is_set() or not self._has_room():
                return
            parts = self._parts(path, settled, now)
            if parts:
                self._take(parts)
                taken.update(parts)
        self._move_stuck()

    def _has_room(self) -> bool:
        try:
            self._inbox.require_room()
        except Full:
            return False
        return True

    def _standing(self) -> Iterator[tuple[Path, _Stand]]:
        """All files that may be parts of recordings."""
        aside = {self._settings.done_folder.absolute(), self._settings.failed_folder.absolute()}
        now = time.monotonic()
        for place, folders, names in os.walk(self._settings.path):
            here = Path(place)
            folders[:] = [each for each in folders if (here / each).absolute() not in aside and each[0] not in ".~"]
            for name in names:
                lower = name.lower()
                if name[0] in ".~" or lower.endswith(_PARTIAL) or lower in _SYSTEM:
                    continue
                try:
                    status = (here / name).stat()
                except OSError:
                    continue
                yield here / name, _Stand(status.st_size, status.st_mtime_ns, now)

    def _parts(self, path: Path, settled: set[Path], now: float) -> list[Path]:
        """The files of a recording, its header first; none where some are still to come."""
        waited = now - self._seen[path].since >= max(PATIENCE_SECONDS, self._settings.settle_seconds)
        suffix = path.suffix.lower()
        if suffix in _COMPANIONS:
            headers = [path.with_suffix(each) for each in (".hea", ".HEA")]
            if any(header in self._seen for header in headers):
                return []  # comes with its header
            return [path] if waited else []
        if suffix != ".hea":
            return [path]
        try:
            names = signal_files(read_regular(path, LARGEST_FILE))
        except OSError:
            return []
        others = [path.parent / name for name in names]
        if all(other in settled for other in others):
            return [path, *others]
        return [path] if waited else []

    def _take(self, parts: list[Path]) -> None:
        """Keep a recording, and move its files away."""
        sent = _read(parts)
        code = "unreadable" if sent is None else "too-large" if _too_large(sent) else ""
        if sent is not None and not code and kind_of(Source(sent.content, "file" + sent.suffix, sent.beside)) is None:
            code = "unknown-format"
        if sent is None or code:
            self._refuse(parts, sent, code)
            return
        try:
            self._inbox.take(sent, self._told, lane=lane_of(study_of(sent.content)), way="folder")
        except Full:
            return
        self._metrics.arrived("folder", "ok")
        self._put(parts, self._settings.done_folder)

    def _refuse(self, parts: list[Path], sent: Upload | None, code: str) -> None:
        self._metrics.arrived("folder", code)
        self._inbox.list_refused(code, hashlib.sha256(b"").hexdigest() if sent is None else sent.sha256)
        self._put(parts, self._settings.failed_folder)

    def _put(self, parts: list[Path], to: Path) -> None:
        self._stuck |= {path: to / path.relative_to(self._settings.path) for path in parts}

    def _move_stuck(self) -> None:
        """Move what has been dealt with; what cannot be moved stays, and is not taken twice."""
        why = None
        for path, target in list(self._stuck.items()):
            try:
                if path.exists():
                    target.parent.mkdir(parents=True, exist_ok=True)
                    shutil.move(path, _free(target))
                del self._stuck[path]
            except OSError as error:
                why = error.strerror or type(error).__name__
        if why is None:
            self._state.recover(self._part)
        else:
            self._state.fail(self._part, f"files cannot be moved: {why}")


def _read(parts: list[Path]) -> Upload | None:
    """The bytes of a recording; None where the system does not give them."""
    try:
        first, *others = (read_regular(path, LARGEST_FILE) for path in parts)
    except OSError as error:
        event("refused", way="folder", code="unreadable", why=error.strerror)
        return None
    beside = {path.name: content for path, content in zip(parts[1:], others, strict=True)}
    return upload(first, beside, parts[0].suffix)


def _too_large(sent: Upload) -> bool:
    return any(len(content) > LARGEST_FILE for content in (sent.content, *sent.beside.values()))


def _free(path: Path) -> Path:
    """A path that is not there yet."""
    number, found = 1, path
    while found.exists():
        number += 1
        found = path.with_name(f"{path.stem}-{number}{path.suffix}")
    return found
