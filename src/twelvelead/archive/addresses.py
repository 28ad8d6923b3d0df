"""Recordings behind URLs, by fsspec: found lazily, and read as bytes.

A URL can hold what lets in who reads it, and so can the text of an error of a library. Neither is shown: what is said
has the URL as `twelvelead.naming.shown_url` gives it, and a reason of our own.
"""

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from itertools import chain
from typing import Any

from twelvelead.archive.manifest import TABLES, lists_recordings
from twelvelead.errors import MissingExtra, TwelveLeadError, Unreadable
from twelvelead.naming import shown, shown_url
from twelvelead.readers.find import SUFFIXES, Found
from twelvelead.readers.kinds import kind_of
from twelvelead.readers.recording import LARGEST_FILE, BadFile
from twelvelead.readers.source import START, Source

_BY_NAME = (*SUFFIXES, ".xml")
"""Told by their name alone, since the start of anything else takes a request."""

_SIGNALS = (".dat", ".mat")
_MANY = (".parquet", ".pq", ".h5", ".hdf5", ".tar", ".tgz", ".gz", ".zip")
_WEB = ("http", "https")
_S3 = ("s3", "s3a")


class _Elsewhere(OSError):
    """A server sends us to another address."""


_REASONS = {
    _Elsewhere: "the server sends us to another address; name that one",
    PermissionError: "no permission; check the credentials and what they allow",
    FileNotFoundError: "no such bucket or folder; check the address",
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
    web = {"allow_redirects": False, "client_kwargs": {"raise_for_status": _stay}} if _scheme(url) in _WEB else {}
    try:
        files, path = fsspec.core.url_to_fs(url, **web)
    except ImportError:
        raise MissingExtra(f"{where}: this kind of address", "archive") from None
    except ValueError:
        raise TwelveLeadError(f"{where}: no kind of address that is known; name a folder or s3://") from None
    except Exception as error:  # some kinds connect at once
        raise Unreadable(f"{where}: cannot be opened: {type(error).__name__}; check address and network") from None
    return files, str(path)


async def _stay(response: Any) -> None:
    if 300 <= response.status < 400:
        raise _Elsewhere


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
        reason = reason or f"{type(error).__name__}; check address and network"
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


class Beside(Mapping[str, bytes]):
    """The files beside one, fetched when they are asked for: those of a WFDB record beside its header.

    Args:
        url: of the one.
        name: what it is called in messages.
    """

    def __init__(self, url: str, name: str) -> None:
        self._folder, self._name = url.partition("?")[0].rpartition("/")[0], name
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


def each_recording(url: str, found: Found) -> Iterator[str]:
    """The URLs of the recordings that a URL means: it is one of a file, or of a folder, all below which is taken that
    is not hidden. Of a WFDB record the header is taken. They come as they are listed, so that memory stays flat.

    Args:
        url: with a slash at the end, where http(s) means a folder.
        found: gets what is passed over, and the fault of a folder without a recording.

    Raises:
        TwelveLeadError: it cannot be listed, or it is a file of many recordings.
    """
    where = shown_url(url)
    files, path = opened(url)
    with telling(where, "listed"):
        is_file = _is_file(files, path, url)
    if is_file:
        if _suffix(path) in _MANY or (_suffix(path) in TABLES and lists_recordings(fetched(url, where, START))):
            raise TwelveLeadError(f"{where}: a file of many recordings, or a manifest; copy it to this machine")
        yield url
        return
    held = False
    listed = _listed_s3(files, path, where) if _scheme(url) in _S3 else _listed(files, path, where)
    for member in _recordings(listed, files, where, found):
        held = True
        yield member if _scheme(url) in _WEB else f"{_scheme(url)}://{member.lstrip('/')}"
    if not held:
        found.faults.append(Unreadable(f"{where}: without a recording; check the address", code="not-found"))


def require_reachable(url: str) -> None:
    """See that a URL can be listed, before anything is begun.

    Raises:
        TwelveLeadError: it cannot.
    """
    next(each_recording(url, Found()), None)


def _scheme(url: str) -> str:
    return url.partition("://")[0].lower()


def _suffix(path: str) -> str:
    name = path.rpartition("/")[2]
    return "." + name.rpartition(".")[2].lower() if "." in name else ""


def _is_file(files: Any, path: str, url: str) -> bool:
    if _scheme(url) in _WEB:
        return not url.partition("?")[0].endswith("/")
    if _scheme(url) in _S3:
        bucket, _, key = path.partition("/")
        first = files.call_s3("list_objects_v2", Bucket=bucket, Prefix=key, MaxKeys=1).get("Contents", [])
        return bool(key) and [each["Key"] for each in first] == [key]
    if not files.exists(path):
        raise FileNotFoundError
    return bool(files.isfile(path))


def _listed_s3(files: Any, path: str, where: str) -> Iterator[str]:
    """The keys of a bucket below a path, sorted, a page at a time, whatever folders they form."""
    bucket, _, key = path.rstrip("/").partition("/")
    prefix = f"{key}/" if key else ""
    more: dict[str, str] = {}
    while True:
        with telling(where, "listed"):
            page = files.call_s3("list_objects_v2", Bucket=bucket, Prefix=prefix, **more)
        for each in page.get("Contents", []):
            yield f"{bucket}/{each['Key']}"
        if not page.get("IsTruncated"):
            return
        more = {"ContinuationToken": page["NextContinuationToken"]}


def _listed(files: Any, folder: str, where: str) -> Iterator[str]:
    """The files below a folder, sorted within each; the entries of no more than a folder and those above are held."""
    with telling(where, "listed"):
        entries = sorted(files.ls(folder, detail=True), key=lambda entry: str(entry["name"]))
    for entry in entries:
        name = str(entry["name"])
        if not name.startswith(f"{folder.rstrip('/')}/"):
            continue  # a link of a page that leads out of it
        if entry["type"] == "directory" or name.endswith("/"):
            yield from _listed(files, name, where)
        else:
            yield name


def _recordings(listed: Iterator[str], files: Any, where: str, found: Found) -> Iterator[str]:
    """Of files that are called the same but for their suffix, and come one after another, those that are recordings."""
    alike: list[str] = []
    for name in chain(listed, ("",)):
        if alike and _stem(name) != _stem(alike[0]):
            suffixes = {_suffix(each) for each in alike}
            for each in alike:
                if _is_recording(each, ".hea" in suffixes, files, where, found):
                    yield each
            alike = []
        alike.append(name)


def _stem(path: str) -> str:
    return path.removesuffix(_suffix(path)) if path else ""


def _is_recording(path: str, has_header: bool, files: Any, where: str, found: Found) -> bool:
    if any(part.startswith(".") for part in path.split("/")):
        found.passed_over["hidden"] += 1
        return False
    suffix = _suffix(path)
    if suffix in _BY_NAME:
        return True
    if suffix in _SIGNALS and has_header:
        return False
    with telling(where, "read"):
        start = files.cat_file(path, start=0, end=START)
    try:
        kind = kind_of(Source(start, shown(path)))
    except BadFile:
        return True  # reading it says why it cannot be
    if kind is None:
        found.passed_over[suffix or "without a suffix"] += 1
    return kind is not None
