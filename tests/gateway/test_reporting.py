"""From what came, or was read, to what goes out: made once, kept, and the same whenever it is sent."""

import io
import json
from datetime import UTC, datetime

import numpy as np
import pytest
from pydicom import dcmread

from hospital import as_file, ecg_object, until
from twelvelead.ecg.leads import LEADS
from twelvelead.ecg.record import ECG
from twelvelead.ecg.synthetic import synthetic_ecg
from twelvelead.errors import TwelveLeadError
from twelvelead.gateway import working
from twelvelead.gateway.following import Following
from twelvelead.gateway.listing import retry, status
from twelvelead.ledger import Event, NewReading, Patient
from twelvelead.service.answering import Question, interpret, reply_to
from twelvelead.service.auditing import Stamp
from twelvelead.service.callers import LOCAL
from twelvelead.service.keeping import Keeping
from twelvelead.service.problems import Problem
from twelvelead.service.uploads import upload

ARCHIVE = {"name": "archive", "kind": "dicom", "host": "127.0.0.1", "port": 1, "ae_title": "A", "pdf": False}
EMR = {"name": "emr", "kind": "fhir", "url": "http://127.0.0.1:1", "pdf": False}
HIS = {"name": "his", "kind": "hl7", "host": "127.0.0.1", "port": 1, "pdf": False, "receiver": ["HIS", "CARDIO"]}
ALL = [ARCHIVE, EMR, HIS]


def files(made, recording):
    """Name -> bytes of what was made for destinations."""
    with made.ledger.view() as books:
        found = books.recordings.attachments(recording)
        return {
            each.name: made.ledger.content(each.sha256)
            for each in found
            if each.name.startswith(("archive", "emr", "his"))
        }


def sign(made, recording, after=0, **said):
    reading = NewReading("Dr Roe", True, ({"code": "AFIB"},), **{"text": "Seen.", "signed": True} | said)
    with made.ledger.begin() as books:
        books.readings.add(recording, reading, after=after)
        books.audit.append(Event("Dr Roe", "sign", subject=recording, request_id="r1"))


def test_a_recording_that_came_is_answered_and_its_files_are_kept_and_queued(parts):
    made = parts(destinations=ALL)
    recording = made.take(ecg_object(PatientID="0815", AccessionNumber="A7", AdmissionID="V1", IssuerOfPatientID="1.2"))
    made.report()
    (found,) = made.recordings()
    assert (found.state, found.kind, found.identity.patient_id) == ("interpreted", "dicom", "0815")
    kept = files(made, recording)
    assert sorted(kept) == ["archive-1.0.sr.dcm", "emr-1.0.fhir.json", "his-1.0.oru.hl7"]
    jobs = [job for queue in ("archive", "emr", "his") for job in made.jobs(f"deliver.{queue}", "queued")]
    assert [job.payload["file"] for job in jobs] == sorted(kept)
    assert len({job.lane for job in jobs}) == 1
    structured = dcmread(io.BytesIO(kept["archive-1.0.sr.dcm"]))
    assert (structured.PatientID, structured.AccessionNumber, structured.AdmissionID) == ("0815", "A7", "V1")
    assert (structured.VerificationFlag, structured.StudyInstanceUID) == ("UNVERIFIED", found.identity.study)
    diagnostic = json.loads(kept["emr-1.0.fhir.json"])["entry"][-1]["resource"]
    assert (diagnostic["status"], diagnostic["subject"]["identifier"]["system"]) == ("preliminary", "urn:oid:1.2")
    message = kept["his-1.0.oru.hl7"].decode()
    assert "|HIS|CARDIO|" in message.partition("\r")[0]
    assert "0815^^^&1.2&ISO" in message
    with made.ledger.view() as books:
        rows = [row.event for row in books.audit.rows()]
        assert [(row.actor, row.action, row.outcome) for row in rows] == [
            ("gateway", "receive", "ok"),
            ("gateway", "report", "ok"),
        ]


def test_what_has_been_made_is_not_made_again(parts):
    made = parts(destinations=ALL)
    recording = made.take()
    made.report()
    first = files(made, recording)
    with made.ledger.begin() as books:
        books.jobs.enqueue("report", {"reading": None}, recording=recording)
    made.report()
    assert files(made, recording) == first
    assert made.recordings()[0].answer_version == 1
    assert len(made.jobs("deliver.emr")) == 1


def test_a_recording_that_is_refused_goes_out_as_not_diagnostic(parts):
    signal = synthetic_ecg("normal", sampling_rate=500).signal.copy()
    signal[:, LEADS.index("V2")] = 0
    made = parts(destinations=ALL)
    recording = made.take(ecg_object(ECG(signal, 500.0)))
    made.report()
    assert made.recordings()[0].state == "refused"
    kept = files(made, recording)
    assert "Non-diagnostic ECG" in kept["his-1.0.oru.hl7"].decode()
    assert b"122753" in kept["archive-1.0.sr.dcm"]


