"""What a SOURCE is: told by its name and its first bytes, on this machine and behind URLs alike."""

from pathlib import Path
from typing import Literal

from twelvelead.archive import listing
from twelvelead.archive.addresses import bare, called, fetched
from twelvelead.archive.records import NAME
from twelvelead.archive.stream import origin
from twelvelead.archive.tables import START, TEXTS, is_manifest, is_parquet, lists_recordings
from twelvelead.data import containers
from twelvelead.errors import Unreadable
from twelvelead.naming import is_url

Kind = Literal["recordings", "list", "manifest", "container"]
"""Recordings, the list RECORDS of a tree, a manifest, or a file of many."""

_TOLD = tuple(suffix for suffix in listing.BY_NAME if suffix != ".npy")
"""Suffixes of recordings that hold one alone."""

_MANY = (*TEXTS, ".parquet", ".pq", ".h5", ".hdf5", ".tar", ".tgz", ".zip")


def kind_of(address: str) -> Kind:
    """What a path, a pattern or a URL leads to; "recordings" also where nothing is there.

    Raises:
        TwelveLeadError: a URL cannot be listed, or its file should be a table or one of many and cannot be read.
    """
    return _behind(address) if is_url(address) else _here(Path(address))


def _here(path: Path) -> Kind:
    if path.name == NAME and path.is_file():
        return "list"
    if containers.kind_of(path) is not None:
        return "container"
    return "manifest" if path.is_file() and is_manifest(path) else "recordings"


def _behind(url: str) -> Kind:
    if not listing.is_file(url):
        listing.require_reachable(url)
        return "recordings"
    name = bare(url).rpartition("/")[2]
    suffix = listing.suffix_of(name)
    if name == NAME:
        fetched(url, called(url), 1)
        return "list"
    if suffix in _TOLD:
        return "recordings"
    try:
        start = fetched(url, called(url), START)
    except Unreadable:
        if suffix in _MANY:
            raise
        return "recordings"  # its row says why
    kind = containers.kind_by_start(start, name)
    if kind == "parquet":  # may be a table
        kind = containers.kind_of(origin(url))
    if kind is not None:
        return "container"
    return "manifest" if is_parquet(name) or (suffix in TEXTS and lists_recordings(start)) else "recordings"
