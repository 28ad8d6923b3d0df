"""The elements of a DICOM data set (PS3.5): implicit and explicit VR, either byte order, deflated or not."""

import zlib
from struct import error, unpack_from
from typing import NamedTuple

from twelvelead.readers.recording import LARGEST_FILE, BadFile

_IMPLICIT, _BIG, _DEFLATED = "1.2.840.10008.1.2", "1.2.840.10008.1.2.2", "1.2.840.10008.1.2.1.99"
_SYNTAX = 0x00020010
_ITEM, _SEQUENCE_END = 0xFFFEE000, 0xFFFEE0DD
_SEQUENCES = (0x54000100, 0x003A0200, 0x003A0208, 0x003A0211)
"""Waveforms, and channels, their sources and units: in implicit VR nothing says that they are sequences."""

_LONG = (b"OB", b"OW", b"OF", b"OD", b"OL", b"OV", b"SQ", b"UC", b"UR", b"UT", b"UN", b"SV", b"UV")
_SHORT = (
    b"AE", b"AS", b"AT", b"CS", b"DA", b"DS", b"DT", b"FL", b"FD", b"IS", b"LO", b"LT", b"PN", b"SH", b"SL", b"SS",
    b"ST", b"TM", b"UI", b"UL", b"US",
)  # fmt: skip
_UNDEFINED = 0xFFFFFFFF
_DEEPEST = 16

Data = dict[int, "bytes | list[Data]"]
"""Tag -> bytes, or the items of a sequence."""


class _Encoding(NamedTuple):
    explicit: bool
    order: str


def looks_like(start: bytes) -> bool:
    """Whether the first bytes are those of a DICOM file, or of a bare data set: without preamble, or without the file
    meta information too."""
    meta = start[:2] == b"\2\0" and start[3:4] == b"\0" and (start[4:6] in _LONG or start[4:6] in _SHORT)
    if start[128:132] == b"DICM" or meta:
        return True
    encoding = _bare_encoding(start)
    if encoding is None:
        return False
    # two elements in a row, of the groups that come first, in ascending order
    try:
        tag, _, place = _element(start, 0, encoding, 0)
        following = unpack_from(encoding.order + "HH", start, place)
    except (BadFile, error):
        return False
    return tag < (following[0] << 16 | following[1]) and following[0] in (8, 0x10)


def _bare_encoding(start: bytes) -> _Encoding | None:
    """The encoding of a data set that begins with group 0008, as all do that hold a SOP class."""
    if len(start) < 8:
        return None
    for order in "<>":
        group, member = unpack_from(order + "HH", start)
        if group == 8 and member < 0x0100:
            kind = start[4:6]
            if kind in _LONG or kind in _SHORT:
                return _Encoding(True, order)
            if order == "<" and unpack_from("<I", start, 4)[0] <= 256:
                return _Encoding(False, order)
    return None


def parse(content: bytes) -> tuple[Data, str]:
    """The data set of a file, and "<" or ">", the byte order of what it holds.

    Raises:
        BadFile: it is damaged.
    """
    place = 132 if content[128:132] == b"DICM" else 0
    plain = _Encoding(True, "<")
    meta: Data = {}
    while place + 8 <= len(content) and unpack_from("<H", content, place)[0] == 2:
        tag, value, place = _element(content, place, plain, 0)
        meta[tag] = value
    syntax = text_of(meta.get(_SYNTAX))
    if syntax == _DEFLATED:
        inflate = zlib.decompressobj(-zlib.MAX_WBITS)
        try:
            content, place = inflate.decompress(content[place:], LARGEST_FILE), 0
        except zlib.error:
            raise BadFile("what it deflated is damaged; copy it again", code="damaged") from None
        if not inflate.eof:
            raise BadFile("truncated, or inflates to more than any recording; copy it again", code="truncated")
    encoding = _Encoding(syntax != _IMPLICIT, ">" if syntax == _BIG else "<")
    if not syntax:
        encoding = _bare_encoding(content[place : place + 8]) or encoding
    try:
        return _dataset(content, place, len(content), encoding), encoding.order
    except error:
        raise BadFile("truncated: an element reaches beyond its end; copy it again", code="truncated") from None


