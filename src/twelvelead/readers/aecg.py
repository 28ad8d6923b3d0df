"""HL7 annotated ECG (ANSI/HL7 V3 ECG, R1-2004, PORT_MT020001): a value is origin + scale x digit."""

from datetime import datetime, timedelta
from itertools import takewhile
from xml.etree.ElementTree import Element

from twelvelead.ecg.record import Identity
from twelvelead.readers import patient
from twelvelead.readers.layout import Piece, together
from twelvelead.readers.recording import BadFile, Channel, Recording, rhythm
from twelvelead.readers.request import Request
from twelvelead.readers.text import filters, joined, number
from twelvelead.readers.units import units_per_millivolt
from twelvelead.readers.xml import attribute, from_digits, text

_SECONDS = {"s": 1.0, "ms": 1e-3, "us": 1e-6}
_REPORTED_AGE = "21612-7"
"""LOINC."""

_CUTOFF = "FILTER_CUTOFF_FREQ"
_FILTERS = (("FILTER_HIGH_PASS", _CUTOFF), ("FILTER_LOW_PASS", _CUTOFF), ("FILTER_NOTCH", "FILTER_NOTCH_FREQ"))
_SAME_SPAN = 0.1
"""Share by which the time that samples take may differ from the time that the file states for them."""


def read(root: Element, request: Request) -> Recording:
    """The rhythm series; derived series, which hold the representative beats, are not looked at.

    Raises:
        BadFile: there is none, or it is damaged.
        Unfit: its sets of sequences hold different seconds of different leads, as a printout does.
    """
    rhythms = [
        series for series in root.findall("component/series") if "BEAT" not in attribute(series, "code", "code").upper()
    ]
    recording = rhythm(together([piece for series in rhythms for piece in _pieces(series, root)]))
    person, subject = next(root.iter("subjectDemographicPerson"), None), next(root.iter("trialSubject"), None)
    born = patient.day(attribute(person, "birthTime", "value"))
    times = [
        attribute(parent, f"effectiveTime/{edge}", "value") for parent in (root, *rhythms) for edge in ("center", "low")
    ]
    recorded = next((found for time in times if (found := patient.moment(time))), None)
    day = patient.day(str(recorded)) if recorded else None
    stated = _stated_age(root)
    return recording._replace(
        age=patient.age(born, day, stated),
        sex=patient.sex(attribute(person, "administrativeGenderCode", "code")),
        findings=patient.disagreement(born, day, stated),
        recorded=recorded,
        identity=Identity(
            patient_id=attribute(subject, "id", "extension") or None,
            issuer=attribute(subject, "id", "root") or None,
            name=_name(person),
            birth_date=born,
        ),
    )


def _pieces(series: Element, root: Element) -> list[Piece]:
    """The sets of simultaneous sequences of a series."""
    author = series.find("author/seriesAuthor")
    about = Recording(
        [],
        None,
        device=joined(
            text(author, "manufacturerOrganization/name"),
            text(author, "manufacturedSeriesDevice/manufacturerModelName"),
        ),
        filters=_filters(series),
    )
    pieces = [_piece(member, about) for member in series.findall("component/sequenceSet")]
    pieces = [piece for piece in pieces if piece.recording.channels]
    if len({piece.start for piece in pieces}) != 1:
        return pieces
    # the time that is stated for a series is that of each of its sets where they are simultaneous
    timed = series if attribute(series, "effectiveTime/high", "value") else root
    return [
        piece._replace(recording=piece.recording._replace(other_rate=_rate_by_span(timed, piece.recording)))
        for piece in pieces
    ]


def _piece(sequences: Element, about: Recording) -> Piece:
    rate = start = None
    channels = []
    for sequence in sequences.findall("component/sequence"):
        code = attribute(sequence, "code", "code")
        if code.upper().startswith("TIME_"):
            if rate is None:
                rate, start = _rate(sequence), _start(sequence)
        elif sequence.find("value/digits") is not None:
            channels.append(_lead(sequence, code))
    if rate is None:
        raise BadFile("states no sampling rate (no increment of its time); export it again", code="rate-missing")
    return Piece(about._replace(channels=channels, sampling_rate=rate), start)


