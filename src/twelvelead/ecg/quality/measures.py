"""What the warnings are decided on, measured once: spectra below 40 Hz, so that every sampling rate gives the same."""

import math
from dataclasses import dataclass
from functools import lru_cache

import numpy as np
from numpy.typing import NDArray

PIECE_SECONDS = 10.0
"""Longer recordings are measured in pieces of about this length; levels are medians over the pieces."""

Voltage = NDArray[np.float32]
"""[leads, samples] mV; leads first, which is what NumPy reduces fastest."""

Spectrum = NDArray[np.complexfloating]

LOWEST_RATE = 85.0
"""In Hz: below it there is no signal up to 40 Hz, and nothing is measured."""

SHORTEST = 2.0
"""In s: what is shorter is not measured either."""

MAINS = (50.0, 60.0)

_WANDER = 0.5  # Hz: baseline below it; the slowest heart rate that counts is 30 per minute
_HEART = (1.0, 40.0)
_FAST = 15.0
_MUSCLE = (20.0, 40.0)
_GRID = 100.0  # Hz, of what is brought back to time
_BLOCK = 5  # samples of that grid, 0.05 s
_QUIET, _QUIET_POWER = 0.3, 0.48  # the quantile, and where it lies for white noise of power 1, by simulation
_TAPERED = 0.05
_INDEPENDENT = [0, 1, 6, 7, 8, 9, 10, 11]
_CLEAN = 0.05  # of eight: less is left of a simulated heart that is one dipole, and to be that clean is no fault
_FLOOR = 4e-6  # mV^2, (2 uV)^2: what a lead without signal has


@dataclass(frozen=True)
class Measures:
    """Of one recording, twelve leads in our order.

    Attributes:
        covariance: [12, 12] mV^2, of 1 to 40 Hz.
        baseline: [12] mV root mean square below 0.5 Hz.
        muscle: [12] mV root mean square of noise up to 50 Hz, judged from 20 to 40 Hz in the quiet stretches of 0.05 s
            (the 30th percentile), so that it is not the QRS complexes.
        mains: frequency in Hz -> [12] amplitude in mV of what stands out there above its neighbourhood.
        fast: share of the power of 1 to 40 Hz that lies above 15 Hz.
        peaked: 99th percentile over median of the magnitude over leads, of 1 to 40 Hz.
    """

    covariance: NDArray[np.float64]
    baseline: NDArray[np.float64]
    muscle: NDArray[np.float64]
    mains: dict[float, NDArray[np.float64]]
    fast: float
    peaked: float


def measure(voltage: Voltage, rate: float) -> Measures:
    """Measures the twelve leads, [12, samples] mV, finite, at `LOWEST_RATE` or more and of at least `SHORTEST` s."""
    count = max(1, round(voltage.shape[1] / rate / PIECE_SECONDS))
    length = voltage.shape[1] // count
    pieces = [_measure(voltage[:, start * length : (start + 1) * length], rate) for start in range(count)]
    if count == 1:
        return pieces[0]
    return Measures(
        covariance=np.mean([piece.covariance for piece in pieces], axis=0),
        baseline=np.median([piece.baseline for piece in pieces], axis=0),
        muscle=np.median([piece.muscle for piece in pieces], axis=0),
        mains={hertz: np.median([piece.mains[hertz] for piece in pieces], axis=0) for hertz in MAINS},
        fast=float(np.median([piece.fast for piece in pieces])),
        peaked=float(np.median([piece.peaked for piece in pieces])),
    )


def sizes(covariance: NDArray[np.float64]) -> NDArray[np.float64]:
    """[leads] mV root mean square, of [leads, leads]; not below 2 uV."""
    size: NDArray[np.float64] = np.sqrt(np.maximum(np.diagonal(covariance), _FLOOR))
    return size


def signal_features(measures: Measures) -> NDArray[np.float64]:
    """[13] logarithms: root mean square of each of the eight independent leads, what is left of their power, each lead
    set to 1, after the first, the second and the third principal component, the fast share, and the peakedness."""
    c = measures.covariance[_INDEPENDENT][:, _INDEPENDENT]
    scale = sizes(c)
    held = np.linalg.eigvalsh(c / (scale[:, None] * scale))[::-1]
    rest = np.maximum(len(held) - np.cumsum(held[:3]), _CLEAN)
    features: NDArray[np.float64] = np.log(
        np.concatenate([scale, rest, np.maximum([measures.fast, measures.peaked], 1e-4)])
    )
    return features


