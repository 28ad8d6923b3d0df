"""The page of a recording: kept for each answer and version of the reading, drawn from what is kept alone."""

import io
import shutil
import subprocess

import numpy as np
import pytest

from twelvelead.ecg.synthetic import synthetic_ecg

PLACE = "/v1/recordings"


@pytest.fixture
def page(kept, ward):
    """page(id) -> the bytes of its page."""

    def get(recording, headers=ward):
        found = kept.get(f"{PLACE}/{recording}/page.pdf", headers=headers)
        assert found.status_code == 200, found.text
        assert found.headers["content-type"] == "application/pdf"
        return found.content

    return get


def npy(seed):
    buffer = io.BytesIO()
    np.save(buffer, np.rint(synthetic_ecg("normal", seed=seed, sampling_rate=500).signal * 1000).astype(np.int16))
    return buffer.getvalue()


def keep(client, headers, content, **asked):
    return client.post(PLACE, content=content, headers=headers, params=asked).json()["id"]


def sign(client, headers, recording, after=0, **body):
    body = {"statements": [{"code": "AFIB"}], "text": "As before.", "signed": True} | body
    found = client.put(f"{PLACE}/{recording}/reading", json=body, headers=headers | {"if-match": f'"{after}"'})
    assert found.status_code == 200


def words(pdf):
    """The text of a PDF in one line."""
    if shutil.which("pdftotext") is None:
        pytest.skip("pdftotext (poppler-utils) is not there")
    done = subprocess.run(["pdftotext", "-", "-"], input=pdf, capture_output=True, check=True)
    return " ".join(done.stdout.decode().split())


def test_the_page_follows_the_reading_and_is_the_same_whenever_it_is_asked_for(kept, ward, aecg, page):
    recording = keep(kept, ward, aecg(seed=1))
    alone = page(recording)
    assert page(recording) == alone
    assert "DRAFT" not in words(alone)
    sign(kept, ward, recording, signed=False)
    draft = page(recording)
    assert "DRAFT, not signed: ward 3" in words(draft)
    assert "(name of the login)" in words(draft)
    sign(kept, ward, recording, after=1)
    signed = words(page(recording))
    assert "DRAFT" not in signed
    assert "Atrial fibrillation. As before." in signed
    assert "Signed by ward 3" in signed
    assert "Machine's reading" in signed
    sign(kept, ward, recording, after=2, statements=[{"code": "NORM"}], text="")
    assert "Corrects version 2, signed by ward 3" in words(page(recording))
    assert len({alone, draft, page(recording)}) == 3
    sign(kept, ward, recording, after=3, signed=False)
    assert "Version 3, signed by ward 3" in words(page(recording))


def test_a_name_without_a_login_is_printed_as_stated(kept, aecg, page):
    token = {"authorization": f"Bearer {kept.app.state.core.callers.token}"}
    recording = keep(kept, token, aecg(seed=2))
    sign(kept, token, recording, author="Dr. Ann O'Neil")
    said = words(page(recording, token))
    assert "Signed by Dr. Ann O'Neil" in said
    assert said.count("name stated, not authenticated") >= 2


def test_a_refused_recording_can_be_read_and_signed(kept, ward, aecg, page):
    recording = keep(kept, ward, aecg(seed=3).replace(b"MDC_ECG_LEAD_V2", b"MDC_ECG_LEAD_X"))
    assert "REFUSED" in words(page(recording))
    sign(kept, ward, recording, statements=[{"text": "V2 is missing"}])
    said = words(page(recording))
    assert "V2 is missing. As before." in said
    assert "REFUSED" in said
    assert "Not readable: missing lead" in said


def test_a_patient_given_by_hand_is_printed_as_such(kept, ward, aecg, page):
    recording = keep(kept, ward, aecg(seed=4, patient="OF-THE-FILE"))
    assert "OF-THE-FILE" in words(page(recording))
    kept.put(f"{PLACE}/{recording}/patient", json={"id": "77", "issuer": "ward"}, headers=ward)
    said = words(page(recording))
    assert "77 (given by hand)" in said
    assert "OF-THE-FILE" not in said


def test_settings_may_have_changed_since_the_answer(running, key_of, tmp_path):
    content = npy(seed=5)
    with running(store=tmp_path / "store", weights=("single",)) as first:
        headers = key_of(first, "ward 3")
        recording = keep(first, headers, content, sampling_rate=500, unit="uV", language="de", age=61)
    with running(store=tmp_path / "store", weights=("reference",), operating_point="f1") as second:
        found = second.get(f"{PLACE}/{recording}/page.pdf", headers=headers)
        assert found.status_code == 200
        said = words(found.content)
    assert "model single" in said
    assert "Operating point: accuracy" in said
    assert "Dringlichkeit" in said
    assert "61 years" in said


def test_each_page_given_out_has_a_row_in_the_audit(kept, ward, aecg, page):
    recording = keep(kept, ward, aecg(seed=6))
    page(recording)
    page(recording)
    with kept.app.state.core.ledger.view() as books:
        actions = [row.event.action for row in books.audit.rows() if row.event.subject == recording]
    assert actions == ["interpret", "page", "page"]
