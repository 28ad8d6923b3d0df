"""DICOM waveforms (PS3.3 C.10.9), read from the bare elements of PS3.5: implicit and explicit VR, either byte order."""

import zlib
from struct import unpack_from
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from twelvelead.readers import patient
from twelvelead.readers.lead_numbers import LEAD_NAMES
from twelvelead.readers.recording import LARGEST_FILE, Channel, Fault, Recording, rhythm
from twelvelead.readers.request import Request
from twelvelead.readers.source import Source
from twelvelead.readers.text import number

_IMPLICIT, _BIG, _DEFLATED = "1.2.840.10008.1.2", "1.2.840.10008.1.2.2", "1.2.840.10008.1.2.1.99"
_SEX, _AGE, _BORN, _SYNTAX = 0x00100040, 0x00101010, 0x00100030, 0x00020010
_DATES = (0x0008002A, 0x00080022, 0x00080023, 0x00080020)
"""Acquisition date and time, acquisition date, content date, study date."""
_WAVEFORMS, _GROUP_LABEL, _CHANNELS, _SAMPLES, _RATE = 0x54000100, 0x003A0020, 0x003A0005, 0x003A0010, 0x003A001A
_BITS, _KIND, _PADDING, _DATA = 0x54001004, 0x54001006, 0x5400100A, 0x54001010
_DEFINITIONS, _LABEL, _SOURCE, _UNITS = 0x003A0200, 0x003A0203, 0x003A0208, 0x003A0211
_SENSITIVITY, _CORRECTION, _BASELINE = 0x003A0210, 0x003A0212, 0x003A0213
_CODE, _MEANING = 0x00080100, 0x00080104
_ITEM, _SEQUENCE_END = 0xFFFEE000, 0xFFFEE0DD
_SEQUENCES = (_WAVEFORMS, _DEFINITIONS, _SOURCE, _UNITS)
_LONG = (b"OB", b"OW", b"OF", b"OD", b"OL", b"OV", b"SQ", b"UC", b"UR", b"UT", b"UN", b"SV", b"UV")
_UNDEFINED = 0xFFFFFFFF
_DEEPEST = 16
_TYPES = {"SB": "i1", "UB": "u1", "SS": "i2", "US": "u2", "SL": "i4", "UL": "u4"}
_USUAL = {8: "SB", 16: "SS", 32: "SL"}
_YEARS = {"Y": "year", "M": "month", "W": "week", "D": "day"}

_Data = dict[int, "bytes | list[_Data]"]


class _Encoding(NamedTuple):
    explicit: bool
    order: str


def read(source: Source, request: Request) -> Recording:
    """The multiplex group that holds the rhythm recording.

    Raises:
        Fault: there is none, or it is damaged.
    """
    content = source.content
    start = 132 if content[128:132] == b"DICM" else 0
    plain = _Encoding(True, "<")
    meta: _Data = {}
    place = start
    while place + 8 <= len(content) and unpack_from("<H", content, place)[0] == 2:
        tag, value, place = _element(content, place, plain, 0)
        meta[tag] = value
    syntax = _text(meta.get(_SYNTAX))
    if syntax == _DEFLATED:
        inflate = zlib.decompressobj(-zlib.MAX_WBITS)
        content, place = inflate.decompress(content[place:], LARGEST_FILE), 0
        if not inflate.eof:
            raise Fault("truncated, or inflates to more than any recording; copy it again")
    data = _dataset(content, place, len(content), _Encoding(syntax != _IMPLICIT, ">" if syntax == _BIG else "<"))
    order = ">" if syntax == _BIG else "<"
    groups = _items(data, _WAVEFORMS)
    if not groups:
        raise Fault("holds no waveform; export the ECG as a DICOM waveform and not as a picture or a report")
    rhythms = [group for group in groups if not _is_beat(_text(group.get(_GROUP_LABEL)))]
    stated = _text(data.get(_AGE))
    years, unit = number(stated[:3]), _YEARS.get(stated[3:4].upper())
    recorded = next((found for tag in _DATES if (found := patient.day(_text(data.get(tag))))), None)
    return rhythm([_recording(group, order) for group in rhythms])._replace(
        age=patient.age(
            patient.day(_text(data.get(_BORN))),
            recorded,
            None if years is None or unit is None else years * patient.YEARS[unit],
        ),
        sex=patient.sex(_text(data.get(_SEX))),
    )


def _is_beat(label: str) -> bool:
    return any(word in label.upper() for word in ("MEDIAN", "REPRESENTATIVE", "AVERAGE", "TEMPLATE"))


