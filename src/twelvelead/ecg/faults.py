"""Faults of a recording, for testing how a model or the gate bears them: a registry, seeded from outside.

What arises at an electrode is added at the nine electrodes and reaches the leads by their algebra (see
`twelvelead.ecg.electrodes`); errors of the amplifier or of the file are put on the leads.
"""

from collections.abc import Callable, Iterable
from dataclasses import dataclass
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from twelvelead.ecg.electrodes import ELECTRODES, at_electrodes, rewired
from twelvelead.ecg.leads import LEADS
from twelvelead.errors import TwelveLeadError

VERSION = 1
"""Raised with every change that gives another signal, so that results of before are not mixed with results of after."""

Signal = NDArray[np.float32]
Severity = float | str
_Apply = Callable[[Signal, float, Any, np.random.Generator], Signal]


@dataclass(frozen=True)
class Fault:
    """One way in which a recording goes wrong.

    Attributes:
        name: in the registry.
        title: in tables and pictures.
        sentence: what happens, with the source of its sizes.
        severities: five, from mild to severe; or the names of the cases where there are no degrees.
        unit: of the severities; "" for named cases.
    """

    name: str
    title: str
    sentence: str
    severities: tuple[Severity, ...]
    unit: str
    _apply: _Apply

    @property
    def graded(self) -> bool:
        """Whether the severities are degrees, not named cases."""
        return not isinstance(self.severities[0], str)

    def apply(
        self, signal: NDArray[np.floating[Any]], sampling_rate: float, severity: Severity, rng: np.random.Generator
    ) -> Signal:
        """The recording with the fault.

        Args:
            signal: [samples, 12 leads] or [n, samples, 12 leads] floating, mV, leads in the usual order; left as it is.
            sampling_rate: in Hz.
            severity: one of `severities`; a graded fault takes any number.
            rng: gives every random choice, a new one for each record of a batch.

        Returns:
            float32 mV in the shape of `signal`.

        Raises:
            ValueError: the signal has not twelve leads, or the severity is not one of the named cases.
        """
        given = np.asarray(signal, np.float32)
        if given.ndim not in (2, 3) or given.shape[-1] != len(LEADS):
            raise ValueError(f"signal has shape {given.shape}; it has to be [samples, 12] or [n, samples, 12]")
        if not self.graded and severity not in self.severities:
            raise ValueError(f"{self.name} has no case {severity}; it has {', '.join(map(str, self.severities))}")
        batch = given if given.ndim == 3 else given[None]
        return self._apply(batch, sampling_rate, severity, rng).reshape(given.shape).astype(np.float32, copy=False)


FAULTS: dict[str, Fault] = {}
"""Name -> fault, in the order of reports."""


class Case(NamedTuple):
    """One fault at one severity; `CLEAN` is none."""

    fault: str
    severity: Severity

    def __str__(self) -> str:
        return f"{self.fault} {self.severity}".strip()


CLEAN = Case("clean", "")


def cases(faults: Iterable[str] | None = None) -> tuple[Case, ...]:
    """The clean signal, then each severity of each fault (of all where none are named), in the order of the registry.

    Raises:
        TwelveLeadError: there is no such fault.
    """
    wanted = list(FAULTS if faults is None else faults)
    unknown = [name for name in wanted if name not in FAULTS]
    if unknown:
        raise TwelveLeadError(f"no fault {', '.join(unknown)}; choose from {', '.join(FAULTS)}")
    return (CLEAN, *(Case(name, severity) for name in FAULTS if name in wanted for severity in FAULTS[name].severities))


def _fault(
    name: str, title: str, sentence: str, severities: tuple[Severity, ...], unit: str = ""
) -> Callable[[_Apply], _Apply]:
    def register(apply: _Apply) -> _Apply:
        FAULTS[name] = Fault(name, title, sentence, severities, unit, apply)
        return apply

    return register


def _times(signal: Signal, sampling_rate: float) -> NDArray[np.float64]:
    """[samples, 1] in seconds."""
    return np.arange(signal.shape[1])[:, None] / sampling_rate


def _powerline(frequency: float) -> _Apply:
    def hum(signal: Signal, sampling_rate: float, severity: float, rng: np.random.Generator) -> Signal:
        # one mains, so one frequency and phase; skin and cable weigh it differently at each electrode
        n = len(signal)
        drift = rng.uniform(-0.1, 0.1, (n, 1, 1))
        phase = rng.uniform(0, 2 * np.pi, (n, 1, 1))
        weight = rng.uniform(-1, 1, (n, 1, len(ELECTRODES)))
        wave = np.sin(2 * np.pi * (frequency + drift) * _times(signal, sampling_rate) + phase)
        return at_electrodes(signal, severity * weight * wave)

    return hum


