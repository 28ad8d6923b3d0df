"""XML from anyone: no entities, nothing fetched, bounded in depth, size and number of parts."""

import binascii
import re
from collections.abc import Iterator
from contextlib import suppress
from importlib import import_module
from typing import NoReturn
from xml.etree.ElementTree import Element, TreeBuilder
from xml.parsers import expat

import numpy as np
from numpy.typing import NDArray

from twelvelead.readers.kinds import XML_ROOTS
from twelvelead.readers.recording import BadFile, Recording
from twelvelead.readers.request import Request
from twelvelead.readers.source import Source

LARGEST = 1 << 26
"""Bytes; an aECG of ten minutes of twelve leads at 1000 Hz has about 40 million."""

_DEEPEST = 100
_MOST_PARTS = 500_000
"""Elements and attributes; the largest annotated ECG at hand has 9,000."""

_LONGEST_TAG = 1 << 20
_CHUNK = 1 << 16

_OTHER_ENCODING = {
    expat.errors.codes[expat.errors.XML_ERROR_INVALID_TOKEN],
    expat.errors.codes[expat.errors.XML_ERROR_UNKNOWN_ENCODING],
    expat.errors.codes[expat.errors.XML_ERROR_INCORRECT_ENCODING],
}
_DECLARED = re.compile(rb"<\?xml[^>]*?encoding\s*=\s*[\"']([A-Za-z][\w.-]*)", re.ASCII)
_MULTIBYTE = (
    "shift_jis", "sjis", "cp932", "windows-31j", "euc-jp", "iso-2022-jp", "gb2312", "gbk", "gb18030", "big5", "euc-kr",
)  # fmt: skip
"""Encodings that the parser does not know and Python does."""

_NUMBERS = re.compile(r"\s*+(?:[+-]?\d++(?:\.\d*+)?(?:[eE][+-]?\d++)?(?:\s++|\Z))*+", re.ASCII)
_WITH_COMMAS = re.compile(r"\s*+(?:[+-]?\d++(?:,\d++)?(?:\s++|\Z))*+", re.ASCII)


def read(source: Source, request: Request) -> Recording:
    """The rhythm recording of a document, or of the one that another wraps.

    Raises:
        BadFile: see `parse`; it holds none or several documents of a known kind; or what that reader raises.
    """
    root = parse(source.content)
    documents = [element for element in root.iter() if element.tag.lower() in XML_ROOTS]
    if not documents:
        raise BadFile(
            f"not a recording of a known kind (XML of {root.tag[:40]}); export the ECG as HL7 aECG or DICOM",
            code="unknown-format",
        )
    if len(documents) > 1:
        raise BadFile(f"holds {len(documents)} recordings; save each in a file of its own", code="ambiguous")
    module = import_module(f"twelvelead.readers.{XML_ROOTS[documents[0].tag.lower()]}")
    recording: Recording = module.read(documents[0], request)
    return recording


def parse(content: bytes) -> Element:
    """The root of a document, tags and attributes without their namespaces.

    Raises:
        BadFile: it is not well-formed, declares entities, or is larger or deeper than any recording.
    """
    if len(content) > LARGEST:
        raise BadFile(
            f"{len(content):,} bytes of XML are more than any recording needs; export a shorter one", code="too-large"
        )
    content = _without_blanks(content)
    # exports that call themselves UTF-16 but are UTF-8, or hold bytes of an encoding that they do not name, are common
    for encoding in (None, "utf-8"):
        try:
            return _parse(content, encoding)
        except expat.ExpatError as error:
            if error.code not in _OTHER_ENCODING:
                raise _damaged(error) from None
        except (ValueError, LookupError):  # an encoding that the parser does not know
            declared = _DECLARED.match(content)
            name = declared[1].decode("ascii").lower() if declared else ""
            with suppress(UnicodeError):
                content = content.decode(name).encode() if name in _MULTIBYTE else content
    try:
        return _parse(content, "iso-8859-1")
    except expat.ExpatError as error:
        raise _damaged(error) from None


