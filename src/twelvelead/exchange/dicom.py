"""What our DICOM objects share: patient, study, equipment and the file around them (PS3.3, PS3.10).

Texts are cleaned for their value representation (PS3.5 section 6.2). A name may be shortened; an id is either written
as it is or left out, since a shortened id would be somebody else's.
"""

import re
from collections.abc import Mapping
from contextlib import suppress
from datetime import date, datetime
from io import BytesIO
from types import MappingProxyType
from typing import NamedTuple

from pydicom.charset import convert_encodings
from pydicom.dataset import Dataset, FileMetaDataset
from pydicom.uid import UID, ExplicitVRLittleEndian

from twelvelead.exchange.ids import is_oid, study_uid, uid_of
from twelvelead.exchange.report import Identity, Report
from twelvelead.readers.dicom import words_of
from twelvelead.readers.dicom_elements import looks_like, parse, text_of
from twelvelead.readers.recording import BadFile

_STUDY = {
    "StudyDate": 0x00080020,
    "StudyTime": 0x00080030,
    "StudyID": 0x00200010,
    "StudyDescription": 0x00081030,
    "ReferringPhysicianName": 0x00080090,
    "InstitutionName": 0x00080080,
}
CHARACTERS = "ISO_IR 192"
UNICODE = convert_encodings(CHARACTERS)
"""The same, as pydicom calls it."""

_UIDS = (0x0020000D, 0x0020000E, 0x00080018, 0x00080016)
"""Of study, series, instance and SOP class."""


class Origin(NamedTuple):
    """The DICOM object that was interpreted; empty where the input is none.

    Attributes:
        study, series, instance, sop_class: UIDs; "" where it has none that is valid.
        stated: of its study module and its institution, as texts; names of `_STUDY`.
    """

    study: str = ""
    series: str = ""
    instance: str = ""
    sop_class: str = ""
    stated: Mapping[str, str] = MappingProxyType({})

    @property
    def citable(self) -> bool:
        """Whether it can be referred to."""
        return all((self.study, self.series, self.instance, self.sop_class))


def origin_of(content: bytes | None) -> Origin:
    """Where an input is from.

    Args:
        content: the bytes of the input; None, and what is not DICOM, have no origin.
    """
    if content is None or not looks_like(content[:1024]):
        return Origin()
    try:
        data, _ = parse(content)
    except BadFile:
        return Origin()
    stated = (text_of(data.get(tag)) for tag in _UIDS)
    study, series, instance, sop_class = (uid if is_oid(uid) else "" for uid in stated)
    return Origin(study, series, instance, sop_class, {name: words_of(data, tag) for name, tag in _STUDY.items()})


def begin(report: Report, origin: Origin, *, sop_class: str, instance: str, modality: str, series: str) -> Dataset:
    """The modules of patient, study, series, equipment and SOP.

    Of the study module of the origin only what an identity allows is copied: nobody is named unless the report names
    somebody.

    Args:
        report: that is written.
        origin: of the input.
        sop_class, instance, modality: of the new object.
        series: what its series is called.
    """
    identity, stated = report.identity or Identity(), origin.stated if report.identity is not None else {}
    made = report.made
    new = Dataset()
    new.SpecificCharacterSet = CHARACTERS
    new.SOPClassUID, new.SOPInstanceUID = sop_class, instance
    new.InstanceCreationDate, new.InstanceCreationTime = _date(made), _time(made)
    new.PatientName = name(identity.name or "")
    new.PatientID = exact(identity.patient_id)
    if new.PatientID and exact(identity.issuer):
        new.IssuerOfPatientID = exact(identity.issuer)
    new.PatientBirthDate = _calendar(identity.birth_date)
    sex = identity.sex or report.answer.get("sex")
    new.PatientSex = {"male": "M", "female": "F"}.get(sex or "", "")
    new.StudyInstanceUID = origin.study or study_uid(report)
    day, clock = _stated_date(stated.get("StudyDate", "")), _stated_time(stated.get("StudyTime", ""))
    new.StudyDate, new.StudyTime = (day, clock) if day else recorded(report)
    new.ReferringPhysicianName = name(stated.get("ReferringPhysicianName", ""))
    new.StudyID = text(stated.get("StudyID", ""), 16)
    new.AccessionNumber = exact(identity.order, 16)
    new.StudyDescription = text(stated.get("StudyDescription", "") or "ECG", 64)
    if exact(identity.encounter):
        new.AdmissionID = exact(identity.encounter)
    new.Modality = modality
    new.SeriesInstanceUID = uid_of(report.id, "series", modality)
    new.SeriesNumber = 1 if modality == "SR" else 2
    new.SeriesDescription = series
    product, model = report.answer["product"], report.answer["model"]
    new.Manufacturer = product["name"]
    new.ManufacturerModelName = text(f"{product['name']} {model['name']}", 64)
    # a hash fills LO to its end, so it must not stand last, where a blank may make the length even
    new.SoftwareVersions = [model["sha256"], model["contract_sha256"], text(product["version"], 63)]
    new.InstanceNumber = 1 if report.replaces is None else 2
    new.ContentDate, new.ContentTime = _date(made), _time(made)
    return new


