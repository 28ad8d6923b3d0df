"""Weights, and the processes that answer by them; who asks, and by which way, is not known here."""

import hashlib
from typing import Any

from twelvelead.errors import TwelveLeadError
from twelvelead.reading.languages import load_texts
from twelvelead.service import answering
from twelvelead.service.answering import Question, Reply
from twelvelead.service.log import logger
from twelvelead.service.pool import Pool
from twelvelead.service.settings import Settings
from twelvelead.weights import Contract, file, find, sha256
from twelvelead.weights.contract import FILE


class Answerer:
    """From its start to its end.

    Args:
        settings: weights, operating_point, error_rate, measure, language, workers, queue and answer_seconds of them.

    Attributes:
        contracts: name -> contract of what may be asked, the default first.
        digests: name -> SHA-256 of the weights and of their contract.
        default: name of the weights that answer where none are named.
        told: what decides answers, as JSON.
        sha256: of `told`.

    Raises:
        TwelveLeadError: weights are not there or do not match their contract, or settings are not theirs.
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
        self.told = settings.answering(self.digests)
        self.sha256 = hashlib.sha256(self.told.encode()).hexdigest()
        self._pool: Pool | None = None

    @property
    def waiting(self) -> int:
        """Callers that wait for a worker at present."""
        return self._pool.waiting if self._pool else 0

    @property
    def busy(self) -> int:
        """Workers that are at work at present."""
        return self._pool.busy if self._pool else 0

    @property
    def started(self) -> bool:
        """Whether there are workers."""
        return self._pool is not None

    async def start(self) -> str | None:
        """Start the workers, and have each answer a known ECG.

        Returns:
            Why they cannot answer, as a clause; None where they can.
        """
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
            return "its workers do not start; its log says why"
        fault = next((fault for fault in faults if fault), None)
        return f"its self-test {fault}" if fault else None

    async def ask(self, question: Question) -> Reply:
        """A worker's reply, once they are started.

        Raises:
            Problem: 429 or 422, see `Pool.run`.
        """
        assert self._pool is not None
        if question.is_brief:
            return await self._pool.run_together(answering.answer_each, question)
        return await self._pool.run(answering.answer, question)

    async def work(self, function: Any, *arguments: Any) -> Any:
        """What a function of a module gives in a worker, once they are started; see `Pool.run`."""
        assert self._pool is not None
        return await self._pool.run(function, *arguments)

    def close(self) -> None:
        """End the workers."""
        if self._pool is not None:
            self._pool.close()
