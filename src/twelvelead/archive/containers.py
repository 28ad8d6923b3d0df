"""Files of many recordings in an archive: each member is an input, read in the process that answers it."""

from collections import OrderedDict
from collections.abc import Mapping
from typing import Any

from twelvelead.archive.addresses import called
from twelvelead.archive.inputs import Input
from twelvelead.archive.stream import origin
from twelvelead.data.containers import Container, open_container
from twelvelead.ecg.record import ECG
from twelvelead.errors import TwelveLeadError, Unreadable

_OPEN = 4
"""Files that a process keeps open."""


class Containers:
    """Files of many recordings that one process reads, each opened once as long as few are in use. Those behind URLs
    are read where they lie.

    Args:
        reading: options of `twelvelead.data.containers.open_container`.
    """

    def __init__(self, reading: Mapping[str, Any]) -> None:
        self._reading = reading
        self._opened: OrderedDict[str, Container] = OrderedDict()

    def read(self, given: Input) -> ECG:
        """The recording of an input with a member.

        Raises:
            TwelveLeadError: it cannot be read; the text names the input's source alone.
        """
        assert given.member is not None
        try:
            container = self._opened.pop(given.address, None) or self._open(given.address)
            self._opened[given.address] = container
            return container.read(given.member, name=given.source)
        except TwelveLeadError as error:
            _, of_the_file, said = str(error).partition(f"{called(given.address)}: ")
            if not of_the_file:
                raise
            # its text names the file, which may be a patient's name
            said = said.removeprefix("cannot be read: ")
            raise Unreadable(f"{given.source}: its file cannot be read: {said}", code=error.code) from None

    def _open(self, address: str) -> Container:
        if len(self._opened) >= _OPEN:
            self._opened.popitem(last=False)[1].close()
        return open_container(origin(address), **self._reading)
