"""Health and metrics, over HTTP on this machine alone."""

import json
import threading
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

from prometheus_client import CONTENT_TYPE_LATEST

from twelvelead.errors import TwelveLeadError
from twelvelead.gateway.metrics import Metrics
from twelvelead.gateway.state import State

HOST = "127.0.0.1"
_NAMES = ("127.0.0.1", "localhost", "[::1]")


class Monitor:
    """/health/live, /health/ready with what is wrong, /metrics.

    Args:
        port: where it listens; 0 for any.
        state, metrics: of the gateway.

    Raises:
        TwelveLeadError: it cannot listen there.
    """

    def __init__(self, port: int, state: State, metrics: Metrics) -> None:
        try:
            self._server = _Server((HOST, port), _Handler)
        except OSError as error:
            raise TwelveLeadError(
                f"{HOST} port {port}: {error.strerror or error}; name another in monitor_port"
            ) from None
        self._server.state, self._server.metrics = state, metrics
        self._thread = threading.Thread(target=self._server.serve_forever, name="monitor", daemon=True)

    @property
    def port(self) -> int:
        """Where it listens."""
        return int(self._server.server_address[1])

    def start(self) -> None:
        """Answer."""
        self._thread.start()

    def stop(self) -> None:
        """Answer no more."""
        self._server.shutdown()
        self._server.server_close()


class _Server(ThreadingHTTPServer):
    daemon_threads = True
    state: State
    metrics: Metrics


class _Handler(BaseHTTPRequestHandler):
    server: _Server
    timeout = 10
    server_version = "twelvelead"
    sys_version = ""

    def do_GET(self) -> None:
        state = self.server.state
        if self.headers.get("Host", HOST).rpartition(":")[0] not in ("", *_NAMES):  # as after DNS rebinding
            self._answer(421, "application/json", b'{"status": "not called by a name of this machine"}')
            return
        match self.path.partition("?")[0]:
            case "/health/live":
                self._answer(200, "application/json", b'{"status": "live"}')
            case "/health/ready":
                faults = state.faults | ({"gateway": "it is stopping"} if state.stopping.is_set() else {})
                body = {"status": "not ready" if faults else "ready", "faults": faults}
                self._answer(503 if faults else 200, "application/json", json.dumps(body).encode())
            case "/metrics":
                self._answer(200, CONTENT_TYPE_LATEST, self.server.metrics.render())
            case _:
                self._answer(404, "application/json", b'{"status": "no such thing"}')

    def log_message(self, format: str, *args: object) -> None:
        """Nothing: it is asked every few seconds."""

    def _answer(self, status: int, media: str, body: bytes) -> None:
        self.send_response(status)
        self.send_header("Content-Type", media)
        self.send_header("Content-Length", str(len(body)))
        self.send_header("Cache-Control", "no-store")
        self.end_headers()
        self.wfile.write(body)
