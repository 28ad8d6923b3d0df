"""EDF, EDF+ (Kemp 1992, Kemp and Olivan 2003, https://www.edfplus.info/specs) and BDF, which has 24 bits a sample."""

import re
from itertools import pairwise
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from twelvelead.ecg.leads import LEADS, canonical_lead
from twelvelead.readers import patient
from twelvelead.readers.recording import Channel, Fault, Recording, rhythm
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
    samples: int


def read(source: Source, request: Request) -> Recording:
    """The signals that share the sampling rate of the ECG leads.

    Raises:
        Fault: the header is damaged, records are missing, or the recording has gaps.
    """
    content = source.content
    width = 3 if content.startswith(_BDF) else 2
    count, records, seconds = (_number(content[at : at + size]) for at, size in ((252, 4), (236, 8), (244, 8)))
    if not 1 <= count <= 4096 or records < -1 or not seconds > 0:
        raise Fault(f"a header of {count:g} signals in {records:g} records of {seconds:g} s cannot be; copy it again")
    signals = _signals(content, int(count))
    header = 256 * (1 + len(signals))
    frame = sum(signal.samples for signal in signals)
    # -1: the recorder did not close the file
    whole = int(records) if records >= 0 else (len(content) - header) // (width * frame)
    if whole < 1 or len(content) < header + whole * frame * width:
        needed = header + max(whole, 1) * frame * width
        raise Fault(f"truncated: holds {len(content):,} of {needed:,} bytes; copy it again")
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
    return _patient(content, rhythm(recordings))


def _ecg_rates(by_rate: dict[int, list[Channel]]) -> dict[int, list[Channel]]:
    """Only the rates at which ECG leads were sampled, if there are any: other signals may be slower than any ECG."""
    ours = {rate: held for rate, held in by_rate.items() if any(canonical_lead(lead.name) in LEADS for lead in held)}
    return ours or by_rate


def _signals(content: bytes, count: int) -> list[_Signal]:
    if len(content) < 256 * (1 + count):
        raise Fault(f"truncated: its header has {len(content):,} of {256 * (1 + count):,} bytes; copy it again")
    columns = []
    place = 256
    for size in _FIELDS:
        columns.append([content[place + size * row : place + size * (row + 1)] for row in range(count)])
        place += size * count
    labels, _, units, low, high, least, most, _, samples, _ = columns
    signals = []
    for row in range(count):
        held = _number(samples[row])
        if held < 1 or held != int(held):
            raise Fault(f"signal {row + 1} has {held:g} samples a record; copy it again")
        physical = (_number(low[row]), _number(high[row]))
        digital = (_number(least[row]), _number(most[row]))
        signals.append(_Signal(_text(labels[row]), _text(units[row]), physical, digital, int(held)))
    return signals


def _channel(signal: _Signal, samples: NDArray[np.int32]) -> Channel:
    (low, high), (least, most) = signal.physical, signal.digital
    if least >= most or low == high:
        return Channel(signal.name, samples, 0.0, signal.unit or None)
    scale = (high - low) / (most - least)
    return Channel(signal.name, samples, scale, signal.unit or None, least - low / scale)


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
        raise Fault("its records do not say when they start; copy it again")
    times = np.array([float(onset[1]) for onset in onsets if onset])
    if np.abs(times - times[0] - seconds * np.arange(len(times))).max() > 1e-3:
        raise Fault("the recording has gaps (EDF+D); export one of its pieces as EDF+C")


def _patient(content: bytes, recording: Recording) -> Recording:
    """EDF+ writes "code sex birthdate name" and "Startdate date ..."; plain EDF has free text there."""
    if content[192:196] not in (b"EDF+", b"BDF+"):
        return recording
    person = [*_text(content[8:88]).split(), "", "", ""]
    start = [*_text(content[88:168]).split(), "", ""]
    age = patient.age(patient.day(person[2]), patient.day(start[1]))
    return recording._replace(age=age, sex=patient.sex(person[1]))


def _text(field: bytes) -> str:
    return field.decode("latin-1").strip(" \0")


def _number(field: bytes) -> float:
    value = number(_text(field))
    if value is None:
        raise Fault("its header holds no number where one has to be; copy it again")
    return value
