"""What every reader of a vendor's format hands over, and how it becomes an ECG."""

from collections.abc import Sequence
from datetime import datetime
from typing import Any, NamedTuple

from numpy.typing import NDArray

from twelvelead.ecg.finding import Finding
from twelvelead.ecg.leads import canonical_leads, obtainable
from twelvelead.ecg.record import Identity, Sex

LARGEST_FILE = 100_000_000
"""Bytes: two hours of twelve leads at 500 Hz. Much larger files would take a gigabyte of memory on their way."""

BLOCK = 1 << 16
"""Samples converted at once, so that a long recording needs no second copy in double precision."""

RATES = (50.0, 50_000.0)
"""Hz, within which a stated sampling rate is believed; electrocardiographs sample at 100 Hz to 32 kHz."""

BRIEF_SECONDS = 2.0
"""Beside a longer recording, one this short is a representative beat, whatever it is called."""


class BadFile(Exception):
    """What is wrong with a file, as a clause without the file's name and without anything about the patient.

    Args:
        message: the clause.
        code: one of `twelvelead.errors.ERROR_CODES`.
    """

    def __init__(self, message: str, *, code: str = "unreadable") -> None:
        super().__init__(message)
        self.code = code


class Unfit(Exception):
    """Why a recording that can be read is not fit to interpret.

    Args:
        finding: its message is a clause like that of a `BadFile`.
    """

    def __init__(self, finding: Finding) -> None:
        super().__init__(finding.message)
        self.finding = finding


class Channel(NamedTuple):
    """One stored signal; a voltage is `(samples - zero) * scale`, in `unit`.

    Attributes:
        name: as the file spells it.
        samples: [samples] real numbers as stored; NaN where the file marks one as invalid.
        scale: of one step, in `unit`; None where the format has a place for it and the file leaves it empty.
        unit: as the file spells it; None where it states none.
        zero: the stored number of 0 V.
        start: of its first sample behind that of the recording, in seconds.
        off: what the device says of it where that makes it no lead of the patient, as in "disconnected"; else None.
    """

    name: str
    samples: NDArray[Any]
    scale: float | None
    unit: str | None
    zero: float = 0.0
    start: float = 0.0
    off: str | None = None


class Recording(NamedTuple):
    """Signals that were recorded at the same time, and what the file says beside them.

    Attributes:
        channels: in the order of the file, all of one length.
        sampling_rate: in Hz; None where the file states none.
        age: in years, None where unknown.
        sex: None where unknown.
        findings, device, filters, recorded, identity: as of `twelvelead.ecg.record.ECG`; the identity whether it was
            asked for or not.
        sha256: where the file itself is not all that was read.
        other_rate: in Hz, where the file states a second sampling rate that contradicts the first.
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
    other_rate: float | None = None

    @property
    def seconds(self) -> float:
        shortest = min((len(channel.samples) for channel in self.channels), default=0)
        return shortest / self.sampling_rate if self.sampling_rate else 0.0


def rhythm(recordings: Sequence[Recording]) -> Recording:
    """The one of several recordings in a file that is read: the most leads, then the longest, then the first; one
    shorter than 2 s only where there is no longer one.

    Raises:
        BadFile: there is none.
    """
    for recording in recordings:
        if recording.sampling_rate is not None:
            check_rate(recording.sampling_rate)
    if not recordings:
        raise BadFile("holds no rhythm recording; export it with its waveform", code="not-found")

    def rank(recording: Recording) -> tuple[bool, int, float]:
        names = canonical_leads([channel.name for channel in recording.channels])
        return recording.seconds >= BRIEF_SECONDS, len(obtainable(names)), recording.seconds

    return max(recordings, key=rank)


def check_rate(rate: float) -> float:
    """The sampling rate, in Hz, if it can be one.

    Raises:
        BadFile: it cannot.
    """
    if not RATES[0] <= rate <= RATES[1]:
        raise BadFile(
            f"a sampling rate of {rate:g} Hz cannot be; an ECG has {RATES[0]:g} to {RATES[1]:,.0f} Hz", code="damaged"
        )
    return rate