def _recording(group: _Data, order: str) -> Recording:
    count, samples = _integer(group, _CHANNELS, order), _integer(group, _SAMPLES, order)
    bits, rate = _integer(group, _BITS, order), number(_text(group.get(_RATE)))
    kind = _TYPES.get(_text(group.get(_KIND)) or _USUAL.get(bits, ""))
    if kind is None or 8 * int(kind[1]) != bits:
        raise Fault(f"its samples are of the kind {_text(group.get(_KIND))[:10]!r} with {bits} bits, which is not read")
    if rate is None or not count or not samples:
        raise Fault("a waveform states no sampling rate, channels or samples; export it again")
    stored = group.get(_DATA)
    found = len(stored) if isinstance(stored, bytes) else 0
    if not isinstance(stored, bytes) or found < count * samples * bits // 8:
        raise Fault(f"truncated: a waveform holds {found:,} of {count * samples * bits // 8:,} bytes; copy it again")
    table = np.frombuffer(stored, order + kind, count * samples).reshape(samples, count)
    padding = group.get(_PADDING)
    marks = None
    if isinstance(padding, bytes) and len(padding) >= bits // 8:
        marks = np.frombuffer(padding, order + kind, 1)
    definitions = _items(group, _DEFINITIONS)
    if len(definitions) < count:
        raise Fault(f"{len(definitions)} of {count} channels are defined; export it again")
    channels = []
    for column, definition in enumerate(definitions[:count]):
        values = table[:, column]
        if marks is not None and (values == marks[0]).any():
            values = np.where(values == marks[0], np.nan, values.astype(np.float64))
        channels.append(_channel(definition, values))
    return Recording(channels, rate)


def _channel(definition: _Data, values: NDArray[Any]) -> Channel:
    source = next(iter(_items(definition, _SOURCE)), {})
    units = next(iter(_items(definition, _UNITS)), {})
    code, meaning = _text(source.get(_CODE)), _text(source.get(_MEANING))
    # "5.6.3-9-61" of scheme SCPECG and "2:61" of MDC end in the same number of a lead
    final = code.rpartition("-" if code.startswith("5.6.3-9-") else ":")[2]
    name = LEAD_NAMES.get(int(final), "") if final.isdecimal() and code != final else code if "LEAD" in code else ""
    name = name or meaning.split(",")[0].split("(")[0] or _text(definition.get(_LABEL)) or "without name"
    sensitivity = number(_text(definition.get(_SENSITIVITY)))
    correction = number(_text(definition.get(_CORRECTION)) or "1")
    baseline = number(_text(definition.get(_BASELINE)) or "0")
    if sensitivity is None:
        return Channel(name, values, None, None)
    if not correction or baseline is None or not sensitivity:
        raise Fault("the calibration of a channel is damaged; copy it again")
    scale = sensitivity * correction
    return Channel(name, values, scale, _text(units.get(_CODE)) or None, -baseline / scale)


def _dataset(content: bytes, place: int, end: int, encoding: _Encoding, depth: int = 0) -> _Data:
    """The elements between two places; of equal ones the last."""
    data: _Data = {}
    while place + 8 <= end:
        tag, value, place = _element(content, place, encoding, depth)
        data[tag] = value
    if place > end:
        raise Fault("truncated: an element reaches beyond its end; copy it again")
    return data


def _element(content: bytes, place: int, encoding: _Encoding, depth: int) -> tuple[int, "bytes | list[_Data]", int]:
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
        raise Fault("its elements are damaged; copy it again")
    if size == _UNDEFINED or tag in _SEQUENCES:
        # an unknown sequence of undefined length is written in implicit VR, PS3.5 section 6.2.2
        inner = _Encoding(False, "<") if encoding.explicit and kind == b"UN" else encoding
        items, place = _sequence(content, place, size, inner, depth + 1)
        return tag, items, place
    if place + size > len(content):
        raise Fault(f"truncated: holds {len(content):,} of at least {place + size:,} bytes; copy it again")
    return tag, content[place : place + size], place + size


def _sequence(content: bytes, place: int, size: int, encoding: _Encoding, depth: int) -> tuple[list[_Data], int]:
    if depth > _DEEPEST:
        raise Fault("its sequences are nested deeper than any waveform's; copy it again")
    end = len(content) if size == _UNDEFINED else place + size
    if end > len(content):
        raise Fault(f"truncated: holds {len(content):,} of at least {end:,} bytes; copy it again")
    items: list[_Data] = []
    while place < end:
        group, member, length = unpack_from(encoding.order + "HHI", content, place)
        tag, place = group << 16 | member, place + 8
        if tag == _SEQUENCE_END:
            return items, place
        if tag != _ITEM:
            raise Fault("its sequences are damaged; copy it again")
        if length == _UNDEFINED:
            item: _Data = {}
            while unpack_from(encoding.order + "HH", content, place) != (0xFFFE, 0xE00D):
                inner, value, place = _element(content, place, encoding, depth)
                item[inner] = value
            place += 8
        else:
            item = _dataset(content, place, place + length, encoding, depth)
            place += length
        items.append(item)
    if size == _UNDEFINED:
        raise Fault("truncated: a sequence does not end; copy it again")
    return items, place


def _items(data: _Data, tag: int) -> list[_Data]:
    found = data.get(tag)
    return found if isinstance(found, list) else []


def _text(value: "bytes | list[_Data] | None") -> str:
    return value.decode("latin-1").strip(" \0") if isinstance(value, bytes) else ""


def _integer(data: _Data, tag: int, order: str) -> int:
    value = data.get(tag)
    if not isinstance(value, bytes) or len(value) not in (2, 4):
        return 0
    return int(unpack_from(order + ("H" if len(value) == 2 else "I"), value)[0])
