"""What makes a recording unfit to interpret."""

import numpy as np
from numpy.typing import NDArray

from twelvelead.ecg.finding import Finding, by_lead, named
from twelvelead.ecg.quality.measures import Voltage
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

REFUSED_MILLIVOLTS, REFUSED_QUANTA = 0.020, 3.0
WARNED_MILLIVOLTS, WARNED_QUANTA = 0.005, 1.0
"""Root mean square by which limb leads may contradict each other. Rounding three leads to a quantum q gives q/2."""

_COARSEST_QUANTUM = 0.025  # mV; what looks coarser is no rounding, so it excuses nothing


def too_short(ecg: ECG, minimum_seconds: float) -> Finding | None:
    # half a sample of grace: 249.9 Hz times 10 s is not a whole number of samples
    if ecg.duration + 0.5 / ecg.sampling_rate >= minimum_seconds and len(ecg.signal) > 1:
        return None
    message = f"too short: {ecg.duration:.2f} s, at least {minimum_seconds:g} s are needed; record longer"
    return Finding("too-short", "refuse", message, {"seconds": ecg.duration})


def not_finite(voltage: Voltage) -> Finding | None:
    finite = np.isfinite(voltage)
    if finite.all():
        return None
    missing = (~finite).sum(axis=1)
    leads = by_lead(missing, missing > 0)
    listed = ", ".join(f"{lead} ({count:.0f} of {voltage.shape[1]})" for lead, count in leads.items())
    message = f"invalid samples (NaN or infinite) in {listed}; export the recording again or cut them off"
    return Finding("not-finite", "refuse", message, leads)


def amplitude(voltage: Voltage, rate: float) -> Finding | None:
    """Voltages that cannot be millivolts, of at least two samples, all finite."""
    peaks = np.maximum(-voltage.min(axis=1), voltage.max(axis=1))
    if peaks.max() > HIGHEST_MILLIVOLTS:
        values = by_lead(peaks, peaks > HIGHEST_MILLIVOLTS)
        highest = max(values, key=lambda lead: values[lead])
        what = f"amplitude of {values[highest]:,.0f} mV in {highest} (at most {HIGHEST_MILLIVOLTS:g} mV are plausible)"
    else:
        spans = _by_second(_spans(voltage, rate))
        moving = spans.max(axis=1) > 0
        values = {"span": float(np.median(spans[moving]))} if np.count_nonzero(moving) >= len(spans) / 2 else {}
        if not values or USUAL_MILLIVOLTS[0] <= values["span"] <= USUAL_MILLIVOLTS[1]:
            return None
        what = "a lead usually spans {:.2g} mV in a second ({:g} to {:g} mV are plausible)".format(
            values["span"], *USUAL_MILLIVOLTS
        )
    return Finding("amplitude", "refuse", f"{what}: probably another unit; state the right one", values)


def flat(voltage: Voltage, rate: float) -> Finding | None:
    """Leads without signal, throughout or for a long part, of at least two samples, all finite."""
    seconds = voltage.shape[1] / rate
    constant = voltage.max(axis=1) - voltage.min(axis=1) < FLAT_MILLIVOLTS
    still = np.where(constant, seconds, _flat_seconds(_spans(voltage, rate), rate))
    leads = by_lead(still, constant | (still > max(FLAT_SECONDS, FLAT_SHARE * seconds)))
    if not leads:
        return None
    message = (
        f"flat {named(leads)}: no signal for {max(leads.values()):.1f} of {seconds:.1f} s; check the electrodes and "
        "record again"
    )
    return Finding("flat", "refuse", message, leads)


def limb_leads(voltage: Voltage) -> Finding | None:
    """Whether III = II - I and Goldberger's leads hold, by root mean square.

    The quantum is the largest, over leads I, II and III, of the smallest step between neighbouring samples.
    """
    one, two, three, right, left, foot = voltage[:6]
    excess = {
        "III - (II - I)": three - (two - one),
        "aVR + (I + II)/2": right + (one + two) / 2,
        "aVL - (I - II/2)": left - (one - two / 2),
        "aVF - (II - I/2)": foot - (two - one / 2),
    }
    values = {name: float(np.sqrt(np.dot(rest, rest) / len(rest))) for name, rest in excess.items()}
    worst = max(values, key=lambda name: values[name])
    if values[worst] <= WARNED_MILLIVOLTS:
        return None
    quantum = _quantum(voltage[:3])
    if values[worst] <= max(WARNED_MILLIVOLTS, WARNED_QUANTA * quantum):
        return None
    refuse = values[worst] > max(REFUSED_MILLIVOLTS, REFUSED_QUANTA * quantum)
    advice = (
        "check their names, signs and gains, and whether they are cut off"
        if refuse
        else "the leads were processed apart"
    )
    message = (
        f"limb leads contradict each other: {worst} is {values[worst] * 1000:.0f} uV (root mean square) where 0 is "
        f"due; {advice}"
    )
    return Finding("limb-leads", "refuse" if refuse else "warn", message, values | {"quantum": quantum})


def _spans(voltage: Voltage, rate: float) -> Voltage:
    """[leads, quarters of a second]: what each lead spans in each; a rest at the end goes uncounted."""
    samples = min(max(2, round(rate / 4)), voltage.shape[1])
    count = voltage.shape[1] // samples
    quarters = voltage[:, : count * samples].reshape(len(voltage), count, samples)
    spans: Voltage = quarters.max(axis=2) - quarters.min(axis=2)
    return spans


def _flat_seconds(spans: Voltage, rate: float) -> NDArray[np.float64]:
    """[leads]: length of the longest flat stretch."""
    flat = spans < FLAT_BLOCK_MILLIVOLTS
    seconds = max(2, round(rate / 4)) / rate
    longest = np.zeros(len(spans))
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


def _quantum(voltage: Voltage) -> float:
    steps = np.abs(np.diff(voltage, axis=1))
    # what float32 leaves of equal voltages is no step
    smallest = np.where(steps > 1e-6, steps, np.inf).min(axis=1, initial=np.inf)
    return min(float(np.where(np.isfinite(smallest), smallest, 0).max()), _COARSEST_QUANTUM)