def encode(dataset: Dataset) -> bytes:
    """The bytes of a file."""
    meta = FileMetaDataset()
    meta.MediaStorageSOPClassUID, meta.MediaStorageSOPInstanceUID = dataset.SOPClassUID, dataset.SOPInstanceUID
    meta.TransferSyntaxUID = ExplicitVRLittleEndian
    meta.ImplementationClassUID = UID(uid_of("implementation"))
    meta.ImplementationVersionName = "TWELVELEAD"
    dataset.file_meta = meta
    dataset.set_original_encoding(False, True, UNICODE)  # nothing has to change on the way
    buffer = BytesIO()
    dataset.save_as(buffer, enforce_file_format=True)
    return buffer.getvalue()


def text(value: str, longest: int) -> str:
    """LO or SH: one value without control characters, of a length."""
    return " ".join(_printable(value).replace("\\", "/").split())[:longest].rstrip()


def paragraphs(value: str) -> str:
    """UT: several lines, no other control characters."""
    return "\r\n".join(_printable(line) for line in value.splitlines()).strip() or "-"


def exact(value: str | None, longest: int = 64) -> str:
    """LO or SH of an id: as it is, or "" where the value representation cannot hold it."""
    given = value or ""
    return given if text(given, longest) == given else ""


def name(value: str) -> str:
    """PN: at most three groups of 64 characters, of five parts each."""
    groups = _printable(value).replace("\\", " ").split("=")[:3]
    return "=".join("^".join(group.split("^")[:5])[:64].rstrip("^ ") for group in groups).rstrip("=")


def recorded(report: Report) -> tuple[str, str]:
    """DA and TM of when it was recorded, "" where unknown; joined they are a DT. A time with a zone is told in that of
    the report: no value has an offset, since dcmtk 3.6 refuses one of +0000."""
    told = report.identity.recorded if report.identity is not None else None
    with suppress(ValueError):
        time = datetime.fromisoformat(told or "")
        if len(told or "") <= len("2026-01-02"):
            return _date(time), ""
        time = time if time.utcoffset() is None else time.astimezone(report.made.tzinfo)
        return _date(time), _time(time)
    return "", ""


def clock(time: datetime, report: Report) -> str:
    """DT in the zone of the report."""
    return f"{time.astimezone(report.made.tzinfo):%Y%m%d%H%M%S}"


def _printable(value: str) -> str:
    plain = value.encode("utf-8", "replace").decode()
    return "".join(one if one.isprintable() else " " for one in plain)


def _calendar(value: str | None) -> str:
    with suppress(ValueError):
        return f"{date.fromisoformat(value or ''):%Y%m%d}"
    return ""


def _date(time: datetime) -> str:
    return f"{time:%Y%m%d}"


def _time(time: datetime) -> str:
    return f"{time:%H%M%S}"


def _stated_date(value: str) -> str:
    return value if re.fullmatch(r"\d{8}", value) and _calendar(f"{value[:4]}-{value[4:6]}-{value[6:]}") else ""


def _stated_time(value: str) -> str:
    return value if re.fullmatch(r"([01]\d|2[0-3])([0-5]\d([0-5]\d(\.\d{1,6})?)?)?", value) else ""
