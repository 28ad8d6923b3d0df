"""What all requests of a service share: its weights, workers, limits and counters."""

import time
from typing import Any

from fastapi import Request

from twelvelead.service.answerer import Answerer
from twelvelead.service.answering import Question, Reply
from twelvelead.service.bodies import Bodies
from twelvelead.service.callers import Callers
from twelvelead.service.keeping import Keeping
from twelvelead.service.log import event
from twelvelead.service.metrics import Metrics
from twelvelead.service.problems import Problem
from twelvelead.service.settings import Settings, open_ledger


class Core:
    """One service, from its start to its end.

    Args:
        settings: of it.

    Attributes:
        answerer: weights and workers; `contracts`, `digests` and `default` are its own.
        answering_sha256: of what decides answers.
        ledger, callers, keeping, bodies, metrics: see there.
        fault: why it cannot answer, as a clause; None where it can.
        stopping: whether it takes nothing more on.

    Raises:
        TwelveLeadError: weights are not there or do not match their contract, settings are not theirs, or the store
            cannot be opened.
    """

    def __init__(self, settings: Settings) -> None:
        self.settings = settings
        self.answerer = Answerer(settings)
        self.contracts, self.digests = self.answerer.contracts, self.answerer.digests
        self.default, self.answering_sha256 = self.answerer.default, self.answerer.sha256
        self.ledger = open_ledger(settings)
        with self.ledger.begin() as books:
            books.settings.keep(self.answerer.told)
        self.callers = Callers(self.ledger, settings)
        self.keeping = Keeping(self.ledger)
        self.bodies = Bodies(settings)
        self.metrics = Metrics(
            {
                "queue": ("Recordings that wait for a worker", lambda: self.answerer.waiting),
                "busy_workers": ("Workers that answer at present", lambda: self.answerer.busy),
                "body_bytes": ("Bytes of requests held at present", lambda: self.bodies.held),
                "ready": ("Whether recordings are answered", lambda: float(self.fault is None)),
            },
            self.ledger.metrics,
        )
        self.fault: str | None = "it is starting"
        self.stopping = False

    async def start(self) -> None:
        """Start the workers; it is ready once each has given the known answer to a known ECG."""
        self.fault = await self.answerer.start()
        event("ready" if self.fault is None else "not ready", fault=self.fault, settings_sha256=self.answering_sha256)

    def drain(self) -> None:
        """Take nothing more on."""
        self.stopping = True
        self.fault = "it is stopping"

    def close(self) -> None:
        """End the workers, and close the ledger."""
        self.answerer.close()
        self.ledger.close()

    def require_ready(self) -> None:
        """See that it can answer.

        Raises:
            Problem: 503, it cannot.
        """
        if self.fault is not None:
            raise Problem(503, "not-ready", f"the service does not answer: {self.fault}", headers={"Retry-After": "1"})

    async def ask(self, question: Question) -> Reply:
        """A worker's reply, counted.

        Raises:
            Problem: 429 or 422, see `Pool.run`; 503, it has not started.
        """
        begun, model = time.perf_counter(), question.options["weights"]
        try:
            if not self.answerer.started:
                self.require_ready()
            reply = await self.answerer.ask(question)
        except Problem as problem:
            self.metrics.recording("rejected", problem.code, model, (), time.perf_counter() - begun)
            raise
        code = reply.error["code"] if reply.error is not None else "none"
        self.metrics.recording(reply.outcome, code, model, reply.findings, time.perf_counter() - begun)
        return reply

    async def work(self, function: Any, *arguments: Any) -> Any:
        """What a function of a module gives in a worker, also while it is stopping; see `Pool.run`."""
        if not self.answerer.started:
            self.require_ready()
        return await self.answerer.work(function, *arguments)


async def core_of(request: Request) -> Core:
    """The service that a request came to."""
    core: Core = request.app.state.core
    return core


async def ready_core(request: Request) -> Core:
    """The service that a request came to, if it can answer.

    Raises:
        Problem: 503.
    """
    core = await core_of(request)
    core.require_ready()
    return core
