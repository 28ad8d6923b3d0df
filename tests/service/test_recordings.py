"""Recordings that are kept: sent, listed, looked at, read and signed; and who may see which."""

import hashlib
import io
import threading

import numpy as np
import pytest

from twelvelead.ecg.synthetic import synthetic_ecg
from twelvelead.readers import read
from twelvelead.service import signals

PLACE = "/v1/recordings"


@pytest.fixture(scope="module")
def key(kept):
    """key(name, role, owner) -> the headers of a new key."""

    def make(name, role="write", owner=None):
        with kept.app.state.core.ledger.begin() as books:
            _, secret = books.keys.add(name, role, owner=owner)
        return {"authorization": f"Bearer {secret}"}

    return make


@pytest.fixture(scope="module")
def ward(key):
    """The headers of a key that writes."""
    return key("ward 3")


def npy(variant="normal", seed=0, change=None):
    signal = np.rint(synthetic_ecg(variant, seed=seed, sampling_rate=500).signal * 1000).astype(np.int16)
    if change is not None:
        signal = change(signal)
    buffer = io.BytesIO()
    np.save(buffer, signal)
    return buffer.getvalue()


def without_v2(signal):
    signal[:, 7] = 0
    return signal


def test_a_recording_is_kept_with_its_answer_signal_and_page(kept, ward, asked):
    content = npy(seed=1)
    sent = kept.post(PLACE, params=asked, content=content, headers=ward)
    assert sent.status_code == 201
    recording = sent.json()
    assert recording["source"] == hashlib.sha256(content).hexdigest()
    assert (recording["state"], recording["kind"], recording["answer_version"]) == ("interpreted", "numeric", 1)
    place = sent.headers["location"]
    assert kept.get(place, headers=ward).json() == recording
    answer = kept.get(f"{place}/interpretation", headers=ward).json()
    stateless = kept.post("/v1/interpretations", params=asked, content=content).json()
    assert answer == stateless
    signal = signals.decode(kept.get(f"{place}/signal", headers=ward).content)
    right = read(content, **asked)
    np.testing.assert_allclose(signal.samples, right.signal, atol=1e-6)
    assert (signal.sampling_rate, signal.leads) == (500, right.leads)
    pages = [kept.get(f"{place}/page.pdf", headers=ward) for _ in range(2)]
    assert pages[0].content.startswith(b"%PDF")
    assert pages[0].content == pages[1].content


def test_what_is_sent_twice_is_kept_once(kept, ward, asked):
    content = npy(seed=2)
    first, second = (kept.post(PLACE, params=asked, content=content, headers=ward) for _ in range(2))
    assert (first.status_code, second.status_code) == (201, 200)
    assert first.json()["id"] == second.json()["id"]
    other = kept.post(PLACE, params=asked | {"age": 30}, content=content, headers=ward)
    assert (other.status_code, other.json()["id"] != first.json()["id"]) == (201, True)


def test_a_refused_one_is_kept_too_with_its_findings_and_its_page(kept, ward, asked):
    sent = kept.post(PLACE, params=asked, content=npy(change=without_v2), headers=ward)
    assert sent.status_code == 201
    recording = sent.json()
    assert (recording["state"], recording["code"]) == ("refused", "flat")
    place = f"{PLACE}/{recording['id']}"
    assert kept.get(f"{place}/interpretation", headers=ward).json()["format"] == "twelvelead-error"
    assert kept.get(f"{place}/page.pdf", headers=ward).content.startswith(b"%PDF")
    assert signals.decode(kept.get(f"{place}/signal", headers=ward).content).samples.shape == (5000, 12)


def test_what_cannot_be_read_is_a_problem_and_nothing_of_it_is_kept(kept, problem, ward):
    before = kept.get(PLACE, headers=ward).json()["total"]
    objects = kept.app.state.core.ledger.folder / "objects"
    files = sorted(objects.rglob("*"))
    problem(kept.post(PLACE, content=b"nothing", headers=ward), 415, "unknown-format")
    assert kept.get(PLACE, headers=ward).json()["total"] == before
    assert sorted(objects.rglob("*")) == files


