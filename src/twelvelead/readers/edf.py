"""EDF, EDF+ (Kemp 1992, Kemp and Olivan 2003, https://www.edfplus.info/specs) and BDF, which has 24 bits a sample."""

import re
from collections.abc import Sequence
from contextlib import suppress
from datetime import datetime
from itertools import pairwise
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from twelvelead.ecg.finding import Finding
from twelvelead.ecg.leads import LEADS, canonical_lead
from twelvelead.ecg.record import Identity
from twelvelead.readers import patient
from twelvelead.readers.recording import BadFile, Channel, Recording, rhythm
from twelvelead.readers.request import Request
from twelvelead.readers.source import Source
from twelvelead.readers.text import number

_BDF = b"\xffBIOSEMI"

_FIELDS = (16, 80, 8, 8, 8, 8, 8, 80, 8, 32)
"""Bytes a signal of: label, transducer, unit, physical and digital minimum and maximum, filters, samples, reserved."""

_ONSET = re.compile(rb"([+-]\d+(?:\.\d+)?)(?:\x15[^\x14]*)?\x14")


class _Signal(NamedTuple):
    name: str
    unit: str
    physical: tuple[float, float]
    digital: tuple[float, float]
    filters: str
    samples: int


def read(source: Source, request: Request) -> Recording:
    """The signals that share the sampling rate of the ECG leads.

    Raises:
        BadFile: the header is damaged, records are missing, or the recording has gaps.
    """
    content = source.content
    width = 3 if content.startswith(_BDF) else 2
    count, records, seconds = (_number(content[at : at + size]) for at, size in ((252, 4), (236, 8), (244, 8)))
    if not 1 <= count <= 4096 or records < -1 or not seconds > 0:
        raise BadFile(
            f"a header of {count:g} signals in {records:g} records of {seconds:g} s cannot be; copy it again",
            code="damaged",
        )
    signals = _signals(content, int(count))
    header = 256 * (1 + len(signals))
    frame = sum(signal.samples for signal in signals)
    # -1: the recorder did not close the file
    whole = int(records) if records >= 0 else (len(content) - header) // (width * frame)
    if whole < 1 or len(content) < header + whole * frame * width:
        needed = header + max(whole, 1) * frame * width
        raise BadFile(f"truncated: holds {len(content):,} of {needed:,} bytes; copy it again", code="truncated")
    extra = (len(content) - header) // (width * frame) - whole
    findings: tuple[Finding, ...] = ()
    if extra > 0:
        message = (
            f"holds {extra:,} records beyond the {whole:,} that its header announces; compare it with the original"
        )
        findings = (Finding("samples-disagree", "warn", message, {"announced": whole, "held": whole + extra}),)
    table = np.frombuffer(content, np.uint8, whole * frame * width, header).reshape(whole, frame * width)
    starts = np.cumsum([0, *[signal.samples for signal in signals]]) * width
    parts = [table[:, first:last] for first, last in pairwise(starts)]
    annotations = [part for part, signal in zip(parts, signals, strict=True) if _is_annotation(signal)]
    if content[192:197] in (b"EDF+D", b"BDF+D") and annotations:
        _require_no_gaps(annotations[0], seconds)
    by_rate: dict[int, list[Channel]] = {}
    for part, signal in zip(parts, signals, strict=True):
        if not _is_annotation(signal):
            by_rate.setdefault(signal.samples, []).append(_channel(signal, _integers(part, width)))
    recordings = [Recording(held, samples / seconds) for samples, held in _ecg_rates(by_rate).items()]
    found = rhythm(recordings)
    return _described(found._replace(findings=(*findings, *_turned(found, signals))), content, signals)


def _ecg_rates(by_rate: dict[int, list[Channel]]) -> dict[int, list[Channel]]:
    """Only the rates at which ECG leads were sampled, if there are any: other signals may be slower than any ECG."""
    ours = {rate: held for rate, held in by_rate.items() if any(canonical_lead(lead.name) in LEADS for lead in held)}
    return ours or by_rate


def _signals(content: bytes, count: int) -> list[_Signal]:
    if len(content) < 256 * (1 + count):
        raise BadFile(
            f"truncated: its header has {len(content):,} of {256 * (1 + count):,} bytes; copy it again",
            code="truncated",
        )
    columns = []
    place = 256
    for size in _FIELDS:
        columns.append([content[place + size * row : place + size * (row + 1)] for row in range(count)])
        place += size * count
    labels, _, units, low, high, least, most, filters, samples, _ = columns
    signals = []
    for row in range(count):
        held = _number(samples[row])
        if held < 1 or held != int(held):
            raise BadFile(f"signal {row + 1} has {held:g} samples a record; copy it again", code="damaged")
        physical = (_number(low[row]), _number(high[row]))
        digital = (_number(least[row]), _number(most[row]))
        signals.append(
            _Signal(_text(labels[row]), _text(units[row]), physical, digital, _text(filters[row]), int(held))
        )
    return signals


