"""An object store, a web server and files of many recordings."""

import base64
import io
import os
import re
import tarfile
import threading
import zipfile
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from uuid import uuid4

import numpy as np
import pytest

from swift import PACKAGES, missing, swift
from twelvelead.archive.answering import Answerer


@pytest.fixture(scope="session")
def object_store(tmp_path_factory):
    """A running Swift."""
    if missing():
        pytest.skip(f"no {', '.join(missing())} here: apt-get install {PACKAGES}")
    folder = tmp_path_factory.mktemp("swift")
    try:
        os.setxattr(folder, "user.swift", b"")
    except OSError:
        pytest.skip(
            f"{folder}: a file system without extended attributes, where Swift keeps what it knows of an object"
        )
    with swift(folder) as running:
        yield running


@pytest.fixture
def here():
    """An engine in this process, which starts at once."""

    def answers(inputs, task):
        answerer = Answerer(task)
        for given in inputs:
            yield [answerer.answer(given)]

    return answers


@pytest.fixture
def s3(object_store, monkeypatch):
    """s3(who="owner") -> the object store as that one's file system; and what this process, and those that it starts,
    reach from then on."""
    s3fs = pytest.importorskip("s3fs", reason="the extra [archive] is not installed")
    for name in ("AWS_PROFILE", "AWS_SESSION_TOKEN", "AWS_ENDPOINT_URL_S3", "AWS_CONFIG_FILE"):
        monkeypatch.delenv(name, raising=False)

    def as_seen_by(who="owner"):
        for name, value in object_store.environment(who).items():
            monkeypatch.setenv(name, value)
        s3fs.S3FileSystem.clear_instance_cache()  # it keeps the keys that it has read
        return s3fs.S3FileSystem()

    yield as_seen_by
    s3fs.S3FileSystem.clear_instance_cache()


@pytest.fixture
def bucket(s3):
    """The URL of a bucket for this test alone."""
    name = f"test-{uuid4().hex}"
    s3().mkdir(name)
    return f"s3://{name}"


@pytest.fixture
def memory():
    """The file system behind memory://, empty."""
    fsspec = pytest.importorskip("fsspec", reason="the extra [archive] is not installed")
    files = fsspec.filesystem("memory")
    files.store.clear()
    yield files
    files.store.clear()


PASSWORD = "hunter2"
TOKEN = "0123abcd"


class Web(BaseHTTPRequestHandler):
    """A page of links, files for whoever knows the password or the token, and a way elsewhere."""

    held: dict[str, bytes]
    asked: list[tuple[str, str | None]]
    gives_parts = True

    def do_GET(self):
        credentials = self.headers.get("Authorization")
        self.asked.append((self.path, credentials))
        if self.path.startswith("/elsewhere"):
            self._say(302, b"", Location=self.elsewhere + self.path)
            return
        known = f"Basic {base64.b64encode(f'me:{PASSWORD}'.encode()).decode()}"
        if credentials != known and f"token={TOKEN}" not in self.path:
            self._say(401, b"who are you?")
            return
        content = self.held.get(self.path.partition("?")[0])
        part = re.fullmatch(r"bytes=(\d+)-(\d+)", self.headers.get("Range", ""))
        if content is not None and part and self.gives_parts:
            first, last = int(part[1]), min(int(part[2]), len(content) - 1)
            self._say(206, content[first : last + 1], **{"Content-Range": f"bytes {first}-{last}/{len(content)}"})
            return
        self._say(404 if content is None else 200, content or b"")

    do_HEAD = do_GET  # noqa: N815

    def _say(self, status, content, **headers):
        self.send_response(status)
        for name, value in headers.items():
            self.send_header(name, value)
        self.send_header("Content-Length", str(len(content)))
        self.end_headers()
        if self.command == "GET":
            self.wfile.write(content)

    def log_message(self, *_):
        pass


@pytest.fixture
def served():
    """served({path: content}, elsewhere="", gives_parts=True): a context of (host, what it was asked with which
    credentials)."""
    pytest.importorskip("aiohttp", reason="the extra [archive] is not installed")

    @contextmanager
    def serve(held, elsewhere="", gives_parts=True):
        how = {"held": held, "elsewhere": elsewhere, "asked": [], "gives_parts": gives_parts}
        handler = type("Handler", (Web,), how)
        server = ThreadingHTTPServer(("127.0.0.1", 0), handler)
        threading.Thread(target=server.serve_forever, args=(0.02,), daemon=True).start()
        try:
            yield f"127.0.0.1:{server.server_port}", handler.asked
        finally:
            server.shutdown()
            server.server_close()

    serve.password, serve.token = PASSWORD, TOKEN
    return serve


def _npy(signal):
    stream = io.BytesIO()
    np.save(stream, signal)
    return stream.getvalue()


@pytest.fixture(scope="session")
def written():
    """written(path, signals) -> the path of a file of many of the kind of its suffix, and their names in it."""

    def write(path, signals):
        files = {f"../{n}.npy": _npy(signal) for n, signal in enumerate(signals)}
        if path.suffix == ".npy":
            np.save(path, signals)
        elif path.suffix == ".h5":
            h5py = pytest.importorskip("h5py")
            with h5py.File(path, "w") as file:
                file["tracings"] = signals
        elif path.suffix == ".parquet":
            pa = pytest.importorskip("pyarrow")
            from pyarrow import parquet

            parquet.write_table(pa.table({"ecg": [signal.ravel() for signal in signals]}), path)
        elif path.suffix == ".zip":
            with zipfile.ZipFile(path, "w") as archive:
                for name, content in files.items():
                    archive.writestr(name, content)
        else:
            with tarfile.open(path, "w:gz" if path.suffix == ".tgz" else "w") as archive:
                for name, content in files.items():
                    info = tarfile.TarInfo(name)
                    info.size = len(content)
                    archive.addfile(info, io.BytesIO(content))
        return path, [*files] if path.suffix in (".zip", ".tar", ".tgz") else [str(n) for n in range(len(signals))]

    return write
