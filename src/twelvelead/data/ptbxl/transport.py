"""HTTP for a long download: a pool of connections, proxies from the environment, retries that obey the server."""

import urllib.request
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from threading import Event
from typing import Any
from urllib.parse import unquote, urlsplit

import urllib3
from urllib3.exceptions import HTTPError, MaxRetryError, ResponseError

from twelvelead.errors import TwelveLeadError
from twelvelead.version import __version__

BUSY = (429, 500, 502, 503, 504)
"""Statuses that pass by waiting; on 429 and 503 as long as Retry-After says (RFC 9110, 10.2.3)."""

CHUNK = 1 << 16
"""Bytes of a stream that are handled at once, and at most lost where it breaks off."""


class Stopped(Exception):
    """The work was called off while a request waited."""


class Transport:
    """Fetches from one server.

    Args:
        url: the server's, to choose the proxy by.
        connections: at once, at most.
        timeout: seconds without a byte after which a request is tried again.
        attempts: retries of a request after the first.
        stop: when set, waits end with `Stopped`.
        waiting: called with the seconds that a busy server asks to wait.
    """

    def __init__(
        self,
        url: str,
        *,
        connections: int,
        timeout: float,
        attempts: int,
        stop: Event,
        waiting: Callable[[float], None] = lambda seconds: None,
    ) -> None:
        self._stop = stop
        options: dict[str, Any] = {
            "maxsize": connections,
            "block": True,
            "timeout": urllib3.Timeout(connect=timeout, read=timeout),
            "retries": _patient(stop, waiting)(
                total=attempts,
                redirect=5,
                status_forcelist=BUSY,
                backoff_factor=0.5,
                backoff_max=60,
                backoff_jitter=0.5,
                allowed_methods=("GET",),
            ),
            "headers": {"User-Agent": f"twelvelead/{__version__}"},
        }
        proxy = _proxy(url)
        self._pool = (
            urllib3.ProxyManager(proxy, **_login(proxy), **options) if proxy else urllib3.PoolManager(**options)
        )

    def get(self, url: str) -> bytes:
        """The body of a file.

        Raises:
            TwelveLeadError: it cannot be had, after all retries.
            Stopped: the work was called off.
        """
        with _named(url):
            response = self._pool.request("GET", url)
            _require_found(response.status, url)
            return response.data

    @contextmanager
    def stream(self, url: str, start: int = 0, end: int | None = None) -> Iterator[urllib3.BaseHTTPResponse]:
        """The response to a request for the bytes from `start` to before `end`; status 200 means that all bytes come.

        Raises:
            TwelveLeadError: it cannot be had, after all retries.
            Stopped: the work was called off.
        """
        wanted = f"bytes={start}-{'' if end is None else end - 1}"
        with _named(url):
            headers = {**self._pool.headers, "Range": wanted} if start or end else None
            response = self._pool.request("GET", url, headers=headers, preload_content=False)
        try:
            if response.status != 416:
                _require_found(response.status, url)
            yield response
        finally:
            response.close()


def _patient(stop: Event, waiting: Callable[[float], None]) -> type[urllib3.Retry]:
    """urllib3's Retry, whose waits end at once when the work is called off."""

    class Patient(urllib3.Retry):
        def sleep(self, response: urllib3.BaseHTTPResponse | None = None) -> None:
            asked = self.get_retry_after(response) if response is not None else None
            if asked:
                waiting(asked)
            if stop.wait(self.get_backoff_time() if asked is None else asked):
                raise Stopped

    return Patient


def _proxy(url: str) -> str | None:
    """The proxy that the environment (http_proxy, https_proxy, no_proxy) or the system names for an address."""
    parts = urlsplit(url)
    if urllib.request.proxy_bypass(parts.netloc):
        return None
    proxies = urllib.request.getproxies()
    proxy = proxies.get(parts.scheme) or proxies.get("all")
    if proxy is None:
        return None
    proxy = proxy if "://" in proxy else f"http://{proxy}"
    if urlsplit(proxy).scheme not in ("http", "https"):
        raise TwelveLeadError(f"{url}: the proxy {urlsplit(proxy).scheme}://... is not http(s); name one that is")
    return proxy


def _login(proxy: str) -> dict[str, Any]:
    parts = urlsplit(proxy)
    if parts.username is None:
        return {}
    login = f"{unquote(parts.username)}:{unquote(parts.password or '')}"
    return {"proxy_headers": urllib3.make_headers(proxy_basic_auth=login)}


def _require_found(status: int, url: str) -> None:
    if status not in (200, 206):
        raise TwelveLeadError(f"{url}: the server answers {status}; check the address (--base-url) and run it again")


@contextmanager
def _named(url: str) -> Iterator[None]:
    try:
        yield
    except MaxRetryError as error:
        raise TwelveLeadError(
            f"{url}: {_why(error.reason)}; check the network, then run it again: it goes on"
        ) from None
    except HTTPError as error:
        raise TwelveLeadError(f"{url}: {_why(error)}; check the network, then run it again: it goes on") from None


def _why(error: BaseException | None) -> str:
    if isinstance(error, ResponseError):
        return f"the server stayed busy or refused ({error})"
    return " ".join(str(error).split())[:160] or type(error).__name__
