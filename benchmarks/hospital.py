"""A hospital around a gateway, for its tests and its benchmark: senders of ECGs, an archive, a FHIR server, a receiver
of HL7 v2, and the gateway itself as a process. All on 127.0.0.1."""

import http.client
import io
import json
import os
import re
import socket
import socketserver
import ssl
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any, NamedTuple
from urllib.parse import unquote

import numpy as np
from pydicom import dcmread
from pydicom.dataset import Dataset, FileMetaDataset
from pydicom.uid import (
    UID,
    EncapsulatedPDFStorage,
    EnhancedSRStorage,
    ExplicitVRLittleEndian,
    TwelveLeadECGWaveformStorage,
    generate_uid,
)
from pynetdicom import AE, evt

from twelvelead.ecg.record import ECG
from twelvelead.ecg.synthetic import synthetic_ecg
from twelvelead.gateway.waiting import wait_for_what_comes

LOCAL = "127.0.0.1"


def ecg_object(
    ecg: ECG | None = None,
    *,
    sop_class: str = TwelveLeadECGWaveformStorage,
    bits: int = 16,
    instance: str | None = None,
    **stated: str,
) -> Dataset:
    """An ECG as a DICOM object, one microvolt a step.

    Args:
        ecg: a generated one where None.
        sop_class, instance: of it; any new instance where None.
        bits: of a sample, 16 or 32.
        stated: elements by their keyword.
    """
    ecg = synthetic_ecg("normal", sampling_rate=500) if ecg is None else ecg
    group = Dataset()
    group.WaveformOriginality, group.NumberOfWaveformChannels = "ORIGINAL", len(ecg.leads)
    group.NumberOfWaveformSamples, group.SamplingFrequency = len(ecg.signal), str(ecg.sampling_rate)
    group.ChannelDefinitionSequence = []
    for lead in ecg.leads:
        channel, source, unit = Dataset(), Dataset(), Dataset()
        source.CodeValue, source.CodingSchemeDesignator, source.CodeMeaning = lead, "MDC", f"Lead {lead}"
        unit.CodeValue, unit.CodingSchemeDesignator, unit.CodeMeaning = "uV", "UCUM", "microvolt"
        channel.ChannelSourceSequence, channel.ChannelSensitivityUnitsSequence = [source], [unit]
        channel.ChannelSensitivity, channel.ChannelSensitivityCorrectionFactor = "1", "1"
        channel.ChannelBaseline, channel.WaveformBitsStored = "0", bits
        group.ChannelDefinitionSequence.append(channel)
    group.WaveformBitsAllocated, group.WaveformSampleInterpretation = bits, {16: "SS", 32: "SL"}[bits]
    group.WaveformData = np.rint(ecg.signal * 1000).astype(f"<i{bits // 8}").tobytes()
    new = Dataset()
    new.SOPClassUID, new.SOPInstanceUID = UID(sop_class), UID(instance or generate_uid())
    new.Modality, new.StudyInstanceUID, new.SeriesInstanceUID = "ECG", generate_uid(), generate_uid()
    new.PatientName, new.PatientID, new.PatientBirthDate, new.PatientSex = "Doe^Jane", "4711", "19600102", "F"
    new.StudyDate, new.StudyTime, new.AcquisitionDateTime = "20260131", "120000", "20260131120000"
    for keyword, value in stated.items():
        setattr(new, keyword, value)
    new.WaveformSequence = [group]
    new.file_meta = FileMetaDataset()
    new.file_meta.MediaStorageSOPClassUID, new.file_meta.MediaStorageSOPInstanceUID = (
        new.SOPClassUID,
        new.SOPInstanceUID,
    )
    new.file_meta.TransferSyntaxUID = ExplicitVRLittleEndian
    return new


def as_file(data: Dataset) -> bytes:
    """The bytes of a file with an object."""
    buffer = io.BytesIO()
    data.save_as(buffer, enforce_file_format=True)
    return buffer.getvalue()


def send(
    port: int,
    *objects: Dataset,
    calling: str = "CART",
    called: str = "TWELVELEAD",
    tls: ssl.SSLContext | None = None,
) -> list[Dataset]:
    """C-STORE objects over one association; what each is answered, empty where there is no answer.

    Raises:
        ConnectionError: there is no association.
    """
    entity = AE(calling)
    for sop_class in {each.SOPClassUID for each in objects}:
        entity.add_requested_context(sop_class, [ExplicitVRLittleEndian])
    association = entity.associate(LOCAL, port, ae_title=called, tls_args=(tls, "localhost") if tls else None)
    if not association.is_established:
        raise ConnectionError("rejected" if association.is_rejected else "aborted")
    wait_for_what_comes(association)
    try:
        return [association.send_c_store(each) if association.is_established else Dataset() for each in objects]
    finally:
        if association.is_established:
            association.release()


