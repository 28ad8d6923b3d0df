"""What one lead has and the heart has not: an offset, a jump, a spike, or the signal of another lead."""

import numpy as np
from numpy.typing import NDArray

from twelvelead.ecg.finding import Finding, by_lead, named
from twelvelead.ecg.leads import LEADS
from twelvelead.ecg.quality.measures import Measures, Voltage

OFFSET_MILLIVOLTS = 0.7
"""Median of a lead; of PTB-XL's folds 1-7, one recording in 600 has a lead that lies farther from 0."""

JUMP_MILLIVOLTS = 1.5
JUMP_SECONDS = 1.0
"""A lead jumps where all quarters of a second before lie so far below, or above, all those after it (medians)."""

SPIKE_MILLIVOLTS = 2.0
SPIKE_SECONDS = 0.02
SPIKE_USUAL, SPIKE_ELSEWHERE = 1.3, 0.5
"""A spike stands out above what is so long before and after it: by so many mV, by so many times what stands out in a
usual second of the same lead, and no other lead that was recorded on its own has this share of it."""

COPIED = 1e-4
"""Share of a lead's power from 1 to 40 Hz that another lead leaves unexplained; of 19,601 recordings of PTB-XL one has
less."""

_INDEPENDENT = [0, 1, 6, 7, 8, 9, 10, 11]
_CHEST = range(6, 12)


def offset(voltage: Voltage) -> Finding | None:
    level = np.median(voltage, axis=1)
    found = by_lead(level, np.abs(level) > OFFSET_MILLIVOLTS)
    if not found:
        return None
    listed = ", ".join(f"{lead} at {value:.1f} mV" for lead, value in found.items())
    return Finding("offset", "warn", f"far from 0: {listed}; take the offset away or record again", found)


def jump(voltage: Voltage, rate: float) -> Finding | None:
    quarter = max(1, round(rate / 4))
    count = voltage.shape[1] // quarter
    side = round(4 * JUMP_SECONDS)
    if count < 2 * side + 1:
        return None
    level = np.median(voltage[:, : count * quarter].reshape(len(voltage), count, quarter), axis=2)
    windows = np.lib.stride_tricks.sliding_window_view(level, side, axis=1)
    low, high = windows.min(axis=2), windows.max(axis=2)
    # the quarter in which it jumps belongs to neither side
    before, after = slice(None, -side - 1), slice(side + 1, None)
    height = np.maximum(low[:, after] - high[:, before], low[:, before] - high[:, after]).max(axis=1)
    found = by_lead(height, height > JUMP_MILLIVOLTS)
    if not found:
        return None
    message = (
        f"{named(found)} jumps to another level, by up to {max(found.values()):.1f} mV; check the electrodes' contact "
        "and record again"
    )
    return Finding("jump", "warn", message, found)


def spike(voltage: Voltage, rate: float) -> Finding | None:
    """The highest spike of one lead."""
    beside = max(1, round(SPIKE_SECONDS * rate))
    samples = voltage.shape[1] - 2 * beside
    if samples <= 0:
        return None
    independent = voltage[_INDEPENDENT]
    before, centre, after = (independent[:, start : start + samples] for start in (0, beside, 2 * beside))
    tall = prominence(centre, before, after)
    row, at = np.unravel_index(tall.argmax(), tall.shape)
    height = float(tall[row, at])
    if height <= SPIKE_MILLIVOLTS:
        return None
    second = max(1, round(rate))
    count = max(1, samples // second)
    usual = np.median(tall[row, : count * second].reshape(count, -1).max(axis=1)) if samples >= second else 0.0
    meanwhile = tall[:, max(0, at - beside) : at + beside + 1].max(axis=1)
    if height <= SPIKE_USUAL * usual or np.partition(meanwhile, -2)[-2] >= SPIKE_ELSEWHERE * height:
        return None
    lead = LEADS[_INDEPENDENT[row]]
    message = (
        f"a spike of {height:.1f} mV in lead {lead} at {(at + beside) / rate:.2f} s, which no other lead shows: an "
        "artefact; check the electrode's contact"
    )
    return Finding("spike", "warn", message, {lead: height})


def copied(voltage: Voltage, measures: Measures | None) -> Finding | None:
    """Two leads that are equal sample by sample, or, where one of them is a chest lead, equal but for gain, sign and
    offset: what is left of the one after the other."""
    equal = [
        (one, other)
        for one in range(len(voltage))
        for other in range(one + 1, len(voltage))
        if voltage[one, 0] == voltage[other, 0] and np.array_equal(voltage[one], voltage[other])
    ]
    pairs = {f"{LEADS[one]} = {LEADS[other]}": 0.0 for one, other in equal}
    if measures and not pairs:
        rest = unexplained(measures.covariance)
        pairs = {
            f"{LEADS[one]} = {LEADS[other]}": float(rest[one, other])
            for other in _CHEST
            for one in range(other)
            if rest[one, other] < COPIED
        }
    if not pairs:
        return None
    message = f"leads that are one: {', '.join(pairs)}; check what was exported under these names"
    return Finding("copied-lead", "warn", message, pairs)


def unexplained(covariance: NDArray[np.float64]) -> NDArray[np.float64]:
    """[12, 12]: 1 - squared correlation; 1 where a lead has no power."""
    power = np.diagonal(covariance)
    scale = np.outer(power, power)
    left: NDArray[np.float64] = 1 - np.divide(covariance**2, scale, out=np.zeros_like(scale), where=scale > 0)
    return left


def prominence(at: NDArray[np.float32], before: NDArray[np.float32], after: NDArray[np.float32]) -> NDArray[np.float32]:
    """How far a sample stands out above the higher, or below the lower, of two others; negative between them."""
    highest: NDArray[np.float32] = np.maximum(at - np.maximum(before, after), np.minimum(before, after) - at)
    return highest
