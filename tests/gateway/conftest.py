"""The parts of a gateway on a ledger of their own, and a gateway in a process of its own."""

import os
import shutil
import subprocess
import sys
import threading
from contextlib import contextmanager
from pathlib import Path

import pytest

pytest.importorskip("pynetdicom", reason="the extra [hospital] is not installed")
pytest.importorskip("watchfiles", reason="the extra [hospital] is not installed")
pytest.importorskip("hl7", reason="the extra [dev] is not installed")

from hospital import as_file, ecg_object, until
from twelvelead.gateway.arriving import Inbox
from twelvelead.gateway.dicom_objects import lane_of
from twelvelead.gateway.metrics import Metrics
from twelvelead.gateway.reporting import Reporting
from twelvelead.gateway.settings import Settings
from twelvelead.gateway.state import State
from twelvelead.ledger import Ledger
from twelvelead.service import answering
from twelvelead.service.answerer import Answerer
from twelvelead.service.uploads import upload


class Parts:
    """What the parts of a gateway share, on a ledger in a folder; workers do their work in this process."""

    def __init__(self, ledger, **settings):
        self.settings = Settings(**settings)
        self.ledger, self.state = ledger, State()
        self.state.recover("workers")
        self.metrics = Metrics(lambda: not self.state.faults, ledger.metrics)
        self.inbox = Inbox(ledger, self.settings, self.state)

    @property
    def shared(self):
        return self.ledger, self.settings, self.state, self.metrics

    def reporting(self, **how):
        """What makes reports, with the weights `single`."""
        if not answering._engines:
            answering.prepare((self.settings.answering.weights,))
        answerer = Answerer(self.settings.answering.service())
        return Reporting(*self.shared, answerer, lambda function, *arguments: function(*arguments), **how)

    def take(self, data=None):
        """A recording that comes by DICOM; its id."""
        data = ecg_object() if data is None else data
        sent = upload(as_file(data), {}, ".dcm")
        lane = lane_of(str(data.get("StudyInstanceUID", "")))
        return self.inbox.take(sent, {}, once=f"sop {data.SOPInstanceUID}", lane=lane, way="dicom")[0].id

    def report(self, **how):
        """Make all reports that are queued."""
        with self.running(self.reporting(**how).run):
            until(lambda: not [job for job in self.jobs("report") if job.state in ("queued", "claimed")])
        self.state.stopping.clear()

    def jobs(self, queue=None, state=None):
        with self.ledger.view() as books:
            return books.jobs.list(queue, state)

    def recordings(self):
        with self.ledger.view() as books:
            return books.recordings.list(None, limit=1000).recordings

    def originals(self):
        """The bytes of all files that are kept."""
        with self.ledger.view() as books:
            files = [books.recordings.files(each.id) for each in self.recordings()]
        return [self.ledger.content(file.sha256) for each in files for file in each]

    @contextmanager
    def running(self, *runs):
        """Threads that run until the block ends."""
        threads = [threading.Thread(target=run, daemon=True) for run in runs]
        for each in threads:
            each.start()
        try:
            yield
        finally:
            self.state.stop()
            for each in threads:
                each.join(60)
                assert not each.is_alive()


@pytest.fixture
def parts(tmp_path):
    """parts(**settings) -> `Parts`."""
    opened = []

    def make(**settings):
        opened.append(Ledger.open(tmp_path / "ledger"))
        return Parts(opened[-1], **{"reserve_bytes": 0} | settings)

    yield make
    for each in opened:
        each.close()


@pytest.fixture(scope="session")
def program():
    """program(name) -> the path of a program, or the test is skipped."""

    own = str(Path(sys.executable).parent)  # pynetdicom has programs of the same names
    path = os.pathsep.join(each for each in os.environ["PATH"].split(os.pathsep) if each != own)

    def find(name):
        found = shutil.which(name, path=path)
        if found is None:
            pytest.skip(f"no {name} here: apt-get install dcmtk dicom3tools orthanc openssl")
        return found

    return find


@pytest.fixture(scope="session")
def certificates(tmp_path_factory, program):
    """A folder with an authority (ca.crt), certificates of localhost and of a client of it (server, client: .crt and
    .key), and a certificate that it knows nothing of (stranger)."""
    folder = tmp_path_factory.mktemp("certificates")

    def run(*arguments):
        subprocess.run([program("openssl"), *arguments], cwd=folder, check=True, capture_output=True)

    new = ("req", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:prime256v1", "-nodes")
    run(*new, "-x509", "-days", "2", "-keyout", "ca.key", "-out", "ca.crt", "-subj", "/CN=authority")
    (folder / "names").write_text("subjectAltName=DNS:localhost,IP:127.0.0.1\n")
    for name in ("server", "client"):
        run(*new, "-keyout", f"{name}.key", "-out", f"{name}.csr", "-subj", f"/CN={name}")
        signed = ("-CA", "ca.crt", "-CAkey", "ca.key", "-CAcreateserial", "-days", "2", "-extfile", "names")
        run("x509", "-req", "-in", f"{name}.csr", "-out", f"{name}.crt", *signed)
    run(*new, "-x509", "-days", "2", "-keyout", "stranger.key", "-out", "stranger.crt", "-subj", "/CN=stranger")
    return folder
