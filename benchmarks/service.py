"""The service against the library: throughput, memory, latency, overload, and kill -9 during uploads.

    python benchmarks/service.py [--requests 2000] [--clients 16] [--uploads 200]

Generated ECGs as WFDB at 100 Hz, without measuring, against ONNX Runtime on bare arrays; as DICOM at 500 Hz, with
measuring, against an in-process loop over the same bytes (pydicom writes them). Each turn of the service is one process
with a worker a core; the loops run in as many processes on one thread each. A rate is recordings a second of CPU time
of all processes but the clients, which count apart, so that what else the machine does falls out.
"""

import argparse
import http.client
import json
import os
import re
import resource
import statistics
import subprocess
import sys
import tempfile
import threading
import time
from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import NamedTuple

import numpy as np

import twelvelead
from hospital import as_file, ecg_object
from twelvelead.ecg.record import ECG
from twelvelead.ecg.synthetic import synthetic_ecg
from twelvelead.inference.engine import Engine
from twelvelead.ledger import Ledger

BARE_BAR, LOOP_BAR, GROWTH_BAR, READY_BAR, WARM_BAR = 0.70, 0.80, 1.05, 3.0, 0.120
_TICK = os.sysconf("SC_CLK_TCK")


class Body(NamedTuple):
    """What a client sends.

    Attributes:
        query: of the URL.
        content: the bytes.
        media: their content type.
    """

    query: str
    content: bytes
    media: str


class Service(NamedTuple):
    """A running service.

    Attributes:
        process: that listens.
        port, token: to reach it.
        ready_s: seconds from its start to ready.
    """

    process: "subprocess.Popen[bytes]"
    port: int
    token: str
    ready_s: float


def wfdb_body(ecg: ECG) -> Body:
    """An ECG as a multipart body with a header and a signal file."""
    counts = np.rint(ecg.signal * 1000).astype("<i2")
    lines = [f"r 12 {ecg.sampling_rate:g} {len(counts)}"]
    for lead, column in zip(ecg.leads, counts.T.astype(int), strict=True):
        lines.append(f"r.dat 16 1000/mV 16 0 {column[0]} {column.sum() & 0xFFFF} 0 {lead}")
    parts = (("r.hea", "\n".join(lines).encode() + b"\n"), ("r.dat", counts.tobytes()))
    body = b"".join(
        b'--edge\r\nContent-Disposition: form-data; name="file"; filename="%s"\r\n\r\n%s\r\n' % (name.encode(), content)
        for name, content in parts
    )
    return Body("?measure=false", body + b"--edge--\r\n", "multipart/form-data; boundary=edge")


def dicom_body(ecg: ECG) -> Body:
    """An ECG as a DICOM waveform of 16 bits, one microvolt a step."""
    return Body("", as_file(ecg_object(ecg)), "application/dicom")


@contextmanager
def serving(folder: Path, **settings: object) -> Iterator[Service]:
    """A service in a process of its own, until it is ready."""
    command = [
        sys.executable,
        "-m",
        "twelvelead",
        "serve",
        "--no-open",
        "--port",
        "0",
        "--store",
        str(folder / "store"),
    ]
    environment = os.environ | {f"TWELVELEAD_{name.upper()}": str(value) for name, value in settings.items()}
    log = folder / "log"
    begun = time.monotonic()
    with log.open("wb") as stream:
        process = subprocess.Popen(command, stderr=stream, env=environment | {"OMP_NUM_THREADS": "1"})
    try:
        while not (found := re.search(r"answers at http://127\.0\.0\.1:(\d+)/\?token=(\S+)", log.read_text())):
            time.sleep(0.02)
        while ask(int(found[1]), "GET", "/health/ready")[0] != 200:
            time.sleep(0.02)
        yield Service(process, int(found[1]), found[2], time.monotonic() - begun)
    finally:
        process.kill()
        process.wait()


def ask(port: int, method: str, path: str, body: Body | None = None, token: str = "") -> tuple[int, bytes]:
    """Status and content of one answer, over a connection of its own."""
    connection = http.client.HTTPConnection("127.0.0.1", port, timeout=300)
    headers = {"Authorization": f"Bearer {token}"} if token else {}
    content = None
    if body is not None:
        path, content, headers["Content-Type"] = path + body.query, body.content, body.media
    connection.request(method, path, content, headers)
    response = connection.getresponse()
    answer = response.read()
    connection.close()
    return response.status, answer


def storm(port: int, bodies: list[Body], requests: int, clients: int) -> tuple[Counter[int], list[float]]:
    """Status -> answers of so many requests, and the seconds of each; every client keeps its connection."""
    statuses: Counter[int] = Counter()
    seconds: list[float] = []

    def client(first: int) -> None:
        connection = http.client.HTTPConnection("127.0.0.1", port, timeout=300)
        for number in range(first, requests, clients):
            body = bodies[number % len(bodies)]
            begun = time.perf_counter()
            connection.request("POST", f"/v1/interpretations{body.query}", body.content, {"Content-Type": body.media})
            response = connection.getresponse()
            response.read()
            seconds.append(time.perf_counter() - begun)
            statuses[response.status] += 1

    threads = [threading.Thread(target=client, args=(first,)) for first in range(clients)]
    for each in threads:
        each.start()
    for each in threads:
        each.join()
    return statuses, seconds


def processes_of(service: Service) -> list[int]:
    """The service's process and its workers."""
    found = [service.process.pid]
    for stat in Path("/proc").glob("[0-9]*/stat"):
        try:
            fields = stat.read_text().rpartition(")")[2].split()
        except OSError:
            continue
        if int(fields[1]) == service.process.pid:
            found.append(int(stat.parent.name))
    return found


