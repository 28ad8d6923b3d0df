"""Philips Sierra XML (SierraECG and PhilipsECG 1.03 to 1.04.02), plain or compressed by XLI."""

from xml.etree.ElementTree import Element

import numpy as np
from numpy.typing import NDArray

from twelvelead.ecg.finding import Finding
from twelvelead.ecg.leads import LEADS
from twelvelead.ecg.record import Identity
from twelvelead.readers import patient
from twelvelead.readers.recording import BadFile, Channel, Recording, rhythm
from twelvelead.readers.request import Request
from twelvelead.readers.text import filters, joined, name_of, number
from twelvelead.readers.xli import decode
from twelvelead.readers.xml import attribute, from_base64, from_list, text

_TYPES = ("SierraECG", "PhilipsECG")
_VERSIONS = ("1.03", "1.04", "1.04.01", "1.04.02")
_YES = ("true", "yes", "t", "1")


def read(root: Element, request: Request) -> Recording:
    """The parsed waveforms, which are the rhythm recording.

    Raises:
        BadFile: the document is of another type or version, contradicts itself, or is damaged.
    """
    kind, version = text(root, "documentinfo/documenttype"), text(root, "documentinfo/documentversion")
    if kind not in _TYPES or version not in _VERSIONS:
        raise BadFile(
            f"a document of type {kind[:30]!r}, version {version[:30]!r}; SierraECG and PhilipsECG 1.03 to 1.04.02 are "
            "read, so export it as one of these",
            code="unsupported",
        )
    signal = root.find("dataacquisition/signalcharacteristics")
    waveforms = next(root.iter("parsedwaveforms"), None)
    if waveforms is None:
        raise BadFile("holds no rhythm recording; export it with its waveform", code="not-found")
    rates = _every(waveforms.get("samplespersecond"), text(signal, "samplingrate"))
    if not rates or any((waveforms.get(flag) or "").lower() in _YES for flag in ("upsampled", "downsampled")):
        rates = rates[:1]
    scale = _only(
        "resolution", waveforms.get("resolution"), text(signal, "resolution"), text(signal, "signalresolution")
    )
    zero = _only("signaloffset", waveforms.get("signaloffset"), text(signal, "signaloffset")) or 0.0
    milliseconds = next(iter(_every(waveforms.get("durationperchannel"))), None)
    if not rates or milliseconds is None or not 0 < milliseconds < 1e8 or not 0 < rates[0] < 1e6:
        raise BadFile("states no sampling rate or no duration; export it again", code="rate-missing")
    names = _names(waveforms, signal)
    leads = _samples(waveforms, signal, len(names), round(milliseconds * rates[0] / 1000))
    if names[:6] == LEADS[:6] and _compressed(waveforms):
        leads[:6] = _limb_leads(leads[:6])
    # the unit is fixed by the format: microvolts
    channels = [Channel(name, lead, scale, "uV", zero) for name, lead in zip(names, leads, strict=True)]
    other = next((rate for rate in rates[1:] if rate != rates[0]), None)
    return rhythm(
        [_about(root, waveforms, signal)._replace(channels=channels, sampling_rate=rates[0], other_rate=other)]
    )


def _about(root: Element, waveforms: Element, signal: Element | None) -> Recording:
    """A recording without channels and rate."""
    person, acquired = root.find("patient/generalpatientdata"), root.find("dataacquisition")
    date, time = ((acquired.get(name) or "" if acquired is not None else "") for name in ("date", "time"))
    born, day = patient.day(text(person, "age/dateofbirth") or text(person, "dateofbirth")), patient.day(date)
    parts = [patient.years(text(person, f"age/{unit}"), unit) for unit in ("years", "months", "weeks", "days", "hours")]
    stated = sum(part for part in parts if part is not None) if any(part is not None for part in parts) else None
    doubtful = [
        lead.get("leadname") or "a lead"
        for lead in root.iter("leadmeasurement")
        if text(lead, "leadqualitystates/inops")
    ]
    findings = patient.disagreement(born, day, stated)
    if doubtful:
        message = f"the device says that {', '.join(doubtful)} may be wrong; look at the trace, or record again"
        findings += (Finding("lead-questionable", "warn", message),)
    return Recording(
        [],
        None,
        patient.age(born, day, stated),
        patient.sex(text(person, "sex")),
        findings,
        joined(text(acquired, "machine"), attribute(acquired, "machine", "detaildescription")),
        _filters(waveforms, signal),
        patient.moment(date, time),
        Identity(
            patient_id=joined(text(person, "patientid")),
            name=name_of(*(text(person, f"name/{part}name") for part in ("last", "first", "middle"))),
            birth_date=born,
            order=joined(text(root, "orderinfo/ordernumber")),
        ),
    )


