"""The rarer formats, through the library ecgdatakit: MFER, Mortara EL250 XML, AliveCor Kardia, XLE and EDAN.

It is an extra: its wheel has 49 MB, nearly all of it weights of a network that reading does not need.
"""

import warnings
from pathlib import Path

from twelvelead.ecg.record import Sex
from twelvelead.errors import MissingExtra
from twelvelead.readers import patient
from twelvelead.readers.kinds import xml_root
from twelvelead.readers.recording import Channel, Fault, Recording, rhythm

LARGEST = 1 << 25
"""Bytes. The library keeps each sample as eight bytes, several times over."""

_NAMES = {
    "MFERParser": "MFER",
    "MortaraEL250Parser": "Mortara EL250 XML",
    "AliveCorKardiaParser": "AliveCor Kardia",
    "XLEParser": "XLE",
    "EDANARCHolterParser": "EDAN",
}
_SEXES: dict[str, Sex] = {"M": "male", "F": "female"}


def is_known(start: bytes) -> bool:
    """Whether the first bytes alone tell that the file is MFER, Mortara EL250 or Kardia."""
    is_kardia = start.lstrip(b"\xef\xbb\xbf \t\r\n").startswith(b"{") and b'"recordedAt"' in start
    return is_kardia or (start[:1] == b"@" and start[2:6] == b"MFR ") or xml_root(start) == "ecg"


def read(file: Path, start: bytes) -> Recording | None:
    """The rhythm recording; None where it is none of these formats.

    Raises:
        Fault: the file is damaged.
        MissingExtra: the library is not installed.
    """
    try:
        from ecgdatakit import FileParser
    except ImportError:
        if is_known(start):
            raise MissingExtra(f"{file}: its format", "formats") from None
        return None
    if xml_root(start) is not None:
        if xml_root(start) != "ecg":
            return None
        from twelvelead.readers.xml import parse

        parse(file.read_bytes())
    kind = FileParser.detect_format(file)
    if kind is None or kind["parser"] not in _NAMES:
        return None
    if file.is_file() and file.stat().st_size > LARGEST:
        raise Fault(f"{file.stat().st_size:,} bytes are more than is read of {_NAMES[kind['parser']]}; cut it")
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        record = FileParser.parse(file)
    # a scale that the library only supposes is not taken
    supposed = "scale_warning" in record.raw_metadata
    by_rate: dict[float, list[Channel]] = {}
    for lead in record.leads:
        unit = None if lead.is_raw or supposed else lead.units or None
        by_rate.setdefault(float(lead.sampling_rate), []).append(Channel(lead.label, lead.samples, 1.0, unit))
    age = patient.age(None, None, record.patient.age)
    found = rhythm([Recording(channels, rate) for rate, channels in by_rate.items() if rate > 0])
    return found._replace(age=age, sex=_SEXES.get(record.patient.sex))
