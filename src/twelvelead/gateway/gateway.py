"""A gateway: its parts, started and stopped together."""

import asyncio
import signal
import threading
from collections.abc import Callable, Coroutine, Iterator
from contextlib import ExitStack, contextmanager
from typing import Any

from twelvelead.errors import TwelveLeadError
from twelvelead.files import owning
from twelvelead.gateway.arriving import Inbox
from twelvelead.gateway.delivering import Courier, Sender
from twelvelead.gateway.folder import Watched
from twelvelead.gateway.following import Following
from twelvelead.gateway.metrics import Metrics
from twelvelead.gateway.monitor import Monitor
from twelvelead.gateway.node import Node
from twelvelead.gateway.queues import REPORTS, deliveries_to
from twelvelead.gateway.reporting import Reporting
from twelvelead.gateway.send_dicom import DicomSender
from twelvelead.gateway.send_fhir import FhirSender
from twelvelead.gateway.send_hl7 import Hl7Sender
from twelvelead.gateway.settings import (
    Destination,
    DicomDestination,
    FhirDestination,
    Settings,
    open_ledger,
)
from twelvelead.gateway.state import State
from twelvelead.ledger import Ledger
from twelvelead.service import log
from twelvelead.service.answerer import Answerer

LOOK_SECONDS = 1.0
"""Between looks at the audit, the disk and the length of the queue."""

JOIN_SECONDS = 25.0
"""In which what was begun ends after SIGTERM."""


def sender_to(destination: Destination) -> Sender:
    """The way to a destination.

    Raises:
        TwelveLeadError: its TLS files are none.
    """
    if isinstance(destination, DicomDestination):
        return DicomSender(destination)
    if isinstance(destination, FhirDestination):
        return FhirSender(destination)
    return Hl7Sender(destination)


def run(settings: Settings, listening: Callable[["Gateway"], None], *, dry_run: bool = False) -> None:
    """Run a gateway until SIGTERM or Ctrl-C.

    Args:
        settings: of it.
        listening: called once it listens.
        dry_run: whether nothing is sent.

    Raises:
        TwelveLeadError: it cannot start: a place where it cannot listen, a folder that is not there, another gateway on
            the same store.
    """
    log.set_up()
    with open_ledger(settings) as ledger, _alone(ledger):
        asyncio.run(Gateway(settings, ledger, dry_run=dry_run).run(listening))


class Gateway:
    """All parts of a gateway.

    Args:
        settings: of it.
        ledger: where everything is kept.
        dry_run: whether nothing is sent.

    Attributes:
        node: None where there is none.
        monitor: see there.

    Raises:
        TwelveLeadError: it cannot start.
    """

    def __init__(self, settings: Settings, ledger: Ledger, *, dry_run: bool = False) -> None:
        self._ledger, self._settings, self._dry_run = ledger, settings, dry_run
        self._state = State()
        self._metrics = Metrics(lambda: not self._state.faults, ledger.metrics)
        self._answerer = Answerer(settings.answering.service())
        self._inbox = Inbox(ledger, settings, self._state)
        self._following = Following(ledger, settings, self._state)
        self._folders = [Watched(each, self._inbox, self._state, self._metrics) for each in settings.folders]
        self._senders = [(each, sender_to(each)) for each in settings.destinations for _ in range(each.connections)]
        self.monitor = Monitor(settings.monitor_port, self._state, self._metrics)
        self.node = None if settings.dicom is None else Node(settings.dicom, self._inbox, self._metrics)
        with ledger.begin() as books:
            books.settings.keep(self._answerer.told)
            for queue in (REPORTS, *(deliveries_to(each.name) for each in settings.destinations)):
                books.jobs.release(queue)  # whoever had them is gone: the store is ours alone

    async def run(self, listening: Callable[["Gateway"], None]) -> None:
        """Run until the process is told to stop."""
        loop = asyncio.get_running_loop()
        told = asyncio.Event()
        for number in (signal.SIGTERM, signal.SIGINT):
            loop.add_signal_handler(number, told.set)
        threads = [_thread(self._keep_looking, "looking")]
        threads += [_thread(each.run, "folder") for each in self._folders]
        threads += self._workers(loop)
        self.monitor.start()
        if self.node is not None:
            self.node.start()
        listening(self)
        for each in threads:
            each.start()
        starting = asyncio.create_task(self._start())
        await told.wait()
        log.event("stopping")
        starting.cancel()
        await asyncio.wait([starting])
        await asyncio.to_thread(self._stop, threads)
        self._answerer.close()

    def _workers(self, loop: asyncio.AbstractEventLoop) -> list[threading.Thread]:
        """Threads that make reports and deliver them."""

        def work(function: Any, *arguments: Any) -> Any:
            done: Coroutine[Any, Any, Any] = self._answerer.work(function, *arguments)
            return asyncio.run_coroutine_threadsafe(done, loop).result()

        shared = (self._ledger, self._settings, self._state, self._metrics)
        reporting = Reporting(*shared, self._answerer, work, dry_run=self._dry_run)
        threads = [
            _thread(lambda: self._once_started(reporting.run), "reporting")
            for _ in range(self._settings.answering.workers)
        ]
        if not self._dry_run:
            for destination, sender in self._senders:
                courier = Courier(destination.name, sender, *shared, destination.seconds)
                threads.append(_thread(courier.run, f"to {destination.name}"))
        return threads

    async def _start(self) -> None:
        """Start the workers; reports are made once each has given the known answer to a known ECG."""
        fault = await self._answerer.start()
        if fault is None:
            self._state.recover("workers")
            log.event("ready", settings_sha256=self._answerer.sha256)
        else:
            self._state.fail("workers", fault)
        self._state.started.set()

    def _once_started(self, run: Callable[[], None]) -> None:
        self._state.started.wait()
        if "workers" not in self._state.faults:
            run()

    def _keep_looking(self) -> None:
        while not self._state.stopping.wait(LOOK_SECONDS):
            try:
                self._inbox.watch()
                self._following.look()
                self._state.recover("ledger")
            except TwelveLeadError as error:
                self._state.fail("ledger", f"what is kept cannot be reached: {error}")
            except Exception as error:
                log.logger.error("fault", exc_info=error)
                self._state.fail("ledger", f"a fault of the gateway's own: {type(error).__qualname__}")

    def _stop(self, threads: list[threading.Thread]) -> None:
        if self.node is not None:
            self.node.stop()
        self._state.stop()
        for each in threads:
            each.join(JOIN_SECONDS)
        self.monitor.stop()


def _thread(run: Callable[[], None], name: str) -> threading.Thread:
    return threading.Thread(target=run, name=name, daemon=True)  # one that hangs does not keep the process


@contextmanager
def _alone(ledger: Ledger) -> Iterator[None]:
    """See that no other gateway works on the same store."""
    with ExitStack() as stack:
        try:
            stack.enter_context(owning(ledger.folder / "gateway"))
        except TwelveLeadError as error:
            raise TwelveLeadError(f"another gateway works on this store: {error}") from None
        yield
