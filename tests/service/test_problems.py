"""Every fault is a problem with a code and the request's id, and tells nothing it should not."""

import io
import json

import numpy as np
import pytest

from twelvelead.errors import ERROR_CODES
from twelvelead.service.log import JsonLines

PLACE = "/v1/interpretations"


def test_what_is_no_recording_is_415(client, problem):
    problem(client.post(PLACE, content=b"hello"), 415, "unknown-format")
    assert "PDF" in problem(client.post(PLACE, content=b"%PDF-1.4"), 415, "unknown-format")["detail"]


def test_what_cannot_be_read_is_422_and_names_the_parameter_that_helps(client, problem, ecg):
    found = problem(client.post(PLACE, content=ecg), 422, "rate-missing")
    assert "sampling_rate" in found["detail"]
    assert "--" not in found["detail"]
    assert found["source"] not in found["detail"]
    problem(client.post(PLACE, content=b""), 422, "not-found")


def test_what_the_gate_refuses_is_422_with_its_findings(client, problem, ecg, asked):
    signal = np.load(io.BytesIO(ecg))
    signal[:, 7] = 0
    buffer = io.BytesIO()
    np.save(buffer, signal)
    found = problem(client.post(PLACE, params=asked, content=buffer.getvalue()), 422, "flat")
    assert found["findings"][0]["severity"] == "refuse"


@pytest.mark.parametrize(
    ("query", "word"),
    [
        ({"weights": "../../etc/passwd"}, "weights"),
        ({"weights": "ensemble"}, "weights"),
        ({"language": "../en"}, "language"),
        ({"operating_point": "best"}, "best"),
        ({"error_rate": "0.123"}, "0.123"),
        ({"prevalence": "XYZ=0.1"}, "XYZ"),
        ({"sampling_rate": "-5"}, "sampling_rate"),
        ({"sampling_rate": "nan"}, "sampling_rate"),
        ({"unit": "furlong"}, "unit"),
        ({"colour": "red"}, "colour"),
    ],
)
def test_a_parameter_that_cannot_be_is_400(client, problem, ecg, asked, query, word):
    assert word in problem(client.post(PLACE, params=asked | query, content=ecg), 400, "usage")["detail"]


def test_no_form_in_accept_is_406(client, problem, ecg, asked):
    problem(client.post(PLACE, params=asked, content=ecg, headers={"accept": "text/html"}), 406, "not-acceptable")


def test_more_bytes_than_are_taken_are_413_whether_declared_or_not(client, problem):
    def stream():
        for _ in range(5):
            yield bytes(1_000_000)

    problem(client.post(PLACE, content=bytes(4_000_001)), 413, "too-large")
    problem(client.post(PLACE, content=stream()), 413, "too-large")
    assert client.app.state.core.bodies.held == 0


def test_a_damaged_multipart_body_is_400(client, problem):
    headers = {"content-type": "multipart/form-data; boundary=x"}
    for body in (b"--y\r\n\r\n", b"--x\r\nbad header\r\n\r\nabc", b""):
        problem(client.post(PLACE, content=body, headers=headers), 400, "damaged")


def test_what_is_not_there_is_404_and_another_method_405(client, problem):
    problem(client.get("/v2/nothing"), 404, "no-resource")
    problem(client.get("/page/..%2f..%2fsettings.py"), 404, "no-resource")
    problem(client.delete(PLACE), 405, "no-resource")


def test_a_fault_of_ours_tells_the_client_nothing_and_the_log_no_text(client, problem, ecg, asked, monkeypatch, caplog):
    def broken(*arguments):
        raise RuntimeError("the patient is Jane Doe")

    monkeypatch.setattr(client.app.state.core, "ask", broken)
    with caplog.at_level("INFO"):
        found = problem(client.post(PLACE, params=asked, content=ecg), 500, "internal")
    assert not {"Doe", "RuntimeError", "test_problems"} & set(str(found).split())
    lines = [json.loads(JsonLines().format(record)) for record in caplog.records]
    (fault,) = [line for line in lines if line["event"] == "fault"]
    assert (fault["exception"], fault["request_id"]) == ("RuntimeError", found["request_id"])
    assert "Doe" not in json.dumps(lines)


def test_codes_of_the_service_are_registered():
    assert {"denied", "busy", "too-slow", "not-ready", "internal", "no-resource"} <= ERROR_CODES.keys()


def test_where_it_is_not_ready_it_says_so(client, problem, ecg, monkeypatch):
    monkeypatch.setattr(client.app.state.core, "fault", "its self-test gives NORM 0.1 in place of 0.9")
    assert client.get("/health/live").status_code == 200
    for response in (client.get("/health/ready"), client.post(PLACE, content=ecg)):
        assert "self-test" in problem(response, 503, "not-ready")["detail"]
        assert int(response.headers["retry-after"]) > 0
