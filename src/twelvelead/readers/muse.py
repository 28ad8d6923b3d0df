"""GE MUSE XML (restecg.dtd): Base64 samples of each stored lead, mostly I, II and V1-V6."""

import zlib
from xml.etree.ElementTree import Element

import numpy as np

from twelvelead.ecg.record import Identity
from twelvelead.readers import patient
from twelvelead.readers.layout import Piece, together
from twelvelead.readers.recording import BadFile, Channel, Recording, rhythm
from twelvelead.readers.request import Request
from twelvelead.readers.text import filters, joined, name_of, number
from twelvelead.readers.xml import every, from_base64, text

_SAMPLES = {1: "<i1", 2: "<i2", 4: "<i4"}
_YES = ("TRUE", "YES", "1")
_MEASURED = ("OriginalRestingECGMeasurements", "RestingECGMeasurements")


def read(root: Element, request: Request) -> Recording:
    """The rhythm recording.

    Raises:
        BadFile: it is missing, damaged or not scaled.
        Unfit: its waveforms hold different seconds of different leads, as a printout does.
    """
    waveforms = [wave for wave in every(root, "Waveform") if text(wave, "WaveformType").lower() in ("rhythm", "")]
    recording = rhythm(together([Piece(_waveform(wave), _seconds(wave, "WaveformStartTime")) for wave in waveforms]))
    person, test = root.find("PatientDemographics"), root.find("TestDemographics")
    born = patient.day(text(person, "DateofBirth"))
    recorded = patient.moment(text(test, "AcquisitionDate"), text(test, "AcquisitionTime"))
    day = patient.day(text(test, "AcquisitionDate"))
    stated = patient.years(text(person, "PatientAge"), text(person, "AgeUnits"))
    return recording._replace(
        age=patient.age(born, day, stated),
        sex=patient.sex(text(person, "Gender")),
        findings=patient.disagreement(born, day, stated),
        device=joined(text(test, "AcquisitionDevice")),
        recorded=recorded,
        identity=Identity(
            patient_id=joined(text(person, "PatientID")),
            name=name_of(text(person, "PatientLastName"), text(person, "PatientFirstName")),
            birth_date=born,
            order=joined(text(root, "Order/OrderNumber") or text(root, "Order/AccessionNumber")),
            encounter=joined(text(root, "Order/VisitNumber")),
        ),
        other_rate=_other_rate(root, recording.sampling_rate),
    )


def _waveform(waveform: Element) -> Recording:
    rate = _rate(waveform, "SampleBase", "SampleExponent")
    if rate is None:
        raise BadFile("states no sampling rate; export it again", code="rate-missing")
    low = number(text(waveform, "HighPassFilter"))  # in 1/100 Hz
    notch = number(text(waveform, "ACFilter"))
    return Recording(
        [_lead(lead) for lead in every(waveform, "LeadData")],
        rate,
        filters=filters(low and low / 100, number(text(waveform, "LowPassFilter")), f"{notch:g}" if notch else ""),
    )


def _rate(parent: Element | None, base: str, exponent: str) -> float | None:
    """In Hz: a base times ten to an exponent."""
    value, power = number(text(parent, base)), number(text(parent, exponent) or "0")
    return None if value is None or power is None or abs(power) > 9 else value * 10**power


def _other_rate(root: Element, rate: float | None) -> float | None:
    """What the measurements state, where it is another."""
    stated = (_rate(root.find(name), "ECGSampleBase", "ECGSampleExponent") for name in _MEASURED)
    return next((other for other in stated if other and rate and abs(other - rate) > 0.005 * rate), None)


def _seconds(parent: Element, path: str) -> float | None:
    milliseconds = number(text(parent, path))
    return None if milliseconds is None else milliseconds / 1000


def _lead(lead: Element) -> Channel:
    name = text(lead, "LeadID") or "without name"
    off = "off" if text(lead, "LeadOff").upper() in _YES else None
    content = from_base64(text(lead, "WaveFormData"), f"lead {name}")
    size = number(text(lead, "LeadSampleSize") or "2")
    if size not in _SAMPLES or len(content) % int(size):
        raise BadFile(
            f"lead {name} holds {len(content):,} bytes, no whole samples; copy or export it again", code="damaged"
        )
    samples = np.frombuffer(content, _SAMPLES[int(size)])
    for tag, found in (("LeadByteCountTotal", len(content)), ("LeadSampleCountTotal", len(samples))):
        declared = number(text(lead, tag) or str(found))
        if declared != found:
            raise BadFile(
                f"lead {name} holds {found:,} of {text(lead, tag)} ({tag}); copy or export it again", code="damaged"
            )
    checksum = text(lead, "LeadDataCRC32")
    if checksum.isdecimal() and int(checksum) and int(checksum) != zlib.crc32(content):
        raise BadFile(
            f"the checksum of lead {name} is wrong: the file is damaged; copy or export it again", code="damaged"
        )
    scale = number(text(lead, "LeadAmplitudeUnitsPerBit"))
    start = _seconds(lead, "LeadTimeOffset") or 0.0
    return Channel(name, samples, scale, text(lead, "LeadAmplitudeUnits") or None, start=start, off=off)
