"""What a monitor counts of a gateway; no label holds anything of a patient, a file or a sender."""

from collections.abc import Callable

from prometheus_client import CollectorRegistry, Counter, Gauge, Histogram, generate_latest

from twelvelead import ledger
from twelvelead.service.metrics import Kept

_SECONDS = (0.05, 0.1, 0.2, 0.5, 1, 2, 5, 10, 30, 60, 300, 3600, 86400)


class Metrics:
    """The counters of one gateway, in a registry of its own.

    Args:
        ready: whether all is well at present.
        kept: gives the counts of the ledger at present.
    """

    def __init__(self, ready: Callable[[], bool], kept: Callable[[], ledger.Metrics]) -> None:
        self.registry = CollectorRegistry()
        self._arrived = Counter(
            "twelvelead_arrived", "What came, by way and outcome", ("way", "outcome"), registry=self.registry
        )
        self._reported = Counter(
            "twelvelead_reported", "Reports made, by outcome", ("outcome",), registry=self.registry
        )
        self._delivered = Counter(
            "twelvelead_delivered",
            "Deliveries tried, by destination and outcome",
            ("destination", "outcome"),
            registry=self.registry,
        )
        self._seconds = Histogram(
            "twelvelead_delivery_seconds",
            "From the report to its delivery",
            ("destination",),
            buckets=_SECONDS,
            registry=self.registry,
        )
        Gauge("twelvelead_ready", "Whether all is well", registry=self.registry).set_function(lambda: float(ready()))
        self.registry.register(Kept(kept))

    def arrived(self, way: str, outcome: str) -> None:
        """Count what came, or was refused under a code."""
        self._arrived.labels(way, outcome).inc()

    def reported(self, outcome: str) -> None:
        """Count a report, or why there is none."""
        self._reported.labels(outcome).inc()

    def delivered(self, destination: str, outcome: str, seconds: float | None = None) -> None:
        """Count a delivery: "ok" with the seconds since its report was made, "again" or "dead"."""
        self._delivered.labels(destination, outcome).inc()
        if seconds is not None:
            self._seconds.labels(destination).observe(seconds)

    def render(self) -> bytes:
        """The text that Prometheus reads."""
        return generate_latest(self.registry)
