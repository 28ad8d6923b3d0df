"""The DICOM node: C-ECHO, and C-STORE of ECG waveforms, each kept before its success is told."""

import logging
import socket
import threading
import time
from ipaddress import ip_address
from typing import Any

from pydicom.dataset import Dataset
from pynetdicom import AE, evt
from pynetdicom.sop_class import Verification  # type: ignore[attr-defined]
from pynetdicom.transport import RequestHandler, ThreadedAssociationServer

from twelvelead.errors import Conflict, TwelveLeadError
from twelvelead.gateway.arriving import Full, Inbox
from twelvelead.gateway.dicom_objects import IMPLEMENTATION, STORED, SYNTAXES, NotTaken, lane_of, look_at
from twelvelead.gateway.metrics import Metrics
from twelvelead.gateway.settings import Node as NodeSettings
from twelvelead.gateway.waiting import WaitingSocket, wait_for_what_comes
from twelvelead.service.log import event, logger
from twelvelead.service.uploads import upload

SUCCESS, OUT_OF_RESOURCES, DUPLICATE, FAILURE = 0x0000, 0xA700, 0x0111, 0xC001
"""Of C-STORE: success; Refused: Out of Resources (PS3.4 table B.2-1); Duplicate SOP Instance (PS3.7 section C.5.7); and
a fault of ours among those of Cannot understand."""

_BEYOND_OBJECT = 1 << 16
"""Bytes that a message may have beside its object: commands, headers of PDUs."""

HANDSHAKE_SECONDS = 10.0
REFUSAL_SECONDS = 0.5
"""Before "out of resources" is told: a sender that tries again at once would keep the gateway from its work."""

DRAIN_SECONDS = 2.0


class Node:
    """A node that listens.

    Args:
        settings: of it.
        inbox: where objects go.
        metrics: where they are counted.

    Raises:
        TwelveLeadError: it cannot listen there, or its TLS files are none.
    """

    def __init__(self, settings: NodeSettings, inbox: Inbox, metrics: Metrics) -> None:
        self._settings, self._inbox, self._metrics = settings, inbox, metrics
        logging.getLogger("pynetdicom").setLevel(logging.CRITICAL)  # it would log names and data sets
        entity = AE(settings.ae_title)
        entity.implementation_class_uid, entity.implementation_version_name = IMPLEMENTATION, "TWELVELEAD"
        entity.maximum_associations, entity.maximum_pdu_size = settings.associations, settings.pdu_bytes
        entity.require_calling_aet = list(settings.calling)
        entity.require_called_aet = True
        entity.network_timeout = entity.dimse_timeout = settings.idle_seconds
        entity.acse_timeout = HANDSHAKE_SECONDS
        entity.add_supported_context(Verification)
        for sop_class in STORED:
            entity.add_supported_context(sop_class, list(SYNTAXES))
        context = settings.context()
        handlers: list[Any] = [
            (evt.EVT_C_STORE, self._store),
            (evt.EVT_REJECTED, self._rejected),
            (evt.EVT_C_ECHO, self._echo),
        ]
        try:
            self._server = entity.make_server(
                (settings.host, settings.port),
                ssl_context=context,
                evt_handlers=handlers,
                server_class=_Server,
                request_handler=_Handler,
            )
        except OSError as error:
            raise TwelveLeadError(
                f"{settings.host} port {settings.port}: {error.strerror or error}; name another in [dicom]"
            ) from None
        assert isinstance(self._server, _Server)
        self._server.settings = settings
        entity._servers.append(self._server)  # where its own `start_server` puts it, and `shutdown` looks
        self._thread = threading.Thread(target=self._server.serve_forever, name="dicom", daemon=True)

    @property
    def port(self) -> int:
        """Where it listens."""
        return int(self._server.server_address[1])

    def start(self) -> None:
        """Let others connect."""
        self._thread.start()

    def stop(self) -> None:
        """Let nobody connect any more, and end the associations: what is on its way may still come."""
        self._server.shutdown()
        end = time.monotonic() + DRAIN_SECONDS
        while self._server.active_associations and time.monotonic() < end:
            time.sleep(0.05)
        for association in self._server.active_associations:
            association.abort()

    def _echo(self, request: evt.Event) -> int:
        _count_anew(request.assoc)
        return SUCCESS

    def _store(self, request: evt.Event) -> int | Dataset:
        """One C-STORE; what it returns is told to the sender."""
        _count_anew(request.assoc)
        try:
            return self._keep(request)
        finally:
            request.assoc.dul._idle_timer.restart()  # the sender did not idle, it waited for us

    def _keep(self, request: evt.Event) -> int | Dataset:
        stored: Any = request.request
        data = b"" if stored.DataSet is None else stored.DataSet.getvalue()
        try:
            syntax = str(request.context.transfer_syntax)
            taken = look_at(data, str(stored.AffectedSOPClassUID), str(stored.AffectedSOPInstanceUID), syntax)
            sent = upload(taken.content, {}, ".dcm")
            self._inbox.take(sent, {}, once=f"sop {taken.instance}", lane=lane_of(taken.study), way="dicom")
        except NotTaken as refused:
            return self._refuse(refused.status, refused.code, str(refused))
        except Full as full:
            time.sleep(REFUSAL_SECONDS)
            return self._refuse(OUT_OF_RESOURCES, "busy", str(full))
        except Conflict:
            return self._refuse(DUPLICATE, "conflict", "the same SOP Instance UID came before with other bytes")
        except Exception as error:
            logger.error("fault", exc_info=error)
            return self._refuse(FAILURE, "internal", "a fault of the gateway's own")
        self._metrics.arrived("dicom", "ok")
        return SUCCESS

    def _refuse(self, status: int, code: str, comment: str) -> Dataset:
        self._metrics.arrived("dicom", code)
        event("refused", way="dicom", code=code, status=f"{status:04X}")
        answer = Dataset()
        answer.Status, answer.ErrorComment = status, comment[:64]
        return answer

    def _rejected(self, rejected: evt.Event) -> None:
        self._metrics.arrived("dicom", "denied")
        event("refused", way="dicom", code="denied", what="association")


