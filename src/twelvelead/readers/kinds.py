"""What a file is, by its first bytes, and which reader takes it."""

import re
from collections.abc import Callable
from functools import partial
from importlib import import_module
from typing import NamedTuple

from twelvelead.readers.recording import Fault, Recording

START = 4096
"""Bytes that are enough to tell."""

NPY_MARK = b"\x93NUMPY"

_FOREIGN = {
    b"PK\x03\x04": "a ZIP archive (or NPZ); unpack it",
    b"\x1f\x8b": "a gzip archive; unpack it",
    b"\x89HDF": "HDF5 (or MATLAB 7.3); save the voltages with numpy.save, or in MATLAB with -v7",
    b"%PDF": "a PDF, which holds a picture and no recording; export the recording itself",
    b"\x89PNG": "a picture and no recording; export the recording itself",
    b"\xff\xd8\xff": "a picture and no recording; export the recording itself",
}
_BINARY: dict[str, tuple[str, Callable[[bytes], bool]]] = {
    "dicom": ("DICOM", lambda start: start[128:132] == b"DICM" or start.startswith(b"\2\0\0\0UL\4\0")),
    "edf": ("EDF", lambda start: start.startswith((b"0       ", b"\xffBIOSEMI"))),
    "ishne": ("ISHNE Holter", lambda start: start.startswith(b"ISHNE1.0")),
    # section 0 comes first, and its first pointer is at itself
    "scp": ("SCP-ECG", lambda start: start[8:10] == start[22:24] == b"\0\0" and start[28:32] == b"\7\0\0\0"),
}
_XML = {
    "annotatedecg": ("HL7 aECG", "aecg"),
    "restingecg": ("GE MUSE XML", "muse"),
    "restingecgdata": ("Philips Sierra XML", "sierra"),
}
_ROOT = re.compile(r"<(?:[A-Za-z_][\w.-]*:)?([A-Za-z_][\w.-]*)")
_BEFORE_ROOT = re.compile(r"<!--.*?(?:-->|\Z)|<[?!][^>]*", re.DOTALL)


class Kind(NamedTuple):
    """A format with one recording a file.

    Attributes:
        name: of the format.
        read: the content of a file to its rhythm recording; raises `Fault`.
    """

    name: str
    read: Callable[[bytes], Recording]


def kind_of(start: bytes) -> Kind | None:
    """The format of a file, by its first bytes; None where it is none of ours."""
    root = xml_root(start)
    if root is not None:
        # comments may be longer than the start
        return Kind(_XML[root][0] if root else "XML", _from_xml) if not root or root in _XML else None
    for module, (name, matches) in _BINARY.items():
        if matches(start):
            return Kind(name, partial(_from_bytes, module))
    return None


def foreign(start: bytes) -> str | None:
    """What a file without a recording is, and what to do, if that is known."""
    return next((kind for mark, kind in _FOREIGN.items() if start.startswith(mark)), None)


def xml_root(start: bytes) -> str | None:
    """The name of the first element in lower case, "" where it lies behind the start; None where a file is not XML."""
    if start.startswith((b"\xff\xfe", b"\xfe\xff")):
        text = start.decode("utf-16", "ignore")
    elif start.startswith((b"<\0", b"\0<")):
        text = start.decode("utf-16-le" if start[1:2] == b"\0" else "utf-16-be", "ignore")
    else:
        text = start.decode("utf-8", "ignore")
    if not text.lstrip("\ufeff \t\r\n").startswith("<"):
        return None
    found = _ROOT.search(_BEFORE_ROOT.sub("", text))
    return found[1].lower() if found else ""


def _from_bytes(module: str, content: bytes) -> Recording:
    return _reader(module)(content)


def _from_xml(content: bytes) -> Recording:
    from twelvelead.readers.xml import parse

    root = parse(content)
    if root.tag.lower() not in _XML:
        raise Fault(f"XML of an unknown kind ({root.tag[:40]}); export the ECG as HL7 aECG or DICOM")
    return _reader(_XML[root.tag.lower()][1])(root)


def _reader(module: str) -> Callable[..., Recording]:
    # a format is imported when the first file of its kind comes
    read: Callable[..., Recording] = import_module(f"twelvelead.readers.{module}").read
    return read
