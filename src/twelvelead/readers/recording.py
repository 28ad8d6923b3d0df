"""What every reader of a vendor's format hands over, and how it becomes an ECG."""

from collections.abc import Sequence
from datetime import datetime
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from twelvelead.ecg.finding import Finding
from twelvelead.ecg.leads import LEADS, canonical_lead, columns_for, obtainable
from twelvelead.ecg.record import ECG, Identity, Sex
from twelvelead.readers.request import Request
from twelvelead.readers.units import units_per_millivolt

LARGEST_FILE = 100_000_000
"""Bytes: two hours of twelve leads at 500 Hz. Much larger files would take a gigabyte of memory on their way."""

BLOCK = 1 << 16
"""Samples converted at once, so that a long recording needs no second copy in double precision."""

PADDING_SECONDS = 0.2
"""A shorter standstill of all leads at the end is left alone; it may be the isoelectric line."""

RATES = (50.0, 50_000.0)
"""Hz, within which a stated sampling rate is believed; electrocardiographs sample at 100 Hz to 32 kHz."""

_BRIEF_SECONDS = 2.0
"""Beside a longer recording, one this short is a representative beat, whatever it is called."""


class Fault(Exception):
    """What is wrong with a file, as a clause without the file's name and without anything about the patient.

    Args:
        message: the clause.
        code: one of `twelvelead.errors.ERROR_CODES`.
    """

    def __init__(self, message: str, *, code: str = "unreadable") -> None:
        super().__init__(message)
        self.code = code


class Channel(NamedTuple):
    """One stored signal; a voltage is `(samples - zero) * scale`, in `unit`.

    Attributes:
        name: as the file spells it.
        samples: [samples] real numbers as stored; NaN where the file marks one as invalid.
        scale: of one step, in `unit`; None where the format has a place for it and the file leaves it empty.
        unit: as the file spells it; None where it states none.
        zero: the stored number of 0 V.
    """

    name: str
    samples: NDArray[Any]
    scale: float | None
    unit: str | None
    zero: float = 0.0


class Recording(NamedTuple):
    """Signals that were recorded at the same time, and what the file says beside them.

    Attributes:
        channels: in the order of the file, all of one length.
        sampling_rate: in Hz; None where neither the file nor the request states one.
        age: in years, None where unknown.
        sex: None where unknown.
        findings, device, filters, recorded, identity: as of `twelvelead.ecg.record.ECG`; the identity whether it was
            asked for or not.
        sha256: where the file itself is not all that was read.
    """

    channels: Sequence[Channel]
    sampling_rate: float | None
    age: float | None = None
    sex: Sex | None = None
    findings: tuple[Finding, ...] = ()
    device: str | None = None
    filters: str | None = None
    recorded: datetime | str | None = None
    identity: Identity | None = None
    sha256: str | None = None

    @property
    def seconds(self) -> float:
        shortest = min((len(channel.samples) for channel in self.channels), default=0)
        return shortest / self.sampling_rate if self.sampling_rate else 0.0


def rhythm(recordings: Sequence[Recording]) -> Recording:
    """The one of several recordings in a file that is read: the most leads, then the longest, then the first; one
    shorter than 2 s only where there is no longer one.

    Raises:
        Fault: there is none.
    """
    for recording in recordings:
        if recording.sampling_rate is not None:
            check_rate(recording.sampling_rate)
    if not recordings:
        raise Fault("holds no rhythm recording; export it with its waveform")

    def rank(recording: Recording) -> tuple[bool, int, float]:
        names = {canonical_lead(channel.name) for channel in recording.channels}
        return recording.seconds >= _BRIEF_SECONDS, len(obtainable(names)), recording.seconds

    return max(recordings, key=rank)


def check_rate(rate: float) -> float:
    """The sampling rate, in Hz, if it can be one.

    Raises:
        Fault: it cannot.
    """
    if not RATES[0] <= rate <= RATES[1]:
        raise Fault(f"a sampling rate of {rate:g} Hz cannot be; an ECG has {RATES[0]:g} to {RATES[1]:,.0f} Hz")
    return rate


