"""DICOM waveforms (PS3.3 C.10.9), read from the bare elements of PS3.5: implicit and explicit VR, either byte order."""

from typing import Any

import numpy as np
from numpy.typing import NDArray

from twelvelead.ecg.finding import Finding
from twelvelead.ecg.record import Identity
from twelvelead.readers import patient, text
from twelvelead.readers.dicom_elements import Data, items_of, parse, text_of, whole_number
from twelvelead.readers.layout import Piece, together
from twelvelead.readers.lead_numbers import LEAD_NAMES
from twelvelead.readers.padding import without_marked
from twelvelead.readers.recording import BadFile, Channel, Recording, rhythm
from twelvelead.readers.request import Request
from twelvelead.readers.source import Source
from twelvelead.readers.text import number
from twelvelead.readers.units import units_per_millivolt

_SEX, _AGE, _BORN = 0x00100040, 0x00101010, 0x00100030
_TIMES = ((0x0008002A, None), (0x00080022, 0x00080032), (0x00080023, 0x00080033), (0x00080020, 0x00080030))
"""Dates and times of acquisition (in one, or apart), content and study."""
_NAME, _ID, _ISSUER, _ACCESSION, _CHARACTERS = 0x00100010, 0x00100020, 0x00100021, 0x00080050, 0x00080005
_STUDY, _ADMISSION = 0x0020000D, 0x00380010
_MAKER, _MODEL = 0x00080070, 0x00081090
_WAVEFORMS, _GROUP_LABEL, _CHANNELS, _SAMPLES, _RATE = 0x54000100, 0x003A0020, 0x003A0005, 0x003A0010, 0x003A001A
_BITS, _KIND, _PADDING, _DATA, _OFFSET = 0x54001004, 0x54001006, 0x5400100A, 0x54001010, 0x00181068
_DEFINITIONS, _LABEL, _SOURCE, _UNITS = 0x003A0200, 0x003A0203, 0x003A0208, 0x003A0211
_SENSITIVITY, _CORRECTION, _BASELINE = 0x003A0210, 0x003A0212, 0x003A0213
_STATUS, _TIME_SKEW, _SAMPLE_SKEW = 0x003A0205, 0x003A0214, 0x003A0215
_LOW, _HIGH, _NOTCH = 0x003A0220, 0x003A0221, 0x003A0222
_CODE, _MEANING = 0x00080100, 0x00080104
_TYPES = {"SB": "i1", "UB": "u1", "SS": "i2", "US": "u2", "SL": "i4", "UL": "u4"}
_USUAL = {8: "SB", 16: "SS", 32: "SL"}
_OFF = {"DISCONNECTED": "disconnected", "INVALID": "invalid", "TEST DATA": "test data"}
_MEANINGS = {"microvolt": "uV", "millivolt": "mV", "volt": "V", "nanovolt": "nV"}
_CODECS = {
    "ISO_IR 101": "iso8859-2", "ISO_IR 109": "iso8859-3", "ISO_IR 110": "iso8859-4", "ISO_IR 144": "iso8859-5",
    "ISO_IR 127": "iso8859-6", "ISO_IR 126": "iso8859-7", "ISO_IR 138": "iso8859-8", "ISO_IR 148": "iso8859-9",
    "ISO_IR 13": "shift_jis", "ISO_IR 166": "iso8859-11", "ISO_IR 192": "utf-8", "ISO 2022 IR 87": "iso2022_jp_2",
    "ISO 2022 IR 149": "euc_kr", "GB18030": "gb18030", "GBK": "gbk",
}  # fmt: skip
"""Of the defined terms of PS3.3 C.12.1.1.2; what is not here is read as Latin-1."""


