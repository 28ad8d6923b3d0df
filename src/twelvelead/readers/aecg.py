"""HL7 annotated ECG (ANSI/HL7 V3 ECG, R1-2004, PORT_MT020001): a value is origin + scale x digit."""

from xml.etree.ElementTree import Element

from twelvelead.readers import patient
from twelvelead.readers.recording import Channel, Fault, Recording, rhythm
from twelvelead.readers.request import Request
from twelvelead.readers.text import number
from twelvelead.readers.xml import attribute, from_digits, text

_SECONDS = {"s": 1.0, "ms": 1e-3, "us": 1e-6}
_YEARS = {"a": 1.0, "yr": 1.0, "year": 1.0, "mo": 1 / 12, "wk": 7 / 365.25, "d": 1 / 365.25, "h": 1 / 8766, "": 1.0}
_REPORTED_AGE = "21612-7"
"""LOINC."""


def read(root: Element, request: Request) -> Recording:
    """The rhythm series; derived series, which hold the representative beats, are not looked at.

    Raises:
        Fault: there is none, or it is damaged.
    """
    sets = [
        member
        for series in root.findall("component/series")
        if "BEAT" not in attribute(series, "code", "code").upper()
        for member in series.findall("component/sequenceSet")
    ]
    recordings = [recording for member in sets if (recording := _recording(member)).channels]
    person = next(root.iter("subjectDemographicPerson"), None)
    times = [attribute(root, f"effectiveTime/{edge}", "value") for edge in ("center", "low")]
    return rhythm(recordings)._replace(
        age=patient.age(
            patient.day(attribute(person, "birthTime", "value")),
            patient.day(times[0]) or patient.day(times[1]),
            _stated_age(root),
        ),
        sex=patient.sex(attribute(person, "administrativeGenderCode", "code")),
    )


def _recording(sequences: Element) -> Recording:
    rate = None
    channels = []
    for sequence in sequences.findall("component/sequence"):
        code = attribute(sequence, "code", "code")
        if code.upper().startswith("TIME_"):
            rate = rate or _rate(sequence)
        elif sequence.find("value/digits") is not None:
            channels.append(_lead(sequence, code))
    if rate is None:
        raise Fault("states no sampling rate (no increment of its time); export it again")
    return Recording(channels, rate)


def _rate(sequence: Element) -> float | None:
    increment = number(attribute(sequence, "value/increment", "value"))
    unit = _SECONDS.get(attribute(sequence, "value/increment", "unit").replace("\u00b5", "u"))
    if not increment or unit is None or increment < 0:
        return None
    rate = 1 / (increment * unit)
    # an increment such as 0.00277778 s is a rounded one
    return float(round(rate)) if abs(rate - round(rate)) < 1e-4 * rate else rate


def _lead(sequence: Element, code: str) -> Channel:
    samples = from_digits(text(sequence, "value/digits"), f"lead {code}")
    scale = number(attribute(sequence, "value/scale", "value") or "1")
    origin = number(attribute(sequence, "value/origin", "value") or "0")
    unit = attribute(sequence, "value/scale", "unit")
    if not scale or origin is None or (origin and attribute(sequence, "value/origin", "unit") != unit):
        raise Fault(f"lead {code} has no usable scale and origin; export it again")
    return Channel(code, samples, scale, unit or None, -origin / scale)


def _stated_age(root: Element) -> float | None:
    for observation in root.iter("relatedObservation"):
        if attribute(observation, "code", "code") == _REPORTED_AGE:
            value = number(attribute(observation, "value", "value"))
            unit = _YEARS.get(attribute(observation, "value", "unit"))
            return None if value is None or unit is None else value * unit
    return None