for _hertz in (50, 60):
    _fault(
        f"powerline_{_hertz}",
        f"powerline {_hertz} Hz",
        f"Mains hum of {_hertz} Hz (0.1 Hz off at most) at each electrode, by its highest possible amplitude. "
        "It is sampled at the rate of the store as if by a device "
        "without an anti-alias filter, so that at 100 Hz 60 Hz appears as 40 Hz; where a recording of a higher rate is "
        "brought to 100 Hz by a proper filter (ours leaves less than a thousandth), no hum is left to test.",
        (0.05, 0.1, 0.2, 0.5, 1.0),
        "mV",
    )(_powerline(_hertz))


@_fault(
    "baseline_wander",
    "baseline wander",
    "Breathing and drift: four sines of 0.1 to 0.5 Hz at each electrode, root mean square. The MIT-BIH Noise Stress "
    "Test Database (Moody et al. 1984) goes from 24 to -6 dB, which is 0.02 to 0.7 mV at a QRS complex of 1 mV.",
    (0.1, 0.2, 0.5, 1.0, 2.0),
    "mV",
)
def _baseline_wander(signal: Signal, sampling_rate: float, severity: float, rng: np.random.Generator) -> Signal:
    added = np.zeros((len(signal), signal.shape[1], len(ELECTRODES)))
    for _ in range(4):
        shape = (len(signal), 1, len(ELECTRODES))
        frequency, phase = rng.uniform(0.1, 0.5, shape), rng.uniform(0, 2 * np.pi, shape)
        added += np.sin(2 * np.pi * frequency * _times(signal, sampling_rate) + phase)
    return at_electrodes(signal, severity / np.sqrt(2) * added)


@_fault(
    "muscle_noise",
    "muscle noise",
    "Muscle tension: white noise from 20 Hz to 150 Hz or half the sampling rate at each electrode, in two bursts on a "
    "quarter of their size, root mean square within a burst; about 23, 17, 11, 5 and -1 dB by the definition of the "
    "MIT-BIH Noise Stress Test Database at a QRS complex of 1 mV.",
    (0.025, 0.05, 0.1, 0.2, 0.4),
    "mV",
)
def _muscle_noise(signal: Signal, sampling_rate: float, severity: float, rng: np.random.Generator) -> Signal:
    n, samples, _ = signal.shape
    frequency = np.fft.rfftfreq(samples, 1 / sampling_rate)
    band = (frequency >= 20) & (frequency <= 150)
    spectrum = np.fft.rfft(rng.standard_normal((n, samples, len(ELECTRODES))), axis=1) * band[:, None]
    noise = np.fft.irfft(spectrum, samples, axis=1) / np.sqrt(max(band.sum(), 1) * 2 / samples)
    times = _times(signal, sampling_rate)
    centre = rng.uniform(0, samples / sampling_rate, (2, n, 1, len(ELECTRODES)))
    width = rng.uniform(0.5, 1.5, centre.shape)
    bursts = np.exp(-(((times - centre) / width) ** 4)).max(axis=0)
    return at_electrodes(signal, severity * (0.25 + 0.75 * bursts) * noise)


@_fault(
    "electrode_motion",
    "electrode motion",
    "One electrode is moved, twice to five times in 10 s: its potential jumps by up to the severity and comes back in "
    "0.2 to 2 s. Stretched skin gives several mV (Tam and Webster 1977, doi:10.1109/TBME.1977.326117).",
    (0.25, 0.5, 1.0, 2.0, 5.0),
    "mV",
)
def _electrode_motion(signal: Signal, sampling_rate: float, severity: float, rng: np.random.Generator) -> Signal:
    n, samples, _ = signal.shape
    seconds = samples / sampling_rate
    times = _times(signal, sampling_rate)[:, 0]
    added = np.zeros((n, samples, len(ELECTRODES)))
    for record in range(n):
        electrode = rng.integers(len(ELECTRODES))
        for _ in range(max(1, round(rng.integers(2, 6) * seconds / 10))):
            since = times - rng.uniform(0, seconds)
            height = severity * rng.uniform(0.5, 1) * rng.choice((-1, 1))
            decay = np.exp(-np.maximum(since, 0) / rng.uniform(0.2, 2))
            added[record, :, electrode] += height * np.where(since >= 0, decay, 0)
    return at_electrodes(signal, added)


def _gain(signal: Signal, _: float, severity: float, __: np.random.Generator) -> Signal:
    return signal * np.float32(severity)


_fault(
    "gain_low",
    "gain too low",
    "Every lead too small; IEC 60601-2-25 allows 5 %, and 0.5 is a file of 5 mm/mV read as 10 mm/mV.",
    (0.95, 0.9, 0.8, 0.67, 0.5),
    "times",
)(_gain)
_fault(
    "gain_high",
    "gain too high",
    "Every lead too large; IEC 60601-2-25 allows 5 %, and 2 is a file of 20 mm/mV read as 10 mm/mV.",
    (1.05, 1.1, 1.25, 1.5, 2.0),
    "times",
)(_gain)


