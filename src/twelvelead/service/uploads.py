"""Which parts of a request are one recording."""

import re
from collections.abc import Sequence
from hashlib import sha256
from pathlib import PurePosixPath
from typing import NamedTuple

from twelvelead.readers.recording import BadFile
from twelvelead.readers.wfdb import LARGEST_HEADER
from twelvelead.readers.wfdb_header import parse_header, parse_known

MOST = 256
"""Parts of one request."""

_SUFFIX = re.compile(r"\.[a-z0-9]{1,8}")


class Part(NamedTuple):
    """One part of a request.

    Attributes:
        name: that the client gave its file; nothing but where it lies beside others and its suffix is ever used of it.
        content: its bytes.
    """

    name: str
    content: bytes


class Upload(NamedTuple):
    """One recording as it was sent.

    Attributes:
        content: bytes of its file, of a WFDB record of the header.
        beside: of a WFDB record, name in the header -> bytes of each signal file, in the header's order.
        suffix: of the file's name, as in ".dcm"; "" where it has none.
        sha256: of all its bytes in this order; what the recording is called everywhere.
    """

    content: bytes
    beside: dict[str, bytes]
    suffix: str
    sha256: str


def recordings(parts: Sequence[Part], name: str | None = None) -> list[Upload]:
    """The recordings of a request, in the order of their parts; signal files come with their headers.

    Args:
        parts: of the request.
        name: of the file, where the only part has none.
    """
    if len(parts) == 1 and name is not None:
        parts = [Part(parts[0].name or name, parts[0].content)]
    paths = [PurePosixPath(part.name.replace("\\", "/")) for part in parts]
    contents = {path: part.content for path, part in zip(paths, parts, strict=True) if part.name}
    found: list[tuple[PurePosixPath, Upload]] = []
    taken: set[PurePosixPath] = set()
    for path, part in zip(paths, parts, strict=True):
        files = {file: path.parent / file for file in (signal_files(part.content) if len(parts) > 1 else ())}
        beside = {file: contents[place] for file, place in files.items() if place in contents}
        taken.update(files[file] for file in beside)
        found.append((path, upload(part.content, beside, path.suffix)))
    return [each for path, each in found if path not in taken]


def upload(content: bytes, beside: dict[str, bytes], suffix: str) -> Upload:
    """A recording with its hash."""
    digest = sha256(content)
    for other in beside.values():
        digest.update(other)
    suffix = suffix.lower()
    return Upload(content, beside, suffix if _SUFFIX.fullmatch(suffix) else "", digest.hexdigest())


def signal_files(content: bytes) -> tuple[str, ...]:
    """The names of the signal files of a WFDB header, in its order; none of what is no header."""
    if len(content) > LARGEST_HEADER or b"\0" in content[:64]:
        return ()
    try:
        known = parse_known(content)
        names = [known[1]] if known else dict.fromkeys(signal.file for signal in parse_header(content).signals)
    except BadFile:
        return ()
    return tuple(name for name in names if _is_name(name))


def _is_name(name: str) -> bool:
    return bool(name) and name not in (".", "..") and not set(name) & set("/\\\0")
