"""SR and encapsulated PDF: whose they are, what they say, and that DICOM's own tools find no fault."""

import shutil
import subprocess
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from io import BytesIO

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

pydicom = pytest.importorskip("pydicom", reason="no pydicom: pip install 'twelvelead[hospital]'")

from pydicom import config, valuerep  # noqa: E402

from twelvelead.errors import TwelveLeadError  # noqa: E402
from twelvelead.exchange import dicom_pdf, dicom_sr  # noqa: E402
from twelvelead.exchange.report import Identity  # noqa: E402

WRITERS = {"sr": dicom_sr.write, "pdf": dicom_pdf.write}


def read(content):
    return pydicom.dcmread(BytesIO(content))


def items(dataset):
    yield dataset
    for item in dataset.get("ContentSequence") or []:
        yield from items(item)


def told(dataset):
    """(type, concept, value) of every content item."""
    for item in items(dataset):
        name = item.ConceptNameCodeSequence[0].CodeMeaning
        if item.ValueType == "TEXT":
            yield "TEXT", name, item.TextValue
        elif item.ValueType == "CODE":
            yield "CODE", name, item.ConceptCodeSequence[0].CodeValue


@pytest.fixture(scope="module")
def tool(tmp_path_factory):
    """tool(name, content) -> what DICOM's own tool printed on a file; skips where it is not installed."""
    folder = tmp_path_factory.mktemp("dicom")

    def run(name, content):
        if shutil.which(name) is None:
            pytest.skip(f"no {name}: apt-get install dcmtk dicom3tools")
        file = folder / "object.dcm"
        file.write_bytes(content)
        ended = subprocess.run([name, file], capture_output=True, text=True, errors="replace", timeout=60, check=False)
        return ended.returncode, ended.stdout + ended.stderr

    return run


@pytest.fixture(scope="module")
def original():
    """original(**attributes) -> the bytes of a DICOM ECG's header."""

    def make(**attributes):
        dataset = pydicom.Dataset()
        values = {
            "SpecificCharacterSet": "ISO_IR 100",
            "SOPClassUID": "1.2.840.10008.5.1.4.1.1.9.1.1",
            "SOPInstanceUID": "1.2.3.4.5.6",
            "StudyInstanceUID": "1.2.3.4.5",
            "SeriesInstanceUID": "1.2.3.4.5.1",
            "StudyDate": "20260102",
            "StudyTime": "091500",
            "StudyID": "S7",
            "StudyDescription": "Ruhe-EKG für Müller",
            "ReferringPhysicianName": "Roe^Richard",
            "InstitutionName": "A Hospital",
        } | attributes
        for name, value in values.items():
            setattr(dataset, name, value)
        dataset.file_meta = pydicom.dataset.FileMetaDataset()
        dataset.file_meta.TransferSyntaxUID = pydicom.uid.ExplicitVRLittleEndian
        with BytesIO() as buffer:
            dataset.save_as(buffer, enforce_file_format=True)
            return buffer.getvalue()

    return make


def errors(printed):
    return [line for line in printed.splitlines() if line.startswith("Error") or " - Error" in line]


@pytest.mark.parametrize("kind", WRITERS)
def test_dciodvfy_finds_no_error(tool, a_report, a_refused, signed_of, original, kind):
    before = a_report(("SR", "IMI", "DIG"), ("LVH",))
    signed = signed_of("AFIB", text="Vorhofflimmern.\nKein Vergleich.")
    for report, input in (
        (before, None),
        (before, original()),
        (a_report(identity=None, pr_ms=None), original()),
        (a_report(("AFIB", "CLBBB"), language="es"), None),
        (a_refused(), None),
        (
            replace(before, made=before.made + timedelta(hours=1), replaces=before.made, status="final", signed=signed),
            None,
        ),
        (a_report(identity=HOSTILE), original(StudyDescription="x" * 64, StudyID="y" * 16)),
    ):
        _, printed = tool("dciodvfy", WRITERS[kind](report, input))
        assert not errors(printed), printed
        assert ("EnhancedSR" if kind == "sr" else "EncapsulatedPDF") in printed