def _channel(signal: _Signal, samples: NDArray[np.int32]) -> Channel:
    (low, high), (least, most) = signal.physical, signal.digital
    unit = signal.unit or None
    scale = (high - low) / (most - least) if least < most else 0.0
    if not scale or (unit is None and (low, high) == (least, most)):
        return Channel(signal.name, samples, None, unit)  # bare steps
    zero = least - low / scale
    # a negative gain is how the standard writes a signal that is stored upside down
    return (
        Channel(signal.name, samples, scale, unit, zero)
        if scale > 0
        else Channel(signal.name, -samples, -scale, unit, -zero)
    )


def _turned(recording: Recording, signals: Sequence[_Signal]) -> list[Finding]:
    """Which leads are stored upside down."""
    names = {channel.name for channel in recording.channels}
    turned = [
        signal.name
        for signal in signals
        if signal.name in names and signal.physical[0] > signal.physical[1] and canonical_lead(signal.name) in LEADS
    ]
    if not turned:
        return []
    message = (
        f"{', '.join(turned)} stored upside down, by their physical minimum and maximum, and turned round; check it"
    )
    return [Finding("negative-gain", "warn", message)]


def _integers(part: NDArray[np.uint8], width: int) -> NDArray[np.int32]:
    """[samples] int32 from [record, bytes], little-endian, signed."""
    held = np.ascontiguousarray(part)
    if width == 2:
        return held.view("<i2").reshape(-1).astype(np.int32)
    three = held.reshape(-1, 3)
    whole = np.zeros((len(three), 4), np.uint8)
    whole[:, 1:] = three
    return whole.view("<i4").reshape(-1) >> 8


def _is_annotation(signal: _Signal) -> bool:
    return signal.name in ("EDF Annotations", "BDF Annotations")


def _require_no_gaps(annotations: NDArray[np.uint8], seconds: float) -> None:
    onsets = [_ONSET.match(record.tobytes()) for record in annotations]
    if not all(onsets):
        raise BadFile("its records do not say when they start; copy it again", code="damaged")
    times = np.array([float(onset[1]) for onset in onsets if onset])
    if np.abs(times - times[0] - seconds * np.arange(len(times))).max() > 1e-3:
        raise BadFile("the recording has gaps (EDF+D); export one of its pieces as EDF+C", code="unsupported")


def _described(recording: Recording, content: bytes, signals: Sequence[_Signal]) -> Recording:
    """With patient, time, device and filters. EDF+ writes "code sex birthdate name" and "Startdate date code technician
    device", and plain EDF often follows it; else it has free text there, of which nothing is taken but age and sex."""
    plus = content[192:196] in (b"EDF+", b"BDF+")
    written = _text(content[8:88])
    person = [*written.split(), "", "", "", ""][:4]
    start = [*_text(content[88:168]).split(), "", "", "", "", ""]
    standard = plus or (patient.sex(person[1]) is not None and patient.day(person[2]) is not None)
    born = patient.day(person[2]) if standard else None
    recorded = _recorded(content, start[1] if start[0] == "Startdate" else "")
    age, sex = (patient.age(born, recorded and recorded.date()), patient.sex(person[1]))
    if not standard:
        age, sex = patient.from_words([written])
    ours = {channel.name for channel in recording.channels if canonical_lead(channel.name) in LEADS}
    filters = dict.fromkeys(signal.filters for signal in signals if signal.name in ours and signal.filters)
    return recording._replace(
        age=age,
        sex=sex,
        device=_known(start[4]) if plus else None,
        filters="; ".join(filters) or None,
        recorded=recorded,
        identity=Identity(_known(person[0]), name=_known(person[3]), birth_date=born) if standard else None,
    )


def _recorded(content: bytes, written: str) -> datetime | None:
    """When the recording began; of the year the header itself has two digits, from 1985 to 2084."""
    parts = [int(part) for field in (content[168:176], content[176:184]) for part in re.findall(rb"\d+", field)]
    if len(parts) != 6:
        return None
    day, month, year, hour, minute, second = parts
    full = patient.day(written) or patient.calendar_day(year + (1900 if year >= 85 else 2000), month, day)
    with suppress(ValueError):
        return datetime(full.year, full.month, full.day, hour, minute, second) if full else None
    return None


def _known(field: str) -> str | None:
    """A field of EDF+, where X stands for unknown and _ for a space."""
    return None if field in ("", "X") else field.replace("_", " ")


def _text(field: bytes) -> str:
    return field.decode("latin-1").strip(" \0\t\r\n")


def _number(field: bytes) -> float:
    value = number(_text(field))
    if value is None:
        raise BadFile("its header holds no number where one has to be; copy it again", code="damaged")
    return value