def test_several_give_a_list_with_problems_in_order(kept, ward, asked):
    files = [("file", ("a", npy(seed=3))), ("file", ("b", b"nothing")), ("file", ("c", npy(seed=4)))]
    sent = kept.post(PLACE, params=asked, files=files, headers=ward)
    first, second, third = sent.json()
    assert sent.status_code == 201
    assert second["code"] == "unknown-format"
    assert first["state"] == third["state"] == "interpreted"


def test_a_wfdb_record_comes_out_as_it_went_in(kept, ward, wfdb):
    header = wfdb("a")
    files = [("file", (path.name, path.read_bytes())) for path in (header, header.with_suffix(".dat"))]
    recording = kept.post(PLACE, files=files, headers=ward).json()
    assert (recording["source"], recording["kind"]) == (read(header).sha256, "wfdb")
    assert kept.get(f"{PLACE}/{recording['id']}/page.pdf", headers=ward).content.startswith(b"%PDF")


def test_the_worklist_is_sorted_filtered_and_paged(kept, key, asked):
    reader = key("list reader")
    for content in (npy(seed=5), npy(change=without_v2), npy("wide_qrs", seed=6)):
        assert kept.post(PLACE, params=asked, content=content, headers=reader).status_code == 201

    def listed(**query):
        answer = kept.get(PLACE, params=query, headers=reader).json()
        return answer["total"], [recording["state"] for recording in answer["recordings"]]

    assert listed() == (3, ["interpreted", "refused", "interpreted"])
    assert listed(sort="urgency") == (3, ["refused", "interpreted", "interpreted"])
    assert listed(state="refused") == (1, ["refused"])
    assert listed(limit=1, offset=1) == (3, ["refused"])
    assert listed(statement="CD") == (1, ["interpreted"])
    assert listed(until="2000-01-01T00:00:00Z") == (0, [])
    assert listed(signed=True) == (0, [])
    assert kept.get(PLACE, params={"since": "2000-01-01T00:00:00"}, headers=reader).status_code == 400


def test_the_worklist_is_given_out_again_only_where_it_changed_and_the_audit_has_each_time(kept, key, asked):
    reader = key("news reader")

    def lists():
        with kept.app.state.core.ledger.view() as books:
            return sum(row.event.action == "list" and row.event.actor == "news reader" for row in books.audit.rows())

    first = kept.get(PLACE, headers=reader)
    same = reader | {"if-none-match": first.headers["etag"]}
    assert kept.get(PLACE, headers=same).status_code == 304
    assert lists() == 1
    kept.post(PLACE, params=asked, content=npy(seed=30), headers=reader)
    again = kept.get(PLACE, headers=same)
    assert (again.status_code, again.json()["total"], lists()) == (200, 1, 2)


def test_the_worklist_is_filtered_by_statements_too(kept, key, asked):
    reader = key("statement reader")
    place = kept.post(PLACE, params=asked, content=npy(seed=31), headers=reader).headers["location"]
    said = kept.get(f"{place}/interpretation", headers=reader).json()["statements"]
    present = [code for code, result in said.items() if result["present"]]
    assert present
    assert all(kept.get(PLACE, params={"statement": code}, headers=reader).json()["total"] == 1 for code in present)


def test_an_answer_that_is_not_kept_has_a_row_in_the_audit(kept, asked):
    content = npy(seed=32)
    sent = kept.post("/v1/interpretations", params=asked, content=content)
    with kept.app.state.core.ledger.view() as books:
        rows = [row.event for row in books.audit.rows() if row.event.request_id == sent.headers["x-request-id"]]
    assert [(event.actor, event.action, event.subject) for event in rows] == [("local", "interpret", None)]
    assert rows[0].input_sha256 == hashlib.sha256(content).hexdigest()