def test_a_recording_that_cannot_be_read_is_listed_with_the_reason_and_the_rest_goes_on(parts):
    broken = ecg_object()
    broken.WaveformSequence[0].WaveformBitsAllocated = 24
    made = parts(destinations=ALL)
    recording, other = made.take(broken), made.take()
    made.report()
    assert {each.id: each.state for each in made.recordings()} == {recording: "unreadable", other: "interpreted"}
    (dead,) = made.jobs("report", "dead")
    assert dead.reason.startswith("unsupported: its samples are of the kind")
    assert (files(made, recording), len(made.jobs("deliver.emr"))) == ({}, 1)
    with made.ledger.begin() as books:
        books.jobs.retry(dead.id)
    made.report()
    assert made.jobs("report", "dead")[0].reason == dead.reason
    assert {each.answer_version for each in made.recordings()} == {1, 2}


def test_a_recording_that_its_worker_does_not_survive_is_listed_too(parts, monkeypatch):
    made = parts(destinations=ALL)
    made.take()
    reporting = made.reporting()

    def work(function, *arguments):
        if function is working.make:
            raise Problem(422, "unreadable", "the process that read it died")
        return function(*arguments)

    monkeypatch.setattr(reporting, "_worker", work)
    with made.running(reporting.run):
        until(lambda: made.jobs("report", "dead"))
    assert made.jobs("report", "dead")[0].reason == "unreadable: the process that read it died"
    assert made.recordings()[0].state == "unreadable"


def test_a_signature_sends_the_final_version_in_place_of_the_preliminary_one(parts):
    made = parts(destinations=ALL)
    following = Following(*made.shared[:3])
    recording = made.take()
    made.report()
    sign(made, recording)
    following.look()
    following.look()
    made.report()
    kept = files(made, recording)
    structured, before = (dcmread(io.BytesIO(kept[f"archive-1.{n}.sr.dcm"])) for n in (1, 0))
    assert structured.VerificationFlag == "VERIFIED"
    replaced = structured.PredecessorDocumentsSequence[0].ReferencedSeriesSequence[0].ReferencedSOPSequence[0]
    assert replaced.ReferencedSOPInstanceUID == before.SOPInstanceUID
    first, second = (json.loads(kept[f"emr-1.{n}.fhir.json"])["entry"][-1] for n in (0, 1))
    assert first["request"] == second["request"]
    assert second["resource"]["status"] == "final"
    assert b"Atrial fibrillation" in kept["emr-1.1.fhir.json"]
    assert "|F" in kept["his-1.1.oru.hl7"].decode()
    sign(made, recording, after=1, text="Seen again.")
    following.look()
    made.report()
    corrected = json.loads(files(made, recording)["emr-1.2.fhir.json"])["entry"][-1]["resource"]
    assert corrected["status"] == "corrected"
    assert [job.payload["version"] for job in made.jobs("deliver.his")] == ["1.0", "1.1", "1.2"]
    assert len({job.lane for job in made.jobs("deliver.his")}) == 1


def test_who_wants_nothing_but_what_is_signed_gets_nothing_else(parts):
    made = parts(destinations=[EMR | {"only_signed": True}])
    following = Following(*made.shared[:3])
    recording = made.take()
    made.report()
    assert made.jobs("deliver.emr") == ()
    sign(made, recording)
    following.look()
    made.report()
    assert [job.payload["file"] for job in made.jobs("deliver.emr")] == ["emr-1.1.fhir.json"]


def keep(made, options=None, settings_sha256=None):
    """A recording that a service keeps in the same store."""
    reporting = made.reporting()
    sent = upload(as_file(ecg_object()), {}, ".dcm")
    asked = reporting._asked(options or {})
    question = Question(sent, asked, keep=True)
    stamp = Stamp("r1", settings_sha256 or reporting._answerer.sha256)
    return Keeping(made.ledger).add(LOCAL, sent, {}, reply_to(question, interpret(question)), stamp)[0].id


def test_what_a_service_keeps_goes_out_as_it_was_answered_there_and_what_was_there_before_does_not(parts):
    made = parts(destinations=ALL)
    keep(made)
    following = Following(*made.shared[:3])
    recording = keep(made)
    following.look()
    Following(*made.shared[:3]).look()
    made.report()
    (job,) = made.jobs("deliver.emr")
    assert job.recording == recording
    assert next(each for each in made.recordings() if each.id == recording).answer_version == 1


def test_what_a_service_keeps_stays_there_where_the_reading_room_is_left_out(parts):
    made = parts(destinations=ALL, reading_room=False, folders=[{"path": "in"}])
    following = Following(*made.shared[:3])
    keep(made)
    following.look()
    assert made.jobs("report") == ()


def test_what_other_settings_answered_goes_out_as_it_was_answered(parts):
    made = parts(destinations=[ARCHIVE, EMR])
    following = Following(*made.shared[:3])
    recording = keep(made, settings_sha256="0" * 64)
    following.look()
    made.report()
    kept = files(made, recording)
    assert sorted(kept) == ["archive-1.0.sr.dcm", "emr-1.0.fhir.json"]
    with made.ledger.view() as books:
        assert books.recordings.answered(recording).settings_sha256 == "0" * 64


