"""A gateway and a reading room on one store: what comes stands on the worklist, and what is signed goes out."""

import json

import pytest
from starlette.testclient import TestClient

from hospital import ecg_object, until
from twelvelead.gateway.following import Following
from twelvelead.ledger import Ledger
from twelvelead.service import signals
from twelvelead.service.app import create_app
from twelvelead.service.settings import Settings

EMR = {"name": "emr", "kind": "fhir", "url": "http://127.0.0.1:1", "pdf": False}


@pytest.fixture
def room(tmp_path):
    """A client of a service with the store of the gateway, logged in as Dr Roe of the gateway's recordings."""
    app = create_app(Settings(workers=1, store=tmp_path / "ledger"))
    with Ledger.open(tmp_path / "ledger") as ledger, ledger.begin() as books:
        _, secret = books.keys.add("Dr Roe", "write", owner="gateway")
    headers = {"Authorization": f"Bearer {secret}"}
    with TestClient(app, base_url="http://127.0.0.1:8765", headers=headers) as client:
        until(lambda: client.get("/health/ready").status_code == 200, 120)
        yield client


def test_what_comes_is_read_and_signed_there_and_goes_out_final(parts, room):
    made = parts(destinations=[EMR])
    following = Following(*made.shared[:3])
    recording = made.take(ecg_object(PatientID="0815"))
    listed = room.get("/v1/recordings").json()["recordings"]
    assert [(each["id"], each["state"]) for each in listed] == [(recording, "received")]
    made.report()
    (line,) = room.get("/v1/recordings").json()["recordings"]
    assert (line["state"], line["kind"], line["identity"]["patient_id"]) == ("interpreted", "dicom", "0815")
    place = f"/v1/recordings/{recording}"
    samples = signals.decode(room.get(f"{place}/signal").content)
    assert samples is not None
    assert room.get(f"{place}/page.pdf").content.startswith(b"%PDF")
    said = {"statements": [{"code": "AFIB"}], "text": "Seen.", "signed": True}
    assert room.put(f"{place}/reading", json=said, headers={"If-Match": '"0"'}).status_code == 200
    following.look()
    made.report()
    with made.ledger.view() as books:
        attachment = books.recordings.attachment(recording, "emr-1.1.fhir.json")
    diagnostic = json.loads(made.ledger.content(attachment.sha256))["entry"][-1]["resource"]
    assert diagnostic["status"] == "final"
    assert diagnostic["resultsInterpreter"][0]["display"] == "Dr Roe"
