"""What one lead has and the heart has not: an offset, a jump, a spike, or the signal of another lead."""

from itertools import combinations

import numpy as np
from numpy.typing import NDArray

from twelvelead.ecg.beats import extreme_over
from twelvelead.ecg.finding import Finding, by_lead, named
from twelvelead.ecg.leads import LEADS
from twelvelead.ecg.quality.measures import Measures, Voltage
from twelvelead.ecg.quality.quarters import Quarters

OFFSET_MILLIVOLTS = 0.7
"""Median of a lead; of PTB-XL's folds 1-7, one recording in 600 has a lead that lies farther from 0."""

JUMP_MILLIVOLTS = 1.5
JUMP_SECONDS = 1.0
"""A lead jumps where all quarters of a second before lie so far below, or above, all those after it (medians)."""

_SIDE = round(4 * JUMP_SECONDS)  # quarters

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
    # where the median is far, half of the samples are: the others need no sorting
    possible = np.count_nonzero(np.abs(voltage) > OFFSET_MILLIVOLTS, axis=1) >= voltage.shape[1] // 2
    if not possible.any():
        return None
    level = np.zeros(len(voltage), voltage.dtype)
    level[possible] = np.median(voltage[possible], axis=1)
    found = by_lead(level, np.abs(level) > OFFSET_MILLIVOLTS)
    if not found:
        return None
    listed = ", ".join(f"{lead} at {value:.1f} mV" for lead, value in found.items())
    return Finding("offset", "warn", f"far from 0: {listed}; take the offset away or record again", found)


def jump(voltage: Voltage, quarters: Quarters) -> Finding | None:
    count, samples = quarters.lowest.shape[1], quarters.samples
    if count < 2 * _SIDE + 1:
        return None
    # a median lies between the lowest and the highest sample: where these do not jump, it need not be known
    possible = _jump_heights(quarters.highest, quarters.lowest) > JUMP_MILLIVOLTS
    if not possible.any():
        return None
    height = np.zeros(len(voltage), voltage.dtype)
    level = np.median(voltage[possible, : count * samples].reshape(-1, count, samples), axis=2)
    height[possible] = _jump_heights(level, level)
    found = by_lead(height, height > JUMP_MILLIVOLTS)
    if not found:
        return None
    message = (
        f"{named(found)} jumps to another level, by up to {max(found.values()):.1f} mV; check the electrodes' contact "
        "and record again"
    )
    return Finding("jump", "warn", message, found)


def _jump_heights(lows: Voltage, highs: Voltage) -> Voltage:
    """[leads]: by how much all `lows` of one side lie above all `highs` of the other, at the highest jump of each lead;
    of levels, [leads, quarters] mV, or what bounds them from above and from below."""
    low, high = (extreme_over(extreme, levels, _SIDE) for extreme, levels in ((np.minimum, lows), (np.maximum, highs)))
    # the quarter in which it jumps belongs to neither side
    before, after = slice(None, -_SIDE - 1), slice(_SIDE + 1, None)
    heights: Voltage = np.maximum(low[:, after] - high[:, before], low[:, before] - high[:, after]).max(axis=1)
    return heights


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
    first = voltage[:, 0].tolist()
    pairs = {
        f"{LEADS[one]} = {LEADS[other]}": 0.0
        for one, other in combinations(range(len(voltage)), 2)
        if first[one] == first[other] and np.array_equal(voltage[one], voltage[other])
    }
    if measures and not pairs:
        rest = unexplained(measures.covariance)
        pairs = {
            f"{LEADS[one]} = {LEADS[other]}": float(rest[one, other])
            for other, one in np.argwhere(rest.T < COPIED).tolist()
            if one < other and other in _CHEST
        }
    if not pairs:
        return None
    message = f"leads that are one: {', '.join(pairs)}; check what was exported under these names"
    return Finding("copied-lead", "warn", message, pairs)


def unexplained(covariance: NDArray[np.float64]) -> NDArray[np.float64]:
    """[12, 12]: 1 - squared correlation; 1 where a lead has no power."""
    power = np.diagonal(covariance)
    scale = power[:, None] * power
    left: NDArray[np.float64] = 1 - np.divide(covariance**2, scale, out=np.zeros_like(scale), where=scale > 0)
    return left


def prominence(at: NDArray[np.float32], before: NDArray[np.float32], after: NDArray[np.float32]) -> NDArray[np.float32]:
    """How far a sample stands out above the higher, or below the lower, of two others; negative between them."""
    highest: NDArray[np.float32] = np.maximum(at - np.maximum(before, after), np.minimum(before, after) - at)
    return highest
