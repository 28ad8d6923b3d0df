"""HTTP/1.1 of uvicorn, with headers that have to come within a time and a size."""

import asyncio
from typing import Any, ClassVar

from uvicorn.protocols.http.httptools_impl import HttpToolsProtocol

LARGEST_HEAD = 1 << 16
"""Bytes of a request's line and headers."""


class Protocol(HttpToolsProtocol):
    """A connection; see `with_limits`.

    Attributes:
        header_seconds: from the connection, or from the first byte of a further request, to the end of its headers.
    """

    header_seconds: ClassVar[float] = 10.0

    def __init__(self, *arguments: Any, **named: Any) -> None:
        super().__init__(*arguments, **named)
        self._late: asyncio.TimerHandle | None = None
        self._head = 0

    def connection_made(self, transport: asyncio.Transport) -> None:  # type: ignore[override]
        super().connection_made(transport)
        self._expect()

    def connection_lost(self, exc: Exception | None) -> None:
        self._arrived()
        super().connection_lost(exc)

    def data_received(self, data: bytes) -> None:
        if self.cycle is None or (self.cycle.response_complete and not self.cycle.more_body):
            self._head += len(data)
            self._expect()
        super().data_received(data)
        if self._late is not None and self._head > LARGEST_HEAD:
            self._cut()

    def on_headers_complete(self) -> None:
        self._arrived()
        super().on_headers_complete()

    def _expect(self) -> None:
        if self._late is None:
            self._late = self.loop.call_later(self.header_seconds, self._cut)

    def _arrived(self) -> None:
        self._head = 0
        if self._late is not None:
            self._late.cancel()
            self._late = None

    def _cut(self) -> None:
        """End the connection of a client that sends headers too slowly, or too many."""
        if not self.transport.is_closing():
            self.send_400_response("Headers too slow or too large.")


def with_limits(header_seconds: float) -> type[Protocol]:
    """The protocol with this time for headers."""
    return type("Protocol", (Protocol,), {"header_seconds": header_seconds})
