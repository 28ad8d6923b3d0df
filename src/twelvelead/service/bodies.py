"""The bytes of requests: bounded each and all together, in memory alone, within a time."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

from starlette.requests import Request

from twelvelead.service.multipart import parts_of
from twelvelead.service.problems import Problem
from twelvelead.service.settings import Settings
from twelvelead.service.uploads import Part


class Bodies:
    """What all requests of a service may hold.

    Args:
        settings: body_bytes, bodies_bytes and body_seconds.

    Attributes:
        held: bytes at present.
    """

    def __init__(self, settings: Settings) -> None:
        self._settings = settings
        self.held = 0

    @asynccontextmanager
    async def parts(self, request: Request) -> AsyncIterator[list[Part]]:
        """The parts of a request while the block runs: those of a multipart body, else the body as the only one.

        Raises:
            Problem: 413, 429 or 408, it is too large, all together are, or it comes too slowly; 400, a multipart body
                that is none.
        """
        body = bytearray()
        try:
            async with asyncio.timeout(self._settings.body_seconds):
                await self._receive(request, body)
            yield parts_of(request.headers.get("content-type", "").encode("latin-1"), bytes(body))
        except TimeoutError:
            raise _closing(
                408, "too-slow", f"the request took over {self._settings.body_seconds:g} s to come"
            ) from None
        finally:
            self.held -= len(body)

    async def _receive(self, request: Request, body: bytearray) -> None:
        most = self._settings.body_bytes
        if _declared(request) > most:
            raise _too_large(most)
        async for chunk in request.stream():
            if len(body) + len(chunk) > most:
                raise _too_large(most)
            if self.held + len(chunk) > self._settings.bodies_bytes:
                raise _closing(429, "busy", "requests hold all the memory that is theirs; try again later", again=2)
            body += chunk
            self.held += len(chunk)


def _declared(request: Request) -> int:
    declared = request.headers.get("content-length", "")
    return int(declared) if declared.isdecimal() and len(declared) < 20 else 0


def _too_large(most: int) -> Problem:
    return _closing(413, "too-large", f"more than the {most:,} bytes that are taken at once; send a shorter recording")


def _closing(status: int, code: str, detail: str, again: int | None = None) -> Problem:
    headers = {"Connection": "close"} | ({} if again is None else {"Retry-After": str(again)})
    return Problem(status, code, detail, headers=headers)
