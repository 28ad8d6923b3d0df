"""POST /v1/interpretations: what goes in, and in which form the answer comes out."""

import json

import jsonschema
import pytest

from twelvelead.inference.engine import Engine
from twelvelead.output.describe import describe
from twelvelead.readers import read
from twelvelead.service.schemas import shipped_schemas

PLACE = "/v1/interpretations"


def test_the_answer_is_that_of_the_command_line(client, ecg, asked):
    answer = client.post(PLACE, params=asked, content=ecg).json()
    jsonschema.validate(answer, shipped_schemas()["Interpretation"])
    right = describe(Engine().predict(read(ecg, **asked)))
    assert answer["source"] == right["source_sha256"] == answer["source_sha256"]
    assert {**answer, "source": "bytes"} == right


def test_a_vendors_file_needs_no_query_and_no_content_type(client, shared_formats):
    content = (shared_formats / "dicom_12lead.dcm").read_bytes()
    for kind in ("application/dicom", "text/html", "x"):
        response = client.post(PLACE, content=content, headers={"content-type": kind})
        assert response.status_code in (200, 422)
        assert response.json().get("code") not in ("unknown-format", "usage")


def test_a_header_and_its_signal_file_are_one_recording(client, shared_formats):
    parts = [(name, (shared_formats / name).read_bytes()) for name in ("cinc_georgia.mat", "cinc_georgia.hea")]
    answer = client.post(PLACE, files=[("file", part) for part in parts]).json()
    assert answer["source"] == read(shared_formats / "cinc_georgia.hea").sha256


def test_parts_of_two_folders_are_told_apart(client, wfdb, tmp_path):
    files = []
    for folder, scale in (("a", 1.0), ("b", 0.9)):
        header = wfdb(folder, scale)
        files += [
            ("file", (f"{folder}/{path.name}", path.read_bytes())) for path in (header, header.with_suffix(".dat"))
        ]
    answers = client.post(PLACE, files=files).json()
    right = [read(tmp_path / folder / "r.hea").sha256 for folder in ("a", "b")]
    assert [answer["source"] for answer in answers] == right


def test_several_recordings_give_a_list_in_order_of_answers_and_problems(client, ecg, asked):
    files = [("file", ("a.npy", ecg)), ("file", ("b.txt", b"nothing")), ("file", ("c.npy", ecg))]
    first, second, third = client.post(PLACE, params=asked, files=files).json()
    assert first == third
    assert first["classes"]["NORM"]["decision"] == "present"
    assert (second["status"], second["code"]) == (415, "unknown-format")


def test_a_signal_file_without_its_header_is_a_problem_that_says_so(client, shared_formats):
    content = (shared_formats / "s0010_re.dat").read_bytes()
    response = client.post(PLACE, params={"filename": "Jane Doe/s0010_re.dat"}, content=content)
    assert response.status_code == 422
    assert "a signal file without its header" in response.json()["detail"]
    assert "Doe" not in response.text


@pytest.mark.parametrize(
    ("accept", "media", "start"),
    [
        ("application/pdf", "application/pdf", b"%PDF"),
        ("image/png", "image/png", b"\x89PNG"),
        ("image/svg+xml;q=0.9, text/html", "image/svg+xml", b"<?xml"),
    ],
)
def test_a_picture_is_given_where_it_is_asked_for(client, ecg, asked, accept, media, start):
    response = client.post(PLACE, params=asked, content=ecg, headers={"accept": accept})
    assert (response.status_code, response.headers["content-type"].partition(";")[0]) == (200, media)
    assert response.content.startswith(start)


def test_a_picture_of_several_recordings_is_not_there(client, ecg, asked):
    files = [("file", ("a.npy", ecg)), ("file", ("b.npy", ecg))]
    response = client.post(PLACE, params=asked, files=files, headers={"accept": "image/png"})
    assert (response.status_code, response.json()["code"]) == (406, "not-acceptable")


def test_options_are_those_of_the_command_line(client, ecg, asked):
    options = {
        "language": "de",
        "operating_point": "f1",
        "error_rate": 0.05,
        "prevalence": "MI=0.05",
        "measure": False,
        "age": 40,
    }
    answer = client.post(PLACE, params=asked | options, content=ecg).json()
    assert (answer["operating_point"], answer["error_rate"], answer["age"]) == ("f1", 0.05, 40)
    assert answer["measurements"] is None
    assert answer["reading"]["language"] == "de"
    assert answer["classes"]["MI"]["prevalence"] == 0.05


def test_every_answer_names_the_settings_and_the_request(client, ecg, asked):
    first, second = (client.post(PLACE, params=asked, content=ecg) for _ in range(2))
    assert len(first.headers["twelvelead-settings"]) == 64
    assert first.headers["twelvelead-settings"] == second.headers["twelvelead-settings"]
    assert first.headers["x-request-id"] != second.headers["x-request-id"]


def test_a_multipart_body_may_hold_anything_between_its_parts(client, ecg, asked):
    sent = b'--x\r\nContent-Disposition: form-data; name="file"\r\n\r\n' + ecg + b"\r\n--x--\r\n"
    headers = {"content-type": "multipart/form-data; boundary=x"}
    answer = client.post(PLACE, params=asked, content=sent, headers=headers)
    assert answer.json()["source"] == json.loads(client.post(PLACE, params=asked, content=ecg).text)["source"]
