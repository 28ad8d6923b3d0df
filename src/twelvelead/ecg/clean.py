"""The twelve leads without baseline and fast noise, at one rate whatever the recording's: what is measured is measured
on this."""

from dataclasses import dataclass
from functools import lru_cache

import numpy as np
from numpy.typing import NDArray

from twelvelead.ecg.record import ECG

RATE = 500.0
"""About this many samples a second; a recording at another rate is interpolated in its spectrum."""

_CLOSING = 1.0  # s: a bridge from the last sample to the first, so that the spectrum sees no jump
_DRIFT = 10  # samples of the envelope for one of the baseline
_HIGH_PASS = (0.3, 0.7)  # Hz: gain 0 below, 1 above
_LOW_PASS = (20.0, 80.0)  # what the 100 Hz recordings of PTB-XL hold; with more, the bounds would depend on the rate
_QRS_RISE, _QRS_FALL = (3.0, 7.0), (18.0, 26.0)

Spectrum = NDArray[np.complexfloating]


@dataclass(frozen=True)
class Clean:
    """Twelve leads from 0.5 to 45 Hz, without phase shift.

    Attributes:
        signal: [samples, 12] float64, mV.
        rate: of `signal`, in Hz, within a few thousandths of `RATE`.
        envelope: [samples, 12] mV, at `envelope_rate`: the amplitude from 5 to 22 Hz, where QRS complexes stand out
            from P and T waves.
        envelope_rate: in Hz.
        baseline: [12] mV: from the lowest to the highest of what moves below 0.5 Hz.
        whole: [12]: whether every sample is finite. Where not, the lead is 0.
    """

    signal: NDArray[np.float64]
    rate: float
    envelope: NDArray[np.float64]
    envelope_rate: float
    baseline: NDArray[np.float64]
    whole: NDArray[np.bool_]


def clean(ecg: ECG) -> Clean:
    """Filter in the spectrum.

    Args:
        ecg: twelve leads in our order, at least one sample.
    """
    finite = np.isfinite(ecg.signal)
    all_whole = bool(finite.all())  # told over all at once in a fifth of the time
    whole: NDArray[np.bool_] = np.ones(finite.shape[1], bool) if all_whole else np.asarray(finite.all(axis=0))
    samples = len(ecg.signal)
    signal = ecg.signal if all_whole else np.where(whole, ecg.signal, np.float32(0))
    closed = _closed(signal, round(_CLOSING * ecg.sampling_rate))
    count = closed.shape[1]
    spectrum = np.fft.rfft(closed)
    slow, kept, beating = _gains(count, ecg.sampling_rate)
    grid = round(count * RATE / ecg.sampling_rate)
    rate = grid / count * ecg.sampling_rate
    cleaned = _in_time(spectrum * kept, grid, count)
    coarse = max(1, round(count * 100 / ecg.sampling_rate))
    drifts = max(2, coarse // _DRIFT)
    drift = _in_time(spectrum[:, : drifts // 2 + 1] * (1 - slow[: drifts // 2 + 1]), drifts, count)
    drift = drift[:, : max(1, round(samples * drifts / count))]
    return Clean(
        signal=cleaned[:, : max(1, round(samples * grid / count))].T,
        rate=rate,
        envelope=_envelope(spectrum, beating, coarse, count)[:, : max(1, round(samples * coarse / count))].T,
        envelope_rate=coarse / count * ecg.sampling_rate,
        baseline=np.ptp(drift, axis=1),
        whole=whole,
    )


def _closed(signal: NDArray[np.float32], bridge: int) -> NDArray[np.float64]:
    """[leads, samples + bridge, of a length that is quick to transform], of [samples, leads]: back to the first sample
    in half a cosine."""
    samples = len(signal)
    closed = np.empty((signal.shape[1], _quick(samples + max(bridge, 1))))
    closed[:, :samples] = signal.T
    first, last = closed[:, :1], closed[:, samples - 1 : samples]
    closed[:, samples:] = first + (last - first) * _fall(closed.shape[1] - samples)
    return closed


@lru_cache(maxsize=4)
def _fall(extra: int) -> NDArray[np.float64]:
    """From 1 to 0 in half a cosine."""
    fall: NDArray[np.float64] = 0.5 + 0.5 * np.cos(np.pi * (np.arange(extra) + 1) / (extra + 1))
    return fall


@lru_cache(maxsize=4)
def _quick(least: int) -> int:
    """The next even number without prime factors above 5."""
    number = least + least % 2
    while True:
        rest = number
        for factor in (2, 3, 5):
            while rest % factor == 0:
                rest //= factor
        if rest == 1:
            return number
        number += 2


@lru_cache(maxsize=4)
def _gains(count: int, rate: float) -> tuple[NDArray[np.float64], NDArray[np.float64], NDArray[np.float64]]:
    """Of each frequency, above the baseline, in the cleaned signal, in the QRS band (up to its last)."""
    hertz: NDArray[np.float64] = np.arange(count // 2 + 1, dtype=np.float64) * (rate / count)
    slow = _ramp(hertz, *_HIGH_PASS)
    band = _ramp(hertz, *_QRS_RISE) * (1 - _ramp(hertz, *_QRS_FALL))
    return slow, slow * (1 - _ramp(hertz, *_LOW_PASS)), band[: int(np.searchsorted(hertz, _QRS_FALL[1]))]


def _ramp(hertz: NDArray[np.float64], low: float, high: float) -> NDArray[np.float64]:
    """0 below `low`, 1 above `high`, half a cosine between."""
    return 0.5 - 0.5 * np.cos(np.pi * np.clip((hertz - low) / (high - low), 0, 1))


def _in_time(spectrum: Spectrum, grid: int, count: int) -> NDArray[np.float64]:
    """Real, [leads, grid], of the spectrum of `count` samples."""
    kept = spectrum[:, : grid // 2 + 1]
    if kept.shape[1] < grid // 2 + 1:  # with the zeros NumPy is a third faster than when it is to imagine them
        kept = np.zeros((len(spectrum), grid // 2 + 1), spectrum.dtype)
        kept[:, : spectrum.shape[1]] = spectrum
    signal: NDArray[np.float64] = np.fft.irfft(kept, grid)
    signal *= grid / count
    return signal


def _envelope(spectrum: Spectrum, band: NDArray[np.float64], grid: int, count: int) -> NDArray[np.float64]:
    """[leads, grid]: magnitude of the analytic signal (Gabor 1946) of the QRS band."""
    last = min(len(band), grid)
    kept = np.zeros((len(spectrum), grid), np.complex128)
    kept[:, :last] = spectrum[:, :last] * band[:last]
    envelope: NDArray[np.float64] = np.abs(np.fft.ifft(kept))
    envelope *= 2 * grid / count
    return envelope
