"""PTB-XL as PhysioNet's one zip: it goes on where it broke off, and damaged files in it are fetched anew by Range."""

import re
import zipfile
from pathlib import Path
from threading import Event

import urllib3
from urllib3.exceptions import HTTPError

from twelvelead.data.ptbxl.download import ATTEMPTS, TIMEOUT, Consent, Downloaded, Tally, at_work, refuse, require_room
from twelvelead.data.ptbxl.release import BASE_URL, SUMS, VERSION, read_sums, require_url, zip_url
from twelvelead.data.ptbxl.source import Zip
from twelvelead.data.ptbxl.transport import CHUNK, Stopped, Transport
from twelvelead.data.ptbxl.verify import find_faults
from twelvelead.errors import TwelveLeadError, Unreadable
from twelvelead.progress import Progress, silent

NAME = f"ptb-xl-{VERSION}.zip"
_REPAIRS = 3


def download_zip(
    dest: Path | str,
    *,
    base_url: str = BASE_URL,
    progress: Progress = silent,
    consent: Consent = refuse,
    timeout: float = TIMEOUT,
    attempts: int = ATTEMPTS,
) -> Downloaded:
    """Fetches the zip of the release into a folder and verifies each file in it against its SHA256SUMS.txt.

    While it is on its way it is called ptb-xl-1.0.3.zip.unfinished; after an interruption the same call goes on there.

    Args:
        dest: the folder; the zip in it is called ptb-xl-1.0.3.zip.
        base_url: the release's folder, from which the address of the zip follows, or the zip itself (.zip).
        progress, consent, timeout, attempts: see `twelvelead.data.ptbxl.download.download`; progress counts bytes.

    Returns:
        How many files the zip holds, and whether any had to be fetched (0 or all).

    Raises:
        TwelveLeadError: as `download` does.
        Unreadable: the address holds another release or no zip.
    """
    url = zip_url(require_url(base_url))
    dest = Path(dest)
    stop = Event()
    tally = Tally(progress)
    transport = Transport(url, connections=1, timeout=timeout, attempts=attempts, stop=stop, waiting=tally.wait)
    whole, part = dest / NAME, dest / f"{NAME}.unfinished"
    with at_work(dest):
        held = whole.is_file()
        if held:
            whole.rename(part)
        else:
            _go_on(transport, url, part, tally, consent, attempts, stop)
        try:
            files = _repair(transport, url, part, progress)
        except zipfile.BadZipFile as error:
            part.unlink()
            raise TwelveLeadError(
                f"{url}: what arrived is not a whole zip ({error}) and was removed; run it again, or take the files "
                "one by one, without --zip"
            ) from None
        part.rename(whole)
        return Downloaded(files, 0 if held else files)
    raise TwelveLeadError(f"{url}: called off")


def _go_on(
    transport: Transport, url: str, part: Path, tally: Tally, consent: Consent, attempts: int, stop: Event
) -> None:
    """Fetches what the file still lacks; a connection that is cut is taken up again where it broke off."""
    farthest, failures = 0, 0
    while True:
        held = part.stat().st_size if part.exists() else 0
        if held > farthest:
            farthest, failures = held, 0
        try:
            with transport.stream(url, held) as response:
                if response.status == 416:
                    if _total(response) == held:
                        return
                    part.unlink()
                    continue
                held = held if response.status == 206 else 0
                if response.status == 206 and not response.headers.get("Content-Range", "").startswith(
                    f"bytes {held}-"
                ):
                    raise TwelveLeadError(f"{url}: the server sends another range than asked for; go without --zip")
                tally.done, tally.total = held, held + int(response.headers.get("Content-Length", 0))
                require_room(part.parent, tally.total - held, consent)
                _append(response, part, tally, held, stop)
                return
        except HTTPError as error:
            failures += 1
            if failures > attempts:
                raise TwelveLeadError(
                    f"{url}: broke off {failures} times at {farthest:,} bytes ({error}); run it again, it goes on there"
                ) from None
            if stop.wait(min(60.0, 0.25 * 2**failures)):
                raise Stopped from None


def _append(response: urllib3.BaseHTTPResponse, part: Path, tally: Tally, held: int, stop: Event) -> None:
    with part.open("ab" if held else "wb") as stream:
        for chunk in response.stream(CHUNK):
            stream.write(chunk)
            tally.done += len(chunk)
            tally.size += len(chunk)
            tally.tick()


def _total(response: urllib3.BaseHTTPResponse) -> int | None:
    found = re.fullmatch(r"bytes (?:\*|\d+-\d+)/(\d+)", response.headers.get("Content-Range", ""))
    return int(found[1]) if found else None


def _repair(transport: Transport, url: str, part: Path, progress: Progress) -> int:
    """Fetches the bytes of damaged files again, until all are as published; how many files there are."""
    for _ in range(_REPAIRS):
        with zipfile.ZipFile(part):
            pass
        archive = Zip(part)
        with archive.file:
            try:
                listed = archive.load(f"{archive.name}/{SUMS}")
            except Unreadable:
                bad = {SUMS: "damaged"}
            else:
                sums = read_sums(listed, f"{url}: {SUMS}")
                bad = find_faults(archive, sums, progress)
            if not bad:
                return len(sums)
            ranges = _ranges(archive, bad, url)
        with part.open("r+b") as stream:
            for start, end in ranges:
                with transport.stream(url, start, end) as response:
                    content = response.read() if response.status == 206 else b""
                if len(content) != end - start:
                    raise TwelveLeadError(
                        f"{part}: {len(bad):,} files in it are damaged (first: {min(bad)}) and the server gives no "
                        "ranges; remove it and run it again"
                    )
                stream.seek(start)
                stream.write(content)
    raise TwelveLeadError(
        f"{url}: {len(bad):,} files in it stay damaged (first: {min(bad)}); run it again later, or without --zip"
    )


def _ranges(archive: Zip, files: dict[str, str], url: str) -> list[tuple[int, int]]:
    """Where files lie in the zip: from the first byte of the local header to the next."""
    starts = sorted(info.header_offset for info in archive.file.infolist())
    after = dict(zip(starts, [*starts[1:], archive.file.start_dir], strict=True))
    missing = [file for file, fault in files.items() if fault == "missing"]
    if missing:
        raise Unreadable(f"{url}: lacks {len(missing):,} files of its own list (first: {missing[0]}); go without --zip")
    offsets = [archive.file.getinfo(archive.root + file).header_offset for file in files]
    return [(offset, after[offset]) for offset in offsets]
