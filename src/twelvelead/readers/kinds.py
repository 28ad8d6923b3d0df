"""The registry of formats: what a file is, by its name or its first bytes, and which reader takes it."""

import re
from collections.abc import Callable, Iterator
from importlib import import_module
from struct import unpack_from
from typing import NamedTuple

from twelvelead.readers.recording import Recording
from twelvelead.readers.request import Request
from twelvelead.readers.source import Source

_FOREIGN = {
    b"PK\x03\x04": "a ZIP archive (or NPZ); unpack it",
    b"\x1f\x8b": "a gzip archive; unpack it",
    b"\x89HDF": "HDF5 (or MATLAB 7.3); save the voltages with numpy.save, or in MATLAB with -v7",
    b"%PDF": "a PDF, which holds a picture and no recording; export the recording itself",
    b"\x89PNG": "a picture and no recording; export the recording itself",
    b"\xff\xd8\xff": "a picture and no recording; export the recording itself",
}
XML_ROOTS = {
    "annotatedecg": "aecg",
    "restingecg": "muse",
    "restingecgdata": "sierra",
    "cardiologyxml": "cardiosoft",
}
"""The root element of a document in lower case -> the module that reads it."""

_ELEMENT = re.compile(r"<(?:[A-Za-z_][\w.-]*:)?([A-Za-z_][\w.-]*)")
_NO_ELEMENT = re.compile(r"<!--.*?(?:-->|\Z)|<[?!][^>]*", re.DOTALL)


class Kind(NamedTuple):
    """A format with one recording a file.

    Attributes:
        name: of the format.
        module: below `twelvelead.readers`, imported when the first file of its kind comes; its `read` takes a `Source`
            and a `Request` and gives a `Recording`, or raises `BadFile`.
        matches: whether a source is of this format.
    """

    name: str
    module: str
    matches: Callable[[Source], bool]

    def read(self, source: Source, request: Request) -> Recording:
        """The rhythm recording.

        Raises:
            BadFile: there is none, or it is damaged.
        """
        recording: Recording = import_module(f"twelvelead.readers.{self.module}").read(source, request)
        return recording


def kind_of(source: Source) -> Kind | None:
    """The format of a source; None where it is none of ours.

    Raises:
        OSError: there is no such file, or it cannot be read.
    """
    return next((kind for kind in KINDS if kind.matches(source)), None)


def foreign(start: bytes) -> str | None:
    """What a file without a recording is, and what to do, if that is known."""
    return next((kind for mark, kind in _FOREIGN.items() if start.startswith(mark)), None)


def xml_root(start: bytes) -> str | None:
    """The name of the first element in lower case, "" where it lies behind the start; None where a file is not XML."""
    names = _xml_names(start)
    return names if names is None else next(names, "")


def _xml_names(start: bytes) -> Iterator[str] | None:
    """The names of the elements that begin in the start, in lower case; None where a file is not XML."""
    if start.startswith((b"\xff\xfe", b"\xfe\xff")):
        text = start.decode("utf-16", "ignore")
    elif start.startswith((b"<\0", b"\0<")):
        text = start.decode("utf-16-le" if start[1:2] == b"\0" else "utf-16-be", "ignore")
    else:
        text = start.decode("utf-8", "ignore")
    if not text.lstrip("\ufeff \t\r\n").startswith("<"):
        return None
    return (found[1].lower() for found in _ELEMENT.finditer(_NO_ELEMENT.sub("", text)))


def _is_wfdb(source: Source) -> bool:
    # told by the file's name and its neighbours
    from twelvelead.readers.wfdb import header_of, is_header

    return is_header(source.start) if source.path is None else header_of(source.path) is not None


def _is_matlab(start: bytes) -> bool:
    """Version 5 to 7.3 by their mark; version 4 by the header of a full little-endian matrix with a plausible name."""
    if start.startswith((b"MATLAB 5", b"MATLAB 7.3")):
        return True
    if len(start) < 24:
        return False
    kind, rows, columns, imaginary, name = unpack_from("<5I", start)
    end = 20 + name
    return bool(
        kind in (0, 10, 20, 30, 40, 50)
        and rows * columns > 0
        and imaginary == 0
        and 2 <= name <= 64
        and start[20:end].endswith(b"\0")
        and start[20 : end - 1].replace(b"_", b"a").isalnum()
    )


def _is_dicom(start: bytes) -> bool:
    if start[128:132] == b"DICM":
        return True
    # a bare data set begins with group 0002 or 0008, in either byte order
    if start[:1] not in (b"\2", b"\x08", b"\0"):
        return False
    from twelvelead.readers.dicom_elements import looks_like

    return looks_like(start)


def _is_scp(start: bytes) -> bool:
    # section 0 comes first, and its first pointer is at itself
    return start[8:10] == start[22:24] == b"\0\0" and start[28:32] == b"\7\0\0\0"


def _is_xml(start: bytes) -> bool:
    names = _xml_names(start)
    if names is None:
        return False
    held = set(names)
    # comments may be longer than the start, and another document may wrap ours
    return not held or not held.isdisjoint(XML_ROOTS)


def _is_rare(start: bytes) -> bool:
    """Whether the first bytes alone tell that the file is MFER, Mortara EL250 or Kardia."""
    is_kardia = start.lstrip(b"\xef\xbb\xbf \t\r\n").startswith(b"{") and b'"recordedAt"' in start
    return is_kardia or (start[:1] == b"@" and start[2:6] == b"MFR ") or xml_root(start) == "ecg"


def _is_table(start: bytes) -> bool:
    """Whether a text has a heading that names at least eight of the twelve leads."""
    from twelvelead.readers.table import leads_in

    return leads_in(start) >= 8


def _by_start(matches: Callable[[bytes], bool]) -> Callable[[Source], bool]:
    return lambda source: matches(source.start)


XML = Kind("HL7 aECG, GE MUSE XML, GE CardioSoft XML, Philips Sierra XML", "xml", _by_start(_is_xml))
RARE = Kind("MFER, Mortara EL250, AliveCor Kardia, XLE, EDAN", "vendors", _by_start(_is_rare))
TABLE = Kind("CSV", "table", _by_start(_is_table))
KINDS = (
    Kind("WFDB", "wfdb", _is_wfdb),
    Kind("NPY", "numeric", _by_start(lambda start: start.startswith(b"\x93NUMPY"))),
    Kind("MATLAB", "matlab", _by_start(_is_matlab)),
    Kind("DICOM", "dicom", _by_start(_is_dicom)),
    Kind("EDF, BDF", "edf", _by_start(lambda start: start.startswith((b"0       ", b"\xffBIOSEMI")))),
    Kind("ISHNE", "ishne", _by_start(lambda start: start.startswith(b"ISHNE1.0"))),
    Kind("SCP-ECG", "scp", _by_start(_is_scp)),
    XML,
    TABLE,
    RARE,
)
"""In the order in which a file is held against them."""

SUPPORTED = ", ".join(kind.name for kind in KINDS)
