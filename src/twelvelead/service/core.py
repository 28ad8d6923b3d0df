"""What all requests of a service share: its weights, workers, limits and counters."""

import time
from typing import Any

from fastapi import Request

from twelvelead.errors import TwelveLeadError
from twelvelead.reading.languages import load_texts
from twelvelead.service import answering
from twelvelead.service.answering import Question, Reply
from twelvelead.service.bodies import Bodies
from twelvelead.service.callers import Callers
from twelvelead.service.keeping import Keeping
from twelvelead.service.log import event, logger
from twelvelead.service.metrics import Metrics
from twelvelead.service.pool import Pool
from twelvelead.service.problems import Problem
from twelvelead.service.settings import Settings, open_ledger
from twelvelead.weights import Contract, file, find, sha256
from twelvelead.weights.contract import FILE


class Core:
    """One service, from its start to its end.

    Args:
        settings: of it.

    Attributes:
        contracts: name -> contract of what may be asked, `default` first.
        digests: name -> SHA-256 of the weights and of their contract.
        answering, answering_sha256: what decides answers, as JSON, and its hash.
        ledger, callers, keeping, bodies, metrics: see there.
        fault: why it cannot answer, as a clause; None where it can.
        stopping: whether it takes nothing more on.

    Raises:
        TwelveLeadError: weights are not there or do not match their contract, settings are not theirs, or the store
            cannot be opened.
    """

    def __init__(self, settings: Settings) -> None:
        self.settings = settings
        self.contracts: dict[str, Contract] = {}
        self.digests: dict[str, tuple[str, str]] = {}
        for place in settings.weights:
            contract = Contract.load(find(place))
            file(place, "onnx", contract)
            contract.thresholds_at(settings.operating_point)
            contract.limits(settings.error_rate)
            if contract.name in self.contracts:
                raise TwelveLeadError(f"{place}: the name {contract.name} is that of other weights too; leave one out")
            self.contracts[contract.name] = contract
            self.digests[contract.name] = (contract.files["onnx"]["sha256"], sha256(find(place) / FILE))
        self.default = next(iter(self.contracts))
        load_texts(settings.language)
        self.answering = settings.answering(self.digests)
        self.ledger = open_ledger(settings)
        with self.ledger.begin() as books:
            self.answering_sha256 = books.settings.keep(self.answering)
        self.callers = Callers(self.ledger, settings)
        self.keeping = Keeping(self.ledger)
        self.bodies = Bodies(settings)
        self.metrics = Metrics(
            {
                "queue": ("Recordings that wait for a worker", lambda: self._pool.waiting if self._pool else 0),
                "busy_workers": ("Workers that answer at present", lambda: self._pool.busy if self._pool else 0),
                "body_bytes": ("Bytes of requests held at present", lambda: self.bodies.held),
                "ready": ("Whether recordings are answered", lambda: float(self.fault is None)),
            },
            self.ledger.metrics,
        )
        self.fault: str | None = "it is starting"
        self.stopping = False
        self._pool: Pool | None = None

    async def start(self) -> None:
        """Start the workers; it is ready once each has given the known answer to a known ECG."""
        settings = self.settings
        self._pool = Pool(
            answering.prepare,
            (settings.weights,),
            processes=settings.workers,
            queue=settings.queue,
            seconds=settings.answer_seconds,
        )
        try:
            faults = await self._pool.everywhere(answering.try_out, self.default)
        except Exception as error:
            logger.error("workers do not start", exc_info=error)
            self.fault = "its workers do not start; its log says why"
            return
        fault = next((fault for fault in faults if fault), None)
        self.fault = f"its self-test {fault}" if fault else None
        event("ready" if fault is None else "not ready", fault=fault, settings_sha256=self.answering_sha256)

    def drain(self) -> None:
        """Take nothing more on."""
        self.stopping = True
        self.fault = "it is stopping"

    def close(self) -> None:
        """End the workers, and close the ledger."""
        if self._pool is not None:
            self._pool.close()
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
            Problem: 429 or 422, see `Pool.run`.
        """
        begun, model = time.perf_counter(), question.options["weights"]
        try:
            reply: Reply = await self.work(answering.answer, question)
        except Problem as problem:
            self.metrics.recording("rejected", problem.code, model, (), time.perf_counter() - begun)
            raise
        code = reply.error["code"] if reply.error is not None else "none"
        self.metrics.recording(reply.outcome, code, model, reply.findings, time.perf_counter() - begun)
        return reply

    async def work(self, function: Any, *arguments: Any) -> Any:
        """What a function of a module gives in a worker, also while it is stopping; see `Pool.run`."""
        if self._pool is None:
            self.require_ready()
        assert self._pool is not None
        return await self._pool.run(function, *arguments)


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
