"""Folders behind URLs: their recordings, one after another, so that memory stays flat."""

from collections.abc import Iterator
from itertools import chain
from typing import Any

from twelvelead.archive.addresses import WEB, bare, opened, scheme, telling
from twelvelead.errors import Unreadable
from twelvelead.naming import shown, shown_url
from twelvelead.readers.find import SUFFIXES, Found
from twelvelead.readers.kinds import kind_of
from twelvelead.readers.recording import BadFile
from twelvelead.readers.source import START, Source

BY_NAME = (*SUFFIXES, ".xml")
"""Told by their name alone, since the start of anything else takes a request."""

_SIGNALS = (".dat", ".mat")
_S3 = ("s3", "s3a")


def each_recording(url: str, found: Found) -> Iterator[str]:
    """The URLs of the recordings that a URL means: it is one of a file, or of a folder, all below which is taken that
    is not hidden. Of a WFDB record the header is taken. They come as they are listed, so that memory stays flat.

    Args:
        url: with a slash at the end, where http(s) means a folder.
        found: gets what is passed over, and the fault of a folder without a recording.

    Raises:
        TwelveLeadError: it cannot be listed.
    """
    where = shown_url(url)
    files, path = opened(url)
    with telling(where, "listed"):
        single = _is_file(files, path, url)
    if single:
        yield url
        return
    held = False
    listed = _listed_s3(files, path, where) if scheme(url) in _S3 else _listed(files, path, where)
    for member in _recordings(listed, files, where, found):
        held = True
        yield member if scheme(url) in WEB else f"{scheme(url)}://{member.lstrip('/')}"
    if not held:
        found.faults.append(Unreadable(f"{where}: without a recording; check the address", code="not-found"))


def require_reachable(url: str) -> None:
    """See that a URL can be listed, before anything is begun.

    Raises:
        TwelveLeadError: it cannot.
    """
    next(each_recording(url, Found()), None)


def is_file(url: str) -> bool:
    """Whether a URL is that of a file, and of no folder.

    Raises:
        TwelveLeadError: that cannot be told.
    """
    files, path = opened(url)
    with telling(shown_url(url), "listed"):
        return _is_file(files, path, url)


def suffix_of(path: str) -> str:
    """Of the last name of a path, in lower case, as in ".dat"; "" where there is none."""
    name = path.rpartition("/")[2]
    return "." + name.rpartition(".")[2].lower() if "." in name else ""


def _is_file(files: Any, path: str, url: str) -> bool:
    if scheme(url) in WEB:
        return not bare(url).endswith("/")
    if scheme(url) in _S3:
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
            suffixes = {suffix_of(each) for each in alike}
            for each in alike:
                if _is_recording(each, ".hea" in suffixes, files, where, found):
                    yield each
            alike = []
        alike.append(name)


def _stem(path: str) -> str:
    return path.removesuffix(suffix_of(path)) if path else ""


def _is_recording(path: str, has_header: bool, files: Any, where: str, found: Found) -> bool:
    if any(part.startswith(".") for part in path.split("/")):
        found.passed_over["hidden"] += 1
        return False
    suffix = suffix_of(path)
    if suffix in BY_NAME:
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
