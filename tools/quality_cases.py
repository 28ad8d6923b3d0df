"""Faults that `tools/quality.py` injects and that electrodes do not make: of the file, the amplifier, single leads."""

from collections.abc import Callable
from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from twelvelead.ecg.electrodes import LEADS_OF_ELECTRODES
from twelvelead.ecg.faults import FAULTS
from twelvelead.ecg.record import ECG
from twelvelead.ecg.resample import resample

Inject = Callable[[ECG], ECG]
Signal = NDArray[np.float32]
Change = Callable[[Signal, np.random.Generator, float], None]
CHEST = range(6, 12)


@dataclass(frozen=True)
class Case:
    """One fault: what the table calls it, the codes one of which is due (none: any), and how it is made."""

    name: str
    codes: tuple[str, ...]
    inject: Inject


def changed(change: Change) -> Inject:
    """A change of the samples [samples, 12] mV in place, given random numbers and the sampling rate."""
    rng = np.random.default_rng(10)

    def inject(ecg: ECG) -> ECG:
        signal = ecg.signal.copy()
        change(signal, rng, ecg.sampling_rate)
        return replace(ecg, signal=signal)

    return inject


def chest(rng: np.random.Generator) -> int:
    return int(rng.integers(CHEST.start, CHEST.stop))


def of_leads(ecgs: list[ECG]) -> list[Case]:
    """Technical faults that leave an ECG which looks like one. Leads, times and signs are drawn at random."""
    rng = np.random.default_rng(12)

    def invert_one(lead: int) -> Change:
        def change(signal: Signal, _: np.random.Generator, __: float) -> None:
            signal[:, lead] *= -1

        return change

    def invert(signal: Signal, _: np.random.Generator, __: float) -> None:
        signal *= -1

    def copy_second(signal: Signal, _: np.random.Generator, __: float) -> None:
        signal[:, 8] = signal[:, 7]

    def copy_neighbour(signal: Signal, rng: np.random.Generator, _: float) -> None:
        lead = int(rng.integers(7, 12))
        signal[:, lead] = signal[:, lead - 1]

    def copy_scaled(signal: Signal, rng: np.random.Generator, _: float) -> None:
        lead = int(rng.integers(7, 12))
        signal[:, lead] = np.round(np.float32(0.7) * signal[:, lead - 1], 3)

    def offset(signal: Signal, rng: np.random.Generator, _: float) -> None:
        signal[:, chest(rng)] += rng.choice((-1, 1))

    def offset_limb(signal: Signal, rng: np.random.Generator, _: float) -> None:
        signal[:, int(rng.integers(6))] += rng.choice((-1, 1))

    def spike(height: float, leads: range) -> Change:
        def change(signal: Signal, rng: np.random.Generator, _: float) -> None:
            lead = int(rng.integers(leads.start, leads.stop))
            signal[int(rng.integers(len(signal))), lead] += rng.choice((-1, 1)) * height

        return change

    def jump(height: float) -> Change:
        def change(signal: Signal, rng: np.random.Generator, _: float) -> None:
            at = int(rng.uniform(0.15, 0.85) * len(signal))
            signal[at:, chest(rng)] += rng.choice((-1, 1)) * height

        return change

    def drift(signal: Signal, rng: np.random.Generator, _: float) -> None:
        signal[:, chest(rng)] += np.linspace(0, 17, len(signal), dtype=np.float32)

    def backwards(signal: Signal, _: np.random.Generator, __: float) -> None:
        signal[:] = signal[::-1].copy()

    def scaled(by: float) -> Inject:
        return lambda ecg: replace(ecg, signal=ecg.signal * np.float32(by))

    def rated(by: float) -> Inject:
        def inject(ecg: ECG) -> ECG:
            rate = ecg.sampling_rate
            signal = ecg.signal if by > 1 or rate > 100 else resample(ecg.signal, rate, 2 * rate)
            return replace(ecg, signal=signal, sampling_rate=len(signal) / ecg.duration * by)

        return inject

    def shift(signal: Signal, _: np.random.Generator, rate: float) -> None:
        signal[:, 6:] = np.roll(signal[:, 6:], round(2 * rate), axis=0)

    def of_another(ecg: ECG) -> ECG:
        other = ecgs[int(rng.integers(len(ecgs)))].signal
        return replace(ecg, signal=np.concatenate([ecg.signal[:, :6], other[:, 6:]], axis=1))

    def exchanged(one: int, other: int) -> Change:
        def change(signal: Signal, _: np.random.Generator, __: float) -> None:
            signal[:, [one, other]] = signal[:, [other, one]]

        return change

    def same(signal: Signal, _: np.random.Generator, __: float) -> None:
        signal[:, 11] = signal[:, 10]

    swaps = [(lead, lead + 1) for lead in CHEST if lead + 1 in CHEST]
    return [
        Case("everything inverted", ("inverted",), changed(invert)),
        *(Case(f"V{lead - 5} inverted", ("inverted",), changed(invert_one(lead))) for lead in CHEST),
        *(
            Case(f"V{one - 5} and V{other - 5} exchanged", ("electrodes",), changed(exchanged(one, other)))
            for one, other in (*swaps, (6, 11))
        ),
        Case("V2 copied into V3", ("copied-lead",), changed(copy_second)),
        Case("V5 copied into V6", ("copied-lead",), changed(same)),
        Case("a chest lead copied into the next", ("copied-lead",), changed(copy_neighbour)),
        Case("the same at 0.7 of the size, rounded to 1 uV", ("copied-lead",), changed(copy_scaled)),
        Case("offset of 1 mV in a chest lead", ("offset",), changed(offset)),
        Case("offset of 1 mV in a limb lead", ("offset",), changed(offset_limb)),
        *(Case(f"one sample off by {mv} mV, chest lead", ("spike",), changed(spike(mv, CHEST))) for mv in (2, 3, 4, 5)),
        Case("one sample off by 4 mV, limb lead", ("spike",), changed(spike(4, range(6)))),
        *(Case(f"a chest lead jumps by {mv} mV", ("jump",), changed(jump(mv))) for mv in (1, 2, 3)),
        Case("a chest lead drifts by 17 mV", ("baseline-wander",), changed(drift)),
        *(Case(f"gain of {by}", (), scaled(by)) for by in (5, 3, 2, 0.5, 0.33, 0.2)),
        *(Case(f"declared rate {by} times the true one", ("sampling-rate",), rated(by)) for by in (0.4, 0.5, 2, 2.5)),
        Case("time reversed", ("time-reversed",), changed(backwards)),
        Case("chest leads 2 s later than limb leads", (), changed(shift)),
        Case("chest leads of another patient", (), of_another),
    ]


