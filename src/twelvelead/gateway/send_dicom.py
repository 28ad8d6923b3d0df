"""C-STORE to a DICOM node: the report as SR, the page as Encapsulated PDF."""

import logging
import socket
import threading
import time
from pathlib import Path
from typing import Any

from pydicom import dcmread
from pydicom.uid import EncapsulatedPDFStorage, EnhancedSRStorage, ExplicitVRLittleEndian, ImplicitVRLittleEndian
from pynetdicom import AE, _config
from pynetdicom.association import Association
from pynetdicom.sop_class import Verification  # type: ignore[attr-defined]

from twelvelead.gateway.delivering import NotDelivered
from twelvelead.gateway.dicom_objects import IMPLEMENTATION
from twelvelead.gateway.settings import DicomDestination
from twelvelead.gateway.waiting import wait_for_what_comes

_SENT = (EnhancedSRStorage, EncapsulatedPDFStorage)
_SYNTAXES = (ExplicitVRLittleEndian, ImplicitVRLittleEndian)
_WARNINGS = (0xB000, 0xB006, 0xB007)
"""Stored, with elements coerced, discarded or not of the SOP class (PS3.4 table B.2-1)."""

_config.STORE_SEND_CHUNKED_DATASET = True  # files go as they are, without being decoded

IDLE_SECONDS = 20.0
"""After which an association that nothing is sent over is released."""


class DicomSender:
    """One association, made when it is needed and released when it idles.

    Args:
        destination: where it goes.
    """

    def __init__(self, destination: DicomDestination) -> None:
        logging.getLogger("pynetdicom").setLevel(logging.CRITICAL)  # it would log data sets
        self._destination = destination
        entity = AE(destination.calling)
        entity.implementation_class_uid, entity.implementation_version_name = IMPLEMENTATION, "TWELVELEAD"
        entity.connection_timeout = entity.acse_timeout = min(destination.seconds, 10.0)
        entity.dimse_timeout = entity.network_timeout = destination.seconds
        for sop_class in _SENT:
            for syntax in _SYNTAXES:  # each by itself, so that the other may take both
                entity.add_requested_context(sop_class, syntax)
        entity.add_requested_context(Verification)
        self._entity = entity
        self._context = destination.context() if destination.tls else None
        self._association: Association | None = None
        self._idle: threading.Timer | None = None
        self._used = 0.0
        self._using = threading.Lock()

    def send(self, file: Path) -> None:
        """See `Sender.send`."""
        with self._using:
            reused = self._association is not None and self._association.is_established
            status = self._store(file)
            if not status and reused:  # the other may have ended it while nothing was sent
                status = self._store(file)
            self._used = time.monotonic()
            if self._idle is None:
                self._look_later(IDLE_SECONDS)
        if not status:
            raise NotDelivered("the association ended before the answer came", again=True, away=True)
        _judge(int(status.Status))

    def check(self) -> str:
        """C-ECHO."""
        with self._using:
            status = self._associated().send_c_echo()
            self._release()
        if not status or int(status.Status) != 0:
            raise NotDelivered("C-ECHO is not answered with success", again=True, away=True)
        return "C-ECHO is answered"

    def close(self) -> None:
        """Release the association."""
        with self._using:
            self._release()

    def _store(self, file: Path) -> Any:
        association = self._associated()
        try:
            return association.send_c_store(file)
        except ValueError:  # not in the file's own transfer syntax
            pass
        data = dcmread(file)
        try:
            return association.send_c_store(data)
        except ValueError:  # not in any
            name = "SR" if data.SOPClassUID == EnhancedSRStorage else "Encapsulated PDF"
            raise NotDelivered(f"it does not take {name} objects", again=False) from None

    def _associated(self) -> Association:
        if self._association is None or not self._association.is_established:
            there = self._destination
            tls = None if self._context is None else (self._context, there.host)
            association = self._entity.associate(there.host, there.port, ae_title=there.ae_title, tls_args=tls)
            if not association.is_established:
                raise NotDelivered(_why(association), again=True, away=True)
            connection = wait_for_what_comes(association)
            if connection.socket is not None:
                connection.socket.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)  # a message is two writes
            self._association = association
        return self._association

    def _look_later(self, seconds: float) -> None:
        self._idle = threading.Timer(seconds, self._look)
        self._idle.daemon = True
        self._idle.start()

    def _look(self) -> None:
        with self._using:
            self._idle = None
            left = self._used + IDLE_SECONDS - time.monotonic()
            if left > 0:
                self._look_later(left)
            else:
                self._release()

    def _release(self) -> None:
        if self._idle is not None:
            self._idle.cancel()
            self._idle = None
        if self._association is not None and self._association.is_established:
            self._association.release()
        self._association = None


def _why(association: Association) -> str:
    if association.is_rejected:
        rejected = association.acceptor.primitive
        return f"it rejects the association: {rejected.reason_str}" if rejected else "it rejects the association"
    return "it cannot be reached, or its certificate is not trusted"


def _judge(status: int) -> None:
    """Nothing where an object was stored.

    Raises:
        NotDelivered: it was not.
    """
    if status == 0x0000 or status in _WARNINGS:
        return
    reason = f"C-STORE is answered with status {status:04X}"
    if status & 0xFF00 == 0xA700:
        raise NotDelivered(f"{reason}, out of resources", again=True)
    raise NotDelivered(reason, again=False)
