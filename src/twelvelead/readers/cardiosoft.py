"""GE CardioSoft XML (CardiologyXML): the strips, which hold the rhythm, as decimal numbers by lead."""

from datetime import date, datetime
from xml.etree.ElementTree import Element

from twelvelead.ecg.finding import Finding
from twelvelead.ecg.record import Identity
from twelvelead.readers import patient
from twelvelead.readers.layout import Piece, together
from twelvelead.readers.recording import BadFile, Channel, Recording, rhythm
from twelvelead.readers.request import Request
from twelvelead.readers.text import filters, joined, name_of, number
from twelvelead.readers.xml import attribute, every, from_list, text

_YES = ("yes", "true", "1")


def read(root: Element, request: Request) -> Recording:
    """The strip with the most leads.

    Raises:
        BadFile: there is none, or it is damaged.
        Unfit: its strips hold different seconds of different leads, as a printout does.
    """
    recording = rhythm(together([Piece(_strip(strip), None) for strip in root.iter("StripData")]))
    person, device = root.find("PatientInfo"), root.find("ClinicalInfo/DeviceInfo")
    born, recorded = _day(person, "BirthDateTime"), _moment(root, "ObservationDateTime")
    day = _day(root, "ObservationDateTime")
    stated = patient.years(text(person, "Age"), attribute(person, "Age", "units"))
    settings = root.find("FilterSetting")
    notch = [hertz for hertz in ("50", "60") if text(settings, f"Filter{hertz}Hz").lower() in _YES]
    return recording._replace(
        age=patient.age(born, day, stated),
        sex=patient.sex(text(person, "Gender")),
        findings=(*recording.findings, *patient.disagreement(born, day, stated)),
        device=joined(text(device, "Desc"), text(device, "SoftwareVer")),
        filters=filters(number(text(settings, "HighPass")), number(text(settings, "LowPass")), " and ".join(notch)),
        recorded=recorded,
        identity=Identity(
            patient_id=joined(text(person, "PID")),
            name=name_of(text(person, "Name/FamilyName"), text(person, "Name/GivenName")),
            birth_date=born,
            order=joined(text(root, "PatientVisit/OrderNumber")),
        ),
    )


def _strip(strip: Element) -> Recording:
    rate = number(text(strip, "SampleRate"))
    if rate is None:
        raise BadFile("states no sampling rate; export it again", code="rate-missing")
    scale = number(text(strip, "Resolution"))
    # as in "uVperLsb"
    unit = attribute(strip, "Resolution", "units").lower().partition("per")[0].strip(" /") or None
    channels = [_lead(lead, scale, unit) for lead in every(strip, "WaveformData")]
    held = {len(channel.samples) for channel in channels}
    announced = number(text(strip, "ChannelSampleCountTotal"))
    findings = []
    if announced is not None and len(held) == 1 and held != {announced}:
        (counted,) = held
        message = f"a lead holds {counted:,} samples where the file announces {announced:,.0f}; all it holds are taken"
        values = {"announced": announced, "held": float(counted)}
        findings.append(Finding("samples-disagree", "warn", message, values))
    return Recording(channels, rate, findings=tuple(findings))


def _lead(lead: Element, scale: float | None, unit: str | None) -> Channel:
    name = (lead.get("lead") or "").strip() or "without name"
    samples = from_list(lead.text or "", f"lead {name}")
    return Channel(name, samples, scale, unit)


def _day(parent: Element | None, path: str) -> date | None:
    year, month, day = (number(text(parent, f"{path}/{part}")) for part in ("Year", "Month", "Day"))
    return patient.calendar_day(int(year), int(month), int(day)) if year and month and day else None


def _moment(parent: Element, path: str) -> datetime | str | None:
    day = _day(parent, path)
    clock = ":".join(text(parent, f"{path}/{part}").rjust(2, "0") for part in ("Hour", "Minute", "Second"))
    return None if day is None else patient.moment(day.isoformat(), clock)
