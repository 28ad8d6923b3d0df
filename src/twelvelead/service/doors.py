"""Which requests come in at all: called by a known name, and not sent by another site."""

from collections.abc import Mapping
from functools import lru_cache
from urllib.parse import urlsplit

from starlette.datastructures import Headers
from starlette.types import Scope

from twelvelead.service.problems import Problem
from twelvelead.service.settings import Settings

SAFE = frozenset({"GET", "HEAD", "OPTIONS"})


def check(scope: Scope, settings: Settings) -> None:
    """See that a request may come in.

    Raises:
        Problem: 421, its `Host` is no name of this service, as after DNS rebinding; 403, another site's page sent it.
    """
    headers = Headers(scope=scope)
    host = headers.get("host", "")
    if len(headers.getlist("host")) != 1 or _name(host) not in settings.known_hosts:
        raise Problem(421, "denied", "Host is no name of this service; its setting hosts lists the names")
    if scope["method"] not in SAFE:
        _same_site(headers, f"{scope['scheme']}://{host}".lower())


def by_browser(headers: Mapping[str, str]) -> bool:
    """Whether a browser says where a request comes from, and so `check` has looked at it."""
    return "origin" in headers or "sec-fetch-site" in headers


def _same_site(headers: Headers, own: str) -> None:
    origins, sites = headers.getlist("origin"), headers.getlist("sec-fetch-site")
    if any(origin.lower() != own for origin in origins) or any(site not in ("same-origin", "none") for site in sites):
        raise Problem(403, "denied", "another site sent this request; use the service's own page, or a key")


@lru_cache(maxsize=64)
def _name(host: str) -> str | None:
    """Of a `Host` header the name in lower case, without the port; None where it is none."""
    try:
        parts = urlsplit(f"//{host}")
        _ = parts.port
    except ValueError:
        return None
    return parts.hostname if parts.netloc == host and "@" not in host else None
