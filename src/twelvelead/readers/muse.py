"""GE MUSE XML (restecg.dtd): Base64 samples of each stored lead, mostly I, II and V1-V6."""

import zlib
from xml.etree.ElementTree import Element

import numpy as np

from twelvelead.readers import patient
from twelvelead.readers.recording import Channel, Fault, Recording, rhythm
from twelvelead.readers.request import Request
from twelvelead.readers.text import number
from twelvelead.readers.xml import every, from_base64, text

_SAMPLES = {1: "<i1", 2: "<i2", 4: "<i4"}


def read(root: Element, request: Request) -> Recording:
    """The rhythm waveform.

    Raises:
        Fault: it is missing, damaged or not scaled.
    """
    person = root.find("PatientDemographics")
    recorded = patient.day(text(root, "TestDemographics/AcquisitionDate"))
    stated = number(text(person, "PatientAge"))
    years = patient.YEARS.get(text(person, "AgeUnits").lower().removesuffix("s"))
    age = patient.age(
        patient.day(text(person, "DateofBirth")), recorded, stated * years if stated is not None and years else None
    )
    waveforms = [wave for wave in every(root, "Waveform") if text(wave, "WaveformType").lower() in ("rhythm", "")]
    return rhythm([_waveform(wave) for wave in waveforms])._replace(age=age, sex=patient.sex(text(person, "Gender")))


def _waveform(waveform: Element) -> Recording:
    base, exponent = number(text(waveform, "SampleBase")), number(text(waveform, "SampleExponent") or "0")
    if base is None or exponent is None or abs(exponent) > 9:
        raise Fault("states no sampling rate; export it again")
    return Recording([_lead(lead) for lead in every(waveform, "LeadData")], base * 10**exponent)


def _lead(lead: Element) -> Channel:
    name = text(lead, "LeadID") or "without name"
    content = from_base64(text(lead, "WaveFormData"), f"lead {name}")
    size = number(text(lead, "LeadSampleSize") or "2")
    if size not in _SAMPLES or len(content) % int(size):
        raise Fault(f"lead {name} holds {len(content):,} bytes, no whole samples; copy or export it again")
    samples = np.frombuffer(content, _SAMPLES[int(size)])
    for tag, found in (("LeadByteCountTotal", len(content)), ("LeadSampleCountTotal", len(samples))):
        declared = number(text(lead, tag) or str(found))
        if declared != found:
            raise Fault(f"lead {name} holds {found:,} of {text(lead, tag)} ({tag}); copy or export it again")
    checksum = text(lead, "LeadDataCRC32")
    if checksum.isdigit() and int(checksum) and int(checksum) != zlib.crc32(content):
        raise Fault(f"the checksum of lead {name} is wrong: the file is damaged; copy or export it again")
    scale = number(text(lead, "LeadAmplitudeUnitsPerBit"))
    if scale is None:
        raise Fault(f"lead {name} is uncalibrated (no LeadAmplitudeUnitsPerBit); export it again")
    return Channel(name, samples, scale, text(lead, "LeadAmplitudeUnits") or None)
