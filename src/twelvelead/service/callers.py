"""Who asks: a key, a reader's session, or whoever opened the launch URL on this machine."""

import asyncio
import hmac
import secrets
from collections import OrderedDict
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from datetime import timedelta
from typing import Annotated, NoReturn

from fastapi import Depends, Request, Response, Security
from fastapi.security import APIKeyCookie, HTTPBearer
from starlette.datastructures import URL

from twelvelead.errors import TwelveLeadError
from twelvelead.ledger import ApiKey, Event, Ledger, Role
from twelvelead.service import doors
from twelvelead.service.problems import Problem
from twelvelead.service.settings import Settings

SESSION_HOURS = 12
"""After which a reader has to log in again."""

_RANK: dict[Role, int] = {"read": 0, "write": 1, "admin": 2}
_LONGEST = 4.0
"""Seconds that a wrong key waits at most."""
_MOST_WAITING = 100
_REMEMBERED = 10_000


@dataclass(frozen=True)
class Caller:
    """Who asks.

    Attributes:
        name: for the audit, and of the author of a reading.
        owner: whose recordings new ones are.
        scope: whose recordings are seen; None for everybody's.
        role: what may be done.
        authenticated: whether the name is that of a key; else it only says that it is this machine's user.
    """

    name: str
    owner: str
    scope: str | None
    role: Role
    authenticated: bool


LOCAL = Caller("local", "local", None, "admin", False)
"""Whoever has the launch token."""


class Callers:
    """Tells who asks, and slows down whoever tries keys.

    Args:
        ledger: has the keys and the sessions.
        settings: of the service.

    Attributes:
        token: that opens the service on this machine; None where keys are needed.
    """

    def __init__(self, ledger: Ledger, settings: Settings) -> None:
        self._ledger = ledger
        self.token = secrets.token_urlsafe(32) if settings.local else None
        self._session = secrets.token_urlsafe(32)
        self._failures: OrderedDict[str, int] = OrderedDict()
        self._slowed = 0

    def require_keys(self) -> None:
        """See that somebody can come in.

        Raises:
            TwelveLeadError: keys are needed, and there is none.
        """
        with self._ledger.view() as books:
            if self.token is None and all(key.revoked for key in books.keys.list()):
                raise TwelveLeadError(
                    "there is no key yet; make one with: twelvelead serve keys add NAME --role read, write or admin"
                )

    async def of(self, request: Request) -> Caller | None:
        """Who asks; None where nobody says.

        Raises:
            Problem: 401, a key or session that is none, after a while that grows; 403, a browser's session without
                word of where the request comes from; 429, too many wrong keys at a time.
        """
        kind, _, secret = request.headers.get("authorization", "").partition(" ")
        if secret:
            caller = await self.of_key(secret.strip()) if kind.lower() == "bearer" else None
            if caller is None:
                await self._turn_away(request)
            return caller
        cookies = request.cookies
        cookie = cookies.get(cookie_name(request.url)) if cookies else None
        if cookie is None:
            return None
        if request.method not in doors.SAFE and not doors.by_browser(request.headers):
            raise Problem(403, "denied", "a session is for a browser; a program sends a key")
        if self.token is not None and hmac.compare_digest(cookie.encode(), self._session.encode()):
            return LOCAL
        caller = await asyncio.to_thread(self._of_session, cookie)
        if caller is None:
            await self._turn_away(request)
        return caller

    async def of_key(self, secret: str) -> Caller | None:
        """Whose key it is; None for none's. On this machine the launch token is a key too."""
        if self.token is not None and hmac.compare_digest(secret.encode(), self.token.encode()):
            return LOCAL
        key = await asyncio.to_thread(self._ledger.authenticate, secret)
        return None if key is None else _caller(key)

    async def log_in(self, request: Request, response: Response, secret: str) -> Caller:
        """Exchange a key, or the launch token, for a session's cookie.

        Raises:
            Problem: 401 or 429, see `of`.
        """
        caller = await self.of_key(secret)
        if caller is None:
            await self._turn_away(request)
        cookie = self._session if caller is LOCAL else await asyncio.to_thread(self._open_session, secret, request)
        response.set_cookie(
            cookie_name(request.url),
            cookie,
            max_age=None if caller is LOCAL else SESSION_HOURS * 3600,
            secure=request.url.scheme == "https",
            httponly=True,
            samesite="strict",
        )
        return caller

    async def log_out(self, request: Request, response: Response) -> None:
        """End the session of a request, if it has one."""
        name = cookie_name(request.url)
        cookie = request.cookies.get(name)
        if cookie is not None:
            await asyncio.to_thread(self._close_session, cookie)
        response.delete_cookie(name, secure=request.url.scheme == "https", httponly=True, samesite="strict")

    def _of_session(self, cookie: str) -> Caller | None:
        with self._ledger.view() as books:
            session = books.sessions.check(cookie)
        return None if session is None else _caller(session.key)

    def _open_session(self, secret: str, request: Request) -> str:
        with self._ledger.begin() as books:
            key = books.keys.check(secret)
            if key is None:  # revoked a moment ago
                raise _unknown()
            _, cookie = books.sessions.open(key, timedelta(hours=SESSION_HOURS))
            books.audit.append(Event(key.name, "login", request_id=request.scope["twelvelead.request_id"]))
        return cookie

    def _close_session(self, cookie: str) -> None:
        with self._ledger.begin() as books:
            books.sessions.close(cookie)

    async def _turn_away(self, request: Request) -> NoReturn:
        """Answer a wrong key, later each time that one comes from the same address; a right one never waits."""
        address = request.client.host if request.client else ""
        failures = self._failures[address] = self._failures.pop(address, 0) + 1
        if len(self._failures) > _REMEMBERED:
            self._failures.popitem(last=False)
        if self._slowed >= _MOST_WAITING:
            raise Problem(429, "busy", "too many wrong keys at a time", headers={"Retry-After": str(round(_LONGEST))})
        self._slowed += 1
        try:
            await asyncio.sleep(min(_LONGEST, 0.1 * 2 ** min(failures, 10)))
        finally:
            self._slowed -= 1
        raise _unknown()