def read(source: Source, request: Request) -> Recording:
    """The rhythm recording: a multiplex group, or several of one span.

    Raises:
        BadFile: there is none, or it is damaged.
        Unfit: its groups hold different seconds of different leads, as a printout does.
    """
    data, order = parse(source.content)
    groups = items_of(data, _WAVEFORMS)
    if not groups:
        raise BadFile(
            "holds no waveform; export the ECG as a DICOM waveform and not as a picture or a report",
            code="not-found",
        )
    rhythms = [group for group in groups if not _is_beat(text_of(group.get(_GROUP_LABEL)))]
    recording = rhythm(together([Piece(_recording(group, order), _start(group)) for group in rhythms]))
    stated = patient.years(text_of(data.get(_AGE)))
    born = patient.day(text_of(data.get(_BORN)))
    recorded = next(
        (found for date, time in _TIMES if (found := patient.moment(text_of(data.get(date)), _maybe(data, time)))), None
    )
    day = patient.day(str(recorded)) if recorded else None
    return recording._replace(
        age=patient.age(born, day, stated),
        sex=patient.sex(text_of(data.get(_SEX))),
        findings=(*recording.findings, *patient.disagreement(born, day, stated)),
        device=text.printable(text.joined(words_of(data, _MAKER), words_of(data, _MODEL)) or ""),
        recorded=recorded,
        identity=Identity(
            patient_id=text.printable(words_of(data, _ID)),
            issuer=text.printable(words_of(data, _ISSUER)),
            name=text.printable(words_of(data, _NAME)),
            birth_date=born,
            order=text.printable(words_of(data, _ACCESSION)),
            study=text.printable(text_of(data.get(_STUDY))),
            encounter=text.printable(words_of(data, _ADMISSION)),
        ),
    )


def _maybe(data: Data, tag: int | None) -> str | None:
    return None if tag is None else text_of(data.get(tag))


def words_of(data: Data, tag: int) -> str:
    """A text in the file's own characters."""
    value = data.get(tag)
    if not isinstance(value, bytes):
        return ""
    term = text_of(data.get(_CHARACTERS)).split("\\")[-1].strip()
    codec = _CODECS.get(term) or _CODECS.get(term.replace("ISO 2022 IR", "ISO_IR"), "latin-1")
    return value.decode(codec, "replace").strip(" \0")


def _is_beat(label: str) -> bool:
    return any(word in label.upper() for word in ("MEDIAN", "REPRESENTATIVE", "AVERAGE", "TEMPLATE"))


def _start(group: Data) -> float | None:
    """Seconds behind the acquisition's time."""
    offset = number(text_of(group.get(_OFFSET)))
    return None if offset is None else offset / 1000


def _recording(group: Data, order: str) -> Recording:
    count, samples = whole_number(group, _CHANNELS, order), whole_number(group, _SAMPLES, order)
    bits, rate = whole_number(group, _BITS, order), number(text_of(group.get(_RATE)))
    kind = _TYPES.get(text_of(group.get(_KIND)) or _USUAL.get(bits, ""))
    if kind is None or 8 * int(kind[1]) != bits:
        raise BadFile(
            f"its samples are of the kind {text_of(group.get(_KIND))[:10]!r} with {bits} bits, which is not read",
            code="unsupported",
        )
    if not rate or rate < 0 or not count or not samples:
        raise BadFile("a waveform states no sampling rate, channels or samples; export it again", code="rate-missing")
    stored = group.get(_DATA)
    found = len(stored) if isinstance(stored, bytes) else 0
    row = count * bits // 8
    if not isinstance(stored, bytes) or found < row * samples:
        raise BadFile(
            f"truncated: a waveform holds {found:,} of {row * samples:,} bytes; copy it again", code="truncated"
        )
    findings = _surplus(found, row, samples)
    definitions = items_of(group, _DEFINITIONS)
    if len(definitions) != count:
        raise BadFile(
            f"{len(definitions)} channels are defined where {count} are stored; export it again", code="damaged"
        )
    table = np.frombuffer(stored, order + kind, count * samples).reshape(samples, count)
    padding = group.get(_PADDING)
    channels = []
    for definition, values in zip(definitions, table.T, strict=True):
        if isinstance(padding, bytes) and len(padding) >= bits // 8:
            values = without_marked(values, float(np.frombuffer(padding, order + kind, 1)[0]), rate)
        channels.append(_channel(definition, values, rate))
    questionable = [
        channel.name
        for channel, definition in zip(channels, definitions, strict=True)
        if "QUESTIONABLE" in _statuses(definition)
    ]
    if questionable:
        message = f"the device says that {', '.join(questionable)} may be wrong; look at the trace, or record again"
        findings.append(Finding("lead-questionable", "warn", message))
    return Recording(channels, rate, findings=tuple(findings), filters=_filters(definitions))