def of_file(ecgs: list[ECG]) -> list[Case]:
    """Faults that make an ECG unfit, contradict the limb leads or leave none."""
    rng = np.random.default_rng(10)

    def scaled(by: float) -> Inject:
        return lambda ecg: replace(ecg, signal=ecg.signal * np.float32(by))

    def lead_off(lead: int, seconds: float) -> Change:
        def change(signal: Signal, rng: np.random.Generator, rate: float) -> None:
            start = int(rng.integers(0, len(signal) - round(seconds * rate) + 1))
            signal[start : start + round(seconds * rate), lead] = signal[start, lead]

        return change

    def noisy(lead: int, microvolts: float) -> Change:
        def change(signal: Signal, rng: np.random.Generator, _: float) -> None:
            signal[:, lead] += rng.normal(0, microvolts / 1000, len(signal)).astype(np.float32)

        return change

    def columns(order: list[int], sign: float = 1.0) -> Change:
        def change(signal: Signal, _: np.random.Generator, __: float) -> None:
            signal[:] = signal[:, order]
            signal[:, 3] *= np.float32(sign)

        return change

    def lost(samples: int) -> Change:
        def change(signal: Signal, rng: np.random.Generator, _: float) -> None:
            start = int(rng.integers(0, len(signal) - samples + 1))
            signal[start : start + samples, rng.integers(12)] = np.nan

        return change

    def printed(fill: float) -> Change:
        def change(signal: Signal, _: np.random.Generator, __: float) -> None:
            kept = signal.copy()
            signal[:] = fill
            for part, rows in enumerate(np.array_split(np.arange(len(signal)), 4)):
                signal[rows, 3 * part : 3 * part + 3] = kept[rows, 3 * part : 3 * part + 3]

        return change

    def foreign(ecg: ECG) -> ECG:
        other = ecgs[rng.integers(len(ecgs))].signal
        return replace(ecg, signal=np.stack([ecgs[rng.integers(len(ecgs))].signal[:, 0], *other.T[1:]], axis=1))

    def white(ecg: ECG) -> ECG:
        independent = rng.normal(0, 0.3, (len(ecg.signal), 8)).astype(np.float32)
        names = ("I", "II", "V1", "V2", "V3", "V4", "V5", "V6")
        return ECG(independent, ecg.sampling_rate, names).twelve()

    def unrelated(ecg: ECG) -> ECG:
        names = ("I", "II", "V1", "V2", "V3", "V4", "V5", "V6")
        picked = [ecgs[rng.integers(len(ecgs))].signal[:, ecg.leads.index(name)] for name in names]
        return ECG(np.stack(picked, axis=1), ecg.sampling_rate, names).twelve()

    def cut(ecg: ECG) -> ECG:
        return replace(ecg, signal=ecg.signal[: round(2.4 * ecg.sampling_rate)])

    straight = list(range(12))
    mixed = [0, 2, 1, *straight[3:]]
    return [
        Case("one sample is NaN", ("not-finite",), changed(lost(1))),
        Case("2.4 s long", ("too-short",), cut),
        Case("printout, filled up with zeros", ("short-leads",), changed(printed(0.0))),
        Case("printout, filled up with NaN", ("short-leads",), changed(printed(np.nan))),
        *(Case(f"V3 stands still for {s:g} s", ("flat",), changed(lead_off(8, s))) for s in (1.0, 2.5, 4.0)),
        Case("volts taken for millivolts", ("amplitude",), scaled(1e-3)),
        Case("microvolts taken for millivolts", ("amplitude",), scaled(1e3)),
        Case("200 counts a mV taken for millivolts", ("amplitude",), scaled(200)),
        Case("10 times too large", ("amplitude", "gain"), scaled(10)),
        Case("lead III with 3 uV of noise", ("limb-leads",), changed(noisy(2, 3))),
        *(
            Case(f"lead III with {level} uV of noise", (f"{severity}: limb-leads",), changed(noisy(2, level)))
            for level, severity in ((7, "warn"), (15, "warn"), (25, "refuse"), (100, "refuse"))
        ),
        Case("-aVR stored as aVR", ("refuse: limb-leads",), changed(columns(straight, -1.0))),
        Case("names of II and III interchanged", ("refuse: limb-leads",), changed(columns(mixed))),
        Case("lead I of another recording", ("refuse: limb-leads",), foreign),
        Case("white noise", ("no-qrs",), white),
        Case("each lead from another recording", ("unusual", "electrodes", "no-qrs"), unrelated),
    ]


