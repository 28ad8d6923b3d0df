"""SCP-ECG, EN 1064 / ISO 11073-91064, versions 1 and 2: little-endian sections behind a table of pointers."""

import binascii
from math import gcd
from struct import error, unpack_from
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from twelvelead.ecg.finding import Finding
from twelvelead.readers.layout import aligned
from twelvelead.readers.lead_numbers import LEAD_NAMES
from twelvelead.readers.recording import BadFile, Channel, Recording, rhythm
from twelvelead.readers.request import Request
from twelvelead.readers.scp_header import about
from twelvelead.readers.scp_huffman import DEFAULT_TABLES, Table, decode, parse_tables
from twelvelead.readers.source import Source

_DEFAULT_HUFFMAN = 19999
_MOST_SAMPLES = 1 << 21
"""Of all leads together: five minutes of twelve leads at 500 Hz, more than the sections can hold."""
_FILLED = 16
"""Bits of no sample that may be left where a lead ends on a whole number of two bytes."""


class _Lead(NamedTuple):
    first: int
    last: int
    name: str


class _Beat(NamedTuple):
    kind: int
    first: int
    fiducial: int
    last: int


def read(source: Source, request: Request) -> Recording:
    """The rhythm data, section 6; where reference beats were subtracted from them, these are put back.

    Raises:
        BadFile: a section is missing, damaged or compressed in a way that is not read.
    """
    content = source.content
    try:
        return _read(content)
    except (error, IndexError):
        raise BadFile("truncated: a section ends too early; copy it again", code="truncated") from None


def _read(content: bytes) -> Recording:
    size = unpack_from("<I", content, 2)[0]
    if size > len(content):
        raise BadFile(f"truncated: holds {len(content):,} of {size:,} bytes; copy it again", code="truncated")
    content = content[:size]
    sections = _sections(content)
    if 6 not in sections or 3 not in sections:
        raise BadFile("holds no rhythm data (sections 3 and 6); export it with its waveform", code="not-found")
    leads, subtracted = _leads(sections[3])
    tables = None
    if 2 in sections:
        standard = unpack_from("<H", sections[2])[0] == _DEFAULT_HUFFMAN
        tables = DEFAULT_TABLES if standard else parse_tables(sections[2])
    if sum(lead.last - lead.first + 1 for lead in leads) > _MOST_SAMPLES:
        raise BadFile("announces more samples than an SCP-ECG record can hold; copy it again", code="damaged")
    nanovolts, interval, bimodal = unpack_from("<HHxB", sections[6])
    if bimodal and (5 not in sections or unpack_from("<H", sections[5], 2)[0] != interval):
        raise BadFile(
            "is compressed at two sampling rates (bimodal), which is not read; export it without", code="unsupported"
        )
    if not nanovolts or not interval:
        raise BadFile("states no amplitude or no sampling rate in section 6; export it again", code="damaged")
    samples, surplus = _values(sections[6], [lead.last - lead.first + 1 for lead in leads], tables)
    if subtracted:
        samples, nanovolts = _with_beats(samples, leads, nanovolts, interval, sections, tables)
    # the interval is in whole microseconds: 1667 stands for 600 Hz
    whole = max(1, round(1e6 / interval))
    rate = float(whole) if round(1e6 / whole) == interval else 1e6 / interval
    channels = [
        Channel(lead.name, values, nanovolts, "nV", start=(lead.first - 1) / rate)
        for lead, values in zip(leads, samples, strict=True)
    ]
    recording = about(sections.get(1, b""))
    findings = recording.findings
    if any(surplus):
        names = ", ".join(lead.name for lead, more in zip(leads, surplus, strict=True) if more)
        message = f"{names} hold more samples than the file announces; those announced are taken"
        findings += (Finding("samples-disagree", "warn", message),)
    return rhythm([aligned(recording._replace(channels=channels, sampling_rate=rate, findings=findings))])


def _sections(content: bytes) -> dict[int, bytes]:
    """The bodies of the sections by number, each behind a header of 16 bytes: CRC, number, length, versions."""
    stated, whole = unpack_from("<H", content)[0], binascii.crc_hqx(content[2:], 0xFFFF)
    length = unpack_from("<I", content, 10)[0]
    sections = {}
    for place in range(22, min(6 + length, len(content)) - 9, 10):
        number, size, index = unpack_from("<HII", content, place)
        if not 1 <= number <= 11 or size <= 16:
            continue
        body = content[index - 1 : index - 1 + size]
        if index < 1 or len(body) < size or unpack_from("<H", body, 2)[0] != number:
            raise BadFile(f"section {number} does not lie where the record says; copy it again", code="damaged")
        crc = unpack_from("<H", body)[0]
        if stated != whole and crc and crc != binascii.crc_hqx(body[2:], 0xFFFF):
            raise BadFile(
                f"the checksum of section {number} is wrong: the file is damaged; copy it again", code="damaged"
            )
        sections[number] = body[16:]
    return sections


