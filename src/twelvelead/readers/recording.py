"""What every reader of a vendor's format hands over, and how it becomes an ECG."""

from collections.abc import Sequence
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from twelvelead.ecg.leads import LEADS, canonical_lead, columns_for, obtainable
from twelvelead.ecg.record import ECG, Sex
from twelvelead.errors import Unreadable
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
    """What is wrong with a file, as a clause without the file's name and without anything about the patient."""


class Channel(NamedTuple):
    """One stored signal; a voltage is `samples * scale + offset`, in `unit`.

    Attributes:
        name: as the file spells it.
        samples: [samples] real numbers as stored; NaN where the file marks one as invalid.
        scale: of one step, in `unit`.
        unit: as the file spells it; None where it states none.
        offset: in `unit`.
    """

    name: str
    samples: NDArray[Any]
    scale: float
    unit: str | None
    offset: float = 0.0


class Recording(NamedTuple):
    """Signals that were recorded at the same time.

    Attributes:
        channels: in the order of the file, all of one length.
        sampling_rate: in Hz.
        age: in years, None where unknown.
        sex: None where unknown.
    """

    channels: Sequence[Channel]
    sampling_rate: float
    age: float | None = None
    sex: Sex | None = None

    @property
    def seconds(self) -> float:
        return min((len(channel.samples) for channel in self.channels), default=0) / self.sampling_rate


def rhythm(recordings: Sequence[Recording]) -> Recording:
    """The one of several recordings in a file that is read: the most leads, then the longest, then the first; one
    shorter than 2 s only where there is no longer one.

    Raises:
        Fault: there is none.
    """
    for recording in recordings:
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


def to_ecg(
    recording: Recording, leads: tuple[str, ...] | None, sampling_rate: float | None, unit: str | None, source: str
) -> ECG:
    """A recording in millivolts, with the leads that `leads` are taken from (for None: all voltages, as stored).

    Raises:
        Unreadable: no channel is a voltage, or the file contradicts the stated rate or unit.
        Refused: a lead asked for is missing.
    """
    if sampling_rate is not None and sampling_rate != recording.sampling_rate:
        raise Unreadable(
            f"{source}: the file states {recording.sampling_rate:g} Hz, not {sampling_rate:g} Hz; leave the rate out"
        )
    names = tuple([canonical_lead(channel.name) for channel in recording.channels])
    columns = _voltages(recording, names, unit) if leads is None else columns_for(leads, names, source)
    channels = [recording.channels[column] for column in columns]
    per_millivolt = [_per_millivolt(channel, unit, source) for channel in channels]
    lengths = {len(channel.samples) for channel in channels}
    if len(lengths) != 1 or lengths == {0}:
        raise Unreadable(f"{source}: its leads hold {sorted(lengths)} samples; export the recording again")
    signal = np.empty((*lengths, len(channels)), np.float32)
    with np.errstate(over="ignore", invalid="ignore"):
        for column, (channel, divisor) in enumerate(zip(channels, per_millivolt, strict=True)):
            signal[:, column] = channel.samples * (channel.scale / divisor) + channel.offset / divisor
    held = tuple([names[column] for column in columns])
    return ECG(signal, recording.sampling_rate, held, recording.age, recording.sex, source)


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


def _per_millivolt(channel: Channel, stated: str | None, source: str) -> float:
    unit, name = channel.unit or stated, canonical_lead(channel.name)
    if unit is None:
        raise Unreadable(f"{source}: states no unit for lead {name}; give it, as in --unit uV")
    factor = units_per_millivolt(unit)
    if factor is None:
        raise Unreadable(f"{source}: lead {name} is in {unit[:20]!r}, which is not a voltage; export it again")
    if stated is not None and units_per_millivolt(stated) != factor:
        raise Unreadable(f"{source}: the file states {unit}, not {stated}; leave the unit out")
    if not (np.isfinite(channel.scale) and np.isfinite(channel.offset) and channel.scale != 0):
        raise Unreadable(f"{source}: one step of lead {name} is {channel.scale:g} {unit}; export it again")
    return factor


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
