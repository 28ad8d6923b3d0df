"""An object that came by C-STORE: looked at, and made a file of."""

import hashlib
from dataclasses import dataclass, field
from struct import error as StructError

from pydicom.dataset import FileMetaDataset
from pydicom.filebase import DicomBytesIO
from pydicom.filewriter import write_file_meta_info
from pydicom.uid import (
    UID,
    DeflatedExplicitVRLittleEndian,
    ExplicitVRBigEndian,
    ExplicitVRLittleEndian,
    General32bitECGWaveformStorage,
    GeneralECGWaveformStorage,
    ImplicitVRLittleEndian,
    TwelveLeadECGWaveformStorage,
)

from twelvelead.readers.dicom_elements import Data, items_of, parse, text_of
from twelvelead.readers.recording import BadFile

STORED = (TwelveLeadECGWaveformStorage, GeneralECGWaveformStorage, General32bitECGWaveformStorage)
"""SOP classes that are taken."""

SYNTAXES = (ExplicitVRLittleEndian, ImplicitVRLittleEndian, ExplicitVRBigEndian, DeflatedExplicitVRLittleEndian)
"""Transfer syntaxes that are read."""

IMPLEMENTATION = UID("2.25.166019590074920459151277597085557309544")
"""Our implementation class, drawn once; in the header of every file, so it never changes."""

MISMATCH, NOT_UNDERSTOOD = 0xA900, 0xC000
"""Data Set does not match SOP Class, and Cannot understand (PS3.4 table B.2-1)."""

_CLASS, _INSTANCE, _STUDY, _WAVEFORMS = 0x00080016, 0x00080018, 0x0020000D, 0x54000100


class NotTaken(Exception):
    """An object that is not taken.

    Args:
        status: of C-STORE.
        code: of `twelvelead.errors.ERROR_CODES`.
        comment: for the sender; nothing of a patient, 64 characters at most.
    """

    def __init__(self, status: int, code: str, comment: str) -> None:
        super().__init__(comment)
        self.status, self.code = status, code


@dataclass(frozen=True)
class Taken:
    """An object as it is kept.

    Attributes:
        content: a DICOM file: a header made from how the object came, and its bytes as they came.
        instance: its SOP Instance UID.
        study: its StudyInstanceUID; "" where it states none.
    """

    content: bytes = field(repr=False)
    instance: str = field(repr=False)
    study: str = field(repr=False)


def look_at(data: bytes, sop_class: str, instance: str, syntax: str) -> Taken:
    """An object as a file, if it can be an ECG.

    Args:
        data: the data set as it came.
        sop_class, instance: as the request names them.
        syntax: transfer syntax of the data.

    Raises:
        NotTaken: it is damaged or cut short, contradicts its request, or holds no waveform.
    """
    content = _as_file(data, sop_class, instance, syntax)
    try:
        found, _ = parse(content)
    except (BadFile, StructError) as fault:
        code = fault.code if isinstance(fault, BadFile) else "truncated"
        raise NotTaken(NOT_UNDERSTOOD, code, "the data set is damaged or cut short") from None
    if sop_class not in STORED or text_of(found.get(_CLASS)) != sop_class:
        raise NotTaken(MISMATCH, "contradiction", "the data set is of another SOP class than the request")
    if text_of(found.get(_INSTANCE)) != instance:
        raise NotTaken(MISMATCH, "contradiction", "the data set has another SOP Instance UID than the request")
    if not items_of(found, _WAVEFORMS):
        raise NotTaken(MISMATCH, "not-found", "the data set holds no waveform")
    return Taken(content, instance, text_of(found.get(_STUDY)))


def study_of(content: bytes) -> str:
    """StudyInstanceUID of a DICOM file; "" of any other."""
    if content[128:132] != b"DICM":
        return ""
    try:
        found: Data = parse(content)[0]
    except (BadFile, StructError):
        return ""
    return text_of(found.get(_STUDY))


def lane_of(study: str) -> str | None:
    """What keeps a study's ECGs in order, without its UID; None where there is none."""
    return hashlib.sha256(study.encode()).hexdigest()[:32] if study else None


def _as_file(data: bytes, sop_class: str, instance: str, syntax: str) -> bytes:
    meta = FileMetaDataset()
    meta.FileMetaInformationVersion = b"\0\1"
    meta.MediaStorageSOPClassUID, meta.MediaStorageSOPInstanceUID = UID(sop_class), UID(instance)
    meta.TransferSyntaxUID, meta.ImplementationClassUID = UID(syntax), IMPLEMENTATION
    header = DicomBytesIO()
    write_file_meta_info(header, meta)
    return b"\0" * 128 + b"DICM" + header.getvalue() + data