class Archive:
    """A DICOM node that takes SR and PDF.

    Attributes:
        objects: SOP Instance UID -> the data set as it came.
        received: how many came, repeats included.
        differing: SOP Instance UIDs that came again with other bytes.
        status: that it answers with.
    """

    def __init__(self, port: int = 0, ae_title: str = "ARCHIVE", tls: ssl.SSLContext | None = None) -> None:
        self.objects: dict[str, bytes] = {}
        self.order: list[str] = []
        self.received, self.differing, self.status = 0, set[str](), 0x0000
        entity = AE(ae_title)
        entity.maximum_associations = 100
        for sop_class in (EnhancedSRStorage, EncapsulatedPDFStorage, "1.2.840.10008.1.1"):
            entity.add_supported_context(sop_class)
        handlers: list[Any] = [(evt.EVT_C_STORE, self._store)]
        self._server = entity.start_server((LOCAL, port), block=False, evt_handlers=handlers, ssl_context=tls)
        assert self._server is not None
        self.port = int(self._server.server_address[1])

    def _store(self, event: evt.Event) -> int:
        request: Any = event.request
        if self.status:
            return self.status
        uid, data = str(request.AffectedSOPInstanceUID), request.DataSet.getvalue()
        self.received += 1
        if self.objects.setdefault(uid, data) != data:
            self.differing.add(uid)
        else:
            self.order.append(uid)
        return 0x0000

    def datasets(self) -> list[Dataset]:
        """What came, decoded."""
        return [dcmread(io.BytesIO(data), force=True) for data in list(self.objects.values())]

    def close(self) -> None:
        assert self._server is not None
        self._server.shutdown()

    def __enter__(self) -> "Archive":
        return self

    def __exit__(self, *_: object) -> None:
        self.close()


class FhirServer:
    """A FHIR server that knows transactions of conditional updates and /metadata.

    Attributes:
        resources: (type, identifier) -> resource.
        versions: (type, identifier) -> how often it was put.
        posts: transactions done.
        answer: gives (status, headers, body) in place of doing a transaction; None does it.
        check: called with each resource before it is put.
    """

    def __init__(self, port: int = 0, check: Callable[[dict[str, Any]], object] = lambda resource: None) -> None:
        self.resources: dict[tuple[str, str], dict[str, Any]] = {}
        self.versions: dict[tuple[str, str], int] = {}
        self.order: list[str] = []
        self.posts, self.check, self.authorization = 0, check, ""
        self.answer: Callable[[dict[str, Any]], tuple[int, dict[str, str], bytes] | None] = lambda bundle: None
        served = self

        class Handler(BaseHTTPRequestHandler):
            protocol_version = "HTTP/1.1"
            disable_nagle_algorithm = True

            def do_GET(self) -> None:
                known = self.path == "/fhir/metadata"
                body = {"resourceType": "CapabilityStatement", "fhirVersion": "4.0.1"} if known else {}
                self.reply(200 if known else 404, {}, json.dumps(body).encode())

            def do_POST(self) -> None:
                bundle = json.loads(self.rfile.read(int(self.headers["Content-Length"])))
                served.authorization = self.headers.get("Authorization", "")
                if (told := served.answer(bundle)) is not None:
                    self.reply(*told)
                elif self.path != "/fhir":
                    self.reply(404, {}, b"{}")
                else:
                    self.reply(200, {}, json.dumps(served.transact(bundle)).encode())

            def reply(self, status: int, headers: dict[str, str], body: bytes) -> None:
                self.send_response(status)
                for name, value in ({"Content-Type": "application/fhir+json"} | headers).items():
                    self.send_header(name, value)
                self.send_header("Content-Length", str(len(body)))
                self.end_headers()
                self.wfile.write(body)

            def log_message(self, format: str, *arguments: object) -> None:
                pass

        self._lock = threading.Lock()
        self._server = ThreadingHTTPServer((LOCAL, port), Handler)
        self._server.daemon_threads = True
        self.port = int(self._server.server_address[1])
        self._thread = threading.Thread(target=self._server.serve_forever, daemon=True)
        self._thread.start()

    @property
    def url(self) -> str:
        """Its base."""
        return f"http://{LOCAL}:{self.port}/fhir"

    def transact(self, bundle: dict[str, Any]) -> dict[str, Any]:
        """Put the resources of a transaction, all or none."""
        assert (bundle["resourceType"], bundle["type"]) == ("Bundle", "transaction")
        self.check(bundle)
        done = []
        with self._lock:
            self.posts += 1
            for entry in bundle["entry"]:
                resource, request = entry["resource"], entry["request"]
                assert request["method"] == "PUT"
                kind, _, query = request["url"].partition("?")
                assert kind == resource["resourceType"]
                identifier = unquote(re.fullmatch(r"identifier=(\S+)", query)[1])  # type: ignore[index]
                known = (kind, identifier) in self.resources
                if self.resources.get((kind, identifier)) != resource:
                    self.versions[kind, identifier] = self.versions.get((kind, identifier), 0) + 1
                    self.resources[kind, identifier] = resource
                    if kind == "DiagnosticReport":
                        self.order.append(resource["status"])
                done.append({"response": {"status": "200 OK" if known else "201 Created"}})
        return {"resourceType": "Bundle", "type": "transaction-response", "entry": done}

    def of_kind(self, kind: str) -> list[dict[str, Any]]:
        """Resources of a type."""
        with self._lock:
            return [resource for (each, _), resource in self.resources.items() if each == kind]

    def close(self) -> None:
        self._server.shutdown()
        self._server.server_close()

    def __enter__(self) -> "FhirServer":
        return self

    def __exit__(self, *_: object) -> None:
        self.close()


