"""A process that does what it is sent.

The event loop talks to it over a socket: an executor of the standard library takes a millisecond for what takes a tenth
of it here.
"""

import asyncio
import pickle
import socket
from collections.abc import Callable
from multiprocessing import get_context
from typing import Any, TypeVar, cast

from twelvelead.inference.workers import begin

_HEAD = 8
"""Bytes before a message, that say how many it has."""

Result = TypeVar("Result")


class Died(Exception):
    """A process ended while it was at work, or before."""


class Worker:
    """A process that does what it is sent, functions of modules, one at a time.

    Args:
        prepare: called once in it, with `arguments`.
        arguments: of `prepare`.
    """

    def __init__(self, prepare: Callable[..., None], arguments: tuple[Any, ...]) -> None:
        self._socket, theirs = socket.socketpair()
        self._process = get_context("spawn").Process(target=_work, args=(theirs, prepare, arguments), daemon=True)
        self._process.start()
        theirs.close()
        self._talk: _Talk | None = None

    async def call(self, work: Callable[..., Result], *arguments: Any) -> Result:
        """The result of one thing.

        Raises:
            Died: the process ended.
            Exception: whatever `work` raised.
        """
        if self._talk is None:
            loop = asyncio.get_running_loop()
            # not every loop takes a Unix socket for just any
            is_unix = self._socket.family == getattr(socket, "AF_UNIX", None)
            connect: Any = loop.create_unix_connection if is_unix else loop.create_connection
            _, self._talk = await connect(_Talk, sock=self._socket)
        answer = await self._talk.ask(pickle.dumps((work, arguments), pickle.HIGHEST_PROTOCOL))
        well, result = pickle.loads(answer)
        if not well:
            raise result
        done: Result = result
        return done

    def end(self) -> None:
        """End the process, whatever it does."""
        self._process.kill()
        self._process.join()
        if self._talk is None:
            self._socket.close()
        else:
            self._talk.end()


class _Talk(asyncio.Protocol):
    """Messages to a process and back, one at a time."""

    def __init__(self) -> None:
        self._transport: asyncio.Transport
        self._heard = bytearray()
        self._answer: asyncio.Future[bytes] | None = None

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self._transport = cast(asyncio.Transport, transport)

    def data_received(self, data: bytes) -> None:
        self._heard += data
        length = int.from_bytes(self._heard[:_HEAD], "little")
        if len(self._heard) >= _HEAD + length and self._answer is not None and not self._answer.done():
            self._answer.set_result(bytes(self._heard[_HEAD:]))

    def connection_lost(self, exc: Exception | None) -> None:
        if self._answer is not None and not self._answer.done():
            self._answer.set_exception(Died())

    async def ask(self, message: bytes) -> bytes:
        if self._transport.is_closing():
            raise Died
        self._heard.clear()
        self._answer = asyncio.get_running_loop().create_future()
        self._transport.write(len(message).to_bytes(_HEAD, "little") + message)
        return await self._answer

    def end(self) -> None:
        self._transport.abort()


def _work(talk: socket.socket, prepare: Callable[..., None], arguments: tuple[Any, ...]) -> None:
    begin(prepare, arguments)
    with talk, talk.makefile("rwb") as stream:
        while head := stream.read(_HEAD):
            work, given = pickle.loads(stream.read(int.from_bytes(head, "little")))
            try:
                answer: tuple[bool, Any] = True, work(*given)
            except Exception as error:
                answer = False, error
            message = pickle.dumps(answer, pickle.HIGHEST_PROTOCOL)
            stream.write(len(message).to_bytes(_HEAD, "little") + message)
            stream.flush()
