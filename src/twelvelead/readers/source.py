"""Where the bytes of a recording come from."""

from functools import cached_property
from pathlib import Path

from twelvelead.readers.recording import LARGEST_FILE, Fault

START = 4096
"""Bytes that are enough to tell what a file is."""


class Source:
    """A file, read when it is asked for, and once.

    Attributes:
        path: of the file.
        name: for messages.
    """

    def __init__(self, path: Path) -> None:
        self.path = path
        self.name = str(path)

    @cached_property
    def start(self) -> bytes:
        """The first `START` bytes.

        Raises:
            OSError: there is no file, or it cannot be read.
        """
        with self.path.open("rb") as stream:
            return stream.read(START)

    @cached_property
    def size(self) -> int:
        """In bytes."""
        return self.path.stat().st_size

    @cached_property
    def content(self) -> bytes:
        """All bytes.

        Raises:
            Fault: they are more than are read at once.
        """
        if self.size > LARGEST_FILE:
            raise Fault(f"{self.size:,} bytes are more than are read at once; export at most {LARGEST_FILE:,} of it")
        return self.path.read_bytes()