def cookie_name(url: URL) -> str:
    """Of the session; cookies do not tell ports apart, so the name does."""
    return "__Host-twelvelead" if url.scheme == "https" else f"twelvelead-{url.port or 80}"


def _caller(key: ApiKey) -> Caller:
    return Caller(key.name, key.owner, None if key.role == "admin" else key.owner, key.role, True)


def _unknown() -> Problem:
    return Problem(401, "denied", "no such key or session", headers={"WWW-Authenticate": "Bearer"})


_SCHEMES = (
    Security(HTTPBearer(auto_error=False, description="A key of `twelvelead serve keys add`")),
    Security(APIKeyCookie(name="twelvelead", auto_error=False, description="A session of POST /v1/session")),
)


SECURITY: list[dict[str, list[str]]] = [{"HTTPBearer": []}, {"APIKeyCookie": []}]
"""The entry of OpenAPI for a route that asks `require` by itself."""


def require(role: Role, *, also_local: bool = False) -> Callable[..., Awaitable[Caller]]:
    """A dependency that gives who asks.

    Args:
        role: that the caller needs at least.
        also_local: whether on this machine nobody needs to say who he is.
    """

    async def caller_of(request: Request, bearer: object = _SCHEMES[0], cookie: object = _SCHEMES[1]) -> Caller:
        callers: Callers = request.app.state.core.callers
        caller = await callers.of(request)
        if caller is None and also_local and callers.token is not None:
            return LOCAL
        if caller is None:
            raise Problem(
                401, "denied", "send a key as Authorization: Bearer, or log in", headers={"WWW-Authenticate": "Bearer"}
            )
        if _RANK[caller.role] < _RANK[role]:
            raise Problem(403, "denied", f"this needs a key with the role {role}")
        return caller

    return caller_of


any_caller = require("read", also_local=True)
AnyCaller = Annotated[Caller, Depends(any_caller)]
"""Of what keeps nothing and shows nothing kept."""

Reader = Annotated[Caller, Depends(require("read"))]
Writer = Annotated[Caller, Depends(require("write"))]
