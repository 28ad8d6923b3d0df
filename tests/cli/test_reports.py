"""twelvelead interpret --format dicom-sr, dicom-pdf, fhir and oru."""

import json
import sys
from io import BytesIO
from types import SimpleNamespace

import numpy as np
import pytest

SUFFIXES = {"dicom-sr": "sr.dcm", "dicom-pdf": "pdf.dcm", "fhir": "fhir.json", "oru": "oru.hl7"}


@pytest.fixture
def files(tmp_path, write_csv):
    """A good recording, and one without signal in a lead."""

    def flat(signal):
        return np.where(np.arange(12) == 7, 0.0, signal)

    return [write_csv(tmp_path / "in" / "good.csv"), write_csv(tmp_path / "in" / "flat.csv", spoil=flat)]


@pytest.mark.parametrize("form", SUFFIXES)
def test_a_report_a_file_is_written_and_a_refused_recording_has_one(cli, files, tmp_path, form):
    pytest.importorskip("pydicom")
    folder = tmp_path / "out"
    result = cli("interpret", *files, "--format", form, "--out", folder)
    assert result.code == 3
    assert sorted(file.name for file in folder.iterdir()) == [f"{stem}.{SUFFIXES[form]}" for stem in ("flat", "good")]
    assert f"report: {folder / f'good.{SUFFIXES[form]}'}" in result.out
    assert b"Non-diagnostic ECG" in (folder / f"flat.{SUFFIXES[form]}").read_bytes()
    assert b"Non-diagnostic ECG" not in (folder / f"good.{SUFFIXES[form]}").read_bytes()


def test_what_is_text_goes_to_standard_output_and_nothing_else_does(cli, files):
    result = cli("interpret", files[0], "--format", "fhir")
    assert result.code == 0
    assert json.loads(result.out)["resourceType"] == "Bundle"
    result = cli("interpret", *files, "--format", "oru")
    assert result.code == 3
    assert result.out.startswith("MSH|")
    assert result.out.count("MSH|") == 2
    assert "refused" not in result.out


def test_an_unreadable_file_has_no_report_and_does_not_stop_the_others(cli, files, tmp_path):
    torn = tmp_path / "torn.csv"
    torn.write_text("nothing")
    result = cli("interpret", torn, *files, "--format", "oru", "--out", tmp_path / "out")
    assert result.code == 2
    assert len(list((tmp_path / "out").iterdir())) == 2


def test_dicom_goes_into_the_current_folder(cli, files, tmp_path, monkeypatch):
    pytest.importorskip("pydicom")
    monkeypatch.chdir(tmp_path)
    assert cli("interpret", files[0], "--format", "dicom-sr").code == 0
    assert (tmp_path / "good.sr.dcm").is_file()


def test_json_and_a_report_need_a_folder(cli, files, tmp_path):
    assert "--out" in cli("interpret", files[0], "--format", "fhir", "--json").fault
    result = cli("interpret", *files, "--format", "fhir", "--json", "--out", tmp_path / "out")
    assert result.code == 3
    assert [json.loads(line)["format"] for line in result.out.splitlines()] == [
        "twelvelead-interpretation",
        "twelvelead-error",
    ]
    assert len(list((tmp_path / "out").iterdir())) == 2


def test_without_the_extra_it_is_named(cli, files, monkeypatch):
    for name in [name for name in sys.modules if name.startswith("twelvelead.exchange.dicom")]:
        monkeypatch.delitem(sys.modules, name)
    monkeypatch.delitem(sys.modules, "twelvelead.exchange.tree", raising=False)
    monkeypatch.setitem(sys.modules, "pydicom.dataset", None)
    result = cli("interpret", files[0], "--format", "dicom-sr")
    assert result.code == 2
    assert result.fault == "Writing DICOM needs the extra [hospital]: pip install 'twelvelead[hospital]'"


def test_a_dicom_recording_is_named_only_if_asked_and_keeps_its_study(cli, shared_cases, shared_formats, tmp_path):
    pydicom = pytest.importorskip("pydicom")
    source = shared_formats / "dicom_12lead.dcm"
    original = pydicom.dcmread(source)

    def report(*more):
        assert cli("interpret", source, "--format", "dicom-sr", "--out", tmp_path, *more).code == 0
        return pydicom.dcmread(BytesIO((tmp_path / "dicom_12lead.sr.dcm").read_bytes()))

    unnamed, named = report(), report("--identify")
    assert (unnamed.PatientID, str(unnamed.PatientName), unnamed.PatientBirthDate) == ("", "", "")
    assert unnamed.StudyInstanceUID == named.StudyInstanceUID == original.StudyInstanceUID
    assert named.PatientID == original.PatientID
    assert named.AdmissionID == original.AdmissionID
    (study,) = named.CurrentRequestedProcedureEvidenceSequence
    assert study.ReferencedSeriesSequence[0].SeriesInstanceUID == original.SeriesInstanceUID


def test_a_stream_is_reported_like_its_file(cli, shared_formats, monkeypatch, tmp_path):
    pydicom = pytest.importorskip("pydicom")
    content = (shared_formats / "dicom_12lead.dcm").read_bytes()
    monkeypatch.setattr(sys, "stdin", SimpleNamespace(buffer=BytesIO(content)))
    assert cli("interpret", "-", "--format", "dicom-sr", "--out", tmp_path).code == 0
    (file,) = tmp_path.iterdir()
    assert file.name == "standard input.sr.dcm"
    assert pydicom.dcmread(file).StudyInstanceUID == pydicom.dcmread(BytesIO(content)).StudyInstanceUID
