"""PTB-XL from PhysioNet, file by file: what is whole is not fetched again, what arrives is verified."""

import hashlib
import os
import shutil
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from threading import Event, Lock

from twelvelead.data.ptbxl.release import BASE_URL, SUMS, Rate, of_rates, read_sums, require_url, room
from twelvelead.data.ptbxl.source import Folder
from twelvelead.data.ptbxl.threads import in_threads
from twelvelead.data.ptbxl.transport import Stopped, Transport
from twelvelead.data.ptbxl.verify import find_faults
from twelvelead.errors import TwelveLeadError
from twelvelead.files import lock_folder, replacing
from twelvelead.progress import Progress, silent

CONNECTIONS = 16
TIMEOUT = 30.0
ATTEMPTS = 8
_FETCHES = 4
"""How often a file that arrives damaged is fetched before it is given up."""
_HOPELESS = 50
"""Files given up in a row, after which the rest is not tried."""

Consent = Callable[[int, int], bool]
"""Asked with the bytes that are needed and the bytes that are free, where the first are more; whether to go on."""


@dataclass(frozen=True)
class Downloaded:
    """What came of it.

    Attributes:
        files: how many belong to what was asked for; all are there and verified.
        fetched: how many of them had to be fetched.
    """

    files: int
    fetched: int


def refuse(needed: int, free: int) -> bool:
    """Never goes on."""
    return False


def download(
    dest: Path | str,
    rates: Sequence[Rate] = (100,),
    *,
    base_url: str = BASE_URL,
    progress: Progress = silent,
    consent: Consent = refuse,
    connections: int = CONNECTIONS,
    timeout: float = TIMEOUT,
    attempts: int = ATTEMPTS,
) -> Downloaded:
    """Fetches the release's files into a folder and verifies each against SHA256SUMS.txt.

    A file is there whole or not at all, so that after an interruption, or with a copy that came by other means, the
    same call fetches only what is missing or differs from the published bytes.

    Args:
        dest: the folder.
        rates: the sampling rates whose records are wanted, in Hz.
        base_url: the release's folder.
        progress: told the files done and the bytes so far.
        consent: see `Consent`.
        connections: at once.
        timeout: seconds without a byte after which a request is tried again.
        attempts: retries of a request that fails or meets a busy server.

    Raises:
        TwelveLeadError: the address is wrong, the network fails, there is no room or no consent to use it, or files
            stay damaged (they are named); what has arrived stays.
        Unreadable: the address holds another release.
    """
    base_url = require_url(base_url)
    dest = Path(dest)
    stop = Event()
    tally = Tally(progress)
    transport = Transport(
        base_url, connections=connections, timeout=timeout, attempts=attempts, stop=stop, waiting=tally.wait
    )
    content = transport.get(base_url + SUMS)
    sums = read_sums(content, base_url + SUMS)
    files = of_rates(sums, rates)
    with at_work(dest):
        missing = (
            list(find_faults(Folder(dest), {file: sums[file] for file in files}, progress)) if any_file(dest) else files
        )
        require_room(dest, room(missing), consent)
        for folder in {file.rpartition("/")[0] for file in missing}:
            (dest / folder).mkdir(parents=True, exist_ok=True)
        _write(dest / SUMS, content)
        tally.total = len(missing)
        faults: dict[str, str] = {}

        def fetch(file: str) -> None:
            try:
                content = _whole(transport, base_url + file, sums[file])
            except TwelveLeadError as error:
                faults[file] = str(error)
                tally.failed()
                return
            if stop.is_set():
                raise Stopped
            _write(dest / file, content)
            tally.add(len(content))

        in_threads(fetch, missing, threads=connections, stop=stop, tick=tally.tick)
    if faults:
        raise TwelveLeadError(
            f"{dest}: {len(missing) - tally.done:,} of {len(files):,} files could not be fetched; the first: "
            f"{faults[min(faults)]}"
        )
    return Downloaded(len(files), len(missing))


class Tally:
    """What has arrived so far, counted by many threads and shown by one.

    Args:
        progress: told the files done and the bytes so far.
    """

    def __init__(self, progress: Progress) -> None:
        self.done = self.total = self.size = 0
        self._in_a_row = 0
        self._until = 0.0
        self._lock = Lock()
        self._progress = progress

    def add(self, size: int) -> None:
        with self._lock:
            self.done += 1
            self.size += size
            self._in_a_row = 0

    def failed(self) -> None:
        with self._lock:
            self._in_a_row += 1
            if self._in_a_row >= _HOPELESS:
                raise Stopped

    def wait(self, seconds: float) -> None:
        self._until = time.monotonic() + seconds

    def tick(self) -> None:
        left = self._until - time.monotonic()
        what = f"fetching (busy server: waits {left:.0f} s)" if left > 0.5 else "fetching"
        self._progress(what, self.done, self.total, self.size)


def _whole(transport: Transport, url: str, digest: str) -> bytes:
    for _ in range(_FETCHES):
        content = transport.get(url)
        if hashlib.sha256(content).hexdigest() == digest:
            return content
    raise TwelveLeadError(
        f"{url}: arrived {_FETCHES} times with other bytes than {SUMS} states; run it again later or elsewhere"
    )


def _write(path: Path, content: bytes) -> None:
    with replacing(path) as part:
        part.write_bytes(content)


@contextmanager
def at_work(dest: Path) -> Iterator[None]:
    """Holds a folder for this process, clears what a killed one left half-written, and names its faults.

    Raises:
        TwelveLeadError: another process downloads into it, or it cannot be written.
    """
    lock = None
    try:
        dest.mkdir(parents=True, exist_ok=True)
        lock = lock_folder(dest)
        if lock is None and os.name == "posix":
            raise TwelveLeadError(f"{dest}: another download into it is under way; wait for it or name another folder")
        for part in dest.rglob(".*.part"):
            part.unlink(missing_ok=True)
        yield
    except OSError as error:
        raise TwelveLeadError(
            f"{dest}: cannot be written ({error.strerror or error}); free some space or name a folder elsewhere, then "
            "run it again: what has arrived is kept"
        ) from error
    except Stopped:
        pass
    finally:
        if lock is not None:
            os.close(lock)


def any_file(dest: Path) -> bool:
    """Whether the folder holds anything."""
    return any(dest.iterdir())


def require_room(dest: Path, needed: int, consent: Consent) -> None:
    """Asks before more of the disk is used than is free.

    Raises:
        TwelveLeadError: the consent is not given.
    """
    free = shutil.disk_usage(dest).free
    if needed > free and not consent(needed, free):
        raise TwelveLeadError(
            f"{dest}: needs {needed / 1e9:.1f} GB and {free / 1e9:.1f} GB are free; free some space, name a folder on "
            "another disk, or take one sampling rate"
        )