@_fault(
    "offset",
    "offset",
    "A constant at each electrode, normally distributed with this standard deviation: what is left of electrode "
    "potentials (up to 300 mV, IEC 60601-2-25) where no high-pass takes them away.",
    (0.1, 0.2, 0.5, 1.0, 2.0),
    "mV",
)
def _offset(signal: Signal, _: float, severity: float, rng: np.random.Generator) -> Signal:
    return at_electrodes(signal, severity * rng.standard_normal((len(signal), 1, len(ELECTRODES))))


@_fault(
    "clipping",
    "clipping",
    "The amplifier or the file ends at plus and minus this value. An electrocardiograph has to reach 5 mV (IEC "
    "60601-2-25).",
    (2.0, 1.5, 1.0, 0.75, 0.5),
    "mV",
)
def _clipping(signal: Signal, _: float, severity: float, __: np.random.Generator) -> Signal:
    return np.clip(signal, -np.float32(severity), np.float32(severity))


@_fault(
    "low_sampling_rate",
    "lower sampling rate",
    "Recorded at this rate with an anti-alias filter, and resampled to the rate of the model. AHA, ACC and HRS ask for "
    "500 Hz (Kligfield et al. 2007, doi:10.1016/j.jacc.2007.01.024).",
    (80.0, 60.0, 50.0, 40.0, 25.0),
    "Hz",
)
def _low_sampling_rate(signal: Signal, sampling_rate: float, severity: float, _: np.random.Generator) -> Signal:
    from twelvelead.ecg.resample import resample

    if severity >= sampling_rate:
        return signal.copy()
    n, samples, leads = signal.shape
    flat = signal.transpose(1, 0, 2).reshape(samples, n * leads)
    back = resample(resample(flat, sampling_rate, severity), severity, sampling_rate)[:samples]
    return back.reshape(samples, n, leads).transpose(1, 0, 2)


@_fault(
    "time_shift",
    "time shift",
    "The recording starts later or earlier by this time. What it would have shown there is not known and is not "
    "invented: that end is 0, as loaders of fixed length leave it.",
    (0.25, 0.5, 1.0, 2.0, 4.0),
    "s",
)
def _time_shift(signal: Signal, sampling_rate: float, severity: float, rng: np.random.Generator) -> Signal:
    samples = signal.shape[1]
    cut = min(round(severity * sampling_rate), samples)
    later = rng.random(len(signal)) < 0.5
    shifted = np.zeros_like(signal)
    shifted[later, : samples - cut] = signal[later, cut:]
    shifted[~later, cut:] = signal[~later, : samples - cut]
    return shifted


@_fault(
    "missing_leads",
    "missing leads",
    "So many of the twelve leads, drawn at random, are 0 throughout. The gate refuses such a recording; here it is "
    "scored.",
    (1.0, 2.0, 3.0, 4.0, 5.0),
    "of 12",
)
def _missing_leads(signal: Signal, _: float, severity: float, rng: np.random.Generator) -> Signal:
    kept = np.argsort(rng.random((len(signal), len(LEADS))), axis=1) >= int(severity)
    return signal * kept[:, None, :].astype(np.float32)


@_fault("missing_lead", "one lead missing", "This lead is 0 throughout.", LEADS)
def _missing_lead(signal: Signal, _: float, severity: str, __: np.random.Generator) -> Signal:
    return signal * np.array([lead != severity for lead in LEADS], np.float32)


@_fault(
    "missing_set",
    "six leads missing",
    "The limb leads, or the chest leads, are 0 throughout.",
    ("limb", "chest"),
)
def _missing_set(signal: Signal, _: float, severity: str, __: np.random.Generator) -> Signal:
    limb = np.arange(len(LEADS)) < 6
    return signal * (~limb if severity == "limb" else limb).astype(np.float32)


@_fault(
    "chest_swap",
    "chest electrodes swapped",
    "The cables of two neighbouring chest electrodes, or all six in reverse, are exchanged, throughout.",
    ("V1/V2", "V2/V3", "V3/V4", "V4/V5", "V5/V6", "reversed"),
)
@_fault(
    "limb_swap",
    "limb electrodes swapped",
    "The cables of two limb electrodes are exchanged, throughout; Wilson's terminal follows. RL is taken to have the "
    "potential of LL (Batchvarov et al. 2007, doi:10.1093/europace/eum198).",
    ("RA/LA", "RA/LL", "LA/LL", "RA/RL", "LA/RL"),
)
def _swap(signal: Signal, _: float, severity: str, __: np.random.Generator) -> Signal:
    if severity == "reversed":
        return rewired(signal, dict(zip(ELECTRODES[3:], ELECTRODES[:2:-1], strict=True)))
    one, other = severity.split("/")
    return rewired(signal, {one: other, other: one})