def _measure(voltage: Voltage, rate: float) -> Measures:
    samples = int(voltage.shape[1])
    spectrum: Spectrum = np.fft.rfft((voltage - voltage.mean(axis=1, keepdims=True)) * _taper(samples))
    parts = spectrum.view(spectrum.real.dtype)  # NumPy divides complex numbers slowly
    parts *= parts.dtype.type(1) / parts.dtype.type(samples)
    power = 2 * (spectrum.real**2 + spectrum.imag**2)

    def at(hertz: float) -> int:
        return min(math.ceil(hertz * samples / rate), samples // 2 + 1)

    heart, muscle = slice(at(_HEART[0]), at(_HEART[1])), slice(at(_MUSCLE[0]), at(_MUSCLE[1]))
    band = spectrum[:, heart]
    total = power[:, heart].sum()
    magnitude = np.sqrt(np.einsum("ls,ls->s", *[_in_time(spectrum[_INDEPENDENT], heart, samples, rate)] * 2))
    return Measures(
        covariance=2.0 * (band @ band.conj().T).real.astype(np.float64),
        baseline=np.sqrt(power[:, 1 : max(2, at(_WANDER))].sum(axis=1)).astype(np.float64),
        muscle=_quiet_level(_in_time(spectrum, muscle, samples, rate, _hann(muscle.stop - muscle.start))),
        mains={hertz: _hum(power, rate, samples, hertz) for hertz in MAINS},
        fast=float(power[:, at(_FAST) : heart.stop].sum() / max(total, _FLOOR)),
        peaked=float(_quantile(magnitude, 0.99) / max(_quantile(magnitude, 0.5), 1e-4)),
    )


@lru_cache(maxsize=8)
def _taper(samples: int) -> NDArray[np.float32]:
    """Ones with half a cosine at either end, which keeps a jump from last to first sample out of the spectrum."""
    edge = max(1, round(_TAPERED * samples))
    rise = 0.5 - 0.5 * np.cos(np.pi * (np.arange(edge) + 0.5) / edge)
    taper = np.ones(samples, np.float32)
    taper[:edge], taper[-edge:] = rise, rise[::-1]
    return taper


@lru_cache(maxsize=8)
def _hann(count: int) -> NDArray[np.float32]:
    """Weights of a band without edges, whose filter rings least after a QRS complex."""
    weights: NDArray[np.float32] = (1 - np.cos(2 * np.pi * (np.arange(count) + 0.5) / count)).astype(np.float32)
    return weights


def _in_time(
    spectrum: Spectrum,
    band: slice,
    samples: int,
    rate: float,
    weights: NDArray[np.float32] | float = 1.0,
) -> NDArray[np.floating]:
    """[leads, samples at 100 Hz] of a band below 50 Hz, weighted."""
    grid = round(samples / rate * _GRID)
    kept = np.zeros((len(spectrum), grid // 2 + 1), spectrum.dtype)
    kept[:, band] = spectrum[:, band] * weights
    brought_back: NDArray[np.floating] = np.fft.irfft(kept, grid) * grid
    return brought_back


def _quiet_level(noise: NDArray[np.floating]) -> NDArray[np.float64]:
    """[leads] root mean square of white noise up to 50 Hz that would leave this after `_hann`, which passes
    1.5 * (40 - 20) / 50 of its power."""
    blocks = noise[:, : noise.shape[1] // _BLOCK * _BLOCK].reshape(len(noise), -1, _BLOCK)
    power = np.einsum("lbs,lbs->lb", blocks, blocks) / (_BLOCK * 1.5 * (_MUSCLE[1] - _MUSCLE[0]) / (_GRID / 2))
    power /= _QUIET_POWER
    power.partition(int(_QUIET * power.shape[1]), axis=1)
    level: NDArray[np.float64] = np.sqrt(power[:, int(_QUIET * power.shape[1])]).astype(np.float64)
    return level


def _quantile(values: NDArray[np.floating], share: float) -> float:
    place = int(share * (len(values) - 1))
    return float(np.partition(values, place)[place])


def _hum(power: NDArray[np.floating], rate: float, samples: int, hertz: float) -> NDArray[np.float64]:
    """[leads] amplitude in mV at the mains' frequency, or where sampling folds it to, above its neighbourhood."""
    folded = abs((hertz + rate / 2) % rate - rate / 2)
    step = rate / samples
    last = power.shape[1]
    centre, inner, outer = folded / step, max(0.6 / step, 1.0), max(3.0 / step, 4.0)

    def between(low: float, high: float) -> slice:
        return slice(min(max(int(np.ceil(low)), 0), last), min(max(int(high) + 1, 0), last))

    peak = power[:, between(centre - inner, centre + inner)]
    beside = np.concatenate(
        [power[:, between(centre - outer, centre - 2 * inner)], power[:, between(centre + 2 * inner, centre + outer)]],
        axis=1,
    )
    if peak.shape[1] == 0 or beside.shape[1] == 0:
        return np.zeros(len(power))
    excess = peak.sum(axis=1) - peak.shape[1] * 2 * beside.mean(axis=1)
    amplitude: NDArray[np.float64] = np.sqrt(2 * np.maximum(excess, 0)).astype(np.float64)
    return amplitude
