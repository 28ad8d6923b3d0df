"""What is acknowledged is there, whatever ends the process; and more than can be done is told so. Small forms of
benchmarks/service.py."""

import http.client
import io
import json
import threading
import time
from urllib.parse import urlencode

import numpy as np

from twelvelead.ledger import Ledger


def send(process, path, body, asked, answers):
    """Send one recording; keep the status, the id and the headers of its answer, or nothing where there was none."""
    connection = http.client.HTTPConnection("127.0.0.1", process.port, timeout=120)
    try:
        headers = {"Authorization": f"Bearer {process.token}"}
        connection.request("POST", f"{path}?{urlencode(asked)}", body, headers)
        response = connection.getresponse()
        answers.append((response.status, json.loads(response.read()), dict(response.getheaders())))
    except (OSError, http.client.HTTPException):
        pass


def test_kill_loses_no_recording_that_was_acknowledged_and_leaves_none_half(start, tmp_path, ecg, asked):
    answers = []
    with start(tmp_path, TWELVELEAD_WORKERS="1") as process:

        def upload(first):
            for number in range(first, 400, 4):
                send(
                    process,
                    "/v1/recordings",
                    ecg,
                    asked | {"age": number % 130, "prevalence": f"MI={number / 1e3}"},
                    answers,
                )

        clients = [threading.Thread(target=upload, args=(first,), daemon=True) for first in range(4)]
        for each in clients:
            each.start()
        end = time.monotonic() + 60
        while len(answers) < 8 and time.monotonic() < end:
            time.sleep(0.01)
        process.kill()
        process.wait()
        for each in clients:
            each.join(60)
    acknowledged = [answer["id"] for status, answer, _ in answers if status == 201]
    assert len(acknowledged) >= 8
    with Ledger.open(tmp_path / "store") as ledger, ledger.view() as books:
        page = books.recordings.list(None, limit=1000)
        kept = {recording.id: recording for recording in page.recordings}
        assert set(acknowledged) <= set(kept)
        assert books.audit.verify().faults == ()
        for recording in kept.values():
            assert (recording.state, recording.answer_version) == ("interpreted", 1)
            assert [ledger.content(file.sha256) for file in books.recordings.files(recording.id)] == [ecg]
            assert len(books.recordings.attachments(recording.id)) == 2


def test_more_than_can_be_done_is_429_and_the_rest_is_answered(start, tmp_path, ecg, asked):
    answers, half = [], io.BytesIO()
    np.save(half, np.load(io.BytesIO(ecg))[:2500])
    with start(tmp_path, TWELVELEAD_WORKERS="1", TWELVELEAD_QUEUE="2") as process:
        slow = process, "/v1/interpretations", half.getvalue(), asked | {"explain": True}, answers
        clients = [threading.Thread(target=send, args=slow) for _ in range(8)]
        for each in clients:
            each.start()
        for each in clients:
            each.join()
    statuses = sorted(status for status, _, _ in answers)
    assert set(statuses) == {200, 429}
    assert statuses.count(200) >= 3
    for status, answer, headers in answers:
        if status == 429:
            assert answer["code"] == "busy"
            assert int(headers["retry-after"]) > 0
