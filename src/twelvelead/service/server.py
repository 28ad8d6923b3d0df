"""The process: it listens, tells where, and ends without losing an answer that was begun."""

import asyncio
import signal
import socket
import ssl
from collections.abc import Callable
from types import FrameType

import uvicorn
from fastapi import FastAPI
from starlette.types import ASGIApp, Receive, Scope, Send
from uvicorn.middleware.proxy_headers import ProxyHeadersMiddleware

from twelvelead.errors import TwelveLeadError
from twelvelead.service import log
from twelvelead.service.core import Core
from twelvelead.service.protocol import with_limits
from twelvelead.service.settings import Settings

NOTICE_SECONDS = 1.0
"""Between saying that it is not ready and closing its door, so that whoever asks first hears it."""


CONNECTIONS = 1000
"""At one time; more are told that it is busy."""


class Server(uvicorn.Server):
    """uvicorn's, which says that it is not ready before it stops.

    Args:
        config: of uvicorn.
        core: of the service.
        started: called once it listens, with the port.
    """

    def __init__(self, config: uvicorn.Config, core: Core, listening: Callable[[int], None]) -> None:
        super().__init__(config)
        self._core, self._listening = core, listening

    async def startup(self, sockets: list[socket.socket] | None = None) -> None:
        await super().startup(sockets)
        if self.started:
            self._listening(self.servers[0].sockets[0].getsockname()[1])

    def handle_exit(self, sig: int, frame: FrameType | None) -> None:
        if self._core.stopping:
            self._end(force=sig == signal.SIGINT)
            return
        self._core.drain()
        log.event("stopping", signal=signal.Signals(sig).name)
        asyncio.get_running_loop().call_later(NOTICE_SECONDS, self._end)

    def _end(self, force: bool = False) -> None:
        self.should_exit, self.force_exit = True, self.force_exit or force


def serve(app: FastAPI, settings: Settings, listening: Callable[[int], None]) -> None:
    """Run the service until it is told to stop.

    Args:
        app: of `create_app`.
        settings: the same as the app's.
        listening: called once it listens, with the port.

    Raises:
        TwelveLeadError: it cannot listen there, it needs keys and has none, or its TLS files are none.
    """
    core: Core = app.state.core
    core.callers.require_keys()
    _require_tls(settings)
    bound = _bind(settings.host, settings.port)
    log.set_up()
    inside: ASGIApp = app
    if settings.behind_proxy:
        inside = OnlyBehind(ProxyHeadersMiddleware(app, list(settings.behind_proxy)), settings.behind_proxy)  # type: ignore[arg-type]
    config = uvicorn.Config(
        inside,
        http=with_limits(settings.header_seconds),
        ws="none",
        lifespan="on",
        log_config=None,
        access_log=False,
        proxy_headers=False,
        server_header=False,
        ssl_certfile=settings.tls_certificate,
        ssl_keyfile=None if settings.tls_key is None else str(settings.tls_key),
        timeout_graceful_shutdown=max(1, round(settings.drain_seconds)),
        timeout_keep_alive=15,
        limit_concurrency=CONNECTIONS,
    )
    with bound:
        Server(config, core, listening).run([bound])


def _require_tls(settings: Settings) -> None:
    for name, file in (("tls_certificate", settings.tls_certificate), ("tls_key", settings.tls_key)):
        if file is not None and not file.is_file():
            raise TwelveLeadError(f"{file}: no such file; name one in the setting {name}")
    if settings.tls_certificate is not None:
        try:
            ssl.create_default_context(ssl.Purpose.CLIENT_AUTH).load_cert_chain(
                settings.tls_certificate, settings.tls_key, password=_no_passphrase
            )
        except (OSError, ValueError):
            raise TwelveLeadError(
                f"{settings.tls_certificate} and {settings.tls_key}: no PEM certificate with the key that belongs to "
                "it, without a passphrase; see to tls_certificate and tls_key"
            ) from None


def _no_passphrase() -> str:
    """In place of asking at the terminal."""
    raise ValueError("it has a passphrase")


def _bind(host: str, port: int) -> socket.socket:
    try:
        family = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)[0][0]
        bound = socket.create_server((host, port), family=family)
        bound.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)  # asyncio does not know that this one is TCP
        return bound
    except OSError as error:
        raise TwelveLeadError(
            f"{host} port {port}: {error.strerror or error}; name another with --host and --port"
        ) from None


class OnlyBehind:
    """Lets in what the named proxies send, and nothing that goes past them.

    Args:
        app: inside.
        proxies: their addresses.
    """

    def __init__(self, app: ASGIApp, proxies: tuple[str, ...]) -> None:
        self._app, self._proxies = app, frozenset(proxies)

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        peer = scope.get("client")
        if scope["type"] == "http" and (peer is None or peer[0] not in self._proxies):
            headers = [(b"content-length", b"0"), (b"connection", b"close")]
            await send({"type": "http.response.start", "status": 403, "headers": headers})
            await send({"type": "http.response.body", "body": b""})
            return
        await self._app(scope, receive, send)