def paced(millivolts: float) -> Inject:
    """Spikes of 0.5 ms, 70 a minute, of one direction at all electrodes, as a device shows them that passes 150 Hz."""
    rng = np.random.default_rng(11)

    def inject(ecg: ECG) -> ECG:
        samples = len(ecg.signal)
        frequency = np.fft.rfftfreq(samples, 1 / ecg.sampling_rate)
        times = np.arange(rng.uniform(0, 0.8), ecg.duration, 60 / 70)
        spectrum = np.exp(-2j * np.pi * frequency[:, None] * times).sum(axis=1) / (1 + (frequency / 150) ** 4) ** 0.5
        spikes = np.fft.irfft(spectrum, samples)
        height = LEADS_OF_ELECTRODES @ rng.normal(size=LEADS_OF_ELECTRODES.shape[1])
        shown = np.outer(spikes / spikes.max(), height / np.abs(height).max() * millivolts)
        return replace(ecg, signal=ecg.signal + shown.astype(np.float32))

    return inject


def injected(name: str, severity: float | str) -> Inject:
    """A fault of `twelvelead.ecg.faults`."""
    rng = np.random.default_rng(9)
    fault = FAULTS[name]
    return lambda ecg: replace(ecg, signal=fault.apply(ecg.signal, ecg.sampling_rate, severity, rng))
