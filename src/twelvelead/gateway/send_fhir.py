"""POST of a report's transaction to a FHIR R4 server."""

import json
from contextlib import suppress
from pathlib import Path
from typing import Any

import urllib3
from urllib3.exceptions import HTTPError, MaxRetryError, SSLError

from twelvelead.gateway.delivering import NotDelivered
from twelvelead.gateway.settings import FhirDestination
from twelvelead.version import __version__

MEDIA = "application/fhir+json"
_AGAIN = (408, 425, 429)
"""Of 4xx, those that say "later"; all others say "never" (RFC 9110)."""

_AWAY = (429, 502, 503, 504)
"""Those that are of the server and not of what it was sent."""

_MOST_SAID = 1 << 16
_LONGEST_WAIT = 3600.0


class FhirSender:
    """One connection, kept open; redirects are not followed, certificates and names are verified.

    Args:
        destination: where it goes.
    """

    def __init__(self, destination: FhirDestination) -> None:
        self._url, self._token = destination.url.rstrip("/"), destination.token
        secured: dict[str, Any] = {"ssl_context": destination.context()} if self._url.startswith("https:") else {}
        self._pool = urllib3.PoolManager(
            maxsize=1, retries=False, timeout=urllib3.Timeout(connect=10.0, total=destination.seconds), **secured
        )

    def send(self, file: Path) -> None:
        """See `Sender.send`."""
        answer = self._ask("POST", self._url, file.read_bytes())
        said = answer.data[:_MOST_SAID]
        if 200 <= answer.status < 300:
            _require_all_done(said, answer.data)
            return
        reason = f"the server answers {answer.status}{_issues(answer.data)}"
        if 300 <= answer.status < 400:
            raise NotDelivered(f"the server redirects ({answer.status}), which is not followed", again=False)
        again = answer.status >= 500 or answer.status in _AGAIN
        raise NotDelivered(reason, again=again, away=answer.status in _AWAY, after=_wait(answer), said=said)

    def check(self) -> str:
        """GET /metadata."""
        answer = self._ask("GET", f"{self._url}/metadata", None)
        if answer.status != 200:
            raise NotDelivered(f"/metadata is answered with {answer.status}", again=True, away=True)
        version = None
        with suppress(ValueError, AttributeError):
            version = json.loads(answer.data).get("fhirVersion")
        if not str(version).startswith("4."):
            raise NotDelivered(f"/metadata names FHIR version {str(version)[:10]}; R4 is 4.0.1", again=False)
        return f"FHIR {version}"

    def close(self) -> None:
        """End the connection."""
        self._pool.clear()

    def _ask(self, method: str, url: str, content: bytes | None) -> urllib3.BaseHTTPResponse:
        headers = {"Accept": MEDIA, "User-Agent": f"twelvelead/{__version__}"}
        if content is not None:
            headers |= {"Content-Type": MEDIA, "Prefer": "return=minimal"}
        if self._token is not None:
            headers["Authorization"] = f"Bearer {self._token.read()}"
        try:
            return self._pool.request(method, url, body=content, headers=headers, redirect=False)
        except SSLError:
            raise NotDelivered("its certificate is not trusted, or it speaks no TLS", again=True, away=True) from None
        except (HTTPError, OSError) as error:
            cause = error.reason if isinstance(error, MaxRetryError) else error
            raise NotDelivered(f"it cannot be reached ({type(cause).__name__})", again=True, away=True) from None


def _require_all_done(said: bytes, content: bytes) -> None:
    """A transaction is done as a whole; a server that takes a part of it is told apart.

    Raises:
        NotDelivered: an entry was not done.
    """
    try:
        entries = json.loads(content or b"{}").get("entry", [])
        statuses = [str(entry["response"]["status"]) for entry in entries]
    except (ValueError, AttributeError, KeyError, TypeError):
        raise NotDelivered("the server's answer is no bundle", again=False, said=said) from None
    failed = [status for status in statuses if not status.startswith("2")]
    if failed:
        raise NotDelivered(f"the server did a part only: {failed[0][:3]}", again=False, said=said)


def _issues(content: bytes) -> str:
    """The codes of an OperationOutcome; its texts may name a patient."""
    with suppress(ValueError, AttributeError, KeyError, TypeError):
        issues = json.loads(content)["issue"]
        codes = [code for issue in issues if (code := str(issue["code"])).replace("-", "").isalpha() and len(code) < 20]
        return f", {', '.join(codes[:3])}" if codes else ""
    return ""


def _wait(answer: urllib3.BaseHTTPResponse) -> float:
    """Seconds that the server asks to be left alone for."""
    stated = answer.headers.get("Retry-After", "")
    return min(float(stated), _LONGEST_WAIT) if stated.isdecimal() else 0.0
