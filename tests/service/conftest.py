"""A service in this process, and one in a process of its own."""

import http.client
import os
import re
import subprocess
import sys
import time
from contextlib import contextmanager
from pathlib import Path
from tempfile import TemporaryDirectory
from urllib.parse import urlsplit

import numpy as np
import pytest

pytest.importorskip("fastapi", reason="the extra [serve] is not installed")

from starlette.testclient import TestClient

from twelvelead.ecg.synthetic import synthetic_ecg
from twelvelead.inference.selftest import known_recording
from twelvelead.service.app import create_app
from twelvelead.service.filling import as_aecg
from twelvelead.service.settings import Settings

PATIENCE = 180
"""Seconds; a busy machine starts a service slowly."""

BASE = "http://127.0.0.1:8765"


def until_ready(ask):
    """Ask until a service says that it is ready."""
    end = time.monotonic() + PATIENCE
    while ask("/health/ready") != 200:
        assert time.monotonic() < end, "the service does not become ready"
        time.sleep(0.05)


@contextmanager
def _running(base=BASE, **settings):
    with TemporaryDirectory() as folder:
        app = create_app(Settings(**{"workers": 1, "store": Path(folder) / "store"} | settings))
        with TestClient(app, base_url=base) as client:
            until_ready(lambda path: client.get(path).status_code)
            yield client


@pytest.fixture(scope="session")
def running():
    """running(base, **settings) -> a context with the client of a service with one worker."""
    return _running


@pytest.fixture(scope="session")
def client():
    """A client of a service with one worker, for what does not change it."""
    with _running(body_bytes=4_000_000) as client:
        yield client


@pytest.fixture(scope="session")
def key_of():
    """key_of(client, name, role, owner) -> the headers of a new key of a service in this process."""

    def make(client, name, role="write", owner=None):
        with client.app.state.core.ledger.begin() as books:
            _, secret = books.keys.add(name, role, owner=owner)
        return {"authorization": f"Bearer {secret}"}

    return make


@pytest.fixture(scope="session")
def aecg():
    """aecg(variant, seed, patient, recorded, seconds) -> the bytes of an HL7 aECG with this patient id and time."""

    def make(variant="normal", seed=0, patient="DEMO-1", recorded="20260101120000", seconds=10.0):
        content = as_aecg(synthetic_ecg(variant, seed=seed, sampling_rate=500, seconds=seconds), 1)
        return content.replace(b"DEMO-1", patient.encode()).replace(b"20260101120000", recorded.encode())

    return make


@pytest.fixture(scope="session")
def problem():
    """problem(response, status, code) -> the problem that a response has to be."""

    def check(response, status, code):
        assert response.headers["content-type"] == "application/problem+json"
        found = response.json()
        assert (response.status_code, found["status"], found["code"]) == (status, status, code)
        assert found["request_id"] == response.headers["x-request-id"]
        assert found["type"] == f"urn:twelvelead:problem:{code}"
        return found

    return check


@pytest.fixture
def wfdb(tmp_path):
    """wfdb(folder, scale) -> the header of a WFDB record in this folder."""

    def write(folder, scale=1.0):
        (tmp_path / folder).mkdir()
        ecg = synthetic_ecg("normal", sampling_rate=500)
        counts = np.rint(ecg.signal * 1000 * scale).astype("<i2")
        lines = [f"r 12 500 {len(counts)}"]
        lines += [
            f"r.dat 16 1000/mV 16 0 {column[0]} {column.sum() & 0xFFFF} 0 {lead}"
            for lead, column in zip(ecg.leads, counts.T.astype(int), strict=True)
        ]
        header = tmp_path / folder / "r.hea"
        header.write_text("\n".join(lines) + "\n")
        header.with_suffix(".dat").write_bytes(counts.tobytes())
        return header

    return write


@pytest.fixture(scope="session")
def ecg():
    """The bytes of a recording that is read with `asked`."""
    return known_recording()


@pytest.fixture(scope="session")
def asked():
    """The query that the recording `ecg` needs."""
    return {"sampling_rate": 500, "unit": "uV"}


@contextmanager
def _started(folder, *arguments, **environment):
    log = folder / "log"
    command = [sys.executable, "-m", "twelvelead", "serve", "--no-open", "--port", "0", *map(str, arguments)]
    environment = os.environ | {"TWELVELEAD_STORE": str(folder / "store")} | environment
    with log.open("w") as stream:
        process = subprocess.Popen(command, stderr=stream, env=environment)
    try:
        end = time.monotonic() + PATIENCE
        while "answers at" not in log.read_text():
            assert process.poll() is None, log.read_text()
            assert time.monotonic() < end, log.read_text()
            time.sleep(0.02)
        address = urlsplit(re.search(r"answers at (\S+)", log.read_text())[1])
        process.log, process.port, process.token = log, address.port, address.query.removeprefix("token=")
        until_ready(lambda path: _status(process.port, path))
        yield process
    finally:
        process.kill()
        process.wait()


def _status(port, path):
    connection = http.client.HTTPConnection("127.0.0.1", port, timeout=PATIENCE)
    connection.request("GET", path)
    return connection.getresponse().status


@pytest.fixture(scope="session")
def start():
    """start(folder, *arguments, **environment) -> a context with a running service that is ready: its `port`, its
    launch `token`, and the file of its `log`."""
    return _started


@pytest.fixture(scope="module")
def kept(running):
    """The client of a service whose store holds what the tests of a file put there."""
    with running() as client:
        yield client


@pytest.fixture(scope="module")
def ward(kept, key_of):
    """The headers of a key that writes."""
    return key_of(kept, "ward 3")
