"""A server that lays PTB-XL out as PhysioNet does, and misbehaves on demand."""

import hashlib
import shutil
import threading
import time
import zipfile
from collections import Counter
from contextlib import ExitStack
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import pytest

BASE = "/files/ptb-xl/1.0.3/"
ZIP = "/content/ptb-xl/get-zip/1.0.3/"


class Server(ThreadingHTTPServer):
    """Serves a folder.

    Attributes:
        faults: path below the folder -> list of faults, one for each request from the first on: "cut" (half the body),
            "stall" (half the body, then nothing), "503" (with Retry-After: 1), "429", "500", "flip" (a wrong byte),
            "long" (announces more than it sends), "short" (announces and sends less), "404", None (as it is).
        asked: how often each path was asked for.
        ranges: the Range headers that came.
        pace: seconds that each answer waits.
    """

    daemon_threads = True

    def __init__(self, folder: Path):
        super().__init__(("127.0.0.1", 0), Handler)
        self.folder = folder
        self.zip: Path | None = None
        self.faults: dict[str, list[str | None]] = {}
        self.asked: Counter[str] = Counter()
        self.ranges: list[str] = []
        self.times: dict[str, list[float]] = {}
        self.absolute: list[str] = []
        self.pace = 0.0
        self.lock = threading.Lock()

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.server_address[1]}{BASE}"

    def handle_error(self, request, client_address):
        pass  # clients hang up in these tests


class Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    server: Server

    def log_message(self, *args):
        pass

    def do_GET(self):
        server = self.server
        path = self.path
        if path.startswith("http://"):
            server.absolute.append(path)
            path = "/" + path.split("/", 3)[3]
        name = path.removeprefix(BASE)
        file = server.zip if path == ZIP else server.folder / name
        with server.lock:
            server.asked[name] += 1
            server.times.setdefault(name, []).append(time.monotonic())
            planned = server.faults.get(name) or server.faults.get("*") or []
            fault = planned.pop(0) if planned else None
        time.sleep(server.pace)
        if fault in ("503", "429", "500", "404") or file is None or not file.is_file():
            self.send_response(int(fault or 404))
            if fault in ("503", "429"):
                self.send_header("Retry-After", "1")
            self.send_header("Content-Length", "0")
            self.end_headers()
            return
        content = file.read_bytes()
        total, start, end = len(content), 0, len(content)
        wanted = self.headers.get("Range")
        if wanted and path == ZIP:
            server.ranges.append(wanted)
            first, _, last = wanted.removeprefix("bytes=").partition("-")
            start, end = int(first), int(last) + 1 if last else total
            if start >= total:
                self.send_response(416)
                self.send_header("Content-Range", f"bytes */{total}")
                self.send_header("Content-Length", "0")
                self.end_headers()
                return
            self.send_response(206)
            self.send_header("Content-Range", f"bytes {start}-{end - 1}/{total}")
        else:
            self.send_response(200)
        content = content[start:end]
        if fault == "flip":
            middle = len(content) // 2
            content = content[:middle] + bytes([content[middle] ^ 0x55]) + content[middle + 1 :]
        announced = len(content) + (7 if fault == "long" else 0)
        if fault == "short":
            content = content[: len(content) // 2]
            announced = len(content)
        self.send_header("Content-Length", str(announced))
        self.end_headers()
        if fault in ("cut", "stall"):
            self.wfile.write(content[: len(content) // 2])
            self.wfile.flush()
            if fault == "stall":
                time.sleep(3)
            self.close_connection = True
            return
        self.wfile.write(content)
        if fault == "long":
            self.close_connection = True


def publish(folder: Path) -> None:
    """Adds what PhysioNet puts beside the records: RECORDS with its glued line, and SHA256SUMS.txt."""
    stems = [path.relative_to(folder).with_suffix("").as_posix() for path in sorted(folder.rglob("*.hea"))]
    low = [stem for stem in stems if stem.startswith("records100")]
    high = [stem for stem in stems if stem.startswith("records500")]
    (folder / "RECORDS").write_text("\n".join(low) + "\n".join(high) + "\n")
    (folder / "LICENSE.txt").write_text("CC BY 4.0\n")
    files = sorted(path for path in folder.rglob("*") if path.is_file() and path.name != "SHA256SUMS.txt")
    lines = [f"{hashlib.sha256(path.read_bytes()).hexdigest()} {path.relative_to(folder).as_posix()}" for path in files]
    (folder / "SHA256SUMS.txt").write_text("\n".join(lines) + "\n")


def pack(folder: Path, path: Path) -> Path:
    """PhysioNet's zip: one folder in it holds all files."""
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as archive:
        for file in sorted(folder.rglob("*")):
            if file.is_file():
                archive.write(
                    file,
                    f"ptb-xl-a-large-publicly-available-electrocardiography-dataset-1.0.3/{file.relative_to(folder)}",
                )
    return path


@pytest.fixture
def release(folder, write_record):
    """The six generated records at both rates, published as PhysioNet does."""
    import numpy as np

    rng = np.random.default_rng(1)
    for number in range(1, 7):
        signal = rng.integers(-2000, 2000, (5000, 12), dtype=np.int16)
        write_record(folder / f"records500/00000/{number:05d}_hr", signal, rate=500)
    publish(folder)
    return folder


@pytest.fixture
def release_zip(release, tmp_path):
    return pack(release, tmp_path / "release.zip")


@pytest.fixture
def serve():
    """serve(folder) -> a running `Server` of it."""
    with ExitStack() as stack:

        def start(folder):
            server = stack.enter_context(Server(folder))
            threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01}, daemon=True).start()
            stack.callback(server.shutdown)
            return server

        yield start


@pytest.fixture
def server(release, serve):
    return serve(release)


@pytest.fixture
def real_release(ptbxl_folder, shared_ptbxl, tmp_path):
    """400 real records at 100 Hz and 24 at 500 Hz, published as PhysioNet does."""
    folder = shutil.copytree(ptbxl_folder, tmp_path / "release")
    shutil.copytree(shared_ptbxl / "records500", folder / "records500", copy_function=shutil.copyfile)
    for path in folder.rglob("*"):
        path.chmod(0o755 if path.is_dir() else 0o644)
    publish(folder)
    return folder


@pytest.fixture
def real_zip(real_release, tmp_path):
    return pack(real_release, tmp_path / "real.zip")
