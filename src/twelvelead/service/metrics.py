"""What a monitor counts; no label holds anything of a patient, a file or a client."""

from collections.abc import Callable, Iterable

from prometheus_client import CollectorRegistry, Counter, Gauge, Histogram, generate_latest

_SECONDS = (0.005, 0.01, 0.02, 0.05, 0.1, 0.2, 0.5, 1, 2, 5, 10, 30, 60)


class Metrics:
    """The counters of one service, in a registry of its own.

    Args:
        gauges: name -> what it is, and a function that gives its value at present.
    """

    def __init__(self, gauges: dict[str, tuple[str, Callable[[], float]]]) -> None:
        self.registry = CollectorRegistry()
        self._requests = Counter(
            "twelvelead_requests", "Requests by route and status", ("method", "route", "status"), registry=self.registry
        )
        self._seconds = Histogram(
            "twelvelead_request_seconds",
            "From the headers to the end",
            ("route",),
            buckets=_SECONDS,
            registry=self.registry,
        )
        self._recordings = Counter(
            "twelvelead_recordings",
            "Recordings by outcome, code of the error and model",
            ("outcome", "code", "model"),
            registry=self.registry,
        )
        self._findings = Counter(
            "twelvelead_findings", "Findings of the quality gate and the readers", ("code",), registry=self.registry
        )
        self._answering = Histogram(
            "twelvelead_answer_seconds",
            "One recording, waiting included",
            ("model",),
            buckets=_SECONDS,
            registry=self.registry,
        )
        for name, (what, value) in gauges.items():
            Gauge(f"twelvelead_{name}", what, registry=self.registry).set_function(value)

    def request(self, method: str, route: str, status: int, seconds: float) -> None:
        """Count a request that has ended."""
        self._requests.labels(method, route, str(status)).inc()
        self._seconds.labels(route).observe(seconds)

    def recording(self, outcome: str, code: str, model: str, findings: Iterable[str], seconds: float) -> None:
        """Count a recording that has an answer, or has none."""
        self._recordings.labels(outcome, code, model).inc()
        self._answering.labels(model).observe(seconds)
        for finding in findings:
            self._findings.labels(finding).inc()

    def render(self) -> bytes:
        """The text that Prometheus reads."""
        return generate_latest(self.registry)
