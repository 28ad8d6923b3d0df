"""Another sampling rate."""

from fractions import Fraction
from functools import lru_cache
from typing import Any

import numpy as np
from numpy.typing import NDArray

_CUTOFF = 0.8916
_PERIODS = 19.5
_BETA = 5.5
"""The low-pass filter: a sinc with its half-amplitude point at this share of the lower Nyquist frequency, in a Kaiser
window of this many periods of the lower rate on either side. Fitted by least squares so that 500 Hz records of PTB-XL
become its published 100 Hz ones: gain 1 up to 40 Hz, below 0.001 from 50 Hz on, which takes mains hum away before it
can fold back. What is left is 0.33 uV root mean square, of which 0.29 uV is their rounding to whole microvolts, once
their constant shift of 1.25 ms is allowed for; we do not shift, and keep time."""


def resample(signal: NDArray[np.floating[Any]], from_rate: float, to_rate: float) -> NDArray[np.float32]:
    """A recording at another rate, by a linear-phase polyphase filter (`scipy.signal.resample_poly`).

    Frequencies up to 0.8 of the lower Nyquist frequency are kept, those above it removed; sample 0 stays where it is in
    time, and the edge values are continued outwards, so that a constant stays constant.

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
    from scipy.signal import resample_poly

    finite = np.isfinite(signal)
    whole = signal if finite.all() else _bridged(signal, finite)
    # of whole periods on both rates, so that the padding is cut off again at a sample
    padding = down * -(-int(_PERIODS * max(up, down) + up) // (up * down))
    padded = np.pad(whole.astype(np.float64), ((padding, padding), (0, 0)), mode="edge")
    length = -(-len(signal) * up // down)
    start = padding * up // down
    resampled = resample_poly(padded, up, down, axis=0, window=_low_pass(up, down))[start : start + length]
    result: NDArray[np.float32] = resampled.astype(np.float32)
    if whole is not signal:
        result[_touched(~finite, up, down, length)] = np.nan
    return result


@lru_cache(maxsize=16)
def _low_pass(up: int, down: int) -> NDArray[np.float64]:
    """[taps], symmetric, at `up` times the input's rate."""
    step = max(up, down)
    half = int(_PERIODS * step)
    times = np.arange(-half, half + 1) / step
    taps: NDArray[np.float64] = np.sinc(_CUTOFF * times) * np.kaiser(2 * half + 1, _BETA)
    # each phase by itself, so that a constant comes out exact at every one of them
    for phase in range(up):
        taps[phase::up] /= up * taps[phase::up].sum()
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
