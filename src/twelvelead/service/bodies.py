"""The bytes of requests: bounded each and all together, in memory alone, within a time."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

from python_multipart.exceptions import FormParserError
from python_multipart.multipart import MultipartParser, parse_options_header
from starlette.requests import Request

from twelvelead.service.problems import Problem
from twelvelead.service.settings import Settings
from twelvelead.service.uploads import MOST, Part

_MULTIPART = b"multipart/form-data"


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
            yield _parts(request.headers.get("content-type", "").encode("latin-1"), bytes(body))
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


def _parts(content_type: bytes, body: bytes) -> list[Part]:
    media, parameters = parse_options_header(content_type)
    if media != _MULTIPART:
        return [Part("", body)]
    parts: list[Part] = []
    field, value, name, data = bytearray(), bytearray(), "", bytearray()

    def on_part_begin() -> None:
        nonlocal name
        if len(parts) == MOST:
            raise Problem(413, "too-large", f"more than {MOST} parts; send them in several requests")
        name = ""
        data.clear()

    def on_header_end() -> None:
        nonlocal name
        if field.lower() == b"content-disposition":
            name = parse_options_header(bytes(value))[1].get(b"filename", b"").decode("utf-8", "replace")
        field.clear()
        value.clear()

    parser = MultipartParser(
        parameters.get(b"boundary", b"") or b"none",
        {
            "on_part_begin": on_part_begin,
            "on_header_field": lambda whole, start, end: field.extend(whole[start:end]),
            "on_header_value": lambda whole, start, end: value.extend(whole[start:end]),
            "on_header_end": on_header_end,
            "on_part_data": lambda whole, start, end: data.extend(whole[start:end]),
            "on_part_end": lambda: parts.append(Part(name, bytes(data))),
        },
    )
    try:
        parser.write(body)
        parser.finalize()
    except FormParserError:
        raise Problem(400, "damaged", "a multipart body that contradicts itself; send it again") from None
    if not parts:
        raise Problem(400, "damaged", "a multipart body without a part; send it again")
    return parts
