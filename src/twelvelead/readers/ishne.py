"""ISHNE Holter (Badilini 1998, https://www.thew-project.org/papers/Badilini.ISHNE.Holter.Standard.pdf)."""

import binascii
from contextlib import suppress
from datetime import date, datetime
from struct import unpack_from

import numpy as np

from twelvelead.ecg.finding import Finding
from twelvelead.ecg.record import Identity, Sex
from twelvelead.readers import patient
from twelvelead.readers.recording import BadFile, Channel, Recording, rhythm
from twelvelead.readers.request import Request
from twelvelead.readers.source import Source
from twelvelead.readers.text import name_of

_HEADER = 522
_FAULT = -32768
_LEADS = dict(enumerate(("I", "II", "III", "aVR", "aVL", "aVF", "V1", "V2", "V3", "V4", "V5", "V6"), start=5))
_SEXES: dict[int, Sex] = {1: "male", 2: "female"}


def read(source: Source, request: Request) -> Recording:
    """All leads.

    Raises:
        BadFile: the header is damaged, contradicts the size of the file, or samples are missing.
    """
    content = source.content
    if len(content) < _HEADER:
        raise BadFile(f"truncated: its header has {len(content):,} of {_HEADER} bytes; copy it again", code="truncated")
    checksum, variable, samples, _, declared = unpack_from("<Hiiii", content, 8)
    count, rate = unpack_from("<h", content, 156)[0], unpack_from("<h", content, 272)[0]
    end = _HEADER + variable
    if not 1 <= count <= 12 or variable < 0 or end > len(content) or samples < 1:
        raise BadFile(f"a header of {count} leads with {samples:,} samples cannot be; copy it again", code="damaged")
    found = binascii.crc_hqx(content[10:end], 0xFFFF)
    # the standard leaves the byte order of the checksum open, and 0 stands for none
    if checksum not in (0, found, (found & 0xFF) << 8 | found >> 8):
        raise BadFile("the checksum of its header is wrong: the file is damaged; copy it again", code="damaged")
    start, held = _extent(len(content), declared, end, samples, count)
    counted = (len(content) - start) // (2 * count)
    findings: tuple[Finding, ...] = ()
    if counted != samples and counted * count != samples:  # some recorders count the samples of all leads together
        message = f"{counted:,} samples a lead, where the header announces {samples:,}; compare it with the original"
        findings = (Finding("samples-disagree", "warn", message, {"held": counted, "announced": samples}),)
    table = np.frombuffer(content, "<i2", held * count, start).reshape(held, count)
    codes, nanovolts = unpack_from("<12h", content, 158), unpack_from("<12h", content, 206)
    channels = []
    for column in range(count):
        values = table[:, column]
        if (values == _FAULT).any():
            values = np.where(values == _FAULT, np.float32(np.nan), values)
        name = _LEADS.get(codes[column], f"lead {column + 1}")
        channels.append(Channel(name, values, float(nanovolts[column]) or None, "nV"))
    return _described(rhythm([Recording(channels, float(rate), findings=findings)]), content)


def _extent(size: int, declared: int, end: int, samples: int, count: int) -> tuple[int, int]:
    """Where the samples start, and how many of each lead there are.

    The header says twice where they start: outright, and by the length of its variable block. Where the two differ, the
    one with which the announced samples fill the file is right.

    Raises:
        BadFile: neither or both can be, or the last samples are cut in two.
    """
    frame = 2 * count
    together = samples // count if samples % count == 0 else samples
    places = [place for place in dict.fromkeys((declared, end)) if end <= place <= size]
    exact = [(place, held) for place in places for held in {samples, together} if place + held * frame == size]
    # fewer or more samples than announced: at the other place a sample would be cut in two
    whole = [
        (place, (size - place) // frame) for place in places if size - place >= frame and not (size - place) % frame
    ]
    fitting = exact or whole
    if len(fitting) == 1:
        place, held = fitting[0]
        return place, min(held, samples)
    if declared in (end, 0):
        raise BadFile(
            f"truncated: holds {(size - end) // 2:,} of {samples * count:,} samples; copy it again", code="truncated"
        )
    raise BadFile(
        f"its samples start at byte {declared:,} by one entry of its header and at {end:,} by another, and the size of "
        "the file does not tell which is right; export it again",
        code="ambiguous",
    )


def _described(recording: Recording, content: bytes) -> Recording:
    """With what the header says of patient, time and device."""

    def words(start: int, size: int) -> str | None:
        return content[start : start + size].partition(b"\0")[0].decode("latin-1").strip() or None

    born, recorded = (patient.calendar_day(*unpack_from("<hhh", content, place)[::-1]) for place in (132, 138))
    age = patient.age(born, recorded)
    return recording._replace(
        age=age,
        sex=_SEXES.get(unpack_from("<h", content, 128)[0]),
        device=words(232, 40),
        recorded=_moment(recorded, *unpack_from("<hhh", content, 150)),
        identity=Identity(
            patient_id=words(108, 20), name=name_of(words(68, 40) or "", words(28, 40) or ""), birth_date=born
        ),
    )


def _moment(day: date | None, hour: int, minute: int, second: int) -> datetime | None:
    with suppress(ValueError):
        return datetime(day.year, day.month, day.day, hour, minute, second) if day else None
    return None
