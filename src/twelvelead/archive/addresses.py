"""What lies behind URLs, by fsspec.

A URL can hold what lets in who reads it, and so can the text of an error of a library. Neither is shown: what is said
has the URL as `twelvelead.naming.shown_url` gives it, and a reason of our own.
"""

import re
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from typing import Any

from twelvelead.errors import MissingExtra, TwelveLeadError, Unreadable
from twelvelead.naming import is_url, shown, shown_url
from twelvelead.readers.recording import LARGEST_FILE

WEB = ("http", "https")
_FAR = (*WEB, "ftp", "sftp", "s3", "s3a", "gs", "gcs", "az", "abfs", "abfss", "hdfs")
"""Kinds of URL that lead to no file of this machine."""

_DRIVE = re.compile(r"(?:[A-Za-z]|file):", re.IGNORECASE)
_AT_ONCE = 1 << 28
"""Bytes of an answer that are taken of a server which was asked for fewer."""


class _Elsewhere(OSError):
    """A server sends us to another address."""


class WholeOnly(OSError):
    """A server gives whole files alone."""


_REASONS = {
    _Elsewhere: "the server sends us to another address; name that one",
    WholeOnly: "the server gives whole files, and no parts of them; copy it to this machine",
    PermissionError: "no permission; check the credentials and what they allow",
    FileNotFoundError: "no such file, folder or bucket; check the address",
    NotImplementedError: "this kind of address cannot; name a folder or s3://",
}


def opened(url: str) -> tuple[Any, str]:
    """The file system behind a URL, and the path in it.

    Raises:
        TwelveLeadError: there is no such kind of URL, or it cannot be opened.
        MissingExtra: what opens it is not installed.
    """
    where = shown_url(url)
    try:
        import fsspec
    except ModuleNotFoundError:
        raise MissingExtra(f"{where}: an address", "archive") from None
    # another server is none of those whom the credentials are for
    web = {"allow_redirects": False, "client_kwargs": {"raise_for_status": _taken}} if scheme(url) in WEB else {}
    try:
        files, path = fsspec.core.url_to_fs(url, **web)
    except ImportError:
        raise MissingExtra(f"{where}: this kind of address", "archive") from None
    except ValueError:
        raise TwelveLeadError(f"{where}: no kind of address that is known; name a folder or s3://") from None
    except Exception as error:  # some kinds connect at once
        raise Unreadable(
            f"{where}: cannot be opened: {type(error).__name__}; check address, credentials and network"
        ) from None
    return files, str(path)


async def _taken(response: Any) -> None:
    """See, before its body is read, that an answer is one to what was asked."""
    if 300 <= response.status < 400:
        raise _Elsewhere
    if response.status in (401, 403):
        raise PermissionError
    asked = response.request_info.headers.get("Range")
    if asked and response.status == 200:
        from_start = asked.startswith("bytes=0-")
        if not from_start or (response.content_length or 0) > _AT_ONCE:
            raise WholeOnly


@contextmanager
def telling(where: str, done: str) -> Iterator[None]:
    """Whatever a library raises in the block becomes one line.

    Args:
        where: as it is shown.
        done: what cannot be, "read", "listed" or "written".

    Raises:
        TwelveLeadError: something was raised.
    """
    try:
        yield
    except TwelveLeadError:
        raise
    except Exception as error:
        reason = next((text for kind, text in _REASONS.items() if isinstance(error, kind)), None)
        reason = reason or f"{type(error).__name__}; check address, credentials and network"
        said = f"{where}: cannot be {done}: {reason}"
        if done == "written":
            raise TwelveLeadError(said, code="not-writable") from None
        raise Unreadable(said, code="not-found" if isinstance(error, FileNotFoundError) else None) from None


def fetched(url: str, name: str, most: int = LARGEST_FILE + 1) -> bytes:
    """What lies behind a URL, and no more than a byte over the most that is read.

    Args:
        url: of a file.
        name: what it is called in messages.
        most: bytes from its start.

    Raises:
        Unreadable: it cannot be had.
    """
    files, path = opened(url)
    with telling(name, "read"):
        # a range, since a store is asked for the size first otherwise
        content: bytes = files.cat_file(path, start=0, end=most)
        return content


def is_there(url: str) -> bool:
    """Whether there is a file.

    Raises:
        Unreadable: that cannot be told.
    """
    try:
        fetched(url, shown_url(url), 1)  # asked for its size, Swift garbles the answer that there is none
    except Unreadable as error:
        if error.code == "not-found":
            return False
        raise
    return True


def whole(url: str, name: str, most: int) -> bytes:
    """What lies behind a URL.

    Args:
        url: of a file.
        name: what it is called in messages.
        most: bytes that it may have.

    Raises:
        Unreadable: it cannot be had, or has more.
    """
    content = fetched(url, name, most + 1)
    if len(content) > most:
        raise Unreadable(
            f"{name}: more than the {most:,} bytes that are read of one behind a URL; copy it to this machine, or "
            "split it",
            code="too-large",
        )
    return content


class Beside(Mapping[str, bytes]):
    """The files beside one, fetched when they are asked for: those of a WFDB record beside its header.

    Args:
        url: of the one.
        name: what it is called in messages.
    """

    def __init__(self, url: str, name: str) -> None:
        self._folder, self._name = folder_of(url), name
        self._held: dict[str, bytes] = {}

    def __getitem__(self, file: str) -> bytes:
        if not file or "/" in file or "\\" in file:
            raise KeyError(file)
        if file not in self._held:
            try:
                self._held[file] = fetched(f"{self._folder}/{file}", self._name)
            except Unreadable as error:
                if error.code == "not-found":
                    raise KeyError(file) from None
                raise
        return self._held[file]

    def __iter__(self) -> Iterator[str]:
        return iter(self._held)

    def __len__(self) -> int:
        return 1  # nobody knows how many lie there; some do


def called(address: str) -> str:
    """What a path or a URL is called in messages."""
    return shown_url(address) if is_url(address) else shown(address)


def scheme(url: str) -> str:
    """As in "s3"."""
    return url.partition("://")[0].lower()


def bare(url: str) -> str:
    """A URL without what follows ? on a web server; elsewhere that is a letter of a name."""
    return url.partition("?")[0] if scheme(url) in WEB else url


def folder_of(url: str) -> str:
    """The URL of the folder that a file lies in."""
    return bare(url).rpartition("/")[0]


def meant(url: str, path: str) -> str | None:
    """What a file behind a URL means by a path or a URL: a path starts at its folder and stays in its bucket or on its
    server.

    Returns:
        The URL; None where it could lead to this machine, or elsewhere.
    """
    if "::" in path:  # a URL within a URL
        return None
    if is_url(path):
        return path if scheme(path) in _FAR else None
    if path.startswith(("/", "\\")) or _DRIVE.match(path):
        return None
    kind, _, folder = folder_of(url).rpartition("://")
    parts = folder.split("/")
    for part in path.split("/"):
        if part == "..":
            parts.pop()
        elif part not in ("", "."):
            parts.append(part)
        if not parts:
            return None
    return f"{kind}://{'/'.join(parts)}"