def _rate(sequence: Element) -> float | None:
    increment = number(attribute(sequence, "value/increment", "value"))
    unit = _SECONDS.get(attribute(sequence, "value/increment", "unit").replace("\u00b5", "u"))
    if not increment or unit is None or increment < 0:
        return None
    rate = 1 / (increment * unit)
    # an increment such as 0.00277778 s is a rounded one
    return float(round(rate)) if abs(rate - round(rate)) < 1e-4 * rate else rate


def _start(sequence: Element) -> float | None:
    """Seconds from any origin to the first sample."""
    head = attribute(sequence, "value/head", "value")
    unit = _SECONDS.get(attribute(sequence, "value/head", "unit"))
    if unit is not None:
        value = number(head)
        return None if value is None else value * unit
    instant = _instant(head)
    return None if instant is None else (instant[0] - datetime(1850, 1, 1)).total_seconds()


def _instant(written: str) -> tuple[datetime, float] | None:
    """A time such as 20021122091000.000, and the seconds that it may be off; None where it is not one to the second."""
    whole, _, rest = written.strip().partition(".")
    if not whole[:14].isdecimal() or len(whole) < 14:
        return None
    digits = "".join(takewhile(str.isdecimal, rest[:6]))
    try:
        found = datetime(int(whole[:4]), *(int(whole[place : place + 2]) for place in range(4, 14, 2)))  # type: ignore[arg-type]
    except ValueError:
        return None
    return found + timedelta(seconds=float(f"0.{digits or 0}")), 10.0 ** -len(digits)


def _rate_by_span(parent: Element, recording: Recording) -> float | None:
    """The sampling rate that a stated beginning and end give, where it is another than the stated one."""
    low, high = (_instant(attribute(parent, f"effectiveTime/{edge}", "value")) for edge in ("low", "high"))
    samples = max(len(channel.samples) for channel in recording.channels)
    if low is None or high is None or not samples:
        return None
    seconds, blur = (high[0] - low[0]).total_seconds(), max(low[1], high[1])
    if seconds <= blur or abs(seconds - recording.seconds) <= max(blur, _SAME_SPAN * recording.seconds):
        return None
    return samples / seconds


def _lead(sequence: Element, code: str) -> Channel:
    samples = from_digits(text(sequence, "value/digits"), f"lead {code}")
    written = attribute(sequence, "value/scale", "value")
    origin = number(attribute(sequence, "value/origin", "value") or "0")
    unit, other = (attribute(sequence, f"value/{part}", "unit") for part in ("scale", "origin"))
    if not written:
        return Channel(code, samples, None, unit or other or None)
    scale = number(written)
    # of two units for one lead, either could be right
    if not scale or origin is None or (unit and other and units_per_millivolt(unit) != units_per_millivolt(other)):
        raise BadFile(f"lead {code} has no usable scale and origin; export it again", code="damaged")
    return Channel(code, samples, scale, unit or other or None, -origin / scale)


def _filters(series: Element) -> str | None:
    found: dict[str, list[float]] = {kind: [] for kind, _ in _FILTERS}
    for variable in series.iter("controlVariable"):
        code = attribute(variable, "code", "code")
        for kind, edge in _FILTERS:
            if code.endswith(kind):
                for part in variable.findall("component/controlVariable"):
                    value = number(attribute(part, "value", "value"))
                    if value and attribute(part, "code", "code").endswith(edge):
                        found[kind].append(value)
    low, high, notch = (found[kind] for kind, _ in _FILTERS)
    return filters(max(low, default=None), min(high, default=None), " and ".join(f"{hertz:g}" for hertz in notch))


def _name(person: Element | None) -> str | None:
    name = None if person is None else person.find("name")
    return None if name is None else joined(" ".join(name.itertext()))


def _stated_age(root: Element) -> float | None:
    for observation in root.iter("relatedObservation"):
        if attribute(observation, "code", "code") == _REPORTED_AGE:
            return patient.years(attribute(observation, "value", "value"), attribute(observation, "value", "unit"))
    return None
