"""ZIP archives of recordings."""

import zipfile
import zlib
from collections.abc import Iterator

from twelvelead.data.containers.container import Container, Origin, called
from twelvelead.data.containers.files import Files, Held, require_size, tells_by_name
from twelvelead.data.containers.rows import damaged
from twelvelead.data.containers.stated import Stated
from twelvelead.readers.recording import LARGEST_FILE, BadFile
from twelvelead.readers.source import START

_FAULTS = (zipfile.BadZipFile, zlib.error, OSError, EOFError, NotImplementedError, RuntimeError, ValueError)


def opened(origin: Origin, given: Stated) -> Container:
    """The recordings of an archive.

    Raises:
        Unreadable: it is damaged, or holds no recording.
    """
    try:
        archive = zipfile.ZipFile(origin)
    except _FAULTS as error:
        raise damaged(called(origin), error) from None
    try:
        return _Zipped(origin, archive, given)
    except BaseException:
        archive.close()
        raise


class _Zipped(Files):
    def __init__(self, origin: Origin, archive: zipfile.ZipFile, given: Stated) -> None:
        self._archive = archive
        super().__init__(origin, self._held(), given)

    def _held(self) -> Iterator[Held]:
        for info in self._archive.infolist():
            if info.is_dir():
                continue
            start = None
            if not tells_by_name(info.filename):
                try:
                    start = self._bytes(info, START)
                except BadFile:
                    start = b""
            yield Held(info.filename, start)

    def _content(self, member: str) -> bytes:
        info = self._archive.getinfo(member)
        require_size(info.file_size)
        content = self._bytes(info, LARGEST_FILE + 1)
        require_size(len(content))
        return content

    def _bytes(self, info: zipfile.ZipInfo, most: int) -> bytes:
        """The first bytes of a file; what its header says of its length is not believed."""
        try:
            with self._archive.open(info) as stream:
                return stream.read(most)
        except _FAULTS as error:
            if info.flag_bits & 1:
                raise BadFile("encrypted; unpack the archive with its password", code="unsupported") from None
            said = " ".join(str(error).split())[:100]
            raise BadFile(f"truncated or damaged ({said}); copy the archive again", code="damaged") from None

    def close(self) -> None:
        self._archive.close()