class MllpServer:
    """A receiver of HL7 v2 messages.

    Attributes:
        messages: control id -> message, in order.
        received: how many came, repeats included.
        code: of the acknowledgement, MSA-1.
        error: ERR-3 of it; "" for no ERR.
    """

    def __init__(self, port: int = 0) -> None:
        self.messages: dict[str, str] = {}
        self.received, self.differing, self.code, self.error = 0, set[str](), "AA", ""
        served = self

        class Handler(socketserver.BaseRequestHandler):
            def handle(self) -> None:
                buffer = b""
                while more := self.request.recv(65536):
                    buffer += more
                    while b"\x1c\r" in buffer:
                        message, _, buffer = buffer.partition(b"\x1c\r")
                        self.request.sendall(b"\x0b" + served.acknowledge(message.lstrip(b"\x0b")) + b"\x1c\r")

        class Server(socketserver.ThreadingTCPServer):
            allow_reuse_address = daemon_threads = True

        self._server = Server((LOCAL, port), Handler)
        self.port = int(self._server.server_address[1])
        threading.Thread(target=self._server.serve_forever, daemon=True).start()

    def acknowledge(self, content: bytes) -> bytes:
        """The acknowledgement of a message, as the library hl7 makes it."""
        import hl7

        text = content.decode()
        message = hl7.parse(text)
        control_id = str(message.segment("MSH")[10])
        self.received += 1
        if self.code == "AA" and self.messages.setdefault(control_id, text) != text:
            self.differing.add(control_id)
        answer = str(message.create_ack(self.code))
        return (answer + (f"ERR|||{self.error}|E\r" if self.error else "")).encode()

    def close(self) -> None:
        self._server.shutdown()
        self._server.server_close()

    def __enter__(self) -> "MllpServer":
        return self

    def __exit__(self, *_: object) -> None:
        self.close()


class Running(NamedTuple):
    """A gateway that runs.

    Attributes:
        process: its process.
        port: of its DICOM node; 0 where it has none.
        monitor: port of health and metrics.
        log: its file.
        ready_s: seconds from its start to ready.
    """

    process: "subprocess.Popen[bytes]"
    port: int
    monitor: int
    log: Path
    ready_s: float

    def ask(self, path: str) -> tuple[int, bytes]:
        """Status and body of a GET of its monitor."""
        connection = http.client.HTTPConnection(LOCAL, self.monitor, timeout=60)
        connection.request("GET", path)
        response = connection.getresponse()
        return response.status, response.read()

    def events(self, name: str) -> list[dict[str, Any]]:
        """Lines of its log."""
        lines = [json.loads(line) for line in self.log.read_text().splitlines() if line.startswith("{")]
        return [line for line in lines if line["event"] == name]


@contextmanager
def gateway(config: Path, *options: str, patience_s: float = 120, **popen: Any) -> Iterator[Running]:
    """A gateway in a process of its own, until it is ready; killed at the end."""
    log = config.with_suffix(".log")
    begun = time.monotonic()
    with log.open("ab") as stream:
        start = stream.tell()
        process = subprocess.Popen(
            [sys.executable, "-m", "twelvelead", "gateway", "run", str(config), *options],
            stderr=stream,
            env=os.environ | {"OMP_NUM_THREADS": "1"},
            **popen,
        )
    try:
        end = begun + patience_s
        while not (found := re.search(r"health at http://127\.0\.0\.1:(\d+)/", log.read_text()[start:])):
            if process.poll() is not None or time.monotonic() > end:
                raise RuntimeError(log.read_text()[start:])
            time.sleep(0.02)
        node = re.search(r"listens at \S+ port (\d+)", log.read_text()[start:])
        running = Running(process, int(node[1]) if node else 0, int(found[1]), log, 0.0)
        while running.ask("/health/ready")[0] != 200:
            if process.poll() is not None or time.monotonic() > end:
                raise RuntimeError(log.read_text()[start:])
            time.sleep(0.02)
        yield running._replace(ready_s=time.monotonic() - begun)
    finally:
        process.kill()
        process.wait()


def until(true: Callable[[], object], patience_s: float = 60, what: str = "it") -> None:
    """Wait until something is true."""
    end = time.monotonic() + patience_s
    while not true():
        if time.monotonic() > end:
            raise TimeoutError(f"{what} does not come")
        time.sleep(0.02)


def free_port() -> int:
    """A port that nobody listens at."""
    with socket.socket() as free:
        free.bind((LOCAL, 0))
        return int(free.getsockname()[1])