def test_the_page_goes_where_it_is_wanted(parts):
    made = parts(destinations=[ARCHIVE | {"pdf": True}, EMR | {"pdf": True}, HIS])
    recording = made.take()
    made.report()
    kept = files(made, recording)
    assert dcmread(io.BytesIO(kept["archive-1.0.pdf.dcm"])).EncapsulatedDocument.startswith(b"%PDF")
    assert b"application/pdf" in kept["emr-1.0.fhir.json"]
    assert b"application^pdf" not in kept["his-1.0.oru.hl7"]


def test_an_id_given_by_hand_stands_before_the_file_s_whose_name_is_then_another_s(parts):
    made = parts(destinations=ALL)
    following = Following(*made.shared[:3])
    recording = made.take()
    made.report()
    with made.ledger.begin() as books:
        books.recordings.state_patient(recording, Patient("9999", "1.2.9", "Dr Roe", datetime.now(UTC)))
    sign(made, recording)
    following.look()
    made.report()
    message = files(made, recording)["his-1.1.oru.hl7"].decode()
    assert "9999^^^&1.2.9&ISO" in message
    assert "Doe" not in message
    assert "Doe" in files(made, recording)["his-1.0.oru.hl7"].decode()


def test_two_patients_under_one_id_are_listed_and_neither_is_merged_nor_held_back(parts):
    made = parts(destinations=[HIS])
    same = {"PatientID": "77", "IssuerOfPatientID": "WARD"}
    for stated in (
        same | {"PatientBirthDate": "19500101", "PatientName": "Roe^Ann"},
        same | {"PatientBirthDate": "19500101", "PatientName": "Roe-Poe^Ann"},
        same | {"IssuerOfPatientID": "OTHER", "PatientBirthDate": "19600202"},
        same | {"PatientBirthDate": ""},
    ):
        made.take(ecg_object(**stated))
        made.report()
    assert made.jobs("patient") == ()
    other = made.take(ecg_object(**same | {"PatientBirthDate": "19700303", "PatientName": "Poe^Bob"}))
    made.report()
    (listed,) = made.jobs("patient", "dead")
    assert (listed.recording, listed.reason.partition(":")[0]) == (other, "contradiction")
    lines = list(status(made.ledger, made.settings))
    assert any("another birth date" in line for line in lines)
    assert not any("77" in line.split("\t")[-1] or "Poe" in line for line in lines)
    with pytest.raises(TwelveLeadError, match="reading room"):
        retry(made.ledger, [listed.id])
    assert len(made.jobs("deliver.his", "queued")) == 5
    message = files(made, other)["his-1.0.oru.hl7"].decode()
    assert ("77^^^WARD||Poe^Bob" in message, "Roe" in message) == (True, False)


def test_a_dry_run_answers_and_queues_nothing_to_go(parts):
    made = parts(destinations=ALL)
    made.take()
    following = Following(*made.shared[:3])
    made.report(dry_run=True)
    assert made.recordings()[0].state == "interpreted"
    following.look()
    made.report()
    assert not [job for job in made.jobs() if job.queue.startswith("deliver")]


def test_studies_keep_their_order_and_a_study_that_is_not_named_is_nobody_s_lane(parts):
    made = parts(destinations=[EMR])
    first = ecg_object()
    second = ecg_object(StudyInstanceUID=first.StudyInstanceUID)
    alone = ecg_object()
    del alone.StudyInstanceUID
    for data in (first, second, alone):
        made.take(data)
    made.report()
    lanes = [job.lane for job in made.jobs("deliver.emr")]
    assert (lanes[0] == lanes[1], len(set(lanes))) == (True, 2)
    assert first.StudyInstanceUID not in json.dumps([job.payload for job in made.jobs()]) + str(lanes)


@pytest.mark.parametrize("kind", ["muse", "aecg", "scp"])
def test_identity_comes_out_of_other_headers_as_it_went_in(parts, kind, shared_formats):
    name, patient = {
        "muse": ("ge_muse.xml", "JAX01234"),
        "aecg": ("hl7_aecg.xml", "subject1^^^&2.16.840.1.113883.3.400&ISO"),
        "scp": ("scp_ecg.scp", "FULL_ANON"),
    }[kind]
    made = parts(destinations=[HIS])
    content = (shared_formats / name).read_bytes()
    recording = made.inbox.take(upload(content, {}, (shared_formats / name).suffix), {}, way="folder")[0].id
    made.report()
    message = files(made, recording)["his-1.0.oru.hl7"].decode()
    segment = next(line for line in message.split("\r") if line.startswith("PID"))
    assert segment.split("|")[3] == patient


def test_an_ecg_without_anything_about_a_patient_names_nobody(parts):
    buffer = io.BytesIO()
    np.save(buffer, (synthetic_ecg("normal", sampling_rate=500).signal * 1000).astype(np.float32))
    made = parts(destinations=ALL)
    told = {"sampling_rate": 500, "unit": "uV"}
    recording = made.inbox.take(upload(buffer.getvalue(), {}, ".npy"), told, way="folder")[0].id
    made.report()
    diagnostic = json.loads(files(made, recording)["emr-1.0.fhir.json"])["entry"][-1]["resource"]
    assert "subject" not in diagnostic