def _dataset(content: bytes, place: int, end: int, encoding: _Encoding, depth: int = 0) -> Data:
    """The elements between two places; of equal ones the last."""
    data: Data = {}
    while place + 8 <= end:
        if content[place : place + 4] == b"\0\0\0\0" and depth == 0 and not content[place:end].strip(b"\0"):
            break  # some archives fill files up
        tag, value, place = _element(content, place, encoding, depth)
        data[tag] = value
    if place > end:
        raise BadFile("truncated: an element reaches beyond its end; copy it again", code="truncated")
    return data


def _element(content: bytes, place: int, encoding: _Encoding, depth: int) -> tuple[int, "bytes | list[Data]", int]:
    """Tag and value of the element at a place, and where the next one starts."""
    group, member = unpack_from(encoding.order + "HH", content, place)
    tag = group << 16 | member
    kind = content[place + 4 : place + 6]
    if not encoding.explicit or group == 0xFFFE:
        size, place = unpack_from(encoding.order + "I", content, place + 4)[0], place + 8
    elif kind in _LONG:
        size, place = unpack_from(encoding.order + "I", content, place + 8)[0], place + 12
    elif kind.isalpha() and kind.isupper():
        size, place = unpack_from(encoding.order + "H", content, place + 6)[0], place + 8
    else:
        raise BadFile("its elements are damaged; copy it again", code="damaged")
    if size == _UNDEFINED or tag in _SEQUENCES:
        # an unknown sequence of undefined length is written in implicit VR, PS3.5 section 6.2.2
        inner = _Encoding(False, "<") if encoding.explicit and kind == b"UN" else encoding
        items, place = _sequence(content, place, size, inner, depth + 1)
        return tag, items, place
    if place + size > len(content):
        raise BadFile(
            f"truncated: holds {len(content):,} of at least {place + size:,} bytes; copy it again", code="truncated"
        )
    return tag, content[place : place + size], place + size


def _sequence(content: bytes, place: int, size: int, encoding: _Encoding, depth: int) -> tuple[list[Data], int]:
    if depth > _DEEPEST:
        raise BadFile("its sequences are nested deeper than any waveform's; copy it again", code="damaged")
    end = len(content) if size == _UNDEFINED else place + size
    if end > len(content):
        raise BadFile(f"truncated: holds {len(content):,} of at least {end:,} bytes; copy it again", code="truncated")
    items: list[Data] = []
    while place < end:
        group, member, length = unpack_from(encoding.order + "HHI", content, place)
        tag, place = group << 16 | member, place + 8
        if tag == _SEQUENCE_END:
            return items, place
        if tag != _ITEM:
            raise BadFile("its sequences are damaged; copy it again", code="damaged")
        if length == _UNDEFINED:
            item: Data = {}
            while unpack_from(encoding.order + "HH", content, place) != (0xFFFE, 0xE00D):
                inner, value, place = _element(content, place, encoding, depth)
                item[inner] = value
            place += 8
        else:
            item = _dataset(content, place, place + length, encoding, depth)
            place += length
        items.append(item)
    if size == _UNDEFINED:
        raise BadFile("truncated: a sequence does not end; copy it again", code="truncated")
    return items, place


def items_of(data: Data, tag: int) -> list[Data]:
    found = data.get(tag)
    return found if isinstance(found, list) else []


def text_of(value: "bytes | list[Data] | None") -> str:
    return value.decode("latin-1").strip(" \0") if isinstance(value, bytes) else ""


def whole_number(data: Data, tag: int, order: str) -> int:
    value = data.get(tag)
    if not isinstance(value, bytes) or len(value) not in (2, 4):
        return 0
    return int(unpack_from(order + ("H" if len(value) == 2 else "I"), value)[0])