def to_ecg(recording: Recording, request: Request, source: str, sha256: str) -> ECG:
    """A recording in millivolts, with the leads that the wanted ones are taken from; for None all voltages, as stored.

    Args:
        recording: of a reader.
        request: what was asked for.
        source, sha256: of the file.

    Raises:
        Fault: no channel is a voltage, it is uncalibrated, rate or unit are not stated, or contradict what was asked.
        Refused: a lead asked for is missing.
    """
    rate = _rate(recording.sampling_rate, request.sampling_rate)
    if request.unit is not None and units_per_millivolt(request.unit) is None:
        raise Fault(f"{request.unit[:20]!r} is no unit of voltage; give mV, uV or V, as in --unit mV")
    names = tuple([canonical_lead(channel.name) for channel in recording.channels])
    wanted = request.leads
    columns = _voltages(recording, names, request.unit) if wanted is None else columns_for(wanted, names, source)
    channels = [recording.channels[column] for column in columns]
    steps = [_step(channel, request) for channel in channels]
    lengths = {len(channel.samples) for channel in channels}
    if len(lengths) != 1 or lengths == {0}:
        raise Fault(f"its leads hold {sorted(lengths)} samples; export the recording again")
    signal = np.empty((*lengths, len(channels)), np.float32)
    with np.errstate(over="ignore", invalid="ignore"):
        for column, (channel, step) in enumerate(zip(channels, steps, strict=True)):
            for start in range(0, len(signal), BLOCK):
                block = np.subtract(channel.samples[start : start + BLOCK], channel.zero, dtype=np.float64)
                signal[start : start + BLOCK, column] = block * step
    return ECG(
        signal,
        rate,
        tuple([names[column] for column in columns]),
        recording.age,
        recording.sex,
        source,
        (*recording.findings, *_overridden(channels, request)),
        recording.device,
        recording.filters,
        recording.recorded,
        recording.sha256 or sha256,
        recording.identity if request.identify else None,
    )


def _rate(found: float | None, stated: float | None) -> float:
    if found is None and stated is None:
        raise Fault("states no sampling rate; give it, as in --sampling-rate 500")
    if found is not None and stated is not None and found != stated:
        raise Fault(f"the file states {found:g} Hz, not {stated:g} Hz; leave the rate out")
    return check_rate(float(found if found is not None else stated or 0))


def _voltages(recording: Recording, names: tuple[str, ...], unit: str | None) -> list[int]:
    stated = [channel.unit or unit for channel in recording.channels]
    places = [
        place
        for place, name in enumerate(names)
        if name in LEADS or (stated[place] and units_per_millivolt(str(stated[place])))
    ]
    if not places:
        raise Fault("none of its signals is a voltage; export the ECG leads")
    return places


def _step(channel: Channel, request: Request) -> float:
    """Millivolts a step."""
    name = canonical_lead(channel.name)
    if request.scale is not None:
        return request.scale / 1000
    if channel.scale is None:
        raise Fault(
            f"lead {name} is uncalibrated: the file does not say how large a step is; export it with its calibration, "
            "or give the microvolts of one step, as in --scale 4.88"
        )
    unit = channel.unit or request.unit
    if unit is None:
        raise Fault(f"states no unit for lead {name}; give it, as in --unit uV")
    factor = units_per_millivolt(unit)
    if factor is None:
        raise Fault(f"lead {name} is in {unit[:20]!r}, which is not a voltage; export it again")
    if request.unit is not None and units_per_millivolt(request.unit) != factor:
        raise Fault(f"the file states {unit}, not {request.unit}; leave the unit out")
    if not (np.isfinite(channel.scale) and np.isfinite(channel.zero) and channel.scale != 0):
        raise Fault(f"one step of lead {name} is {channel.scale:g} {unit}; export it again")
    return channel.scale / factor


def _overridden(channels: Sequence[Channel], request: Request) -> list[Finding]:
    """Which scales of the file another one was given for."""
    if request.scale is None:
        return []
    declared = {
        canonical_lead(channel.name): 1000 * channel.scale / factor
        for channel in channels
        if channel.scale is not None and (factor := units_per_millivolt(channel.unit or ""))
    }
    others = {lead: value for lead, value in declared.items() if abs(value - request.scale) > 1e-6 * request.scale}
    if not others:
        return []
    stated = ", ".join(sorted({f"{value:g}" for value in others.values()}))
    message = f"{request.scale:g} uV a step as given, where the file states {stated}; check which is right"
    return [Finding("scale-overridden", "warn", message, others)]


def without_padding(ecg: ECG) -> ECG:
    """The recording without the tail in which nothing was recorded.

    From the end on, a sample belongs to the tail where all leads show the same value (zero, a marker, a calibration
    pulse), none of them moves, or all are invalid; a tail of less than 0.2 s and a recording of nothing else are kept.
    """
    signal = ecg.signal
    if len(signal) < 2 or signal.shape[1] < 2 or not _idle(signal[-2:])[0]:
        return ecg
    least = int(np.ceil(PADDING_SECONDS * ecg.sampling_rate))
    step, end = 4096, len(signal)
    while end > 1:
        start = max(0, end - step)
        moving = np.flatnonzero(~_idle(signal[start:end]))
        if moving.size:
            end = start + int(moving[-1]) + 2
            break
        end = start + 1
    if end <= 1 or len(signal) - end < least:
        return ecg
    from dataclasses import replace

    return replace(ecg, signal=np.ascontiguousarray(signal[:end]))


def _idle(rows: NDArray[np.float32]) -> NDArray[np.bool_]:
    """[rows - 1] whether each row but the first is of the kind that padding consists of."""
    rest = rows[1:]
    invalid = np.isnan(rest)
    same = (rest == rest[:, :1]) | (invalid & invalid[:, :1])
    still = (rest == rows[:-1]) | (invalid & np.isnan(rows[:-1]))
    idle: NDArray[np.bool_] = same.all(axis=1) | still.all(axis=1)
    return idle
