"""Files behind URLs as libraries read files."""

import io
from pathlib import Path
from typing import Any, BinaryIO, cast

from twelvelead.archive.addresses import WholeOnly, is_there, opened, telling
from twelvelead.naming import is_url, shown_url

_BLOCK = 1 << 18
"""Bytes that are fetched at once: larger ones cost more where processes read by turns, smaller ones more requests."""

_BLOCKS = 32
"""That are kept of a file."""


class Stream(io.RawIOBase):
    """A file behind a URL that is read where it lies, in blocks of 256 KiB, of which the last 32 are kept.

    Libraries read it as they read a file; what goes wrong passes through them as it is, an `Unreadable` that holds
    nothing of theirs.

    Args:
        url: of a file.

    Attributes:
        name: what it is called in messages.

    Raises:
        Unreadable: it cannot be had, or not in parts.
    """

    def __init__(self, url: str) -> None:
        self.name = shown_url(url)
        self._at = 0
        files, path = opened(url)
        with telling(self.name, "read"):
            if not is_there(url):  # which says more exactly than opening it what keeps us from it
                raise FileNotFoundError
            self._file = files.open(
                path, block_size=_BLOCK, cache_type="blockcache", cache_options={"maxblocks": _BLOCKS}
            )
            try:
                self._file.seek(0, io.SEEK_END)
            except ValueError:
                raise WholeOnly from None
            self._size = int(self._file.tell())

    def readable(self) -> bool:
        return True

    def seekable(self) -> bool:
        return True

    def seek(self, offset: int, whence: int = io.SEEK_SET) -> int:
        self._at = max(0, offset + {io.SEEK_SET: 0, io.SEEK_CUR: self._at, io.SEEK_END: self._size}[whence])
        return self._at

    def tell(self) -> int:
        return self._at

    def readinto(self, buffer: Any) -> int:
        with telling(self.name, "read"):
            self._file.seek(min(self._at, self._size))
            content = self._file.read(min(len(buffer), max(0, self._size - self._at)))
        buffer[: len(content)] = content
        self._at += len(content)
        return len(content)


def origin(address: str) -> Path | BinaryIO:
    """What a path or a URL leads to, as libraries open it.

    Raises:
        Unreadable: see `Stream`.
    """
    return cast("BinaryIO", Stream(address)) if is_url(address) else Path(address)