def _surplus(found: int, row: int, samples: int) -> list[Finding]:
    """That a waveform holds more bytes than it announces; one may fill it up to an even number."""
    if found <= row * samples + 1:
        return []
    if found % row > 1:
        raise BadFile(
            f"a waveform holds {found:,} bytes, no whole number of samples of all its channels; export it again",
            code="damaged",
        )
    held = {"announced": float(samples), "held": float(found // row)}
    message = f"a waveform announces {samples:,} samples and holds {found // row:,}; those announced are taken"
    return [Finding("samples-disagree", "warn", message, held)]


def _statuses(definition: Data) -> list[str]:
    return [status.strip().upper() for status in text_of(definition.get(_STATUS)).split("\\")]


def _channel(definition: Data, values: NDArray[Any], rate: float) -> Channel:
    source = next(iter(items_of(definition, _SOURCE)), {})
    code, meaning = text_of(source.get(_CODE)), text_of(source.get(_MEANING))
    # "5.6.3-9-61" of scheme SCPECG and "2:61" of MDC end in the same number of a lead
    final = code.rpartition("-" if code.startswith("5.6.3-9-") else ":")[2]
    name = LEAD_NAMES.get(int(final), "") if final.isdecimal() and code != final else code if "LEAD" in code else ""
    name = name or meaning.split(",")[0].split("(")[0] or text_of(definition.get(_LABEL)) or "without name"
    statuses = _statuses(definition)
    off = next((said for status, said in _OFF.items() if status in statuses), None)
    start = _skew(definition, rate)
    sensitivity = number(text_of(definition.get(_SENSITIVITY)))
    correction = number(text_of(definition.get(_CORRECTION)) or "1")
    baseline = number(text_of(definition.get(_BASELINE)) or "0")
    if sensitivity is None or "UNCALIBRATED" in statuses:
        return Channel(name, values, None, None, start=start, off=off)
    if not correction or baseline is None or not sensitivity:
        raise BadFile("the calibration of a channel is damaged; copy it again", code="damaged")
    scale = sensitivity * correction
    return Channel(name, values, scale, _unit(definition), -baseline / scale, start, off)


def _unit(definition: Data) -> str | None:
    """Of a channel's sensitivity."""
    units = next(iter(items_of(definition, _UNITS)), {})
    code, meaning = text_of(units.get(_CODE)), text_of(units.get(_MEANING)).lower().removesuffix("s")
    other = _MEANINGS.get(meaning, meaning)
    if units_per_millivolt(code) and units_per_millivolt(other) not in (None, units_per_millivolt(code)):
        raise BadFile(
            f"a channel is in {code!r} by its code and in {meaning[:20]!r} by the meaning of it; export it again",
            code="damaged",
        )
    return code or _MEANINGS.get(meaning)


def _skew(definition: Data, rate: float) -> float:
    """Seconds from the start of the multiplex group to the channel's first sample."""
    seconds = number(text_of(definition.get(_TIME_SKEW)))
    samples = number(text_of(definition.get(_SAMPLE_SKEW)))
    if seconds is not None and samples is not None and abs(seconds * rate - samples) > 0.5:
        raise BadFile(
            f"a channel begins {seconds:g} s and {samples:g} samples late, which differs; export it again",
            code="damaged",
        )
    return seconds if seconds is not None else (samples or 0.0) / rate


def _filters(definitions: list[Data]) -> str | None:
    """In words, where all channels share them."""
    found = {
        tuple([number(text_of(definition.get(tag))) for tag in (_LOW, _HIGH, _NOTCH)]) for definition in definitions
    }
    if len(found) != 1:
        return None
    low, high, notch = found.pop()
    return text.filters(low, high, f"{notch:g}" if notch else "")
