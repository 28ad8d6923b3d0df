"""What makes a recording unfit to interpret."""

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from twelvelead.ecg.finding import Finding, by_lead, named, short_leads
from twelvelead.ecg.quality.measures import Voltage
from twelvelead.ecg.quality.quarters import Quarters
from twelvelead.ecg.record import ECG

HIGHEST_MILLIVOLTS = 50.0
"""No surface ECG comes near: the largest sample of PTB-XL's folds 1-9, artefacts included, is 20.03 mV."""

USUAL_MILLIVOLTS = (0.02, 8.0)
"""Between these lies what a usual lead spans in a usual second (median over both, leads without any signal left out);
in PTB-XL's folds 1-7, 0.31 to 4.0. Outside, the unit is wrong: volts make a thousandth of it, microvolts a
thousandfold."""

FLAT_MILLIVOLTS = 0.001
"""A lead that moves less than this over the whole recording was not connected; one unit of PTB-XL's converter."""

FLAT_BLOCK_MILLIVOLTS = 0.0025
"""A lead that moves less than this in every quarter of a second is flat there: two units of PTB-XL's converter."""

FLAT_SECONDS = 2.0
FLAT_SHARE = 0.2
"""A lead may be flat for so many seconds, or for this share of a longer recording; a pause between two beats is never
that still."""

PART_SHARE, PARTS = 0.6, 6
"""A printout shows a lead for at most this share of its width; so many leads have to be shown so."""


def too_short(ecg: ECG, minimum_seconds: float) -> Finding | None:
    # half a sample of grace: 249.9 Hz times 10 s is not a whole number of samples
    if ecg.duration + 0.5 / ecg.sampling_rate >= minimum_seconds and len(ecg.signal) > 1:
        return None
    message = f"too short: {ecg.duration:.2f} s, at least {minimum_seconds:g} s are needed; record longer"
    return Finding("too-short", "refuse", message, {"seconds": ecg.duration})


def not_finite(voltage: Voltage, leads: Sequence[str]) -> Finding | None:
    finite = np.isfinite(voltage)
    if finite.all():
        return None
    missing = (~finite).sum(axis=1)
    found = by_lead(missing, missing > 0, leads)
    listed = ", ".join(f"{lead} ({count:.0f} of {voltage.shape[1]})" for lead, count in found.items())
    message = f"invalid samples (NaN or infinite) in {listed}; export the recording again or cut them off"
    return Finding("not-finite", "refuse", message, found)


def short(voltage: Voltage, quarters: Quarters, rate: float) -> Finding | None:
    """Leads that show the one this, the other that stretch of time, filled up with NaN or a constant; of two samples or
    more."""
    alive = _alive(quarters)
    if alive.all():
        return None
    count = alive.shape[1]
    first, last = alive.argmax(axis=1), count - 1 - alive[:, ::-1].argmax(axis=1)
    part = alive.any(axis=1) & (last - first + 1 <= PART_SHARE * count)
    if np.count_nonzero(part) < PARTS or first[part].max() <= last[part].min():
        return None
    moving = np.diff(np.nan_to_num(voltage[part]), axis=1) != 0
    shown = moving.shape[1] - moving[:, ::-1].argmax(axis=1) - moving.argmax(axis=1) + 1
    blocks = (last - first + 1)[part] * quarters.samples
    return short_leads(round(float(np.median(np.minimum(shown, blocks))) / rate, 1))


def amplitude(voltage: Voltage, quarters: Quarters, leads: Sequence[str]) -> Finding | None:
    """Voltages that cannot be millivolts, of at least two samples, all finite."""
    if wrong := _wrong_unit(_by_second(quarters.spans)):
        return wrong
    peaks = np.maximum(-voltage.min(axis=1), voltage.max(axis=1))
    if peaks.max() > HIGHEST_MILLIVOLTS:
        values = by_lead(peaks, peaks > HIGHEST_MILLIVOLTS, leads)
        highest = max(values, key=lambda lead: values[lead])
        message = (
            f"{values[highest]:,.0f} mV in lead {highest} (at most {HIGHEST_MILLIVOLTS:g} mV are plausible), though a "
            "lead usually has the size of an ECG: an artefact or an offset; record again or take it away"
        )
        return Finding("amplitude", "refuse", message, values)
    return None


def _wrong_unit(spans: Voltage) -> Finding | None:
    low, high = USUAL_MILLIVOLTS
    if 2 * np.count_nonzero((spans > low) & (spans < high)) > spans.size:
        return None  # the median is one of these
    span = _usual(spans)
    if not (span < low or span > high):
        return None
    message = (
        f"a lead usually spans {span:,.2g} mV in a second ({low:g} to {high:g} mV are plausible): another unit or "
        "gain than was stated or declared; look it up before you read the file again"
    )
    return Finding("amplitude", "refuse", message, {"span": span})


def usual_span(quarters: Quarters) -> float:
    """mV that a usual lead spans in a usual second, the median over both; NaN where half of the leads hold no
    signal."""
    return _usual(_by_second(quarters.spans))


def _usual(spans: Voltage) -> float:
    moving = spans.max(axis=1) > 0
    return float(np.median(spans[spans > 0])) if np.count_nonzero(moving) >= len(spans) / 2 else float("nan")


def flat(voltage: Voltage, quarters: Quarters, rate: float, leads: Sequence[str]) -> Finding | None:
    """Leads without signal, throughout or for a long part, of at least two samples, all finite."""
    alive = _alive(quarters)
    if alive.all():
        return None
    seconds = voltage.shape[1] / rate
    constant = voltage.max(axis=1) - voltage.min(axis=1) < FLAT_MILLIVOLTS
    still = np.where(constant, seconds, _flat_seconds(~alive, rate))
    found = by_lead(still, constant | (still > max(FLAT_SECONDS, FLAT_SHARE * seconds)), leads)
    if not found:
        return None
    held = np.flatnonzero(alive.any(axis=0)) * quarters.samples / rate
    if len(found) == len(voltage) and len(held):
        message = (
            f"no lead holds a signal but from {held[0]:.1f} to {held[-1] + 0.25:.1f} of {seconds:.1f} s: filled up, or "
            "broken off; cut that part out or record again"
        )
        return Finding("flat", "refuse", message, found)
    message = (
        f"flat {named(found)}: no signal for {max(found.values()):.1f} of {seconds:.1f} s; check the electrodes and "
        "record again"
    )
    return Finding("flat", "refuse", message, found)


def _alive(quarters: Quarters) -> NDArray[np.bool_]:
    """[leads, quarters of a second]: whether a lead moves there."""
    alive: NDArray[np.bool_] = quarters.spans >= FLAT_BLOCK_MILLIVOLTS
    return alive


def _flat_seconds(flat: NDArray[np.bool_], rate: float) -> NDArray[np.float64]:
    """[leads]: length of the longest flat stretch."""
    seconds = max(2, round(rate / 4)) / rate
    longest = np.zeros(len(flat))
    for lead in np.flatnonzero(flat.sum(axis=1) * seconds > FLAT_SECONDS):
        moving = np.flatnonzero(np.concatenate([[True], ~flat[lead], [True]]))
        longest[lead] = (np.diff(moving).max() - 1) * seconds
    return longest


def _by_second(spans: Voltage) -> Voltage:
    """[leads, seconds]: the widest of four quarters."""
    quarters = min(4, spans.shape[1])
    count = spans.shape[1] // quarters
    widest: Voltage = spans[:, : count * quarters].reshape(len(spans), count, quarters).max(axis=2)
    return widest
