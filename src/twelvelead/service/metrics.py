"""What a monitor counts; no label holds anything of a patient, a file or a client."""

from collections.abc import Callable, Iterable

from prometheus_client import CollectorRegistry, Counter, Gauge, Histogram, generate_latest
from prometheus_client.core import GaugeMetricFamily
from prometheus_client.registry import Collector

from twelvelead import ledger
from twelvelead.errors import TwelveLeadError

_SECONDS = (0.005, 0.01, 0.02, 0.05, 0.1, 0.2, 0.5, 1, 2, 5, 10, 30, 60)


class Metrics:
    """The counters of one service, in a registry of its own.

    Args:
        gauges: name -> what it is, and a function that gives its value at present.
        kept: gives the counts of the ledger at present.
    """

    def __init__(self, gauges: dict[str, tuple[str, Callable[[], float]]], kept: Callable[[], ledger.Metrics]) -> None:
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
        self.registry.register(Kept(kept))

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


class Kept(Collector):
    """What the ledger counts, asked for when Prometheus asks; where it cannot be reached, that alone."""

    def __init__(self, kept: Callable[[], ledger.Metrics]) -> None:
        self._kept = kept

    def describe(self) -> Iterable[GaugeMetricFamily]:
        return ()

    def collect(self) -> Iterable[GaugeMetricFamily]:
        try:
            kept = self._kept()
        except TwelveLeadError:
            yield _gauge("ledger_up", "Whether what is kept can be reached", [((), 0)])
            return
        yield _gauge("ledger_up", "Whether what is kept can be reached", [((), 1)])
        states = [((state,), number) for state, number in kept.recordings.items()]
        yield _gauge("kept_recordings", "Recordings kept", states, "state")
        yield _gauge("kept_signed", "Recordings kept whose reading is signed", [((), kept.signed)])
        yield _gauge("kept_jobs", "Jobs of the gateway", kept.jobs.items(), "queue", "state")
        due = [((queue,), seconds) for queue, seconds in kept.oldest_due_s.items()]
        yield _gauge("kept_jobs_oldest_due_seconds", "For which the oldest job that is due has waited", due, "queue")
        yield _gauge("audit_rows", "Rows of the audit", [((), kept.audit)])
        yield _gauge("kept_files", "Files kept", [((), kept.objects)])
        yield _gauge("kept_bytes", "Their size", [((), kept.object_bytes)])
        yield _gauge("disk_free_bytes", "Left on the disk of the store", [((), kept.free_bytes)])


def _gauge(name: str, what: str, values: Iterable[tuple[tuple[str, ...], float]], *labels: str) -> GaugeMetricFamily:
    family = GaugeMetricFamily(f"twelvelead_{name}", what, labels=labels)
    for place, value in values:
        family.add_metric(place, value)
    return family