def test_a_mark_says_what_the_reader_has_seen(kept, key, asked):
    first, second = key("first", owner="pair"), key("second", owner="pair")
    place = f"{PLACE}/{kept.post(PLACE, params=asked, content=npy(seed=7), headers=first).json()['id']}"
    assert kept.put(f"{place}/seen", headers=first).status_code == 204
    assert kept.get(place, headers=first).json()["seen"] is True
    assert kept.get(place, headers=second).json()["seen"] is False
    assert kept.delete(f"{place}/seen", headers=first).status_code == 204
    assert kept.get(place, headers=first).json()["seen"] is False


def test_a_reading_has_versions_and_nobody_overwrites_what_he_has_not_seen(kept, problem, ward, key, asked):
    other = key("other reader", owner="ward 3")
    place = f"{PLACE}/{kept.post(PLACE, params=asked, content=npy(seed=8), headers=ward).json()['id']}/reading"
    assert kept.get(place, headers=ward).headers["etag"] == '"0"'
    problem(kept.put(place, json={"statements": []}, headers=ward), 428, "usage")
    first = kept.put(place, json={"statements": [{"code": "NORM"}]}, headers=ward | {"if-match": '"0"'})
    assert (first.status_code, first.headers["etag"], first.json()["author"]) == (200, '"1"', "ward 3")
    signed = {"statements": [{"code": "NORM"}], "text": "Normal.", "signed": True}
    second = kept.put(place, json=signed, headers=other | {"if-match": '"1"'})
    assert (second.json()["version"], second.json()["authenticated"]) == (2, True)
    problem(kept.put(place, json=signed, headers=ward | {"if-match": '"1"'}), 412, "conflict")
    problem(kept.put(place, json=signed, headers=ward | {"if-match": "*"}), 412, "conflict")
    assert kept.get(place, headers=ward).json()["author"] == "other reader"
    versions = kept.get(f"{place}s", headers=ward).json()
    assert [(each["version"], each["author"], each["signed"]) for each in versions] == [
        (1, "ward 3", False),
        (2, "other reader", True),
    ]
    assert kept.get(place.removesuffix("/reading"), headers=ward).json()["signed_by"] == "other reader"


def test_of_two_who_change_a_version_at_once_one_is_told(kept, ward, asked):
    place = f"{PLACE}/{kept.post(PLACE, params=asked, content=npy(seed=9), headers=ward).json()['id']}/reading"
    found = []

    def change(text):
        answer = kept.put(place, json={"statements": [], "text": text}, headers=ward | {"if-match": '"0"'})
        found.append(answer.status_code)

    both = [threading.Thread(target=change, args=(text,)) for text in "ab"]
    for each in both:
        each.start()
    for each in both:
        each.join()
    assert sorted(found) == [200, 412]


def test_a_key_never_learns_that_anothers_file_exists(kept, problem, ward, key, asked):
    content = npy(seed=10)
    place = kept.post(PLACE, params=asked, content=content, headers=ward).headers["location"]
    stranger = key("stranger")
    unknown = f"{PLACE}/00000000-0000-0000-0000-000000000000"
    for below in ("", "/interpretation", "/signal", "/page.pdf", "/reading"):
        there, nowhere = (
            problem(kept.get(where + below, headers=stranger), 404, "not-found") for where in (place, unknown)
        )
        assert there | {"request_id": ""} == nowhere | {"request_id": ""}
    body = {"statements": []}
    problem(kept.put(f"{place}/reading", json=body, headers=stranger | {"if-match": '"0"'}), 404, "not-found")
    problem(kept.put(f"{place}/seen", headers=stranger), 404, "not-found")
    assert kept.get(PLACE, headers=stranger).json() == {"total": 0, "recordings": []}
    again = kept.post(PLACE, params=asked, content=content, headers=stranger)
    assert again.status_code == 201  # it is new to this key
    assert again.json()["id"] not in place
    assert kept.get(place, headers=key("chief", "admin")).status_code == 200


