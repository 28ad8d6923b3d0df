"""What PhysioNet's release 1.0.3 of PTB-XL consists of: its list of files with their SHA-256, and where it lies."""

import re
from collections.abc import Iterable, Mapping
from typing import Literal
from urllib.parse import urlsplit

from twelvelead.data.ptbxl.published import PUBLISHED
from twelvelead.errors import TwelveLeadError, Unreadable

VERSION = "1.0.3"
BASE_URL = f"https://physionet.org/files/ptb-xl/{VERSION}/"
SUMS = "SHA256SUMS.txt"
RECORDS = "RECORDS"
TABLES = ("ptbxl_database.csv", "scp_statements.csv")
RECORDS_PUBLISHED = PUBLISHED[-1].records

Rate = Literal[100, 500]
RATES: tuple[Rate, ...] = (100, 500)

_SUM = re.compile(r"([0-9a-f]{64}) [ *]?(\S.*)")
_FOREIGN = re.compile(r"[\\\0:\n\r]")
_GLUED = re.compile(r"(?<=[a-z])(?=records\d)")
# Bytes on a disk with blocks of 4 KiB; every file of a kind has the same size but for a few bytes of its header.
_ON_DISK = {("100", ".dat"): 24_576, ("100", ".hea"): 4_096, ("500", ".dat"): 122_880, ("500", ".hea"): 4_096}
_TABLE_ON_DISK = 8_000_000


def inside(file: str) -> str:
    """The path itself, where it lies below the folder that it is relative to.

    Raises:
        ValueError: it is empty, absolute, climbs out of the folder or is no portable path.
    """
    if not file or file[0] == "/" or ".." in file.split("/") or _FOREIGN.search(file):
        raise ValueError(f"the path {file!r} does not lie in the folder")
    return file


def read_sums(content: bytes, source: str) -> dict[str, str]:
    """The files of a release and their SHA-256, as SHA256SUMS.txt lists them.

    Args:
        content: of SHA256SUMS.txt: one line a file, 64 hexadecimal digits, a space, the path.
        source: named in errors.

    Returns:
        Path below the release's folder -> SHA-256 in hexadecimal, in the order of the list.

    Raises:
        Unreadable: it is no such list, a path leaves the folder, a file is listed with two sums, the tables are not
            in it, or it is the list of another release than 1.0.3.
    """
    sums: dict[str, str] = {}
    for number, line in enumerate(content.decode("utf-8", "replace").splitlines(), start=1):
        found = _SUM.fullmatch(line.strip())
        if found is None:
            if not line.strip():
                continue
            raise Unreadable(
                f"{source}: line {number} is {line[:40]!r}, no SHA-256 and path; name the folder of PTB-XL {VERSION}"
            )
        digest, file = found.groups()
        try:
            known = sums.setdefault(inside(file.removeprefix("./")), digest)
        except ValueError as error:
            raise Unreadable(f"{source}: line {number}: {error}; nothing was written; take another source") from None
        if known != digest:
            raise Unreadable(f"{source}: line {number}: {file} is listed with two sums; take the list of the release")
    sums.pop(SUMS, None)
    _require_release(sums, source)
    return sums


def _require_release(sums: Mapping[str, str], source: str) -> None:
    missing = [name for name in TABLES if name not in sums]
    if missing:
        raise Unreadable(f"{source}: does not list {', '.join(missing)}; name the folder of PTB-XL {VERSION}")
    for rate in RATES:
        headers = sum(file.startswith(f"records{rate}/") and file.endswith(".hea") for file in sums)
        require_size(headers, source)
    # Each release since 1.0.2 carries the change log of its own and of those before it.
    if "ptbxl_v102_changelog.txt" in sums and "ptbxl_v103_changelog.txt" not in sums:
        raise Unreadable(f"{source}: lists the files of release 1.0.2; take {VERSION}, whose labels are corrected")


def require_size(records: int, source: str) -> None:
    """Refuses what holds more records than release 1.0.3: 1.0.0 and 1.0.1 have 21,837, among them duplicates.

    Raises:
        Unreadable: it does.
    """
    if records > RECORDS_PUBLISHED:
        raise Unreadable(
            f"{source}: lists {records:,} records, where release {VERSION} has {RECORDS_PUBLISHED:,}; "
            f"it is another release (1.0.1 has 21,837), take {VERSION}"
        )


def require_url(base_url: str) -> str:
    """The address of a release's folder, with its closing slash.

    Raises:
        TwelveLeadError: it is no address, or names another release than 1.0.3.
    """
    parts = urlsplit(base_url)
    if parts.scheme not in ("http", "https") or not parts.netloc:
        raise TwelveLeadError(f"--base-url {base_url}: not an http(s) address; the published one is {BASE_URL}")
    for other in re.findall(r"/(\d+\.\d+\.\d+)(?=/|$)", parts.path):
        if other != VERSION:
            raise TwelveLeadError(f"--base-url {base_url}: names release {other}; this reads {VERSION}: {BASE_URL}")
    return base_url if base_url.endswith((".zip", "/")) else base_url + "/"


def zip_url(base_url: str) -> str:
    """Where PhysioNet serves a release, whose files lie at `base_url`, as one zip; an address of a zip stays.

    Raises:
        TwelveLeadError: the address does not follow PhysioNet's layout.
    """
    if base_url.endswith(".zip"):
        return base_url
    found = re.fullmatch(r"(.*)/files/([^/]+)/([^/]+)/", base_url)
    if found is None:
        raise TwelveLeadError(
            f"--base-url {base_url}: does not end in /files/ptb-xl/{VERSION}/; with --zip name the zip itself"
        )
    host, name, version = found.groups()
    return f"{host}/content/{name}/get-zip/{version}/"


def of_rates(files: Iterable[str], rates: Iterable[Rate]) -> list[str]:
    """The files that are needed for some sampling rates: their records, and all that belongs to no rate."""
    others = tuple(f"records{rate}/" for rate in set(RATES) - set(rates))
    return [file for file in files if not file.startswith(others or ("\0",))]


def rates_held(files: Iterable[str]) -> tuple[Rate, ...]:
    """The sampling rates of which any file is among `files`."""
    held = {file.partition("/")[0] for file in files if "/" in file}
    return tuple(rate for rate in RATES if f"records{rate}" in held)


def room(files: Iterable[str]) -> int:
    """Bytes that files of the release take on a disk, from above and to a few percent."""
    return sum(
        _ON_DISK.get((file[7:10], file[-4:]), 4_096) if file.startswith("records") else _TABLE_ON_DISK for file in files
    )


def read_apart(line: str) -> list[str]:
    """The paths of a line of RECORDS; two where they stand without a line break between them."""
    return [part for part in _GLUED.split(line) if part]


def read_records(content: bytes) -> tuple[list[str], tuple[str, ...]]:
    """The paths in RECORDS, one a line as in every WFDB data set.

    PhysioNet's file has one line in which the last path at 100 Hz and the first at 500 Hz stand without a line break
    between them; such a line counts as the two paths that it holds.

    Returns:
        The paths without suffix, and for each glued line a sentence that names it.
    """
    paths: list[str] = []
    glued = []
    for number, line in enumerate(content.decode("utf-8", "replace").split("\n"), start=1):
        parts = read_apart(line.strip())
        if len(parts) > 1:
            glued.append(
                f"{RECORDS}: line {number} has {len(parts)} paths glued together ({line.strip()[:80]}), read apart"
            )
        paths += parts
    return paths, tuple(glued)