class _Socket(WaitingSocket):
    """A connection that takes no more bytes of a message than an object may have."""

    most = 0
    taken = 0

    def recv(self, nr_bytes: int) -> bytearray:
        self.taken += nr_bytes
        if self.taken > self.most:
            event("refused", way="dicom", code="too-large")
            raise OSError("a message is larger than is taken")
        return super().recv(nr_bytes)


def _count_anew(association: Any) -> None:
    """Count the bytes of the next message from nothing on."""
    if isinstance(association.dul.socket, _Socket):
        association.dul.socket.taken = 0


class _Handler(RequestHandler):
    """Makes the association of a connection, with our socket."""

    def _create_association(self) -> Any:
        association = super()._create_association()
        connection = wait_for_what_comes(association, _Socket)
        assert isinstance(self.server, _Server)
        connection.most = self.server.settings.object_bytes + _BEYOND_OBJECT
        return association


class _Server(ThreadedAssociationServer):
    """Looks at the address of whoever connects, and shakes hands in the connection's own thread, so that a slow one
    holds up nobody."""

    settings: NodeSettings

    def get_request(self) -> tuple[socket.socket, Any]:
        assert self.socket is not None
        connection, address = self.socket.accept()
        connection.settimeout(HANDSHAKE_SECONDS)
        connection.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        return connection, address

    def verify_request(self, request: Any, client_address: Any) -> bool:
        allowed = self.settings.addresses
        address = ip_address(client_address[0].partition("%")[0])
        if allowed and not any(address in network for network in allowed):
            event("refused", way="dicom", code="denied", what="address")
            return False
        return len(self.active_associations) < 2 * self.settings.associations  # those that say nothing count too

    def process_request_thread(self, request: Any, client_address: Any) -> None:
        if self.ssl_context is not None:
            try:
                request = self.ssl_context.wrap_socket(request, server_side=True)
            except OSError:
                event("refused", way="dicom", code="denied", what="certificate")
                self.shutdown_request(request)
                return
        request.settimeout(self.ae.network_timeout)
        super().process_request_thread(request, client_address)

    def handle_error(self, request: Any, client_address: Any) -> None:
        event("refused", way="dicom", code="internal")