def cpu_s(service: Service) -> float:
    """CPU time of a service and its workers, s."""
    total = 0.0
    for process in processes_of(service):
        fields = (Path("/proc") / str(process) / "stat").read_text().rpartition(")")[2].split()
        total += (int(fields[11]) + int(fields[12])) / _TICK
    return total


def resident(service: Service) -> int:
    """Memory of a service and its workers, bytes."""
    pages = (int((Path("/proc") / str(each) / "statm").read_text().split()[1]) for each in processes_of(service))
    return sum(pages) * resource.getpagesize()


def cpu_of(work: Callable[[int], object], times: int) -> float:
    """CPU time of this process for one of so many calls, s; the first few warm up."""
    for number in range(5):
        work(number)
    begun = time.process_time()
    for number in range(times):
        work(number)
    return (time.process_time() - begun) / times


def rates(folder: Path, bodies: list[Body], inside: Callable[[int], object], requests: int, clients: int) -> float:
    """Share of the rate of `inside` that the service has, by CPU time; told with errors, memory and latency."""
    folder.mkdir()
    with serving(folder, queue=max(64, 2 * clients)) as service:
        early = requests // 4
        statuses, _ = storm(service.port, bodies, early, clients)
        memory, before = resident(service), cpu_s(service)
        more, seconds = storm(service.port, bodies, requests - early, clients)
        spent = (cpu_s(service) - before) / (requests - early)
        growth = resident(service) / memory
        alone = storm(service.port, bodies, 20, 1)[1]
    statuses += more
    right = cpu_of(inside, min(200, requests))
    print(f"  answers {dict(statuses)}; service {spent * 1e3:.2f} ms of CPU each, without it {right * 1e3:.2f} ms")
    print(f"  {right / spent:.0%} of the rate; memory grew by {growth - 1:+.1%}; ready after {service.ready_s:.1f} s")
    together, one = statistics.median(seconds) * 1e3, statistics.median(alone) * 1e3
    print(f"  latency of {clients} clients {together:.0f} ms, of one {one:.0f} ms")
    if set(statuses) != {200}:
        print("  ERRORS")
    return right / spent


def overload(folder: Path, body: Body) -> None:
    """Told how many of many at once are answered, and how many are told to come again."""
    folder.mkdir()
    with serving(folder, workers=1, queue=4) as service:
        statuses, _ = storm(service.port, [body], 200, 50)
        print(f"overload: 200 requests of 50 clients, one worker, a queue of 4: {dict(statuses)}")


def killed(folder: Path, uploads: int) -> None:
    """Told how many of the recordings that were acknowledged before a kill -9 are there."""
    folder.mkdir()
    acknowledged: list[str] = []
    body = dicom_body(synthetic_ecg())

    with serving(folder) as service:

        def client(first: int) -> None:
            for number in range(first, uploads, 8):
                each = body._replace(query=f"?prevalence=MI={number / uploads:.6f}")
                try:
                    status, answer = ask(service.port, "POST", "/v1/recordings", each, service.token)
                except (OSError, http.client.HTTPException):
                    return
                if status == 201:
                    acknowledged.append(json.loads(answer)["id"])

        threads = [threading.Thread(target=client, args=(first,)) for first in range(8)]
        for thread in threads:
            thread.start()
        while len(acknowledged) < uploads // 2:
            time.sleep(0.005)
        service.process.kill()
        for thread in threads:
            thread.join()
    with Ledger.open(folder / "store") as ledger, ledger.view() as books:
        kept = books.recordings.list(None, limit=10 * uploads).recordings
        half = [each.id for each in kept if each.answer_version != 1 or not books.recordings.files(each.id)]
        lost = set(acknowledged) - {each.id for each in kept}
    print(f"kill -9: {len(acknowledged)} acknowledged, {len(kept)} kept, {len(lost)} lost, {len(half)} half")


def main() -> None:
    parser = argparse.ArgumentParser(description="The service against the library.")
    parser.add_argument("--requests", type=int, default=2000)
    parser.add_argument("--clients", type=int, default=16)
    parser.add_argument("--uploads", type=int, default=200)
    options = parser.parse_args()
    engine = Engine(threads=1)
    slow = [synthetic_ecg(seed=seed, sampling_rate=100) for seed in range(20)]
    arrays = [(ecg.signal[None], ecg.features[None]) for ecg in slow]
    dicoms = [dicom_body(synthetic_ecg(seed=seed)) for seed in range(20)]
    with tempfile.TemporaryDirectory() as place:
        folder = Path(place)
        print("WFDB at 100 Hz, without measuring, against ONNX Runtime on bare arrays")
        session = engine._session
        bare = rates(
            folder / "wfdb",
            [wfdb_body(ecg) for ecg in slow],
            lambda number: session.run(
                ["probabilities"], dict(zip(("ecg", "features"), arrays[number % 20], strict=True))
            ),
            options.requests,
            options.clients,
        )
        print("DICOM at 500 Hz, with measuring, against an in-process loop over the same bytes")
        loop = rates(
            folder / "dicom",
            dicoms,
            lambda number: json.dumps(engine.predict(twelvelead.read(dicoms[number % 20].content)).to_dict()),
            options.requests,
            options.clients,
        )
        overload(folder / "overload", dicoms[0])
        killed(folder / "killed", options.uploads)
    print(f"bars: {BARE_BAR:.0%} of bare arrays ({bare:.0%}), {LOOP_BAR:.0%} of the loop ({loop:.0%})")
    sys.exit(1 if bare < BARE_BAR or loop < LOOP_BAR else 0)


if __name__ == "__main__":
    main()
