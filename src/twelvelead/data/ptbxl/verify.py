"""Whether a copy of PTB-XL, a folder or the zip, is that of the release: every file against its published SHA-256."""

import hashlib
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from threading import Event

from twelvelead.data.ptbxl.release import RECORDS, SUMS, Rate, of_rates, rates_held, read_records, read_sums
from twelvelead.data.ptbxl.source import Folder, Source, open_source
from twelvelead.data.ptbxl.threads import in_threads
from twelvelead.errors import Unreadable
from twelvelead.progress import Progress, silent

_READERS = 4


@dataclass(frozen=True)
class Verified:
    """What came of it.

    Attributes:
        files: how many were checked.
        faults: path -> what is wrong with it: missing, or other bytes than published; in the order of the list.
        notes: what is worth knowing and no fault.
    """

    files: int
    faults: dict[str, str]
    notes: tuple[str, ...]


def verify(path: Path | str, rates: Sequence[Rate] | None = None, progress: Progress = silent) -> Verified:
    """Checks a copy against the SHA256SUMS.txt in it.

    Args:
        path: the folder or the zip.
        rates: whose records have to be there; None for those of which any file is.
        progress: told the files done and the bytes so far.

    Raises:
        Unreadable: there is no such folder or zip, it has no SHA256SUMS.txt, or that of another release.
    """
    with open_source(path) as source:
        name = f"{source.name}/{SUMS}"
        try:
            content = source.load(name)
        except (OSError, Unreadable):
            raise Unreadable(
                f"{path}: holds no readable {SUMS} to check against; put that of the release beside ptbxl_database.csv"
            ) from None
        sums = read_sums(content, name)
        folders = {file.rpartition("/")[0] for file in sums}
        held = rates or rates_held(source.names(folders))
        files = of_rates(sums, held)
        faults = find_faults(source, {file: sums[file] for file in files}, progress)
        absent = [rate for rate in rates_held(sums) if rate not in held]
        notes = [f"records{rate}: nothing of it is there; not checked" for rate in absent]
        if RECORDS in sums and RECORDS not in faults:
            listed, glued = read_records(source.load(f"{source.name}/{RECORDS}"))
            notes += glued
            unlisted = {file[:-4] for file in files if file.endswith(".hea")} - set(listed)
            if unlisted:
                notes.append(f"{RECORDS}: does not list {len(unlisted):,} records (first: {min(unlisted)})")
    return Verified(len(files), faults, tuple(notes))


def find_faults(source: Source, sums: dict[str, str], progress: Progress = silent) -> dict[str, str]:
    """What is wrong with the files of a source: path -> the fault, such as "missing", in order.

    Args:
        source: holds them.
        sums: path -> SHA-256 in hexadecimal.
        progress: told the files done and the bytes so far.
    """
    found: dict[str, str] = {}
    done = [0, 0]

    def check(file: str) -> None:
        try:
            content = source.load(f"{source.name}/{file}")
        except FileNotFoundError:
            found[file] = "missing"
        except (OSError, Unreadable) as error:
            found[file] = str(error).removeprefix(f"{source.name}/{file}: ").partition(";")[0]
        else:
            if hashlib.sha256(content).hexdigest() != sums[file]:
                found[file] = "other bytes than published"
            done[1] += len(content)
        done[0] += 1

    # A zip has one file handle for all.
    threads = _READERS if isinstance(source, Folder) else 1
    in_threads(
        check, sums, threads=threads, stop=Event(), tick=lambda: progress("checking", done[0], len(sums), done[1])
    )
    return {file: found[file] for file in sums if file in found}
