"""Around every request: its id, the doors, the headers of safety, one line of log, and a count."""

import time
from collections.abc import Callable
from uuid import uuid4

from starlette.datastructures import MutableHeaders
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from twelvelead.service import doors
from twelvelead.service.log import event, logger
from twelvelead.service.metrics import Metrics
from twelvelead.service.problems import as_problem, respond
from twelvelead.service.settings import Settings

_PAGE = (
    "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' blob:; connect-src 'self'; "
    "form-action 'none'; base-uri 'none'; frame-ancestors 'none'"
)
_PICTURE = "default-src 'none'; style-src 'unsafe-inline'; img-src data:; font-src data:; sandbox"
_POLICIES = {"text/html": _PAGE, "image/svg+xml": _PICTURE, "application/pdf": "frame-ancestors 'self'"}
_NOTHING = "default-src 'none'; frame-ancestors 'none'; sandbox"
_SAFETY = (
    (b"x-content-type-options", b"nosniff"),
    (b"referrer-policy", b"no-referrer"),
    (b"cross-origin-opener-policy", b"same-origin"),
    (b"cross-origin-resource-policy", b"same-origin"),
    (b"cache-control", b"no-store"),
)


class Envelope:
    """ASGI middleware around the whole application.

    Args:
        app: inside.
        settings: of the service.
        metrics: where requests are counted.
        stamp: gives the hash of what decides answers.
    """

    def __init__(self, app: ASGIApp, settings: Settings, metrics: Metrics, stamp: Callable[[], str]) -> None:
        self._app, self._settings, self._metrics, self._stamp = app, settings, metrics, stamp

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        begun, request_id, status = time.perf_counter(), uuid4().hex, 0
        scope["twelvelead.request_id"] = request_id

        async def send_sealed(message: Message) -> None:
            nonlocal status
            if message["type"] == "http.response.start":
                status = message["status"]
                headers = MutableHeaders(raw=message.setdefault("headers", []))
                media = headers.get("content-type", "").partition(";")[0]
                headers["content-security-policy"] = _POLICIES.get(media, _NOTHING)
                there = {name for name, _ in headers.raw}
                headers.raw.extend(each for each in _SAFETY if each[0] not in there)
                headers["x-request-id"] = request_id
                headers["twelvelead-settings"] = self._stamp()
            await send(message)

        try:
            doors.check(scope, self._settings)
            if scope["method"] == "HEAD":  # as GET; the server leaves the body out
                scope = {**scope, "method": "GET"}
            await self._app(scope, receive, send_sealed)
        except Exception as error:
            problem = as_problem(error)
            if problem.status == 500:
                logger.error("fault", exc_info=error, extra={"fields": {"request_id": request_id}})
            scope["twelvelead.code"] = problem.code
            if status:  # the answer had begun: the connection ends, so that it is not taken for whole
                raise ConnectionAbortedError from None
            await respond(problem, request_id)(scope, receive, send_sealed)
        finally:
            self._tell(scope, status, time.perf_counter() - begun)

    def _tell(self, scope: Scope, status: int, seconds: float) -> None:
        route = getattr(scope.get("route"), "path", "none")
        self._metrics.request(scope["method"] if route != "none" else "other", route, status, seconds)
        event(
            "request",
            request_id=scope["twelvelead.request_id"],
            method=scope["method"] if scope["method"].isalpha() and len(scope["method"]) < 10 else "other",
            route=route,
            status=status,
            code=scope.get("twelvelead.code"),
            ms=round(seconds * 1000, 1),
        )