def _filters(waveforms: Element, signal: Element | None) -> str | None:
    band = text(signal, "signalbandwidth").partition("-")
    low, high = (
        next(iter(_every(waveforms.get(name), text(signal, name), other)), None)
        for name, other in (("hipass", band[0]), ("lowpass", band[2]))
    )
    flag = (waveforms.get("notchfiltered") or text(signal, "notchfiltered") or "true").lower()
    notch = (waveforms.get("notchfilterfreqs") or text(signal, "notchfilterfreqs")).split() if flag in _YES else []
    return filters(low, high, " and ".join(hertz for hertz in notch if number(hertz)))


def _every(*written: str | None) -> list[float]:
    return [value for text in written if (value := number(text or "")) is not None]


def _only(what: str, *written: str | None) -> float | None:
    """The number that several places state; None where none does."""
    values = set(_every(*written))
    if len(values) > 1:
        raise BadFile(
            f"states {what} as {' and as '.join(f'{value:g}' for value in sorted(values))}; export it again",
            code="damaged",
        )
    return values.pop() if values else None


def _names(waveforms: Element, signal: Element | None) -> tuple[str, ...]:
    labels = (waveforms.get("leadlabels") or "").split()
    if labels:
        return tuple(labels[: int(next(iter(_every(waveforms.get("numberofleads"))), len(labels)))])
    count = next(iter(_every(text(signal, "numberchannelsallocated"), text(signal, "numberchannelsvalid"))), None)
    known = {text(signal, "acquisitiontype"), text(signal, "leadset")} & {"STD-12", "10-WIRE"}
    if not known or not count or count < 1:
        raise BadFile("does not name its leads; export it again", code="unsupported")
    return LEADS[: min(int(count), len(LEADS))]


def _compressed(waveforms: Element) -> bool:
    method = waveforms.get("compression") or waveforms.get("compressmethod") or ""
    flag = waveforms.get("compressflag")
    if (flag is not None and flag.lower() not in _YES) or method.lower() in ("", "none", "uncompressed"):
        return False
    if method.upper() != "XLI":
        raise BadFile(
            f"is compressed by {method[:20]!r}; only XLI is read, so export it uncompressed", code="unsupported"
        )
    return True


def _samples(waveforms: Element, signal: Element | None, leads: int, samples: int) -> list[NDArray[np.int64]]:
    """One [samples] int64 for each lead; what the file holds beyond the leads it names is left alone: encoders fill
    spare channels with whatever their memory held."""
    encoding, written = waveforms.get("dataencoding") or "", (waveforms.text or "").strip()
    if encoding.lower() == "plain" and not _compressed(waveforms):
        values = from_list(written, "its waveform")
    elif encoding.lower() == "base64":
        content = from_base64(written, "its waveform")
        if _compressed(waveforms):
            return decode(content, leads, samples)
        signed = (waveforms.get("signalsigned") or text(signal, "signalsigned") or "true").lower() in _YES
        values = np.frombuffer(content[: len(content) // 2 * 2], "<i2" if signed else "<u2")
    else:
        raise BadFile(
            f"its waveform is encoded as {encoding[:20]!r}; Base64 and Plain are read, so export it as one",
            code="unsupported",
        )
    if len(values) < leads * samples:
        raise BadFile(
            f"truncated: holds {len(values):,} of {leads * samples:,} samples; copy or export it again",
            code="truncated",
        )
    if len(values) % samples:
        # each lead would begin in the one before
        raise BadFile(
            f"holds {len(values):,} samples, not whole leads of {samples:,}; copy or export it again", code="damaged"
        )
    return list(values[: leads * samples].reshape(leads, samples).astype(np.int64))


def _limb_leads(stored: list[NDArray[np.int64]]) -> list[NDArray[np.int64]]:
    """XLI keeps of III, aVR, aVL and aVF only what the algebra of the limb leads misses, with a turned sign."""
    first, second, third, avr, avl, avf = stored
    third = second - first - third
    return [
        first,
        second,
        third,
        -avr - (first + second) // 2,
        (first - third) // 2 - avl,
        (second + third) // 2 - avf,
    ]