HOSTILE = Identity(
    name="Ro\\be=rt^'); DROP^<script>alert(1)</script>\r\nOBX|1^|x^&^~^y",
    patient_id="08\\15",
    issuer="x" * 65,
    birth_date="yesterday",
    sex="?",
    order="order number of more than 16",
    encounter="\x00\x07",
    recorded="tomorrow",
    study="1.2.not.a.uid",
)


def test_dcmtk_reads_every_kind_of_sr(tool, a_report, a_refused, signed_of, original):
    for report in (
        a_report(("SR", "IMI", "DIG"), ("LVH",)),
        a_report(identity=None),
        a_report(identity=HOSTILE),
        a_report(("AFIB",), language="de"),
        a_refused(),
        a_report(status="final", signed=signed_of("AFIB", text="as before\nno change")),
    ):
        content = dicom_sr.write(report, original())
        for name in ("dsrdump", "dsr2html"):
            code, printed = tool(name, content)
            assert code == 0, printed
            assert "decision aid, not a medical device" in printed.lower()
            assert name == "dsrdump" or "<script>" not in printed


def test_real_files_give_objects_without_error(tool, shared_formats, shared_cases):
    """Every ECG at hand, also those that the gate refuses."""
    from twelvelead import Engine, Refused, TwelveLeadError, describe_error, read
    from twelvelead.exchange.report import Report
    from twelvelead.inference.interpretation import describe_recording
    from twelvelead.output.describe import describe_fault

    engine, made = Engine("single"), datetime(2026, 1, 2, 10, 20, 30, tzinfo=UTC)
    seen = 0
    for file in sorted([*shared_formats.iterdir(), *shared_cases.glob("*.dcm")]):
        try:
            ecg = read(file, identify=True, leads=None)
        except TwelveLeadError:
            continue
        try:
            report = Report.of(engine.predict(ecg), made, page=b"%PDF-1.4")
        except Refused as error:
            answer = describe_recording(ecg) | describe_fault(describe_error(error, "", engine, ecg=ecg), error)
            report = Report(answer, made, identity=Identity.of(ecg), page=b"%PDF-1.4")
        seen += 1
        for write in WRITERS.values():
            content = write(report, file.read_bytes())
            _, printed = tool("dciodvfy", content)
            assert not errors(printed), (file.name, printed)
        code, printed = tool("dsrdump", dicom_sr.write(report, file.read_bytes()))
        assert code == 0, (file.name, printed)
    assert seen >= 10


@pytest.mark.parametrize("kind", WRITERS)
def test_the_study_is_that_of_the_input(a_report, original, kind):
    found = read(WRITERS[kind](a_report(), original()))
    assert found.StudyInstanceUID == "1.2.3.4.5"
    assert found.SeriesInstanceUID != "1.2.3.4.5.1"
    assert (found.StudyDate, found.StudyTime, found.StudyID) == ("20260102", "091500", "S7")
    assert found.StudyDescription == "Ruhe-EKG für Müller"
    assert found.ReferringPhysicianName == "Roe^Richard"
    assert (found.PatientName, found.PatientID, found.IssuerOfPatientID) == ("Doe^Jane^^Dr", "0815", "1.2.276.0.76.4.1")
    assert (found.PatientBirthDate, found.PatientSex) == ("19500203", "F")
    assert (found.AccessionNumber, found.AdmissionID) == ("A-42", "V-7")


def test_the_waveform_is_the_evidence(a_report, original):
    found = read(dicom_sr.write(a_report(), original()))
    (study,) = found.CurrentRequestedProcedureEvidenceSequence
    (series,) = study.ReferencedSeriesSequence
    assert (study.StudyInstanceUID, series.SeriesInstanceUID) == ("1.2.3.4.5", "1.2.3.4.5.1")
    assert series.ReferencedSOPSequence[0].ReferencedSOPInstanceUID == "1.2.3.4.5.6"
    (source,) = [item for item in items(found) if item.ValueType == "WAVEFORM"]
    assert source.ReferencedSOPSequence[0].ReferencedSOPInstanceUID == "1.2.3.4.5.6"
    page = read(dicom_pdf.write(a_report(), original()))
    assert page.SourceInstanceSequence[0].ReferencedSOPInstanceUID == "1.2.3.4.5.6"