def _without_blanks(content: bytes) -> bytes:
    """Without what may stand before a declaration, where the standard wants nothing."""
    for mark, blanks in ((b"\xff\xfe", b" \0\r\0\n\0\t\0"), (b"\xfe\xff", b"\0 \0\r\0\n\0\t")):
        if content.startswith(mark):
            place = 2
            pairs = {blanks[at : at + 2] for at in range(0, len(blanks), 2)}
            while content[place : place + 2] in pairs:
                place += 2
            return mark + content[place:] if place > 2 else content
    return content.lstrip(b"\xef\xbb\xbf \t\r\n")


def _damaged(error: expat.ExpatError) -> BadFile:
    reason = expat.ErrorString(error.code)
    return BadFile(f"not well-formed XML ({reason} at line {error.lineno}); copy or export it again", code="damaged")


def _parse(content: bytes, encoding: str | None) -> Element:
    parser = expat.ParserCreate(encoding)
    builder = TreeBuilder()
    depth = parts = 0

    def start(name: str, attributes: dict[str, str]) -> None:
        nonlocal depth, parts
        depth += 1
        parts += 1 + len(attributes)
        if depth > _DEEPEST or parts > _MOST_PARTS:
            raise BadFile("its XML is deeper or has more parts than any recording; export it again", code="damaged")
        builder.start(_local(name), {_local(key): value for key, value in attributes.items()})

    def end(name: str) -> None:
        nonlocal depth
        depth -= 1
        builder.end(_local(name))

    def forbidden(*_: object) -> NoReturn:
        # both can make a small document fill all memory
        raise BadFile(
            "its XML declares entities or attributes, which no recording needs; export it without its DTD",
            code="unsupported",
        )

    parser.buffer_text = True
    parser.buffer_size = _CHUNK
    parser.StartElementHandler = start
    parser.EndElementHandler = end
    parser.CharacterDataHandler = builder.data
    parser.EntityDeclHandler = forbidden
    parser.AttlistDeclHandler = forbidden
    parser.UnparsedEntityDeclHandler = forbidden
    parser.ExternalEntityRefHandler = forbidden
    for place in range(0, len(content), _CHUNK):
        parser.Parse(content[place : place + _CHUNK], False)
        if place - parser.CurrentByteIndex > _LONGEST_TAG:
            raise BadFile("its XML has a tag longer than any recording's; export it again", code="damaged")
    parser.Parse(b"", True)
    return builder.close()


def _local(name: str) -> str:
    return name.rpartition(":")[2]


def text(parent: Element | None, path: str) -> str:
    """The text of the first element at a path below `parent`, stripped; "" where there is none."""
    found = None if parent is None else parent.find(path)
    return "" if found is None else (found.text or "").strip()


def attribute(parent: Element | None, path: str, name: str) -> str:
    """An attribute of the first element at a path below `parent`; "" where there is none."""
    found = None if parent is None else parent.find(path)
    return "" if found is None else (found.get(name) or "").strip()


def every(parent: Element, tag: str) -> Iterator[Element]:
    """The children of that tag, in any case."""
    return (child for child in parent if child.tag.lower() == tag.lower())


def from_base64(written: str, what: str) -> bytes:
    """The bytes behind Base64, white space ignored.

    Raises:
        BadFile: it is no Base64.
    """
    try:
        return binascii.a2b_base64("".join(written.split()), strict_mode=True)
    except (binascii.Error, ValueError):
        raise BadFile(f"the samples of {what} are not Base64; copy or export it again", code="damaged") from None


def from_digits(written: str, what: str) -> NDArray[np.float64]:
    """[numbers] float64 from decimal numbers between white space, with decimal points, or commas in all that need one.

    Raises:
        BadFile: something else is among them.
    """
    if "," in written and "." not in written and _WITH_COMMAS.fullmatch(written):
        written = written.replace(",", ".")
    if not _NUMBERS.fullmatch(written):
        raise BadFile(f"the samples of {what} are not numbers; copy or export it again", code="damaged")
    # NumPy needs something to read
    return np.fromstring(written, np.float64, sep=" ") if written.strip() else np.empty(0)


def from_list(written: str, what: str) -> NDArray[np.float64]:
    """As `from_digits`, where commas or semicolons may separate the numbers."""
    written = written.replace(";", " ")
    # one comma at most in each of several words makes them decimal
    if len(written.split(None, 2)) < 2 or not _WITH_COMMAS.fullmatch(written):
        written = written.replace(",", " ")
    return from_digits(written, what)
