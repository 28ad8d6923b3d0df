"""What was never recorded: padding at the end, and samples that hold a marker."""

from dataclasses import replace
from math import ceil
from typing import Any

import numpy as np
from numpy.typing import NDArray

from twelvelead.ecg.record import ECG

PADDING_SECONDS = 0.2
"""A shorter standstill is left alone; it may be the isoelectric line."""

_AT_AN_END = (0.05, 10)
"""Seconds, and samples, of the marker that are enough where a lead begins or ends with them."""


def without_marked(samples: NDArray[Any], mark: float, rate: float) -> NDArray[Any]:
    """Samples with NaN where a marker stands for "nothing recorded".

    A marker that is a possible sample, such as 0, is believed in runs of 0.2 s, and of 0.05 s (10 samples at least) at
    either end of a lead. One that is farther from all other samples than these are from each other is no sample, and
    believed everywhere.

    Args:
        samples: [samples] real numbers, of one lead.
        mark: the marker.
        rate: in Hz.
    """
    marked = samples == mark
    if not marked.any():
        return samples
    others = samples[~marked].astype(np.float64)
    if others.size and not _is_apart(mark, float(others.min()), float(others.max())):
        edges = np.flatnonzero(np.diff(np.concatenate([[False], marked, [False]]).astype(np.int8)))
        starts, ends = edges[::2], edges[1::2]
        long = ends - starts >= ceil(PADDING_SECONDS * rate)
        at_an_end = (starts == 0) | (ends == len(samples))
        long |= at_an_end & (ends - starts >= max(ceil(_AT_AN_END[0] * rate), _AT_AN_END[1]))
        marked = np.zeros(len(samples), np.bool_)
        for start, end in zip(starts[long], ends[long], strict=True):
            marked[start:end] = True
        if not marked.any():
            return samples
    return np.where(marked, np.nan, samples.astype(np.float64))


def _is_apart(mark: float, low: float, high: float) -> bool:
    return max(low - mark, mark - high) > high - low


def without_zeros(signal: NDArray[np.float32]) -> NDArray[np.float32]:
    """The recording [samples, leads] without the samples at both ends at which every lead is exactly 0."""
    there = np.flatnonzero((signal != 0).any(axis=1))
    return signal[there[0] : there[-1] + 1] if len(there) else signal[:0]


def without_padding(ecg: ECG) -> ECG:
    """The recording without what was never recorded at its ends.

    From the end on, a sample belongs to the tail where all leads show the same value (zero, a marker, a calibration
    pulse), none of them moves, or all are invalid; a tail of less than 0.2 s and a recording of nothing else are kept.
    At the start all leads have to be invalid.
    """
    signal = ecg.signal
    begin, end = _first_valid(signal), _end(signal, int(np.ceil(PADDING_SECONDS * ecg.sampling_rate)))
    if begin >= end or end - begin == len(signal):
        return ecg
    return replace(ecg, signal=np.ascontiguousarray(signal[begin:end]))


def _first_valid(signal: NDArray[np.float32]) -> int:
    """The first sample that some lead has; 0 where none has any."""
    if not len(signal) or not np.isnan(signal[0]).all():
        return 0
    return int(np.isfinite(signal).any(axis=1).argmax())


def _end(signal: NDArray[np.float32], least: int) -> int:
    """Where the tail begins, if it has `least` samples."""
    if len(signal) < 2 or signal.shape[1] < 2 or not _idle(signal[-2:])[0]:
        return len(signal)
    step, end = 4096, len(signal)
    while end > 1:
        start = max(0, end - step)
        moving = np.flatnonzero(~_idle(signal[start:end]))
        if moving.size:
            end = start + int(moving[-1]) + 2
            break
        end = start + 1
    return len(signal) if end <= 1 or len(signal) - end < least else end


def _idle(rows: NDArray[np.float32]) -> NDArray[np.bool_]:
    """[rows - 1] whether each row but the first is of the kind that padding consists of."""
    rest = rows[1:]
    invalid = np.isnan(rest)
    same = (rest == rest[:, :1]) | (invalid & invalid[:, :1])
    still = (rest == rows[:-1]) | (invalid & np.isnan(rows[:-1]))
    idle: NDArray[np.bool_] = same.all(axis=1) | still.all(axis=1)
    return idle