@pytest.mark.parametrize("given", [None, b"", b"not DICOM", b"\0" * 128 + b"DICM\2\0"])
def test_a_study_is_made_from_the_input_where_it_has_none(a_report, given):
    report = a_report(identity=None)
    report = replace(report, answer=report.answer | {"source_sha256": "ab" * 32})
    uid = read(dicom_sr.write(report, given)).StudyInstanceUID
    assert uid.startswith("2.25.")
    assert uid == read(dicom_pdf.write(report, given)).StudyInstanceUID
    other = replace(report, answer=report.answer | {"source_sha256": "cd" * 32})
    assert uid != read(dicom_sr.write(other, given)).StudyInstanceUID
    assert "CurrentRequestedProcedureEvidenceSequence" not in read(dicom_sr.write(report, given))


@pytest.mark.parametrize("kind", WRITERS)
def test_nobody_is_named_unless_an_identity_is_given(a_report, original, kind):
    content = WRITERS[kind](a_report(identity=None), original())
    found = read(content)
    assert (str(found.PatientName), found.PatientID, found.StudyDate, found.AccessionNumber) == ("", "", "", "")
    assert not any(word in content for word in (b"Roe", "Müller".encode(), b"S7", b"Doe"))
    assert found.StudyInstanceUID == "1.2.3.4.5"


def test_ids_are_exact_or_left_out(a_report):
    def patient(identity):
        return read(dicom_sr.write(a_report(identity=identity)))

    assert patient(Identity(patient_id="0815")).PatientID == "0815"
    assert patient(HOSTILE).PatientID == ""
    assert patient(Identity(patient_id="x" * 65)).PatientID == ""
    assert "IssuerOfPatientID" not in patient(Identity(patient_id="1", issuer="x" * 65))
    assert "IssuerOfPatientID" not in patient(HOSTILE)
    assert patient(HOSTILE).AccessionNumber == ""
    assert patient(HOSTILE).StudyInstanceUID.startswith("2.25.")


def test_unsigned_is_preliminary_and_unverified(a_report):
    found = read(dicom_sr.write(a_report()))
    assert (found.VerificationFlag, found.CompletionFlag, found.PreliminaryFlag) == (
        "UNVERIFIED",
        "COMPLETE",
        "PRELIMINARY",
    )
    assert "VerifyingObserverSequence" not in found
    page = read(dicom_pdf.write(a_report()))
    assert page.VerificationFlag == "UNVERIFIED"
    assert "preliminary" in page.DocumentTitle
    assert "decision aid, not a medical device" in page.DocumentTitle


def test_a_signature_verifies_only_if_the_reader_was_logged_in(a_report, signed_of, original):
    before = a_report(("AFIB", "LVH"))
    after = replace(
        before, made=before.made + timedelta(hours=1), replaces=before.made, status="final", signed=signed_of("AFIB")
    )
    first, found = read(dicom_sr.write(before, original())), read(dicom_sr.write(after, original()))
    assert (found.VerificationFlag, found.PreliminaryFlag) == ("VERIFIED", "FINAL")
    (observer,) = found.VerifyingObserverSequence
    assert observer.VerifyingObserverName == "Dr. Ada Example"
    assert observer.VerifyingOrganization == "A Hospital"
    (study,) = found.PredecessorDocumentsSequence
    (series,) = study.ReferencedSeriesSequence
    (replaced,) = series.ReferencedSOPSequence
    assert (study.StudyInstanceUID, series.SeriesInstanceUID) == (first.StudyInstanceUID, first.SeriesInstanceUID)
    assert replaced.ReferencedSOPInstanceUID == first.SOPInstanceUID
    assert found.SOPInstanceUID != first.SOPInstanceUID
    assert not any(value == "164873001" for _, _, value in told(found))
    stated = replace(after, signed=signed_of("AFIB", authenticated=False))
    found = read(dicom_sr.write(stated, original()))
    assert found.VerificationFlag == "UNVERIFIED"
    assert "VerifyingObserverSequence" not in found
    assert "not authenticated" in str(list(told(found)))


