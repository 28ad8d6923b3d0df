"""Another sampling rate."""

from collections.abc import Iterator
from fractions import Fraction
from functools import lru_cache
from typing import Any, NamedTuple

import numpy as np
from numpy.lib.stride_tricks import sliding_window_view
from numpy.typing import NDArray

_CUTOFF = 0.8916
_PERIODS = 19.5
_BETA = 5.5
"""The low-pass filter: a sinc with its half-amplitude point at this share of the lower Nyquist frequency, in a Kaiser
window of this many periods of the lower rate on either side. Fitted by least squares so that 500 Hz records of PTB-XL
become its published 100 Hz ones: gain 1 up to 40 Hz, below 0.001 from 50 Hz on, which takes mains hum away before it
can fold back. What is left is 0.33 uV root mean square, of which 0.29 uV is their rounding to whole microvolts, once
their constant shift of 1.25 ms is allowed for; we do not shift, and keep time."""

_GROUP = 32
"""Neighbouring samples of the result that one matrix product gives."""


def resample(signal: NDArray[np.floating[Any]], from_rate: float, to_rate: float) -> NDArray[np.float32]:
    """A recording at another rate, by a linear-phase polyphase filter.

    Frequencies up to 0.8 of the lower Nyquist frequency are kept, those above it removed before they can fold back;
    sample 0 stays where it is in time, and the edge values are continued outwards, so that a constant stays constant.

    Args:
        signal: [samples, leads] floating, in any unit. A run of samples that are not finite is bridged by a straight
            line for the filter and is NaN in the result, at its place and no further.
        from_rate, to_rate: in Hz; their ratio is taken as the nearest fraction with a denominator up to 1000.

    Returns:
        [ceil(samples * to_rate / from_rate), leads] float32, in the unit of `signal`.

    Raises:
        ValueError: a rate is not above 0 and finite, or the signal has no samples.
    """
    for rate in (from_rate, to_rate):
        if not 0 < rate < float("inf"):
            raise ValueError(f"sampling rate is {rate} Hz; it has to be above 0")
    if len(signal) == 0:
        raise ValueError("a signal without samples has no other rate")
    ratio = (Fraction(to_rate) / Fraction(from_rate)).limit_denominator(1000)
    up, down = ratio.numerator, ratio.denominator
    if up == 0:
        raise ValueError(f"{from_rate} Hz to {to_rate} Hz is out of range")
    if up == down:
        return signal.astype(np.float32)
    finite = np.isfinite(signal)
    whole = signal if finite.all() else _bridged(signal, finite)
    length = -(-len(signal) * up // down)
    result = _filtered(whole.T.astype(np.float64), up, down, length).astype(np.float32)
    if whole is not signal:
        result[_touched(~finite, up, down, length)] = np.nan
    return result


def _filtered(signal: NDArray[np.float64], up: int, down: int, length: int) -> NDArray[np.float64]:
    """[length, leads] of [leads, samples]: sample m is the sum of tap(m * down - k * up) * signal[k] over all k."""
    period = up * -(-_GROUP // up)
    advance = period * down // up
    periods = -(-length // period)
    groups = _groups(up, down, period)
    before = -groups[0].first
    after = (periods - 1) * advance + groups[-1].first + len(groups[-1].taps) - signal.shape[1]
    padded = np.pad(signal, ((0, 0), (before, max(0, after))), mode="edge")
    filtered = np.empty((len(signal), periods, period))
    at = 0
    for first, taps in groups:
        windows = sliding_window_view(padded, len(taps), axis=1)[:, before + first :: advance][:, :periods]
        filtered[:, :, at : at + taps.shape[1]] = np.ascontiguousarray(windows) @ taps
        at += taps.shape[1]
    return filtered.reshape(len(signal), -1)[:, :length].T


class _Group(NamedTuple):
    """Neighbouring samples of the result, as a matrix product with a window of the signal.

    Attributes:
        first: sample of the signal at which the window begins, in the first period; below 0 it lies before the signal.
        taps: [samples of the window, samples of the result].
    """

    first: int
    taps: NDArray[np.float64]


@lru_cache(maxsize=16)
def _groups(up: int, down: int, period: int) -> tuple[_Group, ...]:
    """The samples of one period, after which the phases repeat, in groups."""
    taps = _low_pass(up, down)
    half = len(taps) // 2

    def made() -> Iterator[_Group]:
        for begin in range(0, period, _GROUP):
            outputs = np.arange(begin, min(begin + _GROUP, period)) * down
            inputs = np.arange(-(-(outputs[0] - half) // up), (outputs[-1] + half) // up + 1) * up
            place = half + outputs[None, :] - inputs[:, None]
            inside = (place >= 0) & (place < len(taps))
            yield _Group(int(inputs[0]) // up, np.where(inside, taps[np.where(inside, place, 0)], 0))

    return tuple(made())


def _low_pass(up: int, down: int) -> NDArray[np.float64]:
    """[taps], symmetric, at `up` times the input's rate."""
    step = max(up, down)
    half = int(_PERIODS * step)
    times = np.arange(-half, half + 1) / step
    taps: NDArray[np.float64] = np.sinc(_CUTOFF * times) * np.kaiser(2 * half + 1, _BETA)
    # each phase by itself, so that a constant comes out exact at every one of them
    for phase in range(up):
        taps[phase::up] /= taps[phase::up].sum()
    return taps


def _bridged(signal: NDArray[np.floating[Any]], finite: NDArray[np.bool_]) -> NDArray[np.floating[Any]]:
    """The signal with a straight line over each run of samples that are not finite; a lead without any finite sample
    becomes 0."""
    bridged = np.zeros_like(signal)
    position = np.arange(len(signal))
    for lead in range(signal.shape[1]):
        known = finite[:, lead]
        if known.any():
            bridged[:, lead] = np.interp(position, position[known], signal[known, lead])
    return bridged


def _touched(missing: NDArray[np.bool_], up: int, down: int, length: int) -> NDArray[np.bool_]:
    """[length, leads]: whether a missing sample lies less than one sample of the coarser rate away."""
    count = np.concatenate([np.zeros((1, missing.shape[1]), np.int64), np.cumsum(missing, axis=0)])
    reach = max(up, down)
    centre = np.arange(length) * down
    first = np.clip((centre - reach) // up + 1, 0, len(missing))
    last = np.clip(-(-(centre + reach) // up), 0, len(missing))
    return count[last] > count[first]
