"""The rarer formats, through the library ecgdatakit: MFER, Mortara EL250 XML, AliveCor Kardia, XLE and EDAN.

It is an extra: its wheel has 49 MB, nearly all of it weights of a network that reading does not need.
"""

import warnings
from pathlib import Path
from typing import Any

from twelvelead.ecg.record import Identity, Sex
from twelvelead.errors import MissingExtra
from twelvelead.readers import patient
from twelvelead.readers.kinds import xml_root
from twelvelead.readers.recording import BadFile, Channel, Recording, rhythm
from twelvelead.readers.request import Request
from twelvelead.readers.source import Source
from twelvelead.readers.text import joined, name_of

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


def takes(source: Source) -> bool:
    """Whether the library is installed and knows the file."""
    try:
        from ecgdatakit import FileParser
    except ImportError:
        return False
    if xml_root(source.start) is not None:
        return False
    with source.as_file() as file:
        kind = FileParser.detect_format(file)
    return kind is not None and kind["parser"] in _NAMES


def read(source: Source, request: Request) -> Recording:
    """The rhythm recording.

    Raises:
        BadFile: the file is damaged.
        MissingExtra: the library is not installed.
    """
    try:
        from ecgdatakit import FileParser
    except ImportError:
        raise MissingExtra(f"{source.name}: its format", "formats") from None
    if xml_root(source.start) is not None:
        from twelvelead.readers.xml import parse

        parse(source.content)
    with source.as_file() as file:
        return _read(FileParser, file, source.size)


def _read(parser: Any, file: Path, size: int) -> Recording:
    kind = parser.detect_format(file)
    if kind is None or kind["parser"] not in _NAMES:
        raise BadFile("not a recording of a known kind; export it as HL7 aECG or DICOM", code="unknown-format")
    if size > LARGEST:
        raise BadFile(f"{size:,} bytes are more than is read of {_NAMES[kind['parser']]}; cut it", code="too-large")
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        record = parser.parse(file)
    # a scale that the library only supposes is not taken
    supposed = "scale_warning" in record.raw_metadata
    by_rate: dict[float, list[Channel]] = {}
    for lead in record.leads:
        by_rate.setdefault(float(lead.sampling_rate), []).append(_channel(lead, supposed))
    found = rhythm([Recording(channels, rate) for rate, channels in by_rate.items() if rate > 0])
    return found._replace(**_about(record))


def _channel(lead: Any, supposed: bool) -> Channel:
    if not lead.is_raw and not supposed:
        return Channel(lead.label, lead.samples, 1.0, lead.units or None)
    if supposed or not lead.resolution_unit or not lead.resolution:
        return Channel(lead.label, lead.samples, None, None)
    scale = float(lead.resolution)
    return Channel(lead.label, lead.samples, scale, lead.resolution_unit, -float(lead.offset) / scale)


def _about(record: Any) -> dict[str, Any]:
    """What the library knows beside the signal, as fields of a `Recording`."""
    person, device, when = record.patient, record.recording.device, record.recording.date
    born, day = (moment and patient.calendar_day(*moment.timetuple()[:3]) for moment in (person.birth_date, when))
    stated = None if person.age is None else float(person.age)
    return {
        "age": patient.age(born, day, stated),
        "sex": _SEXES.get(person.sex),
        "findings": patient.disagreement(born, day, stated),
        "device": joined(device.manufacturer, device.model),
        "recorded": when.replace(tzinfo=None) if day else None,
        "identity": Identity(
            patient_id=joined(person.patient_id),
            name=name_of(person.last_name, person.first_name),
            birth_date=born,
        ),
    }