def test_what_is_uncertain_is_equivocal_and_never_has_the_code_of_the_finding(a_report):
    values = [
        value for kind, _, value in told(read(dicom_sr.write(a_report(("SR",), ("LVH", "AFLT"))))) if kind == "CODE"
    ]
    assert "370359005" in values
    assert not {"164873001", "LVH", "164890007", "AFLT"} & set(values)
    asserted = [value for kind, _, value in told(read(dicom_sr.write(a_report(("SR", "LVH")))))]
    assert "164873001" in asserted


@pytest.mark.parametrize(
    ("present", "possible", "more", "code"),
    [
        (("SR", "NORM"), (), {}, "164854000"),
        (("SR", "1AVB"), (), {"pr_ms": 220.0}, "251135002"),
        (("SR", "IMI"), (), {}, "102594003"),
        (("SR",), ("LVH",), {}, "370359005"),
        (("SR",), ("NORM",), {}, "370359005"),
        (("SR", "NORM"), ("AFIB",), {}, "164854000"),  # excluded by sinus rhythm, so not even said
        (("SR", "NORM"), ("LVH",), {}, "370359005"),
    ],
)
def test_the_overall_finding(a_report, present, possible, more, code):
    (found,) = [
        value for _, name, value in told(read(dicom_sr.write(a_report(present, possible, **more)))) if "overall" in name
    ]
    assert found == code


def test_a_refused_recording_is_non_diagnostic_with_the_reason(a_refused):
    content = dicom_sr.write(a_refused())
    found = list(told(read(content)))
    assert ("CODE", "ECG overall finding", "122753") in found
    assert any("lead V2 is flat" in value for _, name, value in found if name == "Summary")
    assert b"jane-doe" not in content


def test_the_model_is_the_observer_with_its_version_and_hashes(a_report):
    report = a_report()
    found = list(told(read(dicom_sr.write(report))))
    assert ("CODE", "Observer Type", "121007") in found
    for value in (report.answer["model"]["sha256"], report.answer["model"]["contract_sha256"]):
        assert any(value in text for _, name, text in found if name == "Algorithm Parameters")


@pytest.mark.parametrize("kind", WRITERS)
def test_a_repeat_is_byte_identical(a_report, original, kind):
    assert WRITERS[kind](a_report(), original()) == WRITERS[kind](a_report(), original())


def test_the_page_is_inside(a_report):
    for page in (b"%PDF-1.4 even", b"%PDF-1.4 of odd length"):
        found = read(dicom_pdf.write(a_report(page=page)))
        assert found.EncapsulatedDocument[: found.EncapsulatedDocumentLength] == page
        assert found.MIMETypeOfEncapsulatedDocument == "application/pdf"
    with pytest.raises(TwelveLeadError, match="no page"):
        dicom_pdf.write(a_report(page=None))


TEXTS = ("LO", "SH", "PN", "CS", "DA", "TM", "DT", "UI", "ST", "UT", "DS", "IS")
ANY = st.text(st.characters() | st.sampled_from("\\^=\r\n\x00\x1b|<>"), max_size=80)


@settings(max_examples=20, deadline=None)
@given(st.lists(ANY, min_size=9, max_size=9), ANY)
def test_every_value_is_valid_whatever_is_given(a_report, signed_of, texts, said):
    identity = Identity(*texts)
    report = a_report(identity=identity, status="final", signed=signed_of("SR", "x", text=said, author=said))
    for write in WRITERS.values():
        found = read(write(report))
        assert found.PatientID in (identity.patient_id, "")
        for element in found.iterall():
            if element.VR in TEXTS:
                for value in element.value if element.VM > 1 else [element.value]:
                    valuerep.validate_value(element.VR, str(value or ""), config.RAISE)
