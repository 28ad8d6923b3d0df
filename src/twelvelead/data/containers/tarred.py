"""TAR archives of recordings, as they are or compressed by gzip, bzip2 or xz."""

import bz2
import gzip
import lzma
import tarfile
import zlib
from collections.abc import Iterator
from contextlib import nullcontext
from pathlib import Path
from typing import IO, Any

from twelvelead.data.containers.container import Container, Origin, called
from twelvelead.data.containers.files import Files, Held, require_size, tells_by_name
from twelvelead.data.containers.rows import damaged
from twelvelead.data.containers.stated import Stated
from twelvelead.errors import Unreadable
from twelvelead.readers.recording import LARGEST_FILE, BadFile
from twelvelead.readers.source import START

_FAULTS = (tarfile.TarError, zlib.error, lzma.LZMAError, OSError, EOFError, ValueError, OverflowError)
_OPENERS: dict[bytes, Any] = {b"\x1f\x8b": gzip.open, b"BZh": bz2.open, b"\xfd7zXZ\0": lzma.open}
_MOST_INFLATED = 100
"""Times the size of the archive: ECGs inflate to ten times at most."""


def opened(origin: Origin, given: Stated) -> Container:
    """The recordings of an archive. One that is compressed is read from its start whenever a recording before the last
    is asked for, so that these are best read in their order.

    Raises:
        Unreadable: it is damaged, inflates to more than 100 times its size, or holds no recording.
    """
    stream: IO[bytes] | None = None
    try:
        start, size = _start_and_size(origin)
        opener = next((opener for mark, opener in _OPENERS.items() if start.startswith(mark)), None)
        if opener is not None:
            stream = opener(origin, "rb")
        else:
            stream = origin.open("rb") if isinstance(origin, Path) else origin
        most = size * (1 if opener is None else _MOST_INFLATED) + LARGEST_FILE
        return _Tarred(origin, stream, most, given)
    except _FAULTS as error:
        if stream is not None:
            stream.close()
        raise damaged(called(origin), error) from None
    except BaseException:
        if stream is not None:
            stream.close()
        raise


def _start_and_size(origin: Origin) -> tuple[bytes, int]:
    with origin.open("rb") if isinstance(origin, Path) else nullcontext(origin) as stream:
        stream.seek(0)
        start, size = stream.read(8), stream.seek(0, 2)
        stream.seek(0)
    return start, size


class _Tarred(Files):
    def __init__(self, origin: Origin, stream: IO[bytes], most: int, given: Stated) -> None:
        self._stream, self._most = stream, most
        self._parts: dict[str, tuple[int, int]] = {}
        super().__init__(origin, self._held(called(origin)), given)

    def _held(self, where: str) -> Iterator[Held]:
        # without the list of members that tarfile keeps: it takes a kilobyte for each
        with tarfile.open(fileobj=self._stream, mode="r:") as archive:
            while (info := archive.next()) is not None:
                archive.members = []  # type: ignore[attr-defined]
                if info.size < 0 or info.offset_data + info.size > self._most:
                    raise Unreadable(
                        f"{where}: inflates to more than {_MOST_INFLATED} times its size, or is cut short; copy "
                        "or pack it again",
                        code="too-large",
                    )
                if not info.isreg() or info.sparse is not None:
                    continue
                self._parts[info.name] = info.offset_data, info.size
                start = None if tells_by_name(info.name) else self._bytes(info.offset_data, min(info.size, START))
                yield Held(info.name, start)

    def _content(self, member: str) -> bytes:
        offset, size = self._parts[member]
        require_size(size)
        try:
            content = self._bytes(offset, size)
        except _FAULTS as error:
            raise BadFile(
                f"damaged ({' '.join(str(error).split())[:100]}); copy the archive again", code="damaged"
            ) from None
        if len(content) < size:
            raise BadFile(f"{len(content):,} of {size:,} bytes; copy the archive again", code="truncated")
        return content

    def _bytes(self, offset: int, size: int) -> bytes:
        self._stream.seek(offset)
        return self._stream.read(size)

    def close(self) -> None:
        self._stream.close()
