"""Uploads made to hurt, in small form: each gets a clear problem, soon, and the service goes on."""

import os
import random
import socket
import struct
import time
import zlib
from collections import Counter

import pytest

PLACE = "/v1/interpretations"
LAUGHS = "".join(f'<!ENTITY a{n} "{f"&a{n - 1};" * 10}">' for n in range(1, 10))
META = b"\2\0\x10\0UI\x16\x001.2.840.10008.1.2.1.99"
HEAD = b"{'descr': '<i2', 'fortran_order': False, 'shape': (99999999999, 12), }"

HOSTILE = {
    "billion laughs": f'<!DOCTYPE x [<!ENTITY a0 "ha">{LAUGHS}]><RestingECG>&a9;</RestingECG>'.encode(),
    "external entity": b'<!DOCTYPE x [<!ENTITY f SYSTEM "file:///etc/passwd">]><AnnotatedECG>&f;</AnnotatedECG>',
    "deep XML": b"<RestingECG>" + b"<a>" * 100_000,
    "deflated DICOM that grows": bytes(128) + b"DICM" + META + zlib.compress(bytes(280 << 20))[2:-4],
    "NPY of a terabyte": b"\x93NUMPY\x01\0" + struct.pack("<H", len(HEAD)) + HEAD,
    "pickle in NPY": b"\x93NUMPY\x01\0v\0"
    + b"{'descr': '|O', 'fortran_order': False, 'shape': (1,), }".ljust(117)
    + b"\n.",
    "SCP of lies": bytes(6) + b"\xff" * 4 + bytes(12) + b"\0\0" + bytes(4) + b"\7\0\0\0" + b"\xff" * 500,
    "EDF of lies": b"0       " + b"9" * 248 + b"9" * 2000,
    "ISHNE of lies": b"ISHNE1.0" + b"\xff" * 600,
    "MATLAB of lies": b"MATLAB 5.0".ljust(124) + b"\0\1IM" + b"\x0f\0\0\0\xff\xff\xff\x7f" + b"x" * 100,
    "WFDB that names a path": b"r 1 500 10\n../../etc/passwd 16 1000/mV 16 0 0 0 0 I\n",
    "URL in place of a recording": b"https://127.0.0.1/ecg.dcm",
    "WFDB that names a URL": b"r 1 500 10\nhttp://127.0.0.1/r.dat 16 1000/mV 16 0 0 0 0 I\n",
    "endless line": b"I,II,V1,V2,V3,V4,V5,V6\n" + b"1," * 1_000_000,
    "nothing but zeros": bytes(1_000_000),
    "picture": b"\x89PNG\r\n\x1a\n" + b"\xff" * 100,
    "archive": b"PK\3\4" + b"\xff" * 100,
}


@pytest.mark.parametrize("name", HOSTILE)
def test_it_is_refused_clearly_and_soon(client, name):
    begun = time.monotonic()
    response = client.post(PLACE, content=HOSTILE[name])
    assert response.status_code in (413, 415, 422), response.text
    problem = response.json()
    assert response.headers["content-type"] == "application/problem+json"
    assert 10 < len(problem["detail"]) < 400
    assert not any(word in response.text for word in ("Traceback", "/src/", "site-packages", "root:"))
    assert time.monotonic() - begun < 30
    assert client.get("/health/ready").status_code == 200


def test_a_url_is_never_asked(client):
    with socket.create_server(("127.0.0.1", 0)) as server:
        server.settimeout(0.2)
        url = f"http://127.0.0.1:{server.getsockname()[1]}/r.dat"
        header = f"r 1 500 10\n{url} 16 1000/mV 16 0 0 0 0 I\n".encode()
        for content in (url.encode(), header):
            for params in ({}, {"filename": url}, {"url": url}, {"path": url}):
                assert client.post(PLACE, params=params, content=content).status_code in (400, 415, 422)
        assert client.post(PLACE, json={"url": url, "path": url}).status_code in (400, 415, 422)
        with pytest.raises(TimeoutError):
            server.accept()


def test_a_hundred_damaged_files_of_all_formats_are_read_or_refused_in_a_sentence(client, tmp_path):
    fuzz = pytest.importorskip("fuzz_readers")
    chance = random.Random(17)
    originals = list(fuzz.generated(tmp_path))
    statuses = Counter()
    for _ in range(100):
        path, content = chance.choice(originals)
        content = content[: chance.randrange(len(content))] if chance.random() < 0.3 else fuzz.mutant(content, chance)
        response = client.post(PLACE, params={"filename": path.name, "measure": False}, content=content)
        statuses[response.status_code] += 1
        if response.status_code != 200:
            assert response.headers["content-type"] == "application/problem+json"
            assert 10 < len(response.json()["detail"]) < 600
            assert not any(word in response.text for word in ("Traceback", "/src/", str(tmp_path)))
    assert set(statuses) <= {200, 413, 415, 422}
    assert statuses[200] < 50
    assert client.get("/health/ready").status_code == 200


def test_a_file_that_kills_its_worker_is_refused_and_the_next_one_answered(running, problem, ecg, asked, monkeypatch):
    with running() as client:
        answerer = client.app.state.core.answerer
        ask = answerer.ask

        async def killing(question):
            monkeypatch.setattr(answerer, "ask", ask)
            return await answerer.work(os.abort)

        monkeypatch.setattr(answerer, "ask", killing)
        assert "died" in problem(client.post(PLACE, params=asked, content=ecg), 422, "unreadable")["detail"]
        assert client.post(PLACE, params=asked, content=ecg).status_code == 200


def test_a_file_that_takes_too_long_is_refused_and_its_worker_ended(running, problem, ecg, asked):
    with running(answer_seconds=0.5) as client:
        slow = asked | {"explain": True}
        assert "takes longer" in problem(client.post(PLACE, params=slow, content=ecg), 422, "too-large")["detail"]
