"""ISHNE Holter (Badilini 1998, https://www.thew-project.org/papers/Badilini.ISHNE.Holter.Standard.pdf)."""

import binascii
from struct import unpack_from

import numpy as np

from twelvelead.ecg.record import Sex
from twelvelead.readers import patient
from twelvelead.readers.recording import Channel, Fault, Recording, rhythm
from twelvelead.readers.request import Request
from twelvelead.readers.source import Source

_HEADER = 522
_FAULT = -32768
_LEADS = dict(enumerate(("I", "II", "III", "aVR", "aVL", "aVF", "V1", "V2", "V3", "V4", "V5", "V6"), start=5))
_SEXES: dict[int, Sex] = {1: "male", 2: "female"}


def read(source: Source, request: Request) -> Recording:
    """All leads.

    Raises:
        Fault: the header is damaged or samples are missing.
    """
    content = source.content
    if len(content) < _HEADER:
        raise Fault(f"truncated: its header has {len(content):,} of {_HEADER} bytes; copy it again")
    checksum, variable, samples = unpack_from("<Hii", content, 8)
    count, rate = unpack_from("<h", content, 156)[0], unpack_from("<h", content, 272)[0]
    start = _HEADER + variable
    if not 1 <= count <= 12 or variable < 0 or start > len(content) or samples < 1:
        raise Fault(f"a header of {count} leads with {samples:,} samples cannot be; copy it again")
    found = binascii.crc_hqx(content[10:start], 0xFFFF)
    # the standard leaves the byte order of the checksum open, and 0 stands for none
    if checksum not in (0, found, (found & 0xFF) << 8 | found >> 8):
        raise Fault("the checksum of its header is wrong: the file is damaged; copy it again")
    held = (len(content) - start) // 2
    if held == samples and samples % count == 0:  # some recorders count the samples of all leads together
        samples //= count
    if held < samples * count:
        raise Fault(f"truncated: holds {held:,} of {samples * count:,} samples; copy it again")
    table = np.frombuffer(content, "<i2", samples * count, start).reshape(samples, count)
    codes, nanovolts = unpack_from("<12h", content, 158), unpack_from("<12h", content, 206)
    channels = []
    for column in range(count):
        values = table[:, column]
        if (values == _FAULT).any():
            values = np.where(values == _FAULT, np.float32(np.nan), values)
        name = _LEADS.get(codes[column], f"lead {column + 1}")
        channels.append(Channel(name, values, float(nanovolts[column]), "nV"))
    born, recorded = (unpack_from("<hhh", content, place) for place in (132, 138))
    age = patient.age(patient.calendar_day(*born[::-1]), patient.calendar_day(*recorded[::-1]))
    return rhythm([Recording(channels, float(rate), age, _SEXES.get(unpack_from("<h", content, 128)[0]))])
