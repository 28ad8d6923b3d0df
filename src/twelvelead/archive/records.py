"""A WFDB tree by its list RECORDS, as PhysioNet publishes it: nothing has to be searched."""

from collections.abc import Iterator
from io import BytesIO, TextIOWrapper
from pathlib import Path
from typing import IO

from twelvelead.archive.addresses import called, folder_of, is_there, whole
from twelvelead.data.ptbxl.release import read_apart
from twelvelead.errors import Unreadable
from twelvelead.naming import is_url
from twelvelead.readers.recording import LARGEST_FILE

NAME = "RECORDS"
_DEEPEST = 32
"""Lists that lead to one another."""


def records(address: str, depth: int = 0) -> Iterator[str]:
    """The headers that a list names, in its order. A line that ends in "/" names a folder with a list of its own. Two
    paths on one line, as in PTB-XL's list, are read apart, unless there is a record of the whole name.

    Args:
        address: path or URL of the list.
        depth: of how many it is below.

    Raises:
        Unreadable: it cannot be read, leads out of its folder, or back to itself.
    """
    where = called(address)
    if depth > _DEEPEST:
        raise Unreadable(f"{where}: lies below {_DEEPEST} other lists; mend them")
    with _opened(address, where) as lines:
        for number, line in enumerate(lines, start=1):
            name = line.strip()
            if not name:
                continue
            if name.startswith("/") or ".." in name.split("/") or "::" in name or is_url(name):
                raise Unreadable(f"{where}: line {number} leads out of its folder; mend it")
            if name.endswith("/"):
                if Path(name) == Path():
                    raise Unreadable(f"{where}: line {number} names its own folder; mend it")
                yield from records(_beside(address, f"{name}{NAME}"), depth + 1)
                continue
            whole_name = _beside(address, f"{name}.hea")
            parts = read_apart(name)
            if len(parts) < 2 or _is_there(whole_name):
                yield whole_name
            else:
                yield from (_beside(address, f"{part}.hea") for part in parts)


def _beside(address: str, name: str) -> str:
    if not is_url(address):
        return str(Path(address).parent / name)
    return "/".join([folder_of(address), *(part for part in name.split("/") if part not in ("", "."))])


def _is_there(address: str) -> bool:
    return is_there(address) if is_url(address) else Path(address).exists()


def _opened(address: str, where: str) -> IO[str]:
    if is_url(address):
        content = BytesIO(whole(address, where, LARGEST_FILE))
        return TextIOWrapper(content, encoding="utf-8", errors="surrogateescape")
    try:
        return Path(address).open(encoding="utf-8", errors="surrogateescape")
    except OSError as error:
        raise Unreadable(f"{where}: cannot be read ({error.strerror}); check the path") from None