def _leads(section: bytes) -> tuple[list[_Lead], bool]:
    """The leads of section 3, and whether reference beats were subtracted from them."""
    count, flags = section[0], section[1]
    leads = []
    for number in range(count):
        first, last, code = unpack_from("<IIB", section, 2 + 9 * number)
        if not 1 <= first <= last:
            raise BadFile(f"lead {number + 1} runs from sample {first} to {last}; copy it again", code="damaged")
        leads.append(_Lead(first, last, LEAD_NAMES.get(code, f"lead {code}")))
    if not leads:
        raise BadFile("defines no leads; export it again", code="damaged")
    return leads, bool(flags & 1)


def _values(
    section: bytes, counts: list[int], tables: list[Table] | None
) -> tuple[list[NDArray[np.int64]], list[bool]]:
    """One [samples] int64 for each lead of section 5 or 6, and whether it is stored with more."""
    difference = section[4]
    if difference > 2:
        raise BadFile(f"its samples are encoded in the unknown way {difference}; copy it again", code="damaged")
    sizes = unpack_from(f"<{len(counts)}H", section, 6)
    place = 6 + 2 * len(counts)
    if place + sum(sizes) > len(section):
        raise BadFile("truncated: its samples reach beyond their section; copy it again", code="truncated")
    leads, surplus = [], []
    for size, count in zip(sizes, counts, strict=True):
        packed = section[place : place + size]
        place += size
        if tables is not None:
            values, left = decode(packed, count, tables)
        elif 2 * count > size:
            raise BadFile(
                f"truncated: a lead holds {size // 2:,} of {count:,} samples; copy it again", code="truncated"
            )
        else:
            values, left = np.frombuffer(packed, "<i2", count).astype(np.int64), 8 * size - 16 * count
        leads.append(_undo_differences(values, difference))
        surplus.append(left >= _FILLED)
    return leads, surplus


def _undo_differences(values: NDArray[np.int64], order: int) -> NDArray[np.int64]:
    """Samples from first or second differences; the first one or two numbers are samples themselves."""
    if order == 2 and len(values) > 2:
        values = np.concatenate([values[:1], [values[1] - values[0]], values[2:]])
        values[1:] = np.cumsum(values[1:])
    elif order == 2:
        return values
    if order:
        values = np.cumsum(values)
    # encoders compute in 16 bits
    return values.astype(np.int16).astype(np.int64)


def _with_beats(
    residuals: list[NDArray[np.int64]],
    leads: list[_Lead],
    nanovolts: int,
    interval: int,
    sections: dict[int, bytes],
    tables: list[Table] | None,
) -> tuple[list[NDArray[np.int64]], int]:
    """The samples with the reference beat (section 5) put back where section 4 says, and their step in nV."""
    if 4 not in sections or 5 not in sections:
        raise BadFile(
            "its reference beats (sections 4 and 5) are missing; export it without compression", code="damaged"
        )
    milliseconds, fiducial, count = unpack_from("<HHH", sections[4])
    beats = [_Beat(*unpack_from("<HIII", sections[4], 6 + 14 * number)) for number in range(count)]
    beat_nanovolts, beat_interval = unpack_from("<HH", sections[5])
    if beat_interval != interval or not beat_nanovolts:
        raise BadFile(
            "its reference beats have another sampling rate or no scale; export it without compression",
            code="unsupported",
        )
    reference, _ = _values(sections[5], [round(milliseconds * 1000 / interval)] * len(leads), tables)
    step = gcd(nanovolts, beat_nanovolts)
    whole = []
    for lead, residual, shape in zip(leads, residuals, reference, strict=True):
        signal = residual * (nanovolts // step)
        for beat in beats:
            # sample numbers start at 1; the fiducial sample of the beat lies on that of the reference
            first = max(beat.first, lead.first, beat.fiducial - fiducial + 1)
            last = min(beat.last, lead.last, beat.fiducial - fiducial + len(shape))
            if beat.kind == 0 and first <= last:
                start = first - beat.fiducial + fiducial - 1
                piece = shape[start : start + last - first + 1] * (beat_nanovolts // step)
                signal[first - lead.first : last - lead.first + 1] += piece
        whole.append(signal)
    return whole, step
