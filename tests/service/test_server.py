"""The process: it starts, answers, drains, and does not wait for slow clients."""

import http.client
import json
import os
import signal
import socket
import subprocess
import sys
import threading
import time
from urllib.parse import urlencode

import pytest


def get(process, path, **headers):
    connection = http.client.HTTPConnection("127.0.0.1", process.port, timeout=30)
    connection.request("GET", path, headers=headers)
    response = connection.getresponse()
    return response.status, response.read()


def post(process, body, asked, **headers):
    connection = http.client.HTTPConnection("127.0.0.1", process.port, timeout=60)
    connection.request("POST", f"/v1/interpretations?{urlencode(asked)}", body, headers)
    response = connection.getresponse()
    return response.status, json.loads(response.read())


SHORT = {"TWELVELEAD_WORKERS": "1", "TWELVELEAD_HEADER_SECONDS": "1", "TWELVELEAD_BODY_SECONDS": "1"}


@pytest.fixture(scope="module")
def service(start, tmp_path_factory):
    """A running service with short times."""
    with start(tmp_path_factory.mktemp("service"), **SHORT) as process:
        yield process


def test_it_answers_and_its_log_names_the_request_and_nothing_of_the_client(service, ecg, asked):
    status, answer = post(service, ecg, asked | {"filename": "Jane Doe.npy"}, Cookie="other=secret")
    assert (status, answer["classes"]["NORM"]["decision"]) == (200, "present")
    time.sleep(0.2)
    log = service.log.read_text()
    lines = [json.loads(line) for line in log.splitlines() if line.startswith("{")]
    (line,) = [line for line in lines if (line.get("route"), line.get("status")) == ("/v1/interpretations", 200)]
    assert (line["method"], len(line["request_id"])) == ("POST", 32)
    assert not any(word in log for word in ("Doe", "secret", "127.0.0.1:5", answer["source"]))


def test_head_is_get_without_the_body(service):
    connection = http.client.HTTPConnection("127.0.0.1", service.port, timeout=30)
    for path, status in (("/", 200), ("/health/ready", 200), ("/v1/recordings", 401), ("/nothing", 404)):
        connection.request("HEAD", path)
        answer = connection.getresponse()
        assert (answer.status, answer.read()) == (status, b"")


def test_sigterm_ends_it_well_and_what_was_begun_is_answered(start, tmp_path, ecg, asked):
    answers = []
    slow = asked | {"explain": True}
    with start(tmp_path, **SHORT) as service:
        asking = threading.Thread(target=lambda: answers.append(post(service, ecg, slow)))
        asking.start()
        time.sleep(0.5)
        assert not answers
        service.send_signal(signal.SIGTERM)
        time.sleep(0.3)
        assert get(service, "/health/ready")[0] == 503
        assert get(service, "/health/live")[0] == 200
        asking.join(30)
        assert answers[0][0] == 200
        assert answers[0][1]["attribution"] is not None
        assert service.wait(30) == 0


def test_slow_headers_and_slow_bodies_end_their_connections(service):
    with (
        socket.create_connection(("127.0.0.1", service.port)) as slow,
        socket.create_connection(("127.0.0.1", service.port)) as body,
    ):
        slow.sendall(b"GET / HTTP/1.1\r\nHost: localhost\r\n")
        body.sendall(b"POST /v1/interpretations HTTP/1.1\r\nHost: localhost\r\nContent-Length: 1000\r\n\r\nabc")
        for _ in range(6):
            time.sleep(0.25)
            for each, more in ((slow, b"X-A: b\r\n"), (body, b"d")):
                try:
                    each.sendall(more)
                except OSError:
                    continue
        for each in (slow, body):
            each.settimeout(10)
        assert slow.recv(100).startswith(b"HTTP/1.1 400")
        assert body.recv(100).startswith(b"HTTP/1.1 408")


def test_a_second_request_of_a_connection_may_not_be_slow_either(service):
    with socket.create_connection(("127.0.0.1", service.port)) as kept:
        kept.settimeout(10)
        kept.sendall(b"GET /health/live HTTP/1.1\r\nHost: localhost\r\n\r\n")
        answer = b""
        while b'"live"}' not in answer:
            answer += kept.recv(4096)
        kept.sendall(b"GET /health/live HTTP/1.1\r\n")
        assert kept.recv(4096).startswith(b"HTTP/1.1 400")


def test_endless_headers_end_the_connection(service):
    with socket.create_connection(("127.0.0.1", service.port)) as endless:
        endless.settimeout(10)
        endless.sendall(b"GET / HTTP/1.1\r\nHost: localhost\r\n")
        answer = b""
        try:
            for number in range(3000):
                endless.sendall(f"X-{number}: {'a' * 100}\r\n".encode())
            answer = endless.recv(100)
        except OSError:
            pass
        assert answer == b"" or answer.startswith(b"HTTP/1.1 400")
    assert get(service, "/health/live")[0] == 200


def test_a_port_that_is_taken_is_one_line(service, tmp_path):
    command = [sys.executable, "-m", "twelvelead", "serve", "--no-open", "--port", str(service.port)]
    environment = os.environ | {"TWELVELEAD_STORE": str(tmp_path / "other")}
    ended = subprocess.run(command, capture_output=True, text=True, timeout=180, env=environment)
    assert ended.returncode == 2
    assert f"port {service.port}" in ended.stderr
    assert "Traceback" not in ended.stderr


def test_an_answer_does_not_wait_for_the_acknowledgement_of_its_headers(service):
    seconds = []
    for _ in range(9):
        connection = http.client.HTTPConnection("127.0.0.1", service.port, timeout=30)
        connection.connect()
        for _ in range(2):  # a delayed acknowledgement takes 40 ms from the second answer of a connection on
            begun = time.monotonic()
            connection.request("GET", "/health/live")
            connection.getresponse().read()
        seconds.append(time.monotonic() - begun)
    assert min(seconds) < 0.03
