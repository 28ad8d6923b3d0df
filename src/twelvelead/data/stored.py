"""What a store holds of a recording: its first seconds at one rate, in whole microvolts."""

import numpy as np
from numpy.typing import NDArray

from twelvelead.ecg.record import ECG
from twelvelead.ecg.resample import resample

_LARGEST = 32.767
"""mV, what int16 microvolts hold."""


def to_microvolts(ecg: ECG, rate: float, seconds: float, bridge: float = 0.0) -> tuple[NDArray[np.int16], int]:
    """The first seconds of a recording.

    Args:
        ecg: with the leads that are stored.
        rate: of the store in Hz.
        seconds: that are stored.
        bridge: gaps of NaN of up to this many seconds become straight lines; 0 for none.

    Returns:
        [samples, leads] int16, microvolts, and how many gaps were bridged.

    Raises:
        ValueError: the recording is shorter, samples are missing, or exceed what is stored; a clause with its remedy.
    """
    samples = round(rate * seconds)
    signal, gaps = bridge_gaps(ecg.signal, round(bridge * ecg.sampling_rate))
    if ecg.sampling_rate != rate:
        signal = resample(signal, ecg.sampling_rate, rate)
    if len(signal) < samples:
        raise ValueError(f"{len(signal) / rate:g} s long, not {samples / rate:g} s; ask for fewer seconds")
    signal = signal[:samples]
    if not np.isfinite(signal).all():
        raise ValueError("samples are missing (NaN or infinite); have short gaps bridged, or take it out of the table")
    if not (np.abs(signal) <= _LARGEST).all():
        raise ValueError("samples exceed 32 mV; take it out of the table")
    return np.rint(signal * 1000).astype(np.int16), gaps


def bridge_gaps(signal: NDArray[np.float32], longest: int) -> tuple[NDArray[np.float32], int]:
    """A recording [samples, leads] whose gaps of NaN inside it, of up to `longest` samples, are straight lines, and how
    many gaps were bridged. Longer gaps and those at an end stay."""
    missing = np.isnan(signal)
    if not longest or not missing.any():
        return signal, 0
    mended, count, places = signal.copy(), 0, np.arange(len(signal))
    for lead in np.flatnonzero(missing.any(axis=0)):
        edges = np.flatnonzero(np.diff(np.concatenate([[False], missing[:, lead], [False]]).astype(np.int8)))
        for start, end in zip(edges[::2], edges[1::2], strict=True):
            if start > 0 and end < len(signal) and end - start <= longest:
                inside = slice(start, end)
                mended[inside, lead] = np.interp(places[inside], [start - 1, end], signal[[start - 1, end], lead])
                count += 1
    return mended, count
