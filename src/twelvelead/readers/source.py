"""Where the bytes of a recording come from."""

import os
import re
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from functools import cached_property
from pathlib import Path
from types import MappingProxyType
from typing import BinaryIO

from twelvelead.files import read_regular
from twelvelead.naming import shown
from twelvelead.readers.recording import LARGEST_FILE, BadFile

START = 4096
"""Bytes that are enough to tell what a file is."""

_SUFFIX = re.compile(r"\.[a-z0-9]{1,8}")

Origin = str | os.PathLike[str] | bytes | bytearray | memoryview | BinaryIO
"""A path, the bytes of a file, or a binary stream, which is read once."""


class Source:
    """A file, bytes or a stream, read when it is asked for, and once.

    Args:
        origin: which.
        name: for messages; the path as `twelvelead.naming.shown` gives it, where there is none.
        beside: for bytes and streams, name -> bytes of the files that would lie beside them.

    Attributes:
        path: of the file; None for bytes and streams.
        name: for messages.
        beside: as given.
    """

    def __init__(
        self, origin: Origin, name: str | None = None, beside: Mapping[str, bytes] = MappingProxyType({})
    ) -> None:
        self.path: Path | None = None
        self.beside = beside
        self._given: bytes | BinaryIO | None = None
        if isinstance(origin, str | os.PathLike):
            self.path = Path(origin)
            self.name = name or shown(self.path)
        else:
            self._given = bytes(origin) if isinstance(origin, bytes | bytearray | memoryview) else origin
            self.name = name or ("bytes" if isinstance(self._given, bytes) else "stream")

    @cached_property
    def start(self) -> bytes:
        """The first `START` bytes.

        Raises:
            OSError: there is no file, it cannot be read, or it is no regular file.
        """
        return self.content[:START] if self.path is None else read_regular(self.path, START - 1)

    @property
    def suffix(self) -> str:
        """Of the path, else of the name, in lower case, as in ".dat"; "" where there is none."""
        suffix = (self.path or Path(self.name)).suffix.lower()
        return suffix if _SUFFIX.fullmatch(suffix) else ""

    @property
    def size(self) -> int:
        """In bytes."""
        return len(self.content)

    @cached_property
    def content(self) -> bytes:
        """All bytes.

        Raises:
            BadFile: they are more than are read at once.
            OSError: as `start`.
        """
        if self.path is not None:
            content = read_regular(self.path, LARGEST_FILE)
        else:
            content = self._given if isinstance(self._given, bytes) else _drained(self._given)
        if len(content) > LARGEST_FILE:
            raise BadFile(
                f"more than the {LARGEST_FILE:,} bytes that are read at once; export a shorter recording",
                code="too-large",
            )
        return content

    @contextmanager
    def as_file(self) -> Iterator[Path]:
        """The path of a file that holds the bytes, for libraries that read nothing else."""
        if self.path is not None:
            yield self.path
            return
        from tempfile import TemporaryDirectory

        with TemporaryDirectory() as folder:
            path = Path(folder) / f"recording{self.suffix}"
            path.write_bytes(self.content)
            yield path


def _drained(stream: BinaryIO | None) -> bytes:
    """What a stream holds, up to a byte more than is read at once."""
    parts: list[bytes] = []
    left = LARGEST_FILE + 1
    while stream is not None and left > 0 and (part := stream.read(min(left, 1 << 20))):
        if not isinstance(part, bytes):
            raise TypeError("read takes a binary stream; open the file with 'rb', or take sys.stdin.buffer")
        parts.append(part)
        left -= len(part)
    return b"".join(parts)