def test_the_audit_has_who_what_and_hashes_and_its_chain_holds(kept, ward, asked):
    content = npy(seed=11)
    sent = kept.post(PLACE, params=asked | {"filename": "Jane Doe.npy"}, content=content, headers=ward)
    for below in ("/interpretation", "", "/signal", "/reading"):
        kept.get(sent.headers["location"] + below, headers=ward)
    with kept.app.state.core.ledger.view() as books:
        rows = [row.event for row in books.audit.rows() if row.event.subject == sent.json()["id"]]
        assert books.audit.verify().faults == ()
    assert [(event.actor, event.action, event.outcome) for event in rows] == [
        ("ward 3", "interpret", "ok"),
        *(("ward 3", action, "ok") for action in ("view", "look", "signal", "reading")),
    ]
    assert rows[0].request_id == sent.headers["x-request-id"]
    assert rows[0].input_sha256 == hashlib.sha256(content).hexdigest()
    assert rows[0].settings_sha256 == sent.headers["twelvelead-settings"]
    assert rows[0].weights_sha256 == kept.get("/v1/models").json()[0]["sha256"]
    assert "Doe" not in str(rows)


def test_an_identity_is_kept_with_its_recording_and_nowhere_else(kept, ward, shared_formats, caplog):
    content = (shared_formats / "ge_muse.xml").read_bytes()
    right = read(content, identify=True, leads=None).identity
    with caplog.at_level("INFO"):
        recording = kept.post(PLACE, content=content, headers=ward).json()
    assert recording["identity"]["patient_id"] == right.patient_id
    logged = "".join(str(record.__dict__) for record in caplog.records if record.name == "twelvelead.service")
    assert right.patient_id is None or right.patient_id not in logged


def test_where_the_ledger_fails_nothing_is_acknowledged_and_nothing_told(kept, problem, ward, asked, monkeypatch):
    from twelvelead.errors import TwelveLeadError

    def full(*arguments):
        raise TwelveLeadError("/var/secret/ledger.sqlite: database or disk is full", code="ledger")

    monkeypatch.setattr(kept.app.state.core.keeping, "add", full)
    found = problem(kept.post(PLACE, params=asked, content=npy(seed=12), headers=ward), 503, "ledger")
    assert "secret" not in str(found)


def test_metrics_have_outcomes_codes_and_what_is_kept(running, asked, monkeypatch):
    from twelvelead.errors import TwelveLeadError

    def value(name):
        lines = client.get("/metrics").text.splitlines()
        return next((float(line.split()[-1]) for line in lines if line.startswith(name + " ")), None)

    with running() as client:
        local = {"authorization": f"Bearer {client.app.state.core.callers.token}"}
        for content in (npy(seed=40), npy(change=without_v2)):
            assert client.post(PLACE, params=asked, content=content, headers=local).status_code == 201
        client.post("/v1/interpretations", params=asked, content=npy(seed=41))
        assert value('twelvelead_recordings_total{code="none",model="single",outcome="answered"}') == 2
        assert value('twelvelead_recordings_total{code="flat",model="single",outcome="refused"}') == 1
        assert value('twelvelead_findings_total{code="flat"}') == 1
        assert value('twelvelead_kept_recordings{state="interpreted"}') == 1
        assert value('twelvelead_kept_recordings{state="refused"}') == 1
        assert value("twelvelead_audit_rows") == 3
        assert value("twelvelead_ledger_up") == 1

        def away():
            raise TwelveLeadError("ledger.sqlite: not there", code="ledger")

        monkeypatch.setattr(client.app.state.core.ledger._database, "view", away)
        assert value("twelvelead_ledger_up") == 0
        assert value("twelvelead_kept_bytes") is None
