"""Clipping, mains hum, muscle noise, baseline wander and pacing spikes."""

from collections.abc import Iterator

import numpy as np
from numpy.typing import NDArray

from twelvelead.ecg.finding import Finding, by_lead, named
from twelvelead.ecg.leads import LEADS
from twelvelead.ecg.quality.artefacts import prominence
from twelvelead.ecg.quality.fitted import FITTED
from twelvelead.ecg.quality.measures import MAINS, Measures, Voltage

HUM_MILLIVOLTS = 0.05
"""Amplitude of mains hum: 1 mm from peak to valley at 10 mm/mV."""

CLIPPED_SAMPLES = 4
CLIPPED_FROM_MEDIAN_MILLIVOLTS = 0.3
"""A lead is clipped where at least so many samples share its highest (or lowest) value, this far from its median, and
they outnumber twice over those in the next 5 % of its range: a wave that comes to its peak by itself passes there."""

PACING_LOWEST_RATE = 250.0
"""In Hz: below it a spike of 0.5 to 2 ms does not survive the anti-alias filter."""

PACING_SPIKES = 3
PACING_MILLIVOLTS = 0.25
PACING_LEADS, PACING_ELSEWHERE = 3, 0.1
"""A spike stands out by so many mV in one lead and, as it comes from the heart and not from one electrode, by this
share of that in so many leads."""

_NARROW, _WIDE = 0.004, 0.02  # s
_SHARE = 0.6  # of what stands out over 20 ms, in 4 ms; of 24 records of PTB-XL no QRS complex comes near
_ABOVE_NOISE = 10.0


def noise(measures: Measures) -> Iterator[Finding]:
    """Mains hum, muscle noise and baseline wander, each where a lead is past its limit."""
    hertz = max(MAINS, key=lambda each: measures.mains[each].max())
    for code, level, limit, what, advice in (
        (
            "powerline",
            measures.mains[hertz],
            HUM_MILLIVOLTS,
            f"mains hum of {hertz:.0f} Hz",
            "check the electrodes' contact and keep cables apart",
        ),
        (
            "muscle-noise",
            measures.muscle,
            FITTED["muscle_mv"],
            "muscle noise",
            "let the patient relax or improve the electrodes' contact, and record again",
        ),
        (
            "baseline-wander",
            measures.baseline,
            FITTED["baseline_mv"],
            "a moving baseline",
            "judge ST segments with care, or record again",
        ),
    ):
        found = by_lead(level, level > limit)
        if found:
            size = f"{max(found.values()) * 1000:.0f} uV {'amplitude' if code == 'powerline' else 'root mean square'}"
            yield Finding(code, "warn", f"{what} in {named(found)}, up to {size}; {advice}", found)


def clipping(voltage: Voltage) -> Finding | None:
    found: dict[str, float] = {}
    low, high = voltage.min(axis=1, keepdims=True), voltage.max(axis=1, keepdims=True)
    for at, sign in ((voltage >= high - 1e-5, 1), (voltage <= low + 1e-5, -1)):
        count = np.count_nonzero(at, axis=1)
        for lead in np.flatnonzero(count >= CLIPPED_SAMPLES):
            upwards = sign * voltage[lead]
            extreme = upwards.max()
            beside = np.count_nonzero(upwards >= extreme - 0.05 * float(high[lead, 0] - low[lead, 0])) - count[lead]
            if count[lead] > 2 * beside and extreme - np.median(upwards) > CLIPPED_FROM_MEDIAN_MILLIVOLTS:
                found[LEADS[lead]] = float(sign * extreme)
    if not found:
        return None
    limits = ", ".join(f"{lead} at {value:.2f} mV" for lead, value in found.items())
    return Finding("clipping", "warn", f"cut off: {limits}; set a larger range and record again", found)


def pacing(voltage: Voltage, rate: float) -> Finding | None:
    """A finding of the spikes, where there are enough."""
    times, heights = spikes(voltage, rate)
    if len(times) < PACING_SPIKES:
        return None
    usual = float(np.median(heights))
    message = f"{len(times)} narrow spikes of about {usual:.2f} mV: probably a pacemaker; read it as a paced rhythm"
    return Finding("pacing", "warn", message, {"spikes": float(len(times)), "height": usual})


def spikes(voltage: Voltage, rate: float) -> tuple[NDArray[np.float64], NDArray[np.float32]]:
    """Narrow spikes in several leads at once: gone within 4 ms, where a QRS complex takes 20 ms and more.

    Returns:
        Times in s and heights in mV; none below `PACING_LOWEST_RATE`.
    """
    none = np.empty(0), np.empty(0, np.float32)
    narrow, wide = (max(1, round(seconds * rate)) for seconds in (_NARROW, _WIDE))
    samples = voltage.shape[1] - 2 * wide
    if rate < PACING_LOWEST_RATE or samples <= 0:
        return none
    centre = voltage[:, wide : wide + samples]
    sharp = prominence(
        centre, voltage[:, wide - narrow : wide - narrow + samples], voltage[:, wide + narrow : wide + narrow + samples]
    )
    highest = sharp.max(axis=0)
    at = np.flatnonzero(highest > PACING_MILLIVOLTS)
    if not len(at):
        return none
    lead, height = sharp[:, at].argmax(axis=0), highest[at]
    narrow_ones = (
        (height > _SHARE * prominence(centre[lead, at], voltage[lead, at], voltage[lead, at + 2 * wide]))
        & (height > _ABOVE_NOISE * np.abs(sharp).mean(axis=1)[lead])
        & (np.count_nonzero(sharp[:, at] > PACING_ELSEWHERE * height, axis=0) >= PACING_LEADS)
    )
    at, height = at[narrow_ones], height[narrow_ones]
    starts = np.flatnonzero(np.diff(at, prepend=-2 * wide) > wide)
    if not len(starts):
        return none
    return (at[starts] + wide) / rate, np.maximum.reduceat(height, starts)
